import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that was found. */
export interface FoundFile {
  /** Relative to the directory, with `/` between names. */
  readonly path: string;
  readonly bytes: number;
}

export interface Found {
  /** Sorted by path. */
  readonly files: readonly FoundFile[];
  readonly directories: number;
  /** Whether the limits were reached. */
  readonly isCut: boolean;
}

/** Directories of tools. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'dist', 'build', 'coverage', 'target', 'vendor']);
const MAX_FILES = 5000;
const MAX_DEPTH = 16;

/**
 * Finds the files below `directory`. Skips hidden directories, directories of tools, symbolic links, and directories that cannot be
 * read.
 */
export async function walk(directory: string, signal: AbortSignal): Promise<Found> {
  const files: FoundFile[] = [];
  let directories = 0;
  let isCut = false;
  const open: { readonly path: string; readonly depth: number }[] = [{ path: '', depth: 0 }];
  for (let at = open.pop(); at !== undefined && !signal.aborted; at = open.pop()) {
    const entries = await readdir(join(directory, at.path), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = at.path === '' ? entry.name : `${at.path}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name)) {
        directories += 1;
        isCut ||= at.depth >= MAX_DEPTH;
        if (at.depth < MAX_DEPTH) {
          open.push({ path, depth: at.depth + 1 });
        }
      } else if (entry.isFile() && files.length < MAX_FILES) {
        const bytes = (await stat(join(directory, path)).catch(() => undefined))?.size;
        files.push(...(bytes === undefined ? [] : [{ path, bytes }]));
      } else {
        isCut ||= entry.isFile();
      }
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, directories, isCut };
}
