import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The top of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** A fenced block of a page. */
export interface Block {
  /** What stands behind the opening fence, such as `ts` or `ts fragment`. */
  readonly info: string;
  readonly text: string;
  /** The line of the page on which the block opens. */
  readonly line: number;
}

/** A program of a page, and what the page says that it prints. */
export interface Program {
  /** The page and the line, such as `docs/guide/02-filters.md:17`. */
  readonly title: string;
  readonly code: string;
  /** `undefined` if no text block follows right after the program. */
  readonly output: string | undefined;
}

/** README.md and the pages of the guide, by their paths from the top of the repository. */
export function guidePages(): string[] {
  const guide = readdirSync(join(ROOT, 'docs', 'guide')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...guide.sort().map((name) => `docs/guide/${name}`)];
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of a page that begin at the start of a line. */
export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^```(?<info>[^\n]*)\n(?<text>.*?)^```$/gms)].map(({ index, groups }) => ({
    info: groups?.['info'] ?? '',
    text: groups?.['text'] ?? '',
    line: text.slice(0, index).split('\n').length,
  }));
}

/** Every `ts` block of a page, with the `text` block that follows after one blank line. */
export function programsOf(page: string): Program[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ info, text, line }, index): Program[] => {
    if (info !== 'ts') {
      return [];
    }
    const next = blocks[index + 1];
    // The line of the closing fence, then a blank line.
    const isRightAfter = next?.info === 'text' && next.line === line + text.split('\n').length + 2;
    return [{ title: `${page}:${line}`, code: text, output: isRightAfter ? next.text : undefined }];
  });
}
