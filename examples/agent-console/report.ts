import { printable } from './printable.js';

/** A line of a file that cannot be used. */
export interface BadLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly error: string;
}

/** Bad lines beyond this many are counted but not listed: a binary file may have millions. */
const MAX_LISTED = 100_000;

/** The problems of a run: printed to stderr at once, and kept for the summary and the exit code. */
export class Report {
  readonly badLines: BadLine[] = [];
  badLineCount = 0;
  /** Inputs that failed: a file that cannot be read, or an agent that does not start or dies. */
  readonly failures: string[] = [];

  /** @param print Writes one line to stderr. */
  constructor(private readonly print: (line: string) => void) {}

  badLine(file: string, line: number, error: string): void {
    this.badLineCount += 1;
    if (this.badLines.length < MAX_LISTED) {
      this.badLines.push({ file, line, error: printable(error, 300) });
    }
    this.print(`${printable(file)}:${line}: ${printable(error, 300)}`);
  }

  failure(message: string): void {
    const text = message
      .split('\n')
      .map((line) => printable(line))
      .join('\n');
    this.failures.push(text);
    this.print(`error: ${text}`);
  }

  warning(message: string): void {
    this.print(`warning: ${printable(message, 500)}`);
  }
}
