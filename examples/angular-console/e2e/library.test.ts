/** The library by itself in a real browser, bundled as an application bundles it: `npm run console:test`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { Browser } from './support/Browser.js';

describe('the library in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  let program: string;
  let page: Page;

  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('library/inPage.ts', import.meta.url))],
      bundle: true,
      format: 'iife',
      globalName: 'inPage',
      platform: 'browser',
      target: 'es2022',
      // The package as it is built and installed: the project's own paths lead to its sources.
      tsconfigRaw: {},
      write: false,
    });
    program = outputFiles[0]?.text ?? '';
    browser = await Browser.launch();
  });
  beforeEach(async () => {
    page = await browser.open('about:blank');
    await page.addScriptTag({ content: program });
    assert.equal(await page.evaluate('typeof Observable'), 'function', 'no Observable: Chromium has it from 135 on');
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

  it('ends a connection with such an Observable, and leaves it where it is no event, and at the signal', async () => {
    assert.deepEqual(await page.evaluate('inPage.endConnections()'), {
      published: 1,
      refused: 'routing: must be an object, got undefined',
      stopped: 'enough',
      left: 3,
      all: 1,
    });
  });

  it('is observed by an Observable of the platform, which leaves its receiver', async () => {
    assert.deepEqual(await page.evaluate('inPage.observeReceiver()'), { one: 1, subscriberCount: 1, taken: [1, 2] });
  });

  it('lets timers run while it connects events from memory', async () => {
    const result = await page.evaluate<{ published: number; ticks: number }>('inPage.connectBesideTimer(100000)');
    assert.equal(result.published, 100_000);
    assert.ok(result.ticks > 0, 'no timer came');
  });
});
