import { MAX_LINE_BYTES, type RawLine } from '../lines.js';
import { NotALogError } from './NotALogError.js';

const NEWLINE = Buffer.from('\n');

/** A log that is one JSON document of several lines: they are one line as soon as they are joined. */
export class Document {
  readonly #lines: Uint8Array[] = [];
  #length = 0;

  /** Whether a log with this first line is a document: the line is a bracket alone. */
  static begins({ number, bytes = new Uint8Array() }: RawLine): boolean {
    return number === 1 && /^\uFEFF?[{[]\s*$/.test(Buffer.from(bytes.subarray(0, 20)).toString());
  }

  /** @throws NotALogError if it is too long. */
  add({ bytes = new Uint8Array() }: RawLine): void {
    this.#length += bytes.length + NEWLINE.length;
    if (this.#length > MAX_LINE_BYTES) {
      throw new NotALogError(`it is one document, longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB`);
    }
    this.#lines.push(bytes, NEWLINE);
  }

  joined(): RawLine {
    return { number: 1, bytes: Buffer.concat(this.#lines), terminated: true };
  }
}
