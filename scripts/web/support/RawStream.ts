import { eventually } from './eventually.js';

/** One connection to an event stream, without the library. */
export class RawStream implements Disposable {
  /** Pieces with a heartbeat. A buffer on the way would make many heartbeats one piece. */
  #heartbeats = 0;
  #hasEnded = false;
  readonly #controller = new AbortController();
  readonly #response: Promise<Response>;

  constructor(url: string) {
    const headers = { Accept: 'text/event-stream', 'Accept-Encoding': 'gzip' };
    this.#response = fetch(url, { headers, signal: this.#controller.signal });
    this.#read().catch(() => {
      this.#hasEnded = true;
    });
  }

  /** Resolves when this many heartbeats have arrived, each when it was sent. Rejects if the connection ends before. */
  async heartbeats(count: number): Promise<void> {
    await eventually(
      () => ({ heartbeats: this.#heartbeats, hasEnded: this.#hasEnded }),
      ({ heartbeats, hasEnded }) => {
        if (heartbeats < count && hasEnded) {
          throw new Error(`the connection ended after ${heartbeats} heartbeats`);
        }
        return heartbeats >= count;
      },
    );
  }

  [Symbol.dispose](): void {
    this.#controller.abort();
  }

  async #read(): Promise<void> {
    const { body } = await this.#response;
    for await (const text of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      this.#heartbeats += text.includes(': heartbeat') ? 1 : 0;
    }
    this.#hasEnded = true;
  }
}
