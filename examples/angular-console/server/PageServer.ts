import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BusPosition, EventFilter, type SharingBus } from 'sharing-bus';
import { EventStreams } from 'sharing-bus/sse';
import { takeAnswer, type Token } from './answerRoute.js';
import type { PendingPermissions } from './PendingPermissions.js';
import type { Site, SiteFile } from './site.js';
import { SlowLine } from './SlowLine.js';

const HOST = '127.0.0.1';
/** For a page that asks to read slowly: its bytes per second, and the capacity of its queue. */
const SLOW = { bytesPerSecond: 8000, capacity: 32 } as const;

/** How long pages may take to read the events that wait for them when the server stops, in milliseconds. */
const CLOSE_MS = 500;

/** The page may load files of this server only. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Serves the page, `/api/events`, `/api/stats` and `/api/permission`, to this machine only. */
export class PageServer {
  readonly #server: Server;
  readonly #pages: EventStreams;
  readonly #slowPages: EventStreams;
  readonly #began: BusPosition | undefined;
  #port = 0;

  /** @param bus Nothing was published on it yet. */
  constructor(
    private readonly bus: SharingBus,
    private readonly site: Site,
    private readonly permissions: PendingPermissions,
    private readonly token: Token,
  ) {
    const options = { filter: EventFilter.all, closeMs: CLOSE_MS };
    this.#began = bus.position;
    this.#pages = new EventStreams(bus, { ...options, name: 'page' });
    this.#slowPages = new EventStreams(bus, { ...options, name: 'slow page', capacity: SLOW.capacity });
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
  }

  /** Resolves with the port when the server is listening. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this.#port;
  }

  /** Ends the streams, each after its waiting events. Pages will reconnect, to this server or the next one. */
  async endStreams(): Promise<void> {
    await Promise.all([this.#pages.close(), this.#slowPages.close()]);
  }

  /** Ends the streams in order, then all other connections. */
  async close(): Promise<void> {
    await this.endStreams();
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) {
      response.setHeader(name, value);
    }
    // DNS rebinding: another site may point its own host name here, to let its page read the bus.
    if (request.headers.host !== `${HOST}:${this.#port}` && request.headers.host !== `localhost:${this.#port}`) {
      refuse(response, 421, 'Wrong host name.');
      return;
    }
    const url = new URL(request.url ?? '/', `http://${HOST}:${this.#port}`);
    if (url.pathname === '/api/permission') {
      await takeAnswer(request, response, this.token, this.permissions);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      refuse(response, 405, 'Only GET and HEAD are allowed.');
      return;
    }
    if (url.pathname === '/api/events') {
      await (url.searchParams.get('reader') === 'slow'
        ? this.#slowPages.handle(request, new SlowLine(response, SLOW.bytesPerSecond))
        : this.#pages.handle(request, response));
    } else if (url.pathname === '/api/stats') {
      response.setHeader('cache-control', 'no-store');
      response.setHeader('content-type', 'application/json');
      // A page asks for this all the time, so it knows at once which requests it can still answer, and whether it may.
      const permissions = { waiting: this.permissions.waiting, mayAnswer: this.token.isIn(request) };
      response.end(
        JSON.stringify({ ...this.bus.stats(), position: this.bus.position, began: this.#began, permissions }),
      );
    } else {
      serve(request, response, this.site.get(url.pathname));
    }
  }
}

function serve(request: IncomingMessage, response: ServerResponse, file: SiteFile | undefined): void {
  if (file === undefined) {
    refuse(response, 404, 'Not found.');
    return;
  }
  response.writeHead(200, {
    'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-length': file.body.byteLength,
    'content-type': file.type,
  });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}
