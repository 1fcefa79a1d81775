import { createParser } from 'eventsource-parser';

/** One block of an event stream. */
export interface EventBlock {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
  /** It is longer than it may be; `data` is its beginning. */
  readonly isTooLong: boolean;
}

/** Is told what an event stream says. */
export interface EventBlockHandler {
  onBlock(block: EventBlock): void;
  onRetry(milliseconds: number): void;
  onComment(): void;
}

/**
 * Reads the text of one connection.
 *
 * Invariant: of a block, and of a line, no more is held than it may have, and the piece that was too much.
 */
export class EventBlocks {
  readonly #parser: ReturnType<typeof createParser>;
  readonly #maxLength: number;
  /** The length of the line that has begun, and of those before it in its block, but for comments. */
  #lineLength = 0;
  #blockLength = 0;
  #isComment = false;
  /** Whether the rest of the present block is dropped. */
  #isSkipping = false;
  #isCut = false;
  #endedWithReturn = false;

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

  feed(piece: string): void {
    const text = this.#withLineFeeds(piece);
    // Where that begins which the parser is to have, and has not.
    let begin = 0;
    for (let at = 0; at < text.length;) {
      const lineFeed = text.indexOf('\n', at);
      const end = lineFeed === -1 ? text.length : lineFeed;
      if (this.#lineLength === 0) {
        this.#isComment = text.charAt(at) === ':';
      }
      this.#lineLength += end - at;
      if (!this.#isSkipping && this.#blockLength + this.#lineLength > this.#maxLength) {
        this.#cut(text.slice(begin, end));
      }
      at = end + 1;
      if (this.#isSkipping) {
        begin = at;
      }
      if (lineFeed !== -1) {
        this.#endLine();
      }
    }
    if (begin < text.length) {
      this.#parser.feed(text.slice(begin));
    }
  }

  /** The parser gives what it has of the block, with its id, so that a resume does not ask for it again. */
  #cut(text: string): void {
    this.#isCut = true;
    this.#parser.feed(`${text}\n\n`);
    this.#isCut = false;
    this.#isSkipping = true;
  }

  #endLine(): void {
    if (this.#lineLength === 0) {
      this.#isSkipping = false;
      this.#blockLength = 0;
    } else if (!this.#isComment && !this.#isSkipping) {
      this.#blockLength += this.#lineLength;
    }
    this.#lineLength = 0;
  }

  /** Lines may end with a carriage return, too, and a pair of both may come in two pieces. */
  #withLineFeeds(piece: string): string {
    const text = this.#endedWithReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#endedWithReturn = piece.endsWith('\r');
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }
}
