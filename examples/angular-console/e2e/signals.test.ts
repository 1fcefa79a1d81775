/** `sharing-bus/angular` in an application of Angular's CLI, rendered on the server and hydrated: `npm run console:test`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Browser } from './support/Browser.js';
import { eventually } from './support/eventually.js';
import { SignalsServer } from './support/SignalsServer.js';

/** Runs an expression in the page, in which `testPage` is that of signals/App.ts. */
function run<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate<T>(`(async () => ${expression})()`);
}

/** A publish of 10,000 events between two frames, and what came of it. */
const BURST = (publish: string, count = 10_000): string => `{
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await testPage.appRef.whenStable();
  await frame();
  const before = testPage.renderings;
  testPage.${publish}(${count});
  // A frame is drawn after its callbacks. In the next one, all is shown.
  await frame();
  await frame();
  await testPage.appRef.whenStable();
  return testPage.renderings - before;
}`;

const STABLE = `Promise.race([
  testPage.appRef.whenStable().then(() => 'stable'),
  new Promise((resolve) => setTimeout(resolve, 5_000, 'not within 5 s')),
])`;

for (const form of ['zoneless', 'zone']) {
  describe(`sharing-bus/angular, ${form}`, { timeout: 120_000 }, () => {
    let server: SignalsServer;
    let browser: Browser;
    let page: Page;
    const messages: string[] = [];

    const shown = async (id: string): Promise<string> => (await page.locator(`#${id}`).innerText()).trim();
    const until = (id: string, text: string): Promise<string> =>
      eventually(
        () => shown(id),
        (now) => now === text,
      );

    before(async () => {
      server = await SignalsServer.start(form);
      browser = await Browser.launch();
    });
    after(async () => {
      try {
        await browser.closePages();
      } finally {
        await browser[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      }
    });

    it('renders on the server within a second, and leaves nothing', async () => {
      // The first page loads the application.
      await server.get('/');
      const start = performance.now();
      const html = await server.get('/');
      assert.ok(performance.now() - start < 1_000);
      assert.match(html, /<p id="latest">nothing yet<\/p>/);
      assert.match(html, /<p id="status">connecting<\/p>/);
      assert.match(html, /<app-row/);
      assert.deepEqual(await server.figures(), { asked: 0, open: 0, slots: 0 });
    });

    it('leaves nothing of 40 requests whose clients have gone', async () => {
      await Promise.all(Array.from({ length: 40 }, (_, index) => server.abandon(index)));
      // By now the others have been rendered, too.
      await server.get('/');
      assert.deepEqual(await server.figures(), { asked: 0, open: 0, slots: 0 });
    });

    it('hydrates without a mismatch, and then asks for the stream', async () => {
      page = await browser.open(server.url, {
        onMessage: (text) => {
          messages.push(text);
          return /^Angular (is running in development mode|hydrated \d+ component)/.test(text);
        },
      });
      await until('status', 'open');
      const hydrated = messages.find((text) => text.includes('hydrated'));
      assert.match(
        hydrated ?? messages.join('\n'),
        /hydrated 2 component\(s\) and \d+ node\(s\), 0 component\(s\) were skipped/,
      );
      assert.deepEqual(await server.figures(), { asked: 1, open: 1, slots: 0 });
    });

    it('shows what the stream brings', async () => {
      await server.get('/publish');
      await until('stream', 'from the server');
    });

    it('is stable with a stream open', async () => {
      assert.equal(await run(page, STABLE), 'stable');
    });

    it('is stable with a stream and a watched receiver that were opened in its zone, without signals', async () => {
      const stable = await run(
        page,
        `{
          const opened = testPage.openInZone();
          await new Promise((resolve) => setTimeout(resolve, 200));
          const result = await ${STABLE};
          opened.unsubscribe();
          return result;
        }`,
      );
      assert.equal(stable, 'stable');
    });

    for (const publish of ['publish', 'publishInZone']) {
      it(`renders once for 10,000 events between two frames, and shows the loss (${publish})`, async () => {
        await run(
          page,
          '{ testPage.kind.set("none"); await testPage.appRef.whenStable(); testPage.kind.set("test"); }',
        );
        await until('latest', 'nothing yet');
        // With zone.js, Angular checks the page whenever its zone is left, so also when nothing was published in it.
        const ofLeaving = Number(await run(page, BURST(publish, 0)));
        assert.equal(await run(page, BURST(publish)), ofLeaving + 1);
        assert.equal(await shown('latest'), 'event 10000');
        assert.equal(await shown('lagged'), '9999');
        assert.equal(await shown('recent'), '9997 missing\nevent 9998\nevent 9999\nevent 10000');
      });
    }

    it('has no slot left of a thousand components that have come and gone', async () => {
      const rows = (count: number): Promise<number> =>
        run(
          page,
          `{
          testPage.rows.set(${count});
          await testPage.appRef.whenStable();
          testPage.publish(3);
          await testPage.appRef.whenStable();
          return testPage.bus.subscriberCount;
        }`,
        );
      const alone = await rows(0);
      assert.equal(await rows(1_000), alone + 3_000);
      assert.equal((await page.locator('app-row').first().innerText()).trim(), 'event 3 3 2');
      assert.equal(await rows(0), alone);
    });

    it('subscribes to nothing for a component that is gone', async () => {
      const sees = (rows: number): Promise<unknown> =>
        run(
          page,
          `{
            testPage.rows.set(${rows});
            await testPage.appRef.whenStable();
            const sees = await testPage.subscribeForRow();
            return [sees ?? 'nothing', testPage.bus.subscriberCount];
          }`,
        );
      const [, alone] = (await sees(0)) as [unknown, number];
      assert.deepEqual(await sees(1), ['event 1', alone + 4]);
      assert.deepEqual(await sees(0), ['nothing', alone]);
    });

    it('keeps its receivers when the CLI replaces its template, and no more of them', async () => {
      const slots = (): Promise<number> => run(page, 'testPage.bus.subscriberCount');
      await run(page, '{ testPage.rows.set(1); await testPage.appRef.whenStable(); }');
      const before = await slots();
      await run(page, '{ testPage.replaceTemplate(); testPage.publish(7); await testPage.appRef.whenStable(); }');
      await until('latest', 'event 7');
      assert.equal(await page.locator('app-row').count(), 1);
      assert.equal(await slots(), before);
    });

    it('is stable while it waits for a server that is busy', async () => {
      await server.get('/busy');
      await until('status', 'waiting');
      assert.equal(await run(page, STABLE), 'stable');
      assert.equal(await run(page, 'testPage.wasInZone'), false);
    });
  });
}
