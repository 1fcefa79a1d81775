import type { Readable } from 'node:stream';
import { jsonOf, LineSplitter } from './lines.js';
import { isObject } from './shape.js';

/** Lines that are no message, before the agent has answered at all: so many, and it is no agent. */
const MAX_STRAY = 100;
/** So many of them are told. */
const MAX_TOLD = 3;
const NEWLINE = Buffer.from('\n');

/** Thrown where a program does not do what the protocol says. Its message is fit for a report. */
export class NotAnAgentError extends Error {
  override readonly name = 'NotAnAgentError';
}

/** Picks the messages out of what an agent writes to stdout: some write other lines too. */
export class MessageLines {
  /** Set when the lines were given up, because none was a message. */
  refusal: NotAnAgentError | undefined;
  #isTrusted = false;
  #stray = 0;

  /** @param tell Told of the first few lines that are no message. */
  constructor(private readonly tell: (line: string) => void) {}

  /** The agent has answered: from now on, no number of stray lines is too many. */
  trust(): void {
    this.#isTrusted = true;
  }

  /** The lines that are JSON objects, each with its newline. Ends where `output` ends or is cut off. */
  async *read(output: Readable): AsyncGenerator<Uint8Array> {
    const lines = new LineSplitter();
    try {
      for await (const chunk of output) {
        for (const { bytes, ...line } of lines.push(chunk as Buffer)) {
          if (bytes !== undefined && isMessage({ bytes, ...line })) {
            yield Buffer.concat([bytes, NEWLINE]);
          } else if (this.#isTooMuch(bytes)) {
            return;
          }
        }
      }
    } catch {
      // The pipe was cut when the agent died: that is its end.
    }
  }

  #isTooMuch(bytes: Uint8Array = new Uint8Array()): boolean {
    const text = Buffer.from(bytes.subarray(0, 200)).toString();
    if (text.trim() === '') {
      return false;
    }
    this.#stray += 1;
    if (this.#stray <= MAX_TOLD) {
      this.tell(text);
    }
    if (!this.#isTrusted && this.#stray >= MAX_STRAY) {
      this.refusal = new NotAnAgentError(`it does not speak the protocol: ${MAX_STRAY} lines that are no message`);
    }
    return this.refusal !== undefined;
  }
}

function isMessage(line: Parameters<typeof jsonOf>[0]): boolean {
  try {
    return isObject(jsonOf(line));
  } catch {
    return false;
  }
}
