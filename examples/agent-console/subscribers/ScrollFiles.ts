import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Files that stay open, the last used ones: a run may have thousands of scrolls. */
const MAX_OPEN = 32;

interface OpenFile {
  readonly handle: FileHandle;
  /** The bytes of its complete lines. */
  size: number;
}

/**
 * Appends complete lines to the files of a directory.
 *
 * Invariant: while no call is running, each file ends with a complete line, even after a call that failed.
 */
export class ScrollFiles {
  /** In the order of their last use. */
  readonly #open = new Map<string, OpenFile>();

  constructor(private readonly directory: string) {}

  /** Makes the directory, if it does not exist. */
  async prepare(): Promise<void> {
    await makeDirectory(resolve(this.directory));
  }

  /** Appends `lines`, each of which ends with a newline, to the file of this name. */
  async append(name: string, lines: Uint8Array): Promise<void> {
    const file = await this.#use(name);
    try {
      await file.handle.appendFile(lines);
      file.size += lines.length;
    } catch (error) {
      // A full disk may have taken half a line. Remove it.
      await file.handle.truncate(file.size);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const [name, { handle }] of this.#open) {
      this.#open.delete(name);
      await handle.close();
    }
  }

  async #use(name: string): Promise<OpenFile> {
    let file = this.#open.get(name);
    if (file === undefined) {
      await this.#makeRoom();
      const handle = await open(join(this.directory, `${name}.jsonl`), 'a');
      file = { handle, size: (await handle.stat()).size };
    }
    this.#open.delete(name);
    this.#open.set(name, file);
    return file;
  }

  async #makeRoom(): Promise<void> {
    for (const [name, { handle }] of this.#open) {
      if (this.#open.size < MAX_OPEN) {
        return;
      }
      this.#open.delete(name);
      await handle.close();
    }
  }
}

/** Without `recursive`: if a parent refuses new entries with ENOENT, as `/proc` does, Node would retry for ever. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) {
      return;
    }
    if (code !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    await makeDirectory(dirname(path));
    await mkdir(path).catch(async (again: unknown) => {
      // Another process may have made it meanwhile.
      if (!(await stat(path).catch(() => undefined))?.isDirectory()) {
        throw again;
      }
    });
  }
}
