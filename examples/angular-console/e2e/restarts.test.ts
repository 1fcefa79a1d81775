/** The server keeps its events in a file, is killed, and is started again. The page that was open goes on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { Browser } from './support/Browser.js';
import { ConsoleServer } from './support/ConsoleServer.js';
import { CuttableLine } from './support/CuttableLine.js';
import { eventually } from './support/eventually.js';
import { SessionLog } from './support/SessionLog.js';

const FIXTURES = fileURLToPath(new URL('../../../spec/examples/fixtures/', import.meta.url));
const AGENT = `"${process.execPath}" --import tsx "${FIXTURES}fixtureAgent.ts" asks`;

describe('a server with --db that is started again', { timeout: 240_000 }, () => {
  let browser: Browser;
  let directory: string;
  let log: SessionLog;
  let server: ConsoleServer | undefined;

  const startWith = async (words: readonly string[], port = 0): Promise<ConsoleServer> => {
    server = await ConsoleServer.start(['--db', join(directory, 'runs.db'), ...words], port);
    return server;
  };
  const start = (port = 0): Promise<ConsoleServer> => startWith([log.path, '--follow'], port);
  const startAgent = (port = 0): Promise<ConsoleServer> =>
    startWith(['--agent', AGENT, '--agent-timeout', '120'], port);

  before(async () => {
    browser = await Browser.launch();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'console-'));
    log = await SessionLog.begin(join(directory, 'session.jsonl'));
  });
  afterEach(async () => {
    try {
      await browser.closePages();
    } finally {
      await server?.kill();
      server = undefined;
      await rm(directory, { recursive: true, force: true });
    }
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
  });

  it('goes on after a kill, with what the page had not got: no gap, nothing twice, no reload', async () => {
    const first = await start();
    await using line = await CuttableLine.to(first.port);
    const page = await browser.open(line.url, { mayLoseServer: true });
    await mark(page);
    await log.say(3);
    await seen(page, 'word-3 ');
    await settled(page, first);
    await line.cut();
    await page.getByText('Connection lost').waitFor();
    await log.say(500);
    await archived(first, 504);
    await first.kill();

    const second = await start(first.port);
    await line.restore();
    await page.getByRole('status').getByText('nothing is missing').waitFor();
    // The end of the old scroll, which the new server has written.
    await seen(page, 'session ended: its console has ended');
    assert.deepEqual(await words(page), numbers(503));
    assert.equal(await page.locator('[data-entry=gap]').count(), 0);
    assert.equal(await page.locator('.sessions [data-state=gone]').count(), 0);
    await page.locator('.sessions [data-state=ended]').waitFor();

    // The log was read again, as another session. The page gets what comes now.
    await archived(second, 506);
    await log.say(1);
    await page.locator('.sessions [data-state=open]').click();
    await seen(page, 'word-504 ');
    assert.deepEqual(await words(page), numbers(504));
    await settled(page, second);
    assert.ok(await isMarked(page));
  });

  it('goes on with its counts after each of several kills', async () => {
    let running = await start();
    const page = await browser.open(running.url, { mayLoseServer: true });
    await mark(page);
    await page.getByRole('button', { name: 'All sessions' }).click();
    const { epoch } = (await running.stats()).position;
    for (let kill = 1; kill <= 3; kill += 1) {
      await log.say(10);
      // Each run reads the log again.
      await eventually(
        () => words(page),
        (all) => all.filter((word) => word === 10 * kill).length === 1,
      );
      await settled(page, running);
      const before = await position(page);
      await running.kill();
      await page.getByText('Connection lost').waitFor();
      running = await start(running.port);
      await page.getByRole('status').getByText('nothing is missing').waitFor();
      await archived(running, 3 + 10 * kill);
      await settled(page, running);
      assert.equal((await running.stats()).position.epoch, epoch);
      // The end of the old scroll, and the log again.
      assert.equal((await position(page)) - before, 3 + 10 * kill);
    }
    // The first ten words have come in each of four runs, and in each once.
    const all = await words(page);
    assert.deepEqual(all, [
      ...numbers(10),
      ...numbers(10),
      ...numbers(20).slice(10),
      ...numbers(20),
      ...numbers(30).slice(20),
      ...numbers(30),
    ]);
    assert.equal(await page.locator('[data-entry=gap]').count(), 0);
    assert.ok(await isMarked(page));
  });

  it('goes on after Ctrl-C, too', async () => {
    const first = await start();
    const page = await browser.open(first.url, { mayLoseServer: true });
    await mark(page);
    await log.say(3);
    await seen(page, 'word-3 ');
    await first.interrupt();
    await page.getByText('Connection lost').waitFor();
    await start(first.port);
    await page.getByRole('status').getByText('nothing is missing').waitFor();
    assert.deepEqual(await words(page), numbers(3));
    assert.equal(await page.locator('[data-entry=gap]').count(), 0);
    assert.ok(await isMarked(page));
  });

  it('shows a permission request that was open at the kill as cancelled, and the next one with its buttons', async () => {
    const first = await startAgent();
    const page = await browser.open(first.printedUrl, { mayLoseServer: true });
    await mark(page);
    await permission(page).getByRole('button', { name: 'Allow once' }).waitFor();
    await first.kill();
    await page.getByText('Connection lost').waitFor();
    const second = await startAgent(first.port);
    await page.getByRole('status').getByText('nothing is missing').waitFor();
    await permission(page).locator('.chip[data-status=cancelled]').waitFor();
    await page.locator('.sessions [data-state=ended]').waitFor();
    assert.equal(await permission(page).getByRole('button').count(), 0);
    assert.equal(await page.locator('.sessions [data-state=ended] .is-asking').count(), 0);
    await page.locator('.sessions [data-state=open]').click();
    await permission(page).getByText('Its token is not that of this server').waitFor();
    // The token is another one. Its URL in the same tab is no reload.
    await page.goto(second.printedUrl);
    await permission(page).getByRole('button', { name: 'Allow once' }).click();
    await permission(page).getByText('Answer: Allow once').waitFor();
    assert.ok(await isMarked(page));
    await page.reload();
    await permission(page).getByText('Answer: Allow once').waitFor();
  });

  it('shows the session of this run first in a new page, and those of earlier runs in the list', async () => {
    const first = await start();
    await log.say(2);
    await archived(first, 3);
    await first.kill();
    const second = await start();
    await archived(second, 5);
    const page = await browser.open(second.url);
    await seen(page, 'word-2 ');
    assert.equal(await page.locator('.sessions [aria-pressed=true]').getAttribute('data-state'), 'open');
    await page.locator('.sessions [data-state=ended]').click();
    await seen(page, 'session ended: its console has ended');
    assert.deepEqual(await words(page), numbers(2));
  });

  it('starts nothing, and says why, where another server writes to the file', async () => {
    await start();
    await assert.rejects(ConsoleServer.start([log.path, '--db', join(directory, 'runs.db')]), /ended before/);
  });
});

async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { isMarked: true }));
}

/** Whether the page was not loaded again. */
async function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => 'isMarked' in window);
}

/** Resolves when the archivist of `server` has counted so many events. */
async function archived(server: ConsoleServer, events: number): Promise<void> {
  await eventually(
    async () => (await server.stats()).receivers.find(({ name }) => name === 'archivist')?.delivered,
    (delivered) => delivered === events,
  );
}

/** Resolves when `page` has reached the last event of `server`. */
async function settled(page: Page, server: ConsoleServer): Promise<void> {
  const { seq } = (await server.stats()).position;
  await eventually(
    () => position(page),
    (reached) => reached === seq,
  );
}

/** The place that the page says. */
async function position(page: Page): Promise<number> {
  return Number((await page.locator('[data-figure=position]').innerText()).replaceAll(',', ''));
}

async function seen(page: Page, text: string): Promise<void> {
  await page.locator('.viewport').getByText(text).first().waitFor();
}

/** The numbers of the words in the scroll. */
async function words(page: Page): Promise<number[]> {
  const text = await page.locator('.viewport').innerText();
  return [...text.matchAll(/word-(\d+)/g)].map(([, number]) => Number(number));
}

function numbers(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function permission(page: Page): Locator {
  return page.locator('[data-entry=permission]');
}
