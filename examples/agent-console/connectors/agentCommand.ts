import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** A word of a command line for a shell. */
interface Word {
  /** Without its quotes. */
  readonly text: string;
  /** Where it stands in the line. */
  readonly start: number;
  readonly end: number;
}

/** Programs that run another, which is what people mean. */
const RUNNERS = new Set(['bunx', 'env', 'exec', 'nice', 'npx', 'pnpx', 'time']);
/** Programs that run the file that they are given. */
const INTERPRETERS = new Set(['bash', 'bun', 'deno', 'node', 'python', 'python3', 'sh', 'tsx']);
/** Options of these with a value in the next word. */
const WITH_VALUE = new Set(['-c', '-n', '-p', '-r', '-u', '--import', '--loader', '--package', '--require', '--unset']);

/**
 * The name of what `command` starts: without directory, scope and version, and without `env`, `npx` or `node` before it. Arguments and
 * variables are left out: they may have secrets.
 */
export function programName(command: string): string {
  const [program, script] = programsOf(command);
  const word = script ?? program;
  const name = word?.text.replace(/^.*[/\\]/, '').replace(/(?<=.)@[^@]*$/, '') ?? '';
  return name.replace(/\.[cm]?[jt]sx?$|\.py$|\.exe$/, '') || 'agent';
}

/** `command` without what stands before its program: variables may have secrets. */
export function withoutVariables(command: string): string {
  return command.slice(programsOf(command)[0]?.start ?? 0);
}

/**
 * `command` for a shell that runs in another directory: a relative path of the program, or of the file that an interpreter runs, is looked
 * for in `directory`.
 */
export function anchored(command: string, directory: string): string {
  let result = command;
  // From the end, so that the places before stay right.
  for (const { end, start, text } of programsOf(command).reverse()) {
    const path = resolve(directory, text);
    if (/[/\\]/.test(text) && !/[$`*?~]/.test(text) && path !== text && existsSync(path)) {
      result = `${result.slice(0, start)}${quoted(path)}${result.slice(end)}`;
    }
  }
  return result;
}

/** The program, and the file that it runs if it is an interpreter. */
function programsOf(command: string): Word[] {
  const words = wordsOf(command);
  let index = 0;
  const skipOptions = (): void => {
    while (words[index]?.text.startsWith('-')) {
      index += WITH_VALUE.has(words[index]?.text ?? '') ? 2 : 1;
    }
  };
  for (;;) {
    while (/^\w+=/.test(words[index]?.text ?? '')) {
      index += 1;
    }
    const base = words[index]?.text.replace(/^.*[/\\]/, '') ?? '';
    if (!RUNNERS.has(base) || words[index + 1] === undefined) {
      break;
    }
    index += 1;
    skipOptions();
  }
  const program = words[index];
  if (program === undefined) {
    return [];
  }
  index += 1;
  const hasScript = INTERPRETERS.has(program.text.replace(/^.*[/\\]/, ''));
  if (hasScript) {
    skipOptions();
  }
  const script = hasScript ? words[index] : undefined;
  return script === undefined || script.text === '' ? [program] : [program, script];
}

/** The words of the first command of a line. */
function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  let text: string | undefined;
  let start = 0;
  let quote = '';
  const finish = (end: number): void => {
    if (text !== undefined) {
      words.push({ text, start, end });
      text = undefined;
    }
  };
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote === '' && /\s/.test(character)) {
      finish(at);
      continue;
    }
    if (quote === '' && /[;&|<>()]/.test(character)) {
      finish(at);
      return words;
    }
    if (text === undefined) {
      text = '';
      start = at;
    }
    if (quote === '' ? character === '"' || character === "'" : character === quote) {
      quote = quote === '' ? character : '';
    } else if (character === '\\' && quote !== "'" && at + 1 < line.length && process.platform !== 'win32') {
      at += 1;
      text += line.charAt(at);
    } else {
      text += character;
    }
  }
  finish(line.length);
  return words;
}

function quoted(path: string): string {
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
