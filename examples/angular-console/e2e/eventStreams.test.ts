/** Event streams in a real browser: `npm run console:test`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { EventFilter } from 'sharing-bus';
import { Browser } from './support/Browser.js';
import { bundled } from './support/bundled.js';
import { CuttableLine } from './support/CuttableLine.js';
import { eventually } from './support/eventually.js';
import { StreamServer } from './support/StreamServer.js';

/** Longer than a browser that reads needs for a batch. */
const SOON_MS = 1_000;
const BATCH = 10;
const FILLER = 'x'.repeat(100_000);

describe('event streams in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  let program: string;

  before(async () => {
    program = await bundled('streamsInPage');
    browser = await Browser.launch();
  });
  afterEach(async () => {
    await browser.closePages();
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
  });

  /** Opens an empty page of `url` that has the program. */
  async function open(url: string): Promise<Page> {
    const page = await browser.open(url, { mayLoseServer: true });
    await page.addScriptTag({ content: program });
    return page;
  }

  /** Waits until the page has taken `last`. Returns what it has taken. */
  async function takenUntil(page: Page, last: string): Promise<readonly string[]> {
    return eventually(
      () => page.evaluate<readonly string[]>('inPage.taken'),
      (taken) => taken.includes(last),
    );
  }

  it('resumes a stream of another origin that answers no preflight', async () => {
    await using pages = await StreamServer.listen();
    await using server = await StreamServer.listen();
    await using line = await CuttableLine.to(server.port);
    const page = await open(pages.url);
    server.publish('one', 'two');
    await page.evaluate(`inPage.read('${line.url}events')`);
    await takenUntil(page, 'two');
    await line.cut();
    server.publish('three');
    await line.restore();
    await takenUntil(page, 'three');
    server.publish('four');
    assert.deepEqual(await takenUntil(page, 'four'), ['one', 'two', 'three', 'four']);
    assert.deepEqual([...new Set(server.methods)], ['GET']);
  });

  it('a page that pulls slowly is felt by the server, and told what it has missed', async () => {
    await using server = await StreamServer.listen(0, { capacity: 2 * BATCH });
    const page = await open(server.url);
    await page.evaluate(`void inPage.readSlowly('${server.url}events')`);
    server.publish('one');
    await takenUntil(page, 'one');
    let published = 1;
    while (server.bus.stats().dropped === 0) {
      assert.ok(published * FILLER.length < 100e6, 'the browser has taken 100 MB');
      server.publish(...Array.from({ length: BATCH }, () => `filler ${FILLER}`));
      published += BATCH;
      // Resolves when the browser has taken them.
      await server.bus.flush(EventFilter.all, { signal: AbortSignal.timeout(SOON_MS) }).catch(() => undefined);
    }
    assert.equal(await page.evaluate('inPage.taken.length'), 1);
    await page.evaluate('inPage.goOn()');
    await server.bus.flush();
    server.publish('last');
    published += 1;
    const taken = await takenUntil(page, 'last');
    const missed = taken.map((text) => Number(/^gap of (.*)/.exec(text)?.[1] ?? 1));
    assert.equal(
      missed.reduce((sum, count) => sum + count, 0),
      published,
    );
    assert.ok(taken.some((text) => text.startsWith('gap')));
  });

  it('an EventSource goes on after a restart of the server, however long that takes', async () => {
    await using server = await StreamServer.listen(0, { closeMs: 60_000 });
    const { port, url } = server;
    const page = await open(url);
    await page.evaluate(`inPage.readByEventSource('${url}events')`);
    server.publish('one', 'two');
    await takenUntil(page, 'two');
    // A client that reads nothing holds the old server up.
    const stuck = connect(port, '127.0.0.1').pause();
    await once(stuck, 'connect');
    stuck.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(
      () => Promise.resolve(server.bus.subscriberCount),
      (count) => count === 2,
    );
    for (
      let batch = 0;
      Math.max(...server.bus.stats().receivers.map(({ waiting }) => waiting)) < 2 * BATCH;
      batch += 1
    ) {
      assert.ok(batch * BATCH * FILLER.length < 100e6, 'the client that reads nothing has taken 100 MB');
      server.publish(...Array.from({ length: BATCH }, (_, index) => `filler-${batch}-${index} ${FILLER}`));
      await takenUntil(page, `filler-${batch}-${BATCH - 1}`);
    }
    server.publish('three');
    await takenUntil(page, 'three');
    const before = server.methods.length;
    const closed = server.closeStreams();
    // The page comes back, and comes back again.
    await eventually(
      () => Promise.resolve(server.methods.length),
      (requests) => requests >= before + 3,
    );
    stuck.destroy();
    await closed;
    await server[Symbol.asyncDispose]();
    await using next = await StreamServer.listen(port);
    next.publish('four');
    const taken = await takenUntil(page, 'four');
    assert.deepEqual(
      taken.filter((event) => !event.startsWith('filler')),
      ['one', 'two', 'three', 'gap of unknown size', 'four'],
    );
    assert.deepEqual([...new Set(await page.evaluate<readonly number[]>('inPage.failures'))], [0]);
  });
});
