/** Permission requests of an agent that the user answers in a page. The agent is a process, and so is the server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator, Page, Route } from 'playwright-core';
import { barriers } from './support/barriers.js';
import { Browser } from './support/Browser.js';
import { ConsoleServer } from './support/ConsoleServer.js';
import { eventually } from './support/eventually.js';

const FIXTURES = fileURLToPath(new URL('../../../spec/examples/fixtures/', import.meta.url));
const AGENT = `"${process.execPath}" --import tsx "${FIXTURES}fixtureAgent.ts" asks`;
const GEMINI = `"${process.execPath}" --import tsx "${FIXTURES}wireAgent.ts" "${FIXTURES}wires/gemini.jsonl"`;
const REFUSED = /the server responded with a status of 4\d\d/;

const SELECTED = (optionId: string): string => `answered {"outcome":{"outcome":"selected","optionId":"${optionId}"}}`;
const CANCELLED = 'answered {"outcome":{"outcome":"cancelled"}}';

describe('permission requests in a page', { timeout: 240_000 }, () => {
  let browser: Browser;
  let directory: string;
  let server: ConsoleServer | undefined;

  const startWith = async (agent: string, words: readonly string[], port = 0): Promise<ConsoleServer> => {
    const given = ['--scrolls', join(directory, 'scrolls'), '--agent', agent, '--agent-timeout', '120', ...words];
    server = await ConsoleServer.start(given, port);
    return server;
  };
  const start = (...words: readonly string[]): Promise<ConsoleServer> => startWith(AGENT, words);

  before(async () => {
    browser = await Browser.launch();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'console-'));
  });
  afterEach(async () => {
    try {
      await browser.closePages();
    } finally {
      await server?.interrupt();
      server = undefined;
      await rm(directory, { recursive: true, force: true });
    }
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
  });

  it('lets the agent go on when its user allows it once', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').waitFor();
    await button(page, 'Reject').waitFor();
    await permission(page).getByText('dig --deep').waitFor();
    await page.locator('.session-state.is-asking').waitFor();
    assert.equal(await page.getByText('answered {').count(), 0);
    await button(page, 'Allow once').click();
    await page.getByText(SELECTED('yes')).waitFor();
    await permission(page).getByText('Answer: Allow once').waitFor();
    await page.getByText('turn ended: end_turn').waitFor();
    assert.equal(await permission(page).getByRole('button').count(), 0);
    assert.equal(await page.locator('.session-state.is-asking').count(), 0);
  });

  it('tells the agent that its user has rejected it', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Reject').click();
    await page.getByText(SELECTED('no')).waitFor();
    await permission(page).getByText('Answer: Reject').waitFor();
  });

  it('has a button for each option of Gemini CLI, and what it asks for', async () => {
    const page = await browser.open((await startWith(GEMINI, ['--auth', 'gemini-api-key'])).printedUrl);
    await permission(page).getByText('Writing to bed.txt').waitFor();
    await permission(page).getByText('newText: beans').waitFor();
    const buttons = permission(page).getByRole('button');
    await buttons.first().waitFor();
    assert.deepEqual(await buttons.allInnerTexts(), ['Allow for this session', 'Allow', 'Reject']);
    await button(page, 'Allow').click();
    await permission(page).getByText('Answer: Allow', { exact: true }).waitFor();
    await page.getByText('turn ended: end_turn').waitFor();
  });

  it('can be answered with only the keyboard, and keeps the focus at the request', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText(SELECTED('no')).waitFor();
    await permission(page).locator('.permission:focus').waitFor();
  });

  it('takes a double click for one answer', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').dblclick();
    await page.getByText(SELECTED('yes')).waitFor();
    await permission(page).getByText('Answer: Allow once').waitFor();
    assert.equal(await permission(page).getByText('Another page was first').count(), 0);
  });

  it('takes the first answer of two pages, tells the second what it is, and shows it on all', async () => {
    const { printedUrl } = await start();
    const [first, second, third] = await Promise.all([
      browser.open(printedUrl),
      browser.open(printedUrl, { onMessage: (text) => REFUSED.test(text) }),
      browser.open(printedUrl),
    ]);
    await Promise.all([first, second, third].map((page) => button(page, 'Allow once').waitFor()));
    // The answer of the second page is on its way until the first one has answered.
    const held = await hold(second);
    await button(second, 'Reject').click();
    await held.taken;
    await button(first, 'Allow once').click();
    await first.getByText(SELECTED('yes')).waitFor();
    await held.release();
    await permission(second).getByText('Another page was first: Allow once').waitFor();
    for (const page of [first, second, third]) {
      await permission(page).getByText('Answer: Allow once').waitFor();
      assert.equal(await permission(page).getByRole('button').count(), 0);
    }
    assert.equal(await third.getByText('answered {').count(), 1);
    assert.equal(await first.getByText('Another page was first').count(), 0);
  });

  it('shows a request without buttons, and says why, where the token is absent or wrong', async () => {
    const { printedUrl, token, url } = await start();
    assert.match(token, /^[\w-]{43}$/);
    const without = await browser.open(url);
    await permission(without).getByText('it needs the token of the URL that the server has printed').waitFor();
    const wrong = await browser.open(`${url}#token=${'A'.repeat(43)}`);
    await permission(wrong).getByText('Its token is not that of this server').waitFor();
    for (const page of [without, wrong]) {
      await permission(page).getByText('waits for an answer').waitFor();
      await permission(page).getByText('Allow once / Reject').waitFor();
      assert.equal(await permission(page).getByRole('button').count(), 0);
    }
    // The right URL in the same tab is no new page to the browser.
    await wrong.goto(printedUrl);
    await button(wrong, 'Allow once').click();
    await permission(without).getByText('Answer: Allow once').waitFor();
    assert.equal(await permission(without).getByText('it needs the token').count(), 0);
  });

  it('shows a request again, with its buttons, in a page that is reloaded', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').waitFor();
    await page.reload();
    await button(page, 'Allow once').click();
    await page.getByText(SELECTED('yes')).waitFor();
    await page.reload();
    await permission(page).getByText('Answer: Allow once').waitFor();
    assert.equal(await permission(page).getByRole('button').count(), 0);
  });

  it('shows that the agent has taken a request back', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').waitFor();
    process.kill(await pid(page), 'SIGUSR2');
    await isCancelled(page);
    await page.getByText(CANCELLED).waitFor();
  });

  it('shows a request of an agent that was killed as cancelled', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').waitFor();
    process.kill(await pid(page), 'SIGKILL');
    await isCancelled(page);
    await page.locator('.sessions [data-state=ended]').waitFor();
  });

  it('shows a request as cancelled when the server is interrupted, or killed and started again', async () => {
    const first = await start();
    const page = await browser.open(first.printedUrl, { mayLoseServer: true });
    await button(page, 'Allow once').waitFor();
    await first.interrupt();
    await isCancelled(page);
    const second = await startWith(AGENT, [], first.port);
    // The new server has another token. So this page shows the request of its agent without buttons.
    await permission(page).getByText('Its token is not that of this server').waitFor();
    await page.getByRole('button', { name: 'All sessions' }).click();
    await permission(page).getByText('waits for an answer').waitFor();
    // That may have been the view before. The page must have got something of this server for all sessions.
    await eventually(
      async () => (await second.stats()).receivers.find(({ filter, name }) => name === 'page' && filter.type === 'all'),
      (receiver) => (receiver?.delivered ?? 0) > 0,
    );
    await second.kill();
    await page.getByText('Connection lost').waitFor();
    await startWith(AGENT, [], first.port);
    await page.getByText('the server has restarted.').waitFor();
    const chips = async (): Promise<string[]> => permission(page).locator('.chip').allInnerTexts();
    assert.deepEqual(await eventually(chips, ({ length }) => length > 1), ['cancelled', 'waits for an answer']);
  });

  it('cancels a request with its turn, after --prompt-timeout, and tells the agent', async () => {
    const page = await browser.open((await start('--prompt-timeout', '2')).printedUrl);
    await page.getByText(CANCELLED).waitFor();
    await isCancelled(page);
  });

  it('answers by itself with --permission allow, and prints no token', async () => {
    const { printedUrl, token } = await start('--permission', 'allow');
    assert.equal(token, '');
    const page = await browser.open(printedUrl);
    await page.getByText(SELECTED('yes')).waitFor();
    await permission(page).getByText('Answer: Allow once').waitFor();
  });

  it('has no barrier while a request waits', async () => {
    const { printedUrl } = await start();
    for (const width of [360, 1440]) {
      const page = await browser.open(printedUrl, { width });
      await button(page, 'Allow once').waitFor();
      assert.deepEqual(await barriers(page), []);
      const { inner, outer } = await page.evaluate(() => ({
        outer: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        inner: [...document.querySelectorAll('.permission')].map((one) => one.scrollWidth - one.clientWidth),
      }));
      assert.deepEqual({ inner, outer }, { inner: [0], outer: 0 });
    }
  });

  it('takes an answer only as JSON, small, by POST, of its own page, with the token, to a request that waits', async () => {
    const { port, token, url } = await start();
    const [waiting] = await eventually(
      async () => {
        const response = await fetch(new URL('/api/stats', url));
        return ((await response.json()) as { permissions: { waiting: string[] } }).permissions.waiting;
      },
      ({ length }) => length > 0,
    );
    const right = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      origin: `http://127.0.0.1:${port}`,
    };
    const body = { request: waiting, optionId: 'yes' };
    const send = (
      headers: Readonly<Record<string, string | undefined>>,
      content: unknown = body,
      method = 'POST',
    ): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const merged: Readonly<Record<string, string | undefined>> = { ...right, ...headers };
        const all = Object.entries(merged).filter(([, value]) => value !== undefined);
        const call = request(
          { host: '127.0.0.1', port, path: '/api/permission', method, headers: Object.fromEntries(all) },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        call.on('error', reject);
        call.end(typeof content === 'string' ? content : JSON.stringify(content));
      });

    assert.equal(await send({}, '', 'GET'), 405);
    assert.equal(await send({}, body, 'PUT'), 405);
    assert.equal(await send({ host: `evil.example:${port}` }), 421);
    assert.equal(await send({ origin: 'http://evil.example' }), 403);
    assert.equal(await send({ origin: `http://localhost:${port}` }), 403);
    assert.equal(await send({ origin: 'null' }), 403);
    assert.equal(await send({ origin: undefined }), 403);
    assert.equal(await send({ authorization: undefined }), 403);
    assert.equal(await send({ authorization: `Bearer ${token.slice(0, -1)}` }), 403);
    assert.equal(await send({ authorization: `Bearer ${token}=` }), 403);
    assert.equal(await send({ authorization: `Basic ${token}` }), 403);
    assert.equal(await send({ 'content-type': 'text/plain' }), 415);
    assert.equal(await send({ 'content-type': undefined }), 415);
    assert.equal(await send({}, '{'), 400);
    assert.equal(await send({}, 'null'), 400);
    assert.equal(await send({}, { request: waiting }), 400);
    assert.equal(await send({}, { ...body, optionId: ['yes'] }), 400);
    assert.equal(await send({}, { ...body, optionId: 'perhaps' }), 400);
    assert.equal(await send({}, { ...body, padding: 'x'.repeat(20_000) }), 413);
    assert.equal(await send({}, { ...body, request: 'of nobody' }), 404);
    // Nothing of that has answered it.
    assert.equal(await send({}), 200);
    assert.equal(await send({}), 409);
  });

  it('has what an agent says before its session is open in the scroll of that session', async () => {
    const page = await browser.open((await start()).printedUrl);
    await button(page, 'Allow once').waitFor();
    await page.locator('.viewport').getByText('before the registration').waitFor();
  });
});

function permission(page: Page): Locator {
  return page.locator('[data-entry=permission]');
}

function button(page: Page, name: string): Locator {
  return permission(page).getByRole('button', { name, exact: true });
}

async function isCancelled(page: Page): Promise<void> {
  await permission(page).locator('.chip[data-status=cancelled]').waitFor();
  assert.equal(await permission(page).getByRole('button').count(), 0);
  assert.equal(await page.locator('.session-state.is-asking').count(), 0);
}

/** The process of the agent, as it says itself. */
async function pid(page: Page): Promise<number> {
  const text = await page.getByText(/pid \d+/).innerText();
  return Number(/pid (\d+)/.exec(text)?.[1]);
}

/** Holds back the answer that `page` will give. */
async function hold(page: Page): Promise<{ readonly taken: Promise<void>; readonly release: () => Promise<void> }> {
  let take: (route: Route) => void = () => undefined;
  const route = new Promise<Route>((resolve) => {
    take = resolve;
  });
  await page.route('**/api/permission', (one) => {
    take(one);
  });
  return {
    taken: route.then(() => undefined),
    release: async () => {
      await (await route).continue();
    },
  };
}
