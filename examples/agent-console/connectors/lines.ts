/** A line of a file. */
export interface RawLine {
  /** From 1. */
  readonly number: number;
  /** Its bytes without the newline; `undefined` if it is too long. */
  readonly bytes: Uint8Array | undefined;
  /** Whether it ends with a newline. */
  readonly terminated: boolean;
}

/** The longest line that is read. A longer line is a bad line, and its bytes are not kept. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Splits chunks of bytes into lines.
 *
 * Invariant: `kept` has the bytes of the current line so far, and `length` their number. If the line is too long, `kept` is empty.
 */
export class LineSplitter {
  #kept: Uint8Array[] = [];
  #length = 0;
  #number = 0;

  /** The lines that `chunk` completes. */
  *push(chunk: Uint8Array): Generator<RawLine> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      yield this.#take(true);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The last line, if it has no newline. */
  *end(): Generator<RawLine> {
    if (this.#length > 0) {
      yield this.#take(false);
    }
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      return;
    }
    this.#length += bytes.length;
    if (this.#length > MAX_LINE_BYTES) {
      this.#kept = [];
    } else {
      this.#kept.push(bytes);
    }
  }

  #take(terminated: boolean): RawLine {
    const [only] = this.#kept;
    const whole = this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept);
    const bytes = this.#length > MAX_LINE_BYTES ? undefined : whole;
    this.#kept = [];
    this.#length = 0;
    this.#number += 1;
    return { number: this.#number, bytes, terminated };
  }
}

/** Thrown for a line that cannot be used. Its message is the reason, in one line for a report. */
export class BadLineError extends Error {
  override readonly name = 'BadLineError';
}

/**
 * The JSON value of a line; `undefined` if it is blank.
 *
 * @throws BadLineError if the line is too long, binary, cut off, or not JSON.
 */
export function jsonOf(line: RawLine): unknown {
  const text = textOf(line);
  if (text.trim() === '') {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadLineError(line.terminated ? `malformed JSON: ${reason}` : `truncated: no newline, and ${reason}`);
  }
}

/**
 * The JSON values of a line. A log may have several on one line: a program that was killed wrote no newline, or two programs wrote at once.
 *
 * @throws BadLineError as {@link jsonOf}, also if only a part of the line is JSON.
 */
export function jsonValuesOf(line: RawLine): unknown[] {
  try {
    const value = jsonOf(line);
    return value === undefined ? [] : [value];
  } catch (error) {
    const values = line.bytes === undefined ? [] : gluedValues(textOf(line));
    if (values.length === 0) {
      throw error;
    }
    return values;
  }
}

/** The objects that follow each other in `text`; none if there is anything else. */
function gluedValues(text: string): unknown[] {
  const values: unknown[] = [];
  for (let rest = text.trim(); rest !== '';) {
    const end = endOfObject(rest);
    try {
      values.push(JSON.parse(rest.slice(0, end)));
    } catch {
      return [];
    }
    rest = rest.slice(end).trimStart();
  }
  return values;
}

/** Where the object ends that `text` begins with. */
function endOfObject(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') {
      index = endOfString(text, index);
    } else if (character === '{') {
      depth += 1;
    } else if (character === '}') {
      depth -= 1;
      if (depth <= 0) {
        return index + 1;
      }
    }
  }
  return text.length;
}

/** The index of the quote that ends the string whose first quote is at `start`. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '"') {
      return index;
    }
    index += text[index] === '\\' ? 1 : 0;
  }
  return text.length;
}

/** Has no state between two calls. Skips a byte order mark. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf({ bytes }: RawLine): string {
  if (bytes === undefined) {
    throw new BadLineError(`longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB`);
  }
  if (bytes.includes(0)) {
    throw new BadLineError('binary: it has a NUL byte');
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new BadLineError('binary: not valid UTF-8');
  }
}
