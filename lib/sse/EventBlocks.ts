import { createParser } from 'eventsource-parser';

const LINE_FEED = 10;

/** One block of an event stream. */
export interface EventBlock {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
  /** Whether the block exceeds the limit. Then `data` is only its beginning. */
  readonly isTooLong: boolean;
}

/** Gets the parsed parts of an event stream. */
export interface EventBlockHandler {
  onBlock(block: EventBlock): void;
  onRetry(milliseconds: number): void;
  onComment(text: string): void;
}

/**
 * Parses the text of one connection into blocks.
 *
 * Invariant: memory is bounded. Of one block, at most the allowed length and the piece that exceeded it are held.
 */
export class EventBlocks {
  readonly #parser: ReturnType<typeof createParser>;
  readonly #maxLength: number;
  readonly #handler: EventBlockHandler;
  /** Whether the parser has got text. It treats its first text in a special way. */
  #hasParsed = false;
  /** The length of the current line, and of the earlier lines of its block without comments. */
  #lineLength = 0;
  #blockLength = 0;
  #isComment = false;
  /** Whether the rest of the current block is dropped. */
  #isSkipping = false;
  #isCut = false;
  #endedWithReturn = false;

  constructor(maxLength: number, handler: EventBlockHandler) {
    this.#maxLength = maxLength;
    this.#handler = handler;
    this.#parser = createParser({
      onEvent: ({ event, id, data }) => {
        handler.onBlock({ event, id, data, isTooLong: this.#isCut || data.length > maxLength });
      },
      onRetry: (milliseconds) => {
        handler.onRetry(milliseconds);
      },
      onComment: (text) => {
        handler.onComment(text);
      },
    });
  }

  feed(piece: string): void {
    const text = this.#withLineFeeds(piece);
    // The start of the text that the parser still has to get.
    let begin = 0;
    for (let at = 0; at < text.length;) {
      if (this.#lineLength === 0 && this.#blockLength === 0 && this.#hasParsed && !this.#isSkipping) {
        const after = this.#takeWhole(text, begin, at);
        if (after > at) {
          begin = after;
          at = after;
          continue;
        }
      }
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
    this.#parse(text, begin, text.length);
  }

  #parse(text: string, begin: number, end: number): void {
    if (begin < end) {
      this.#hasParsed = true;
      this.#parser.feed(text.slice(begin, end));
    }
  }

  /**
   * Takes a block as this library's server sends events, if it is there as a whole at the index `at`: an id, a line of data, and nothing
   * else. The parser gives the same, but takes longer.
   *
   * @param begin The start of the text that the parser still has to get. It gets that first.
   * @returns The index after the block, or `at` if there is another one.
   */
  #takeWhole(text: string, begin: number, at: number): number {
    if (!text.startsWith('id: ', at)) {
      return at;
    }
    const idEnd = text.indexOf('\n', at);
    if (idEnd === -1 || !text.startsWith('data: ', idEnd + 1)) {
      return at;
    }
    const dataEnd = text.indexOf('\n', idEnd + 1);
    const id = text.slice(at + 4, idEnd);
    const isWhole = dataEnd !== -1 && text.charCodeAt(dataEnd + 1) === LINE_FEED;
    if (!isWhole || dataEnd - at - 1 > this.#maxLength || id.includes('\0')) {
      return at;
    }
    this.#parse(text, begin, at);
    this.#handler.onBlock({ event: undefined, id, data: text.slice(idEnd + 7, dataEnd), isTooLong: false });
    return dataEnd + 2;
  }

  /** Ends the block early. The parser emits what it has, with the block's id, so that a resume does not ask for the block again. */
  #cut(text: string): void {
    this.#isCut = true;
    this.#hasParsed = true;
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

  /** Converts line ends to line feeds. A line may also end with a carriage return, and a pair of both may be split over two pieces. */
  #withLineFeeds(piece: string): string {
    const text = this.#endedWithReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#endedWithReturn = piece.endsWith('\r');
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }
}
