import { closeSync, openSync, writeSync } from 'node:fs';
import type { BusPosition, Delivery } from 'sharing-bus';
import { Account } from './Account.js';
import { wholeLines } from './wholeLines.js';

/** A line of the archive: a delivery, and the place right after it. */
export interface ArchiveLine {
  readonly position: BusPosition;
  readonly delivery: Delivery;
}

/**
 * A file with one line for each delivery. The place of the archivist is that of its last line, so an event and its place are written
 * together or not at all: a process that is killed goes on after the last whole line, without a double and without a hole.
 */
export class Archive {
  /** Of all lines, also those of earlier processes. */
  readonly account = new Account();
  position: BusPosition | undefined;
  readonly #fd: number;

  private constructor(file: string) {
    this.#fd = openSync(file, 'a');
  }

  static async open(file: string): Promise<Archive> {
    const archive = new Archive(file);
    await readArchive(file, (line) => {
      archive.#enter(line);
    });
    return archive;
  }

  /** Writes deliveries with one call. They are in the hands of the operating system when it returns. */
  append(lines: readonly ArchiveLine[]): void {
    let text = Buffer.from(lines.map(textOf).join(''));
    while (text.length > 0) {
      text = text.subarray(writeSync(this.#fd, text));
    }
    for (const line of lines) {
      this.#enter(line);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #enter({ delivery, position }: ArchiveLine): void {
    this.account.take(delivery, position.seq);
    this.position = position;
  }
}

/** Calls `use` with each line of an archive. */
export async function readArchive(file: string, use: (line: ArchiveLine) => void): Promise<void> {
  await wholeLines(file, (line) => {
    const read = JSON.parse(line) as ArchiveLine;
    const { delivery, position } = read;
    // JSON has no Infinity.
    use(delivery.type === 'gap' ? { position, delivery: { ...delivery, missed: missedOf(delivery.missed) } } : read);
  });
}

function textOf(line: ArchiveLine): string {
  return `${JSON.stringify(line)}\n`;
}

function missedOf(missed: number | null): number {
  return missed ?? Infinity;
}
