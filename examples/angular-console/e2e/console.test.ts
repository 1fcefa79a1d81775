/** The console in a real browser: `npm run console:test`. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { EventFilter, type ReceiverStats } from 'sharing-bus';
import { barriers } from './support/barriers.js';
import { Browser } from './support/Browser.js';
import { ConsoleServer } from './support/ConsoleServer.js';
import { CuttableLine } from './support/CuttableLine.js';
import { eventually } from './support/eventually.js';
import { SessionLog } from './support/SessionLog.js';

describe('the console in a browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  let directory: string;
  let log: SessionLog;
  let server: ConsoleServer;

  const start = (port = 0): Promise<ConsoleServer> =>
    ConsoleServer.start([log.path, '--follow', '--scrolls', join(directory, 'scrolls')], port);

  before(async () => {
    browser = await Browser.launch();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'console-'));
    log = await SessionLog.begin(join(directory, 'session.jsonl'));
    server = await start();
  });
  afterEach(async () => {
    try {
      await browser.closePages();
    } finally {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    }
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
  });

  it('shows a session, and its message as it grows, chunk by chunk, in one place', async () => {
    const page = await browser.open(server.url);
    await page.locator('.sessions li').nth(1).waitFor();
    await log.say(1);
    await seen(page, 'word-1 ');
    // The page is complete.
    await seenLane(page, 'archivist');
    await seenLane(page, 'page');
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    const shifts = await layoutShifts(page);
    await log.say(40);
    await seen(page, 'word-41 ');
    assert.equal(await page.locator('[data-entry=message]').count(), 1);
    assert.equal(await shifts(), 0);
  });

  it('shows tool calls with their state, plans, questions and their answers, and sessions that end', async () => {
    const page = await browser.open(server.url);
    await log.add('tool-call', { type: 'ToolCall', toolCallId: 't', title: 'Read a file', status: 'in_progress' });
    await page.locator('.chip[data-status=in_progress]').waitFor();
    await log.add('tool-call-update', { type: 'ToolCallUpdate', toolCallId: 't', status: 'completed' });
    await page.locator('.chip[data-status=completed]').waitFor();
    await log.add('plan', { type: 'Plan', entries: [{ content: 'Think', priority: 'high', status: 'pending' }] });
    await page.locator('.plan li[data-status=pending]').waitFor();
    const options = [{ optionId: 'yes', name: 'Go on', kind: 'allow_once' }];
    await log.add('permission', { type: 'PermissionRequested', requestId: 'r', toolCallId: 't', options });
    await page.locator('.session-state.is-asking').waitFor();
    await page.locator('.chip[data-status=asking]').waitFor();
    await log.add('permission', { type: 'PermissionResolved', requestId: 'r', outcome: 'selected', optionId: 'yes' });
    await seen(page, 'Answer: Go on');
    await log.add('session-lifecycle', { type: 'SessionEnded', reason: 'all is done' });
    await page.locator('.sessions [data-state=ended]').waitFor();
    assert.equal(await page.locator('[data-entry=tool]').count(), 1);
    assert.equal(await page.locator('[data-entry=permission]').count(), 1);
  });

  it('lets the server apply the composed filter', async () => {
    const page = await browser.open(server.url);
    await log.say(5);
    await seen(page, 'word-5 ');
    const asked = page.waitForRequest(/\/api\/events/);
    await page.getByRole('checkbox', { name: 'plan' }).check();
    await page.getByRole('button', { name: 'Apply' }).click();
    const filter = new URL((await asked).url()).searchParams.get('filter') ?? '';
    assert.ok(filter.includes(JSON.stringify(EventFilter.kind('plan'))), filter);

    const mine = async (): Promise<ReceiverStats | undefined> =>
      (await server.stats()).receivers.find(({ filter: one }) => JSON.stringify(one).includes('"plan"'));
    const before = (await eventually(mine, (receiver) => receiver !== undefined))?.delivered ?? 0;
    await log.say(50);
    await log.add('plan', { type: 'Plan', entries: [{ content: 'Only this', priority: 'high', status: 'pending' }] });
    await seen(page, 'Only this');
    // Of the 51 events, the server sent one.
    assert.equal((await mine())?.delivered, before + 1);
    assert.equal(await page.locator('[data-entry=message]').count(), 0);
  });

  it('shows what is wrong with a filter, and does not apply it', async () => {
    const page = await browser.open(server.url);
    await page.getByLabel('The filter as JSON').fill('{"type":"kind","kinds":"plan"}');
    await page.locator('.problems').getByText('kinds').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Apply' }).isDisabled());
    await page.getByLabel('The filter as JSON').fill('{"type":');
    await page.locator('.problems').getByText('not JSON').waitFor();
  });

  it('resumes after a broken connection, and shows that nothing is missing', async () => {
    await using line = await CuttableLine.to(server.port);
    const page = await browser.open(line.url, { mayLoseServer: true });
    await log.say(3);
    await seen(page, 'word-3 ');
    await line.cut();
    await page.getByText('Connection lost').waitFor();
    await log.say(500);
    await line.restore();
    await page.getByRole('status').getByText('nothing is missing').waitFor();
    await seen(page, 'word-503 ');
    assert.deepEqual(await words(page), numbers(503));
    assert.equal(await page.locator('[data-entry=gap]').count(), 0);
  });

  it('reconnects to a server that was killed and restarted, and shows the gap', async () => {
    const page = await browser.open(server.url, { mayLoseServer: true });
    await log.say(3);
    await seen(page, 'word-3 ');
    await server.kill();
    await page.getByText('Connection lost').waitFor();
    server = await start(server.port);
    await log.say(1);
    await page.getByRole('status').getByText('the server has restarted').waitFor();
    await page.locator('[data-entry=gap]').waitFor();
    await seen(page, 'word-4 ');
  });

  it('reconnects, too, after the server was interrupted', async () => {
    const page = await browser.open(server.url, { mayLoseServer: true });
    await log.say(3);
    await seen(page, 'word-3 ');
    await server.interrupt();
    await page.getByText('Connection lost').waitFor();
    server = await start(server.port);
    await page.getByRole('status').getByText('Live again').waitFor();
  });

  it('loses events as a slow page, and shows its gaps, while another page loses nothing', async () => {
    const [slow, quick] = await Promise.all([browser.open(server.url), browser.open(server.url)]);
    await log.say(1);
    await Promise.all([seen(slow, 'word-1 '), seen(quick, 'word-1 ')]);
    await slow.getByRole('button', { name: 'Read slowly' }).click();
    await slow.getByText('From here on, this page reads slowly').waitFor();
    await log.say(300, 100);
    await seen(quick, 'word-301 ');
    assert.deepEqual(await words(quick), numbers(301));
    await slow.locator('[data-entry=gap]').first().waitFor();

    const { receivers } = await server.stats();
    const lagged = Object.fromEntries(receivers.map((receiver) => [receiver.name ?? '', receiver.lagged]));
    assert.ok((lagged['slow page'] ?? 0) > 0);
    assert.equal(lagged['page'], 0);
    assert.equal(lagged['archivist'], 0);
    await slow.locator('[data-lane="slow page"] .has-lagged').waitFor();

    await slow.getByRole('button', { name: 'Read slowly' }).click();
    await log.say(1);
    await seen(slow, 'word-302 ');
  });

  it('stays responsive and small at thousands of events a second', async () => {
    const page = await browser.open(server.url);
    await log.say(1);
    await seen(page, 'word-1 ');
    const longest = await longestTask(page);
    for (let round = 0; round < 20; round += 1) {
      await log.say(500);
      await log.add('tool-call', { type: 'ToolCall', toolCallId: `call-${round}`, title: `Call ${round}` });
      for (let call = 0; call < 20; call += 1) {
        await log.add('tool-call', { type: 'ToolCall', toolCallId: `call-${round}-${call}`, title: `Call ${call}` });
      }
    }
    await log.add('system', { type: 'ErrorRaised', message: 'the very last' });
    await seen(page, 'the very last');
    const task = await longest();
    assert.ok(task < 500, `a task took ${task} ms`);
    assert.ok((await page.locator('.entry').count()) <= 300);
    await page.getByText('earlier entries are no longer kept').waitFor();
  });

  it('follows the end until the user scrolls away from it', async () => {
    const page = await browser.open(server.url);
    await log.say(200);
    await seen(page, 'word-200 ');
    const viewport = page.locator('.viewport');
    const fromEnd = (): Promise<number> =>
      viewport.evaluate((one) => Math.round(one.scrollHeight - one.clientHeight - one.scrollTop));
    await eventually(fromEnd, (distance) => distance < 2);
    await viewport.evaluate((one) => {
      one.scrollTop = 100;
    });
    await page.getByRole('button', { name: 'Go to the end' }).and(page.locator(':enabled')).waitFor();
    await log.say(50);
    await seen(page, 'word-250 ');
    assert.equal(await viewport.evaluate((one) => one.scrollTop), 100);
    await page.getByRole('button', { name: 'Go to the end' }).click();
    await eventually(fromEnd, (distance) => distance < 2);
  });

  it('can be used with only the keyboard', async () => {
    const page = await browser.open(server.url);
    await log.say(1);
    await seen(page, 'word-1 ');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the scroll');
    await page.keyboard.press('Enter');
    await page.locator('#scroll:focus').waitFor();
    await tabTo(page, 'Read slowly', 'Shift+Tab');
    await page.keyboard.press('Space');
    await page.getByText('From here on, this page reads slowly').waitFor();
    await page.keyboard.press('Space');
    await tabTo(page, 'All sessions');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'All sessions' }).waitFor();
    await tabTo(page, 'permission');
    await page.keyboard.press('Space');
    await tabTo(page, 'Apply');
    await page.keyboard.press('Enter');
    await page.locator('.applied').getByText('permission').waitFor();
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    assert.equal(outline, 'solid');
  });

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [360, 1440]) {
      it(`has no barrier and no horizontal scrolling in ${theme} at ${width} px`, async () => {
        const page = await browser.open(server.url, { theme, width });
        await log.say(2);
        await log.add('agent-thought', {
          type: 'AgentThoughtChunk',
          content: { type: 'text', text: `${'a'.repeat(500)} and so on` },
        });
        await log.add('tool-call', { type: 'ToolCall', toolCallId: 't', title: 'x'.repeat(300), status: 'failed' });
        await log.add('system', { type: 'ErrorRaised', message: 'e'.repeat(300) });
        await seen(page, 'eeee');
        await seenLane(page, 'page');
        const sizes = await page.evaluate(() => {
          const { clientWidth, scrollWidth } = document.documentElement;
          const viewport = document.querySelector('.viewport');
          return { clientWidth, scrollWidth, inner: (viewport?.scrollWidth ?? 0) - (viewport?.clientWidth ?? 0) };
        });
        assert.deepEqual(sizes, { clientWidth: width, scrollWidth: width, inner: 0 });
        assert.deepEqual(await barriers(page), []);
      });
    }
  }

  it('keeps the chosen theme', async () => {
    const page = await browser.open(server.url);
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByText('dark', { exact: true }).click();
    // The page is redrawn in a later task.
    const isDark = (color: string): boolean => color !== light;
    const dark = await eventually(background, isDark);
    await page.reload();
    await page.locator('.sessions li').nth(1).waitFor();
    assert.equal(await eventually(background, isDark), dark);
  });

  it('refuses other host names, other methods, and paths outside of the page', async () => {
    const status = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        call.on('error', reject);
        call.end();
      });
    assert.equal(await status('/api/stats', { host: `evil.example:${server.port}` }), 421);
    assert.equal(await status('/api/events', { host: '127.0.0.1' }), 421);
    assert.equal(await status('/', {}, 'POST'), 405);
    assert.equal(await status('/../server/main.ts'), 404);
    assert.equal(await status('/%2e%2e/package.json'), 404);
    assert.equal(await status('/', {}, 'HEAD'), 200);
    assert.equal(await status('/', { host: `localhost:${server.port}` }), 200);
  });
});

async function seen(page: Page, text: string, within = '.viewport'): Promise<void> {
  await page.locator(within).getByText(text).first().waitFor();
}

async function seenLane(page: Page, name: string): Promise<void> {
  await page.locator(`[data-lane="${name}"]`).first().waitFor();
}

/** The numbers of the words in the scroll. */
async function words(page: Page): Promise<number[]> {
  const text = await page.locator('.viewport').innerText();
  return [...text.matchAll(/word-(\d+)/g)].map(([, number]) => Number(number));
}

function numbers(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement } = document;
    const label = activeElement instanceof HTMLInputElement ? activeElement.labels?.[0] : activeElement;
    return label?.textContent.trim() ?? '';
  });
}

async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key);
    const label = await focused(page);
    if (label.startsWith(name)) {
      return;
    }
  }
  throw new Error(`${key} does not reach ${name}`);
}

/** Starts to measure. The returned function returns the layout shift since then. */
async function layoutShifts(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const sum = { value: 0 };
    Object.assign(window, { shifted: sum });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        sum.value += (entry as PerformanceEntry & { readonly value: number }).value;
      }
    }).observe({ type: 'layout-shift' });
  });
  return () => page.evaluate(() => (window as unknown as { shifted: { value: number } }).shifted.value);
}

/** Starts to measure. The returned function returns the longest task since then, in milliseconds. */
async function longestTask(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const longest = { value: 0 };
    Object.assign(window, { longest });
    new PerformanceObserver((list) => {
      longest.value = Math.max(longest.value, ...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: 'longtask' });
  });
  return () => page.evaluate(() => (window as unknown as { longest: { value: number } }).longest.value);
}
