/** The process with the page: it serves the stream to browsers as event streams. Pages go on where they were, also after it was killed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { EventFilter, SharingBus } from 'sharing-bus';
import { EventStreams } from 'sharing-bus/sse';
import { dial, openStream, readOrder, reportTo } from './node.js';

const HOST = '127.0.0.1';
const NAME = 'page';
/** Events that may wait for a page. A page that is slower than that gets a gap. */
const CAPACITY = 4096;
const RETRY_MS = 500;

const { port, servers } = readOrder();
const stop = new AbortController();
let status = 'starting';
const serving: { bus?: SharingBus } = {};
const report = reportTo(() => {
  const { bus } = serving;
  const pages = bus?.stats().receivers.filter(({ name }) => name === NAME) ?? [];
  const delivered = pages.reduce((sum, page) => sum + page.delivered, 0);
  return { status, delivered, place: bus?.position?.seq ?? 0 };
}, stop);

const [html, script] = await Promise.all([
  readFile(new URL('page/index.html', import.meta.url)),
  scriptOf(fileURLToPath(new URL('page/page.ts', import.meta.url))),
]);
const connection = await dial(servers);
const upstream = await openStream({ connection, node: 'page-server' });
const bus = new SharingBus({ upstream });
serving.bus = bus;
upstream.status$.subscribe((next) => {
  status = next;
});
const streams = new EventStreams(bus, {
  ...{ filter: EventFilter.all, name: NAME, capacity: CAPACITY, retryMs: RETRY_MS, closeMs: 500 },
});
const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.destroy(error instanceof Error ? error : undefined);
  });
});
server.listen(port, HOST);
stop.signal.addEventListener('abort', () => {
  void end();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // DNS rebinding: another site may point its own host name here, to let its page read the bus.
  if (request.headers.host !== `${HOST}:${port}` && request.headers.host !== `localhost:${port}`) {
    response.writeHead(421).end();
    return;
  }
  const { pathname } = new URL(request.url ?? '/', `http://${HOST}:${port}`);
  if (pathname === '/events') {
    await streams.handle(request, response);
  } else if (pathname === '/') {
    send(response, 'text/html; charset=utf-8', html);
  } else if (pathname === '/page.js') {
    send(response, 'text/javascript; charset=utf-8', script);
  } else {
    response.writeHead(404).end();
  }
}

function send(response: ServerResponse, type: string, body: Uint8Array): void {
  response.writeHead(200, {
    'cache-control': 'no-cache',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'",
    'content-type': type,
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

/** The page's program as one file for a browser. */
async function scriptOf(file: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...{ entryPoints: [file], bundle: true, format: 'esm', target: 'es2022', write: false },
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

async function end(): Promise<void> {
  await report();
  await streams.close();
  server.close();
  await connection.close();
  process.exit(0);
}
