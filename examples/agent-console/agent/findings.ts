import { extname } from 'node:path';
import { counted } from '../count.js';
import type { Found, FoundFile } from './walk.js';

/** The findings in one file. */
export interface FileFinding {
  readonly path: string;
  readonly lines: number;
  /** Lines with a note for later, such as TODO. */
  readonly notes: number;
  readonly heading: string | undefined;
}

/** Names of files that describe a directory. */
const DESCRIBING = [
  /^readme/i,
  /^package\.json$/,
  /^(cargo|pyproject)\.toml$/,
  /^go\.mod$/,
  /^(changelog|contributing)/i,
];
const TEXT: ReadonlySet<string> = new Set(
  '.c .cpp .cs .css .go .h .html .java .js .json .jsx .kt .md .mjs .php .py .rb .rs .sh .sql .swift .toml .ts .tsx .txt .yaml .yml'.split(
    ' ',
  ),
);
const MAX_READ = 24;
const MAX_BYTES = 256 * 1024;

/** The files to read: first those that describe the directory, then the largest text files. */
export function worthReading(files: readonly FoundFile[]): FoundFile[] {
  return files
    .filter(({ path, bytes }) => bytes > 0 && bytes <= MAX_BYTES && TEXT.has(extname(path).toLowerCase()))
    .sort((a, b) => rank(a.path) - rank(b.path) || b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_READ);
}

function rank(path: string): number {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const describing = DESCRIBING.findIndex((pattern) => pattern.test(name));
  return describing === -1 || path.split('/').length > 2 ? DESCRIBING.length : describing;
}

/** Finds what can be found without understanding the text. */
export function examine(path: string, text: string): FileFinding {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  return {
    path,
    lines: lines.length,
    notes: lines.filter((line) => /\b(TODO|FIXME|XXX|HACK)\b/.test(line)).length,
    heading: lines.find((line) => /^#\s+\S/.test(line))?.replace(/^#\s+/, ''),
  };
}

/** The directory in a few sentences, each to be streamed on its own. */
export function overview({ files, directories, isCut }: Found): string[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const kinds = new Map<string, number>();
  for (const { path } of files) {
    const kind = extname(path).toLowerCase() || '(none)';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const common = [...kinds].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 5);
  return [
    `I found ${counted(files.length, 'file')}, ${counted(bytes, 'byte')} in all, here and in ${counted(directories, 'directory', 'directories')} below.\n`,
    ...(isCut ? ['There are more files than I look at in one turn. This is about the files I saw.\n'] : []),
    ...(common.length > 0 ? [`The most common kinds: ${common.map(([kind, n]) => `${kind} ${n}`).join(', ')}.\n`] : []),
  ];
}

/** The findings in one file, as a sentence. */
export function sentence({ path, lines, notes, heading }: FileFinding): string {
  const about = heading === undefined ? '' : `, titled "${heading}"`;
  const open = notes === 0 ? '' : `, ${notes} with a note for later`;
  return `- ${path}${about}: ${counted(lines, 'line')}${open}.\n`;
}

/** The findings in all files, as a sentence. */
export function conclusion(findings: readonly FileFinding[]): string {
  const lines = findings.reduce((sum, finding) => sum + finding.lines, 0);
  const notes = findings.reduce((sum, finding) => sum + finding.notes, 0);
  const [longest] = [...findings].sort((a, b) => b.lines - a.lines);
  const most = longest === undefined ? '' : ` The longest is ${longest.path}.`;
  return `I read ${counted(findings.length, 'file')} with ${counted(lines, 'line')}; notes for later: ${notes}.${most}\n`;
}
