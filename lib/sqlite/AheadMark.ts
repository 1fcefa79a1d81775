import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import type { BusPosition } from '../receiver.js';

/** The length of the file. It is written whole, so that a later mark needs no space on a full disk. */
const LENGTH = 128;

/**
 * A small file beside the database: the last place that receivers have heard of, while the database cannot be written. Without it, a process that
 * dies then would give these places to other events after its restart.
 */
export class AheadMark {
  private readonly descriptor: number;

  /** Makes room for a mark. */
  constructor(path: string) {
    this.descriptor = openSync(path, statSync(path, { throwIfNoEntry: false }) === undefined ? 'w+' : 'r+');
    this.write({ epoch: '', seq: 0 });
  }

  /** The mark that an earlier process has left; `undefined` if there is none. */
  static read(path: string): BusPosition | undefined {
    try {
      const [epoch = '', seq = ''] = readFileSync(path, 'utf8').trim().split(' ');
      return { epoch, seq: Number(seq) };
    } catch {
      return undefined;
    }
  }

  write({ epoch, seq }: BusPosition): void {
    writeSync(this.descriptor, `${epoch} ${seq}`.padEnd(LENGTH), 0);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
