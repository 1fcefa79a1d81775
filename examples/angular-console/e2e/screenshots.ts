/** Makes the pictures of `docs/screenshots`: `npm run console:screenshots`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './support/Browser.js';
import { ConsoleServer } from './support/ConsoleServer.js';
import { SessionLog } from './support/SessionLog.js';

const SCREENSHOTS = fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url));

/** A session with entries of each type. */
async function fill(log: SessionLog): Promise<void> {
  const text = (words: string): object => ({ content: { type: 'text', text: words } });
  const toolCallId = 'call-1';
  const steps = ['Read the failing spec', 'Find the cause', 'Fix it'];
  const plan = (done: number): object => ({
    type: 'Plan',
    entries: steps.map((content, index) => ({
      content,
      priority: 'medium',
      status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
    })),
  });
  await log.add('session-lifecycle', { type: 'SessionInfoChanged', title: 'Fix the clock' });
  await log.add('user-message', {
    type: 'UserMessageChunk',
    ...text('The clock spec fails in winter. Can you fix it?'),
  });
  await log.add('agent-thought', {
    type: 'AgentThoughtChunk',
    ...text('Summer time ends in October. First the spec.'),
  });
  await log.add('plan', plan(1));
  await log.add('tool-call', { type: 'ToolCall', toolCallId, title: 'Read spec/clock-spec.ts', toolKind: 'read' });
  await log.add('tool-call-update', { type: 'ToolCallUpdate', toolCallId, status: 'completed' });
  await log.add('agent-message', { type: 'AgentMessageChunk', ...text('The spec reads the clock of the machine. ') });
  await log.add('agent-message', { type: 'AgentMessageChunk', ...text('I suggest a fixed clock.\n') });
  await log.add('usage', {
    type: 'UsageUpdated',
    used: 31_400,
    size: 200_000,
    cost: { amount: 0.21, currency: 'USD' },
  });
}

/** More events at once than may wait for a slow page. */
async function burstOf(log: SessionLog): Promise<void> {
  for (let line = 1; line <= 120; line += 1) {
    const text = line % 10 === 0 ? 'and so on.\n' : `line ${line} is fine, `;
    await log.add('agent-message', { type: 'AgentMessageChunk', content: { type: 'text', text } });
  }
}

async function ask(log: SessionLog): Promise<void> {
  const toolCallId = 'call-2';
  await log.add('tool-call', { type: 'ToolCall', toolCallId, title: 'Edit lib/clock.ts', toolKind: 'edit' });
  await log.add('permission', {
    type: 'PermissionRequested',
    requestId: 'r',
    toolCallId,
    title: 'Edit lib/clock.ts',
    options: [
      { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  });
}

const directory = await mkdtemp(join(tmpdir(), 'console-'));
const browser = await Browser.launch();
try {
  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1440, 360]) {
      const log = await SessionLog.begin(join(directory, 'session.jsonl'));
      const words = [log.path, '--follow', '--slow', '15', '--scrolls', join(directory, 'scrolls')];
      await using server = await ConsoleServer.start(words);
      const page = await browser.open(server.url, { height: width > 1000 ? 900 : 800, theme, width });
      await fill(log);
      await page.getByText('a fixed clock').waitFor();
      await page.getByRole('button', { name: 'Read slowly' }).click();
      await page.getByText('this page reads slowly').waitFor();
      for (let burst = 0; burst < 3; burst += 1) {
        await burstOf(log);
        await page.waitForTimeout(2500);
      }
      await page.waitForTimeout(4000);
      await ask(log);
      await page.getByText('waits for an answer').waitFor();
      await page.screenshot({ path: join(SCREENSHOTS, `console-${width}-${theme}.png`) });
      await browser.closePages();
    }
  }
} finally {
  await browser[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
}
