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
  readonly #ofConnector = new Map<string, string[]>();

  /** @param print Writes one line to stderr. */
  constructor(private readonly print: (line: string) => void) {}

  badLine(file: string, line: number, error: string): void {
    this.badLineCount += 1;
    if (this.badLines.length < MAX_LISTED) {
      this.badLines.push({ file, line, error: printable(error, 300) });
    }
    this.print(`${printable(file)}:${line}: ${printable(error, 300)}`);
  }

  /** @param connectorId The connector that failed, if it is one. */
  failure(message: string, connectorId?: string): void {
    const text = printableLines(message);
    this.failures.push(text);
    if (connectorId !== undefined) {
      this.#ofConnector.set(connectorId, [...this.failuresOf(connectorId), text]);
    }
    this.print(`error: ${text}`);
  }

  failuresOf(connectorId: string): readonly string[] {
    return this.#ofConnector.get(connectorId) ?? [];
  }

  warning(message: string): void {
    this.print(`warning: ${printableLines(message, 500)}`);
  }
}

function printableLines(message: string, width?: number): string {
  return message
    .split('\n')
    .map((line) => printable(line, width))
    .join('\n');
}
