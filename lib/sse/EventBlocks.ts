import { createParser } from 'eventsource-parser';

/** One block of an event stream. */
export interface EventBlock {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
  /** It is longer than it may be; `data` is its beginning. */
  readonly isTooLong: boolean;
}

/** Who is told what an event stream says. */
export interface EventBlockHandler {
  onBlock(block: EventBlock): void;
  onRetry(milliseconds: number): void;
  onComment(): void;
}

/** Reads the text of one connection. No line of it is kept that is longer than it may be. */
export class EventBlocks {
  readonly #parser: ReturnType<typeof createParser>;
  readonly #maxLength: number;
  /** The length of the line that has begun. */
  #lineLength = 0;
  /** Whether the rest of the present line is dropped. */
  #isSkipping = false;
  #isCut = false;

  constructor(maxLength: number, handler: EventBlockHandler) {
    this.#maxLength = maxLength;
    this.#parser = createParser({
      onEvent: ({ event, id, data }) => {
        handler.onBlock({ event, id, data, isTooLong: this.#isCut || data.length > maxLength });
      },
      onRetry: (milliseconds) => {
        handler.onRetry(milliseconds);
      },
      onComment: () => {
        handler.onComment();
      },
    });
  }

  feed(text: string): void {
    const rest = this.#isSkipping ? this.#afterLine(text) : text;
    if (rest === '') {
      return;
    }
    this.#parser.feed(rest);
    const lineStart = rest.lastIndexOf('\n') + 1;
    this.#lineLength = rest.length - lineStart + (lineStart === 0 ? this.#lineLength : 0);
    if (this.#lineLength > this.#maxLength) {
      // The parser gives what it has of the block, with its id, so that a resume does not ask for it again.
      this.#isCut = true;
      this.#parser.feed('\n\n');
      this.#isCut = false;
      this.#isSkipping = true;
      this.#lineLength = 0;
    }
  }

  /** What follows the line that is dropped, if its end is in `text`. */
  #afterLine(text: string): string {
    const end = text.indexOf('\n');
    this.#isSkipping = end === -1;
    return end === -1 ? '' : text.slice(end + 1);
  }
}
