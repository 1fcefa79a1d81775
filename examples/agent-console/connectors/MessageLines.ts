import type { Readable } from 'node:stream';
import { jsonOf, LineSplitter } from './lines.js';
import { isObject } from './shape.js';

/** A program that writes this many lines that are not messages before its first answer is not an agent. */
const MAX_STRAY = 100;
/** The number of such lines that are reported. */
const MAX_REPORTED = 3;
const NEWLINE = Buffer.from('\n');

/** Thrown if a program does not follow the protocol. Its message goes into a report. */
export class NotAnAgentError extends Error {
  override readonly name = 'NotAnAgentError';
}

/** Finds the messages in the output of an agent. Some agents write other lines, too. */
export class MessageLines {
  /** Set when reading stopped because of too many other lines. */
  refusal: NotAnAgentError | undefined;
  #isTrusted = false;
  #stray = 0;

  /** @param report Called with the first few lines that are not messages. */
  constructor(private readonly report: (line: string) => void) {}

  /** Call this when the agent has answered: from then on, any number of other lines is accepted. */
  trust(): void {
    this.#isTrusted = true;
  }

  /** The lines that are JSON objects, each with its newline. Ends when `output` ends or is cut off. */
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
      // The agent died and its pipe was cut. This is the end of the output.
    }
  }

  #isTooMuch(bytes: Uint8Array = new Uint8Array()): boolean {
    const text = Buffer.from(bytes.subarray(0, 200)).toString();
    if (text.trim() === '') {
      return false;
    }
    this.#stray += 1;
    if (this.#stray <= MAX_REPORTED) {
      this.report(text);
    }
    if (!this.#isTrusted && this.#stray >= MAX_STRAY) {
      this.refusal = new NotAnAgentError(`it does not speak the protocol: ${MAX_STRAY} lines that are not messages`);
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
