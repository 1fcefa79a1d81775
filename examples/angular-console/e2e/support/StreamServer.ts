import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventFilter, SharingBus } from 'sharing-bus';
import { type EventStreamOptions, EventStreams } from 'sharing-bus/sse';

/** A server with event streams at `/events`, for pages of any origin, and an empty page anywhere else. */
export class StreamServer implements AsyncDisposable {
  readonly bus = new SharingBus<string>({ history: { capacity: 10_000 } });
  /** The methods of the requests for the stream, in order. */
  readonly methods: string[] = [];
  readonly #streams: EventStreams<string>;
  readonly #server: Server;

  private constructor(options: EventStreamOptions<string>) {
    this.#streams = new EventStreams(this.bus, { filter: EventFilter.all, retryMs: 100, ...options });
    this.#server = createServer((request, response) => {
      response.setHeader('Access-Control-Allow-Origin', '*');
      if (request.url?.startsWith('/events') === true) {
        this.methods.push(request.method ?? '');
        void this.#streams.handle(request, response);
      } else {
        // An icon, so that the browser does not ask for one.
        response.end('<!doctype html><link rel="icon" href="data:,">');
      }
    });
  }

  static async listen(port = 0, options: EventStreamOptions<string> = {}): Promise<StreamServer> {
    const server = new StreamServer(options);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  publish(...events: string[]): void {
    for (const event of events) {
      this.bus.publish({ routing: { kind: 'word' }, origin: 'agent', event });
    }
  }

  /** Ends the streams. Resolves when all of them have ended. */
  closeStreams(): Promise<void> {
    return this.#streams.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.#server.closeAllConnections();
      await closed;
    }
  }
}
