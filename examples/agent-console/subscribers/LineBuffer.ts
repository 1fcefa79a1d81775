/** The bytes that it has room for at first, and again after a round with longer lines. */
const SIZE = 256 * 1024;
/** The most bytes of a code unit of a string in UTF-8. */
const MOST_BYTES = 3;
const NEWLINE = 0x0a;

/** Lines of one file. */
export interface FileLines {
  readonly file: string;
  /** Each line ends with a newline. Valid until the buffer is cleared. */
  readonly bytes: Uint8Array;
  readonly lines: number;
}

interface Kept {
  lines: number;
  /** Where the bytes of its lines begin and end, by turns. */
  readonly ends: number[];
}

/** Collects lines for several files, as bytes. It may be used again when it was cleared. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafe(SIZE);
  #length = 0;
  readonly #files = new Map<string, Kept>();

  /** The bytes of all lines. */
  get length(): number {
    return this.#length;
  }

  /** @param text Without the newline. */
  add(file: string, text: string): void {
    this.#makeRoom(text);
    const start = this.#length;
    const end = start + this.#bytes.write(text, start);
    this.#bytes[end] = NEWLINE;
    this.#length = end + 1;
    let kept = this.#files.get(file);
    if (kept === undefined) {
      kept = { lines: 0, ends: [] };
      this.#files.set(file, kept);
    }
    kept.lines += 1;
    if (kept.ends.at(-1) === start) {
      kept.ends[kept.ends.length - 1] = this.#length;
    } else {
      kept.ends.push(start, this.#length);
    }
  }

  /** The lines of each file, in their order. */
  *files(): Generator<FileLines> {
    for (const [file, { ends, lines }] of this.#files) {
      yield { file, bytes: this.#joined(ends), lines };
    }
  }

  clear(): void {
    this.#length = 0;
    this.#files.clear();
    if (this.#bytes.length > SIZE * 8) {
      this.#bytes = Buffer.allocUnsafe(SIZE);
    }
  }

  #makeRoom(text: string): void {
    const left = this.#bytes.length - this.#length;
    // It is counted only if it may matter: counting takes about as long as writing.
    if (text.length * MOST_BYTES < left) {
      return;
    }
    const needed = Buffer.byteLength(text) + 1;
    if (needed > left) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + needed));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
  }

  #joined(ends: readonly number[]): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let index = 0; index < ends.length; index += 2) {
      pieces.push(this.#bytes.subarray(ends[index], ends[index + 1]));
    }
    const [first] = pieces;
    return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  }
}
