import {
  AngularNodeAppEngine,
  createNodeRequestHandler,
  isMainModule,
  writeResponseToNodeResponse,
} from '@angular/ssr/node';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EventFilter, SharingBus } from 'sharing-bus';
import { EventStreams } from 'sharing-bus/sse';
import type { TestPage } from './App.js';

// Renders the page, serves its files, and has an event stream at `/events`. The test is the only client.
const BROWSER = join(import.meta.dirname, '../browser');
const engine = new AngularNodeAppEngine({ allowedHosts: ['127.0.0.1'] });
const bus = new SharingBus<string>({ history: { capacity: 100 } });
const streams = new EventStreams(bus, { filter: EventFilter.all });
let asked = 0;

export const reqHandler = createNodeRequestHandler((request, response, next) => {
  const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
  const answer = async (): Promise<void> => {
    if (path === '/events') {
      asked += 1;
      await streams.handle(request, response);
    } else if (path === '/stats') {
      // Of the bundle that renders; it is loaded for the first page.
      const { testPage } = globalThis as { testPage?: TestPage };
      response.end(JSON.stringify({ asked, open: streams.size, slots: testPage?.bus.subscriberCount }));
    } else if (path === '/publish') {
      bus.publish({ routing: { kind: 'test' }, origin: 'agent', event: 'from the server' });
      response.end();
    } else if (path === '/busy') {
      await streams.close();
      response.end();
    } else if (path.endsWith('.js')) {
      response.setHeader('content-type', 'text/javascript').end(await readFile(join(BROWSER, path)));
    } else {
      const page = await engine.handle(request);
      await (page === null ? response.writeHead(404).end() : writeResponseToNodeResponse(page, response));
    }
  };
  answer().catch(next);
});

// Not while the CLI looks for routes.
if (isMainModule(import.meta.url)) {
  const server = createServer((request, response) => {
    reqHandler(request, response, (error) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
}
