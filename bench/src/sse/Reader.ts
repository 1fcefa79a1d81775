import { get, type IncomingMessage } from 'node:http';

/** What a reader tells. */
export interface ReaderHandler {
  onBegun(): void;
  onEvent(reader: Reader): void;
}

/**
 * A client that reads the text of a stream, as cheaply as it can and still check the account: each event comes once, in order, and
 * missing ones are told in a gap at their place.
 */
export class Reader {
  events = 0;
  missed = 0;
  /** The number of the last event or gap. */
  last = 0;
  problem: string | undefined;
  private rest = '';
  private response: IncomingMessage | undefined;
  private hasBegun = false;

  constructor(
    url: string,
    private readonly handler: ReaderHandler,
  ) {
    get(url, { agent: false }, (response) => {
      this.response = response;
      response.setEncoding('latin1').on('data', (text: string) => {
        this.take(text);
      });
      response.on('close', () => {
        this.problem ??= 'the stream has ended';
      });
    }).on('error', (error) => {
      this.problem ??= error.message;
    });
  }

  pause(): void {
    this.response?.pause();
  }

  resume(): void {
    this.response?.resume();
  }

  private take(text: string): void {
    const all = this.rest === '' ? text : this.rest + text;
    let from = 0;
    for (let end = all.indexOf('\n\n'); end !== -1; end = all.indexOf('\n\n', from)) {
      this.takeBlock(all, from, end);
      from = end + 2;
    }
    this.rest = from < all.length ? all.slice(from) : '';
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.handler.onBegun();
    }
  }

  private takeBlock(all: string, from: number, end: number): void {
    const at = all.indexOf('id:', from);
    if (at === -1 || at >= end) {
      return;
    }
    const idEnd = all.indexOf('\n', at);
    const id = all.slice(at + 3, idEnd).trim();
    const seq = Number(id.slice(id.indexOf(':') + 1));
    if (all.startsWith('event: gap', from)) {
      this.missed += (JSON.parse(all.slice(all.indexOf('data:', from) + 5, end)) as { missed: number }).missed;
      this.last = seq;
      this.handler.onEvent(this);
    } else if (!all.startsWith('event: position', from)) {
      if (seq <= this.last) {
        this.problem ??= `event ${seq} came after ${this.last}`;
      }
      this.events += 1;
      this.last = seq;
      this.handler.onEvent(this);
    }
  }
}
