/** The library alone in a real browser, bundled as in an application: `npm run console:test`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Browser } from './support/Browser.js';
import { bundled } from './support/bundled.js';

describe('the library in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  let program: string;
  let page: Page;

  before(async () => {
    program = await bundled('inPage');
    browser = await Browser.launch();
  });
  beforeEach(async () => {
    page = await browser.open('about:blank');
    await page.addScriptTag({ content: program });
    assert.equal(await page.evaluate('typeof Observable'), 'function', 'no Observable: it needs Chromium 135');
  });
  afterEach(async () => {
    await browser.closePages();
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
  });

  it('connects an Observable of the platform', async () => {
    assert.deepEqual(await page.evaluate('inPage.connectObservable()'), { published: 2, taken: [1, 2], left: 1 });
  });

  it('ends a connection when the Observable completes, emits an invalid event, or the signal aborts', async () => {
    assert.deepEqual(await page.evaluate('inPage.endConnections()'), {
      published: 1,
      refused: 'routing: must be an object, got undefined',
      stopped: 'enough',
      left: 3,
      all: 1,
    });
  });

  it('can be the source of an Observable of the platform', async () => {
    assert.deepEqual(await page.evaluate('inPage.observeReceiver()'), { one: 1, subscriberCount: 1, taken: [1, 2] });
  });

  it('lets timers run while it connects events from memory', async () => {
    const result = await page.evaluate<{ published: number; ticks: number }>('inPage.connectBesideTimer(100000)');
    assert.equal(result.published, 100_000);
    assert.ok(result.ticks > 0, 'no timer ran');
  });
});
