import { readFileSync } from 'node:fs';

const PAGE = new URL('../../../docs/guide/deploying.md', import.meta.url);

export function readGuide(): string {
  return readFileSync(PAGE, 'utf8');
}

/** The configuration that the guide prints in its only block with the fence `language`. */
export function configurationOf(language: string): string {
  const blocks = [...readGuide().matchAll(/^```([^\n]*)\n(.*?)^```$/gms)];
  const [block, ...others] = blocks.filter(([, info]) => info === language);
  if (block?.[2] === undefined || others.length > 0) {
    throw new Error(`the guide needs one block with the fence ${language}`);
  }
  return block[2];
}

/** Replaces `from`, which must be in `text` once. */
export function replaceOnce(text: string, from: string, to: string): string {
  const [before, after, ...rest] = text.split(from);
  if (before === undefined || after === undefined || rest.length > 0) {
    throw new Error(`expected ${from} once in:\n${text}`);
  }
  return `${before}${to}${after}`;
}
