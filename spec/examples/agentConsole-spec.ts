import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import {
  client,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  type PromptResponse,
  type StopReason,
} from '@agentclientprotocol/sdk';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readTextFile } from '../../examples/agent-console/connectors/readTextFile.js';
import { LiveView } from '../../examples/agent-console/subscribers/liveView.js';
import { Ledger } from '../../examples/agent-console/ledger.js';
import { type Event, newUuid, SharingBus } from 'sharing-bus';
import { parseBusEvent } from '../../lib/schema/index.js';
import {
  ConsoleProcess,
  fixtureAgent,
  fixtures,
  freshDirectory,
  outline,
  root,
  runConsole,
  texts,
} from './support/agentConsole.js';

const LONG = 60_000;
const garden = join(fixtures, 'garden');
const session = join(fixtures, 'session.jsonl');
const scroll = join(fixtures, 'scroll.jsonl');

function userLine(content: string): string {
  return `${JSON.stringify({ type: 'message', message: { role: 'user', content } })}\n`;
}

function sessionLine(id: string): string {
  return `${JSON.stringify({ type: 'session', id })}\n`;
}

/** A file of one spec's own. */
function fileOf(content: string | Uint8Array, name = 'log.jsonl'): string {
  const file = join(freshDirectory(), name);
  writeFileSync(file, content);
  return file;
}

/** Whether a process runs: one that is dead, and not yet fetched by its parent, does not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

afterAll(() => ConsoleProcess.stopAll(), LONG);

describe('the console with its own agent', () => {
  it.concurrent(
    'archives every event of a live run, and prints one summary',
    async () => {
      const run = await runConsole('--cwd', garden, '--json');
      expect(run.stderr).toBe('');
      expect(run.code).toBe(0);
      const { badLines, published, sessions, subscribers } = run.summary;
      expect(Object.keys(run.summary)).toEqual([
        'published',
        'sessions',
        'subscribers',
        'badLines',
        'files',
        'usage',
        'failures',
      ]);
      expect(badLines).toEqual([]);
      expect(sessions).toEqual([
        {
          scrollId: expect.any(String),
          connectorId: 'acp:explorer',
          nativeSessionId: expect.any(String),
          events: published,
          // It reports only how full its context is.
          usage: [],
          failures: [],
        },
      ]);
      expect([...run.archive.keys()]).toEqual([sessions[0]?.scrollId]);
      expect(run.scroll.length).toBe(published);
      // Each event has its time, so the scroll can be replayed at its pace.
      const times = run.scroll.map(({ at }) => at ?? NaN);
      expect(times).toEqual(times.toSorted((some, others) => some - others));
      expect(times.every(Number.isFinite)).toBe(true);
      expect(subscribers).toEqual([
        { name: 'archivist', delivered: published, lagged: 0 },
        { name: 'live-view', delivered: published, lagged: 0 },
        { name: 'notifier', delivered: 2, lagged: 0 },
        { name: 'usage-meter', delivered: 4, lagged: 0 },
      ]);
    },
    LONG,
  );

  it.concurrent(
    'streams what the agent finds in the files, as a recorded session has it',
    async () => {
      const run = await runConsole('--cwd', garden, '--json', '--slow', '0.001');
      const recorded = readFileSync(scroll, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => parseBusEvent(JSON.parse(line)));
      expect(outline(run.scroll)).toEqual(outline(recorded));
      expect(texts(run.scroll, 'agent-message')).toEqual(texts(recorded, 'agent-message'));
      expect(texts(run.scroll, 'agent-message').slice(0, 3)).toEqual([
        'I found 3 files, 135 bytes in all, here and in 1 directory below.\n',
        'The most common kinds: .md 1, .py 1, .txt 1.\n',
        '- README.md, titled "The garden": 3 lines.\n',
      ]);
    },
    LONG,
  );

  it.concurrent(
    'tells of the permission in plain lines, and ends well where it is refused',
    async () => {
      const run = await runConsole('--cwd', garden, '--permission', 'reject');
      expect(run.code).toBe(0);
      expect(run.stdout).toContain('! acp:explorer asks permission: Read 3 files\n');
      expect(run.stdout).toContain('! acp:explorer was answered: reject\n');
      expect(run.stdout).toMatch(/^agent-message +I was not allowed to read the files/m);
      expect(run.stdout).toMatch(/archivist +│ +\d+ │ +0 │ +0 │/);
      expect(outline(run.scroll)).not.toContain('tool-call-update ToolCallUpdate failed');
      expect(texts(run.scroll, 'agent-message').some((text) => text.includes('README'))).toBe(false);
    },
    LONG,
  );

  it.concurrent(
    'cancels the turn when it is told to, and reads files itself where the client does not',
    async () => {
      const main = join(root, 'examples', 'agent-console', 'agent', 'main.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', main], {
        cwd: root,
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const left = new Promise((resolve) => child.once('exit', resolve));
      const answers = ['allow', 'cancel'];
      const reads: unknown[] = [];
      const app = client()
        .onRequest(methods.client.session.requestPermission, async ({ params: { sessionId }, agent }) => {
          if (answers.shift() === 'allow') {
            return { outcome: { outcome: 'selected', optionId: 'allow' } };
          }
          await agent.notify(methods.agent.session.cancel, { sessionId });
          return { outcome: { outcome: 'cancelled' } };
        })
        .onNotification(methods.client.session.update, ({ params: { update } }) => {
          reads.push(...(update.sessionUpdate === 'tool_call' && update.kind === 'read' ? [update.title] : []));
        });
      const wire = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout));
      const stopReasons = await app.connectWith(wire, async (agent): Promise<StopReason[]> => {
        await agent.request(methods.agent.initialize, { protocolVersion: PROTOCOL_VERSION });
        const { sessionId } = await agent.request(methods.agent.session.new, { cwd: garden, mcpServers: [] });
        const prompt = [{ type: 'text' as const, text: 'Look.' }];
        const first = await agent.request<PromptResponse>(methods.agent.session.prompt, { sessionId, prompt });
        const second = await agent.request<PromptResponse>(methods.agent.session.prompt, { sessionId, prompt });
        return [first.stopReason, second.stopReason];
      });
      child.stdin.end();
      expect(stopReasons).toEqual(['end_turn', 'cancelled']);
      expect(reads).toEqual(['Read README.md', 'Read notes.txt', 'Read src/water.py']);
      // It leaves when its stdin ends.
      expect(await left).toBe(0);
    },
    LONG,
  );
});

describe('the console reading files', () => {
  it.concurrent(
    'makes one event of each part of a pi session, in the order of the file',
    async () => {
      const run = await runConsole(session, '--json');
      expect(run.stderr).toBe('');
      expect(run.code).toBe(0);
      expect(outline(run.scroll)).toEqual([
        'session-lifecycle SessionRegistered',
        'system Connected',
        'session-config ConfigOptionsChanged',
        'user-message UserMessageChunk',
        'agent-thought AgentThoughtChunk',
        'agent-message AgentMessageChunk',
        'tool-call ToolCall',
        'tool-call ToolCall',
        'usage UsageUpdated',
        'tool-call-update ToolCallUpdate',
        'tool-call-update ToolCallUpdate',
        'session-config ConfigOptionsChanged',
        'session-config ConfigOptionsChanged',
        'system Notice',
        'user-message UserMessageChunk',
        'user-message UserMessageChunk',
        'system Notice',
        'agent-message AgentMessageChunk',
        'usage UsageUpdated',
        'system ErrorRaised',
        'session-lifecycle TurnEnded',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
      expect(run.scroll.map(({ event }) => event).slice(6, 11)).toEqual([
        {
          type: 'ToolCall',
          toolCallId: 'call-1',
          title: 'read',
          toolKind: 'read',
          status: 'in_progress',
          rawInput: { path: 'notes.txt' },
        },
        {
          type: 'ToolCall',
          toolCallId: 'call-2',
          title: 'bash',
          toolKind: 'execute',
          status: 'in_progress',
          rawInput: { command: 'ls' },
        },
        {
          type: 'UsageUpdated',
          inputTokens: 10,
          outputTokens: 5,
          cachedReadTokens: 100,
          cachedWriteTokens: 7,
          cost: { amount: 0.25, currency: 'USD' },
        },
        {
          type: 'ToolCallUpdate',
          toolCallId: 'call-1',
          title: 'read',
          status: 'completed',
          content: [
            { type: 'content', content: { type: 'text', text: 'tomatoes' } },
            { type: 'content', content: { type: 'image', data: 'aGk=', mimeType: 'image/png' } },
          ],
          rawOutput: { bytes: 8 },
        },
        { type: 'ToolCallUpdate', toolCallId: 'call-2', title: 'bash', status: 'failed', content: [] },
      ]);
      const [registered, connected] = run.scroll;
      expect(connected?.routing).toEqual({
        ...registered?.routing,
        kind: 'system',
        scrollId: run.summary.sessions[0]?.scrollId,
        nativeSessionId: 'bed-1',
        connectorId: `pi:${session}`,
      });
    },
    LONG,
  );

  it.concurrent(
    'replays a recorded session of its own agent event by event, under a new scroll',
    async () => {
      const run = await runConsole(scroll, '--json');
      expect(run.code).toBe(0);
      const recorded = readFileSync(scroll, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => parseBusEvent(JSON.parse(line)));
      expect(run.scroll.slice(1).map(({ event, origin }) => ({ event, origin }))).toEqual(
        recorded.slice(1).map(({ event, origin }) => ({ event, origin })),
      );
      const [registration] = run.scroll;
      const { scrollId } = run.summary.sessions[0] ?? {};
      expect(registration?.event).toEqual({ ...recorded[0]?.event, connectorId: `scroll:${scroll}`, scrollId });
      expect(scrollId).not.toBe(recorded[0]?.routing.scrollId);
    },
    LONG,
  );

  it.concurrent(
    'keeps several files apart, the same one twice among them, and archives them whole beside one that is missing',
    async () => {
      const missing = join(freshDirectory(), 'missing.jsonl');
      const run = await runConsole(session, missing, scroll, garden, session, '--json');
      expect(run.code).toBe(2);
      expect(run.stderr.trimEnd().split('\n').sort()).toEqual(
        [`error: cannot read ${missing}: no such file`, `error: cannot read ${garden}: it is a directory`].sort(),
      );
      const { published, sessions, subscribers } = run.summary;
      expect(new Map(sessions.map(({ connectorId, events }) => [connectorId, events]))).toEqual(
        new Map([
          [`pi:${session}`, 23],
          [`pi:${session}#2`, 23],
          [`scroll:${scroll}`, 32],
        ]),
      );
      for (const { connectorId, events, scrollId } of sessions) {
        const archived = run.archive.get(scrollId) ?? [];
        expect(archived.length).toBe(events);
        expect(archived.every(({ routing }) => routing.connectorId === connectorId)).toBe(true);
      }
      expect(published).toBe(78);
      expect(subscribers[0]).toEqual({ name: 'archivist', delivered: 78, lagged: 0 });
    },
    LONG,
  );

  it.concurrent(
    'binds nothing in retrospect: what comes before the session line stands in no scroll (law 7)',
    async () => {
      const file = fileOf(userLine('early') + sessionLine('late') + userLine('after'));
      const run = await runConsole(file, '--json');
      expect(texts(run.scroll, 'user-message')).toEqual(['after']);
      expect(texts(run.unbound, 'user-message')).toEqual(['early']);
      expect(run.summary.subscribers[0]?.delivered).toBe(run.summary.published);
      expect(run.summary.published).toBe(run.scroll.length + run.unbound.length);
    },
    LONG,
  );

  it.concurrent(
    'names the session after the file where the file does not',
    async () => {
      const run = await runConsole(fileOf(userLine('one') + userLine('two'), 'nameless.jsonl'), '--json');
      expect(run.summary.sessions.map(({ nativeSessionId }) => nativeSessionId)).toEqual(['nameless']);
      expect(texts(run.scroll, 'user-message')).toEqual(['one', 'two']);
      expect(run.unbound).toEqual([]);
    },
    LONG,
  );

  it.concurrent(
    'loses nothing of a large file, while a slow reader counts what it loses',
    async () => {
      const lines = Array.from({ length: 3000 }, (_, line) => userLine(`line ${line}`));
      const run = await runConsole(fileOf(sessionLine('long') + lines.join('')), '--slow', '20', '--json');
      expect(run.code).toBe(0);
      const { published, subscribers } = run.summary;
      expect(texts(run.scroll, 'user-message')).toEqual(lines.map((_, line) => `line ${line}`));
      expect(subscribers.slice(0, 2)).toEqual([
        { name: 'archivist', delivered: published, lagged: 0 },
        { name: 'live-view', delivered: published, lagged: 0 },
      ]);
      const slow = subscribers.find(({ name }) => name === 'slow-reader');
      expect(slow?.lagged).toBeGreaterThan(0);
      expect((slow?.delivered ?? 0) + (slow?.lagged ?? 0)).toBe(published);
      expect(slow?.gaps?.count).toBeGreaterThan(0);
      const missed = Object.values(slow?.gaps?.byKind ?? {}).reduce((sum, one) => sum + one, 0);
      expect(missed).toBe(slow?.lagged);
      expect(Object.keys(slow?.gaps?.byKind ?? {})).toContain('user-message');
    },
    LONG,
  );

  it.concurrent(
    'waits as long as it took between two lines, divided by --speed',
    async () => {
      // At this speed the first second of the session takes a quarter of an hour.
      const run = new ConsoleProcess(session, '--speed', '0.001');
      await run.writes('session-config');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(outline(run.scroll)).toEqual([
        'session-lifecycle SessionRegistered',
        'system Connected',
        'session-config ConfigOptionsChanged',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
      const fast = await runConsole(session, '--speed', '1e9', '--json');
      expect(fast.summary.published).toBe(23);
    },
    LONG,
  );
});

describe('the console on bad input', () => {
  it.concurrent(
    'reports each bad line with its file and number, and goes on',
    async () => {
      const bad: readonly (readonly [line: string | Uint8Array, error: RegExp])[] = [
        ['{broken', /^malformed JSON: /],
        [Uint8Array.of(0xff, 0xfe, 0x80), /^binary: not valid UTF-8$/],
        ['{"a":"\0"}', /^binary: it has a NUL byte$/],
        ['[1]', /^the line must be an object, got an array$/],
        ['null', /^the line must be an object, got null$/],
        ['{}', /^the line\.type must be a string, got nothing$/],
        ['{"type":"session"}', /^session\.id must be a string/],
        ['{"type":"message"}', /^message must be an object/],
        ['{"type":"message","message":{"content":"x"}}', /^message\.role must be a string/],
        ['{"type":"message","message":{"role":"user","content":5}}', /^message\.content must be/],
        ['{"type":"message","message":{"role":"user","content":["x"]}}', /^content\[0\] must be an object/],
        [
          // Its first part is good, and is not published either.
          '{"type":"message","message":{"role":"user","content":[{"type":"text","text":"good"},{"type":"text"}]}}',
          /^text part\.text must be a string/,
        ],
        ['{"type":"message","message":{"role":"assistant","content":"x","usage":{"input":"1"}}}', /^usage\.input/],
        ['{"type":"message","message":{"role":"toolResult","content":"x"}}', /^message\.toolCallId/],
        [`{"type":"deep","deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, /^nested too deeply$/],
        ['{"type":"message","message":{"role":"us', /^truncated: no newline/],
      ];
      const bom = '\uFEFF';
      const good = userLine('good line').replace('\n', '\r\n');
      const head = [bom, sessionLine('torn'), '\n', '  \r\n'];
      const chunks = [...head, ...bad.flatMap(([line]) => [good, line, '\n'])].map((chunk) => Buffer.from(chunk));
      const file = fileOf(Buffer.concat(chunks.slice(0, -1)));
      const run = await runConsole(file, session, '--json');
      expect(run.code).toBe(0);
      const { badLines } = run.summary;
      expect(badLines.map(({ file, line }) => ({ file, line }))).toEqual(
        bad.map((_, index) => ({ file, line: 5 + 2 * index })),
      );
      badLines.forEach(({ error }, index) => {
        expect(error).toMatch(bad[index]?.[1] ?? /^$/);
      });
      expect(run.stderr.trimEnd().split('\n')).toEqual(badLines.map(({ error, line }) => `${file}:${line}: ${error}`));
      const torn = run.summary.sessions.find(({ nativeSessionId }) => nativeSessionId === 'torn');
      const archived = run.archive.get(torn?.scrollId ?? '') ?? [];
      expect(texts(archived, 'user-message')).toEqual(bad.map(() => 'good line'));
      expect(archived.length).toBe(torn?.events);
    },
    LONG,
  );

  it.concurrent(
    'reports a line of a scroll that is no event',
    async () => {
      const [first = '', ...others] = readFileSync(scroll, 'utf8').split('\n');
      const bad = '{"routing":{"kind":5},"origin":"x","event":{"type":"Connected"}}';
      const file = fileOf([first, bad, ...others].join('\n'));
      const run = await runConsole(file, '--json');
      expect(run.summary.badLines).toEqual([
        { file, line: 2, error: expect.stringMatching(/^not an event of a scroll: .*routing\.kind/) },
      ]);
      expect(run.scroll.length).toBe(32);
    },
    LONG,
  );

  it.concurrent(
    'takes a last line without its newline, where it is whole',
    async () => {
      const run = await runConsole(fileOf(sessionLine('short') + userLine('last').trimEnd()), '--json');
      expect(texts(run.scroll, 'user-message')).toEqual(['last']);
      expect(run.summary.badLines).toEqual([]);
    },
    LONG,
  );

  it.concurrent(
    'does not keep a line that is too long to be one',
    async () => {
      const before = userLine('before');
      const file = fileOf(before);
      // The file has a hole there: its bytes take no room on the disk.
      truncateSync(file, before.length + 64 * 1024 * 1024 + 1);
      appendFileSync(file, `\n${userLine('after')}`);
      const run = await runConsole(file, '--json');
      expect(run.summary.badLines).toEqual([{ file, line: 2, error: 'longer than 64 MiB' }]);
      expect(texts(run.scroll, 'user-message')).toEqual(['before', 'after']);
      rmSync(file);
    },
    LONG,
  );

  it.concurrent(
    'exits with 1 where the archive can no longer be written, and says what it lost',
    async () => {
      const file = fileOf(sessionLine('kept') + userLine('first'));
      const run = new ConsoleProcess(file, '--follow', '--json', '--slow', '1');
      await untilFollowed(run, file);
      // The open scroll stays; the next one has no directory to be made in.
      rmSync(run.scrolls, { recursive: true });
      appendFileSync(file, sessionLine('homeless'));
      expect(await run.ended).toBe(1);
      expect(run.stderr).toMatch(/^error: cannot write the archive: ENOENT/m);
      expect(run.stderr).toMatch(/^error: the archive lost \d+ events$/m);
      const [archivist] = run.summary.subscribers;
      expect(archivist?.lagged).toBeGreaterThan(0);
      expect((archivist?.delivered ?? 0) + (archivist?.lagged ?? 0)).toBe(run.summary.published);
    },
    LONG,
  );

  it.concurrent.each([
    [['--speed', 'fast', 'x.jsonl'], /argument 'fast' is invalid/],
    [['--follow'], /--follow and --speed need a FILE/],
    [['--frobnicate'], /unknown option '--frobnicate'/],
    [['--cwd', '/dev/null'], /It is not a directory/],
  ])(
    'refuses %j with a line of usage and exit code 2',
    async (words, reason) => {
      const run = await runConsole(...words);
      expect(run.code).toBe(2);
      expect(run.stdout).toBe('');
      expect(run.stderr).toMatch(reason);
      expect(run.stderr).toContain('Usage: agent-console [options] [FILE...]');
      expect(existsSync(run.scrolls)).toBe(false);
    },
    LONG,
  );

  it.concurrent(
    'starts nothing if the directory of the scrolls cannot be made',
    async () => {
      const run = await runConsole(session, '--scrolls', '/dev/null/scrolls');
      expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: '' });
      expect(run.stderr).toMatch(/^error: cannot make the directory of the scrolls: .*\/dev\/null\/scrolls/);
    },
    LONG,
  );

  it.concurrent(
    'explains itself',
    async () => {
      const [help, version] = await Promise.all([runConsole('--help'), runConsole('--version')]);
      expect([help.code, version.code]).toEqual([0, 0]);
      const options =
        '--agent --prompt --cwd --auth --permission --no-fs --agent-timeout --follow --speed --scrolls --db --list --show --watch --slow --json';
      for (const option of options.split(' ')) {
        expect(help.stdout).toContain(option);
      }
      expect(help.stdout).toContain('Exit codes:');
      expect(help.stdout).toContain('Examples:');
      expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/);
    },
    LONG,
  );
});

describe('the console with agents that go wrong', () => {
  it.concurrent(
    'tells what each of them did, keeps whole what it said, and exits with 2',
    async () => {
      const agents = ['dies', 'refuses', 'leaves', 'babbles', 'future', 'locked'].map(fixtureAgent);
      const commands = [...agents, 'no-such-agent', 'echo hello'];
      const run = await runConsole('--json', session, ...commands.flatMap((command) => ['--agent', command]));
      expect(run.code).toBe(2);
      const [dies, refuses, leaves, babbles, future, locked] = agents;
      for (const failure of [
        `agent ${dies} exited with code 3 during its turn; its last lines on stderr:\nout of soil\n`,
        `agent ${refuses} refused session/prompt: the gate is locked (code -32603)\n`,
        `agent ${leaves} exited with code 7 before its session was open; its last lines on stderr:\nno such plant\n`,
        `agent ${babbles} failed: it does not speak the protocol: 100 lines that are not messages\n`,
        `agent ${future} failed: it speaks version 99 of the protocol, not 1\n`,
        `agent ${locked} refused session/new: Authentication required (code -32000); it wants --auth METHOD, one of: key (Key)\n`,
        'agent no-such-agent exited with code 127 (command not found) before its session was open; its last lines on stderr:\n',
        'agent echo hello exited with code 0 before its session was open\n',
      ]) {
        expect(run.stderr).toContain(`error: ${failure}`);
      }
      const { sessions, subscribers } = run.summary;
      const [first, ...others] = sessions.filter(({ nativeSessionId }) => nativeSessionId === 'odd-1');
      // The one that died and the one that refused; a file beside them is not disturbed.
      expect([first, ...others].length).toBe(2);
      expect(sessions.length).toBe(3);
      const died = sessions
        .map(({ scrollId }) => run.archive.get(scrollId) ?? [])
        .find((events) => texts(events, 'agent-message').includes('before the end'));
      expect(outline(died ?? []).slice(-4)).toEqual([
        'agent-message AgentMessageChunk',
        'system ErrorRaised',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
      expect(subscribers[0]?.lagged).toBe(0);
    },
    LONG,
  );

  it.concurrent(
    'prints the last lines of an agent on stderr, also those read after its exit is known',
    async () => {
      const command = fixtureAgent('mumbles');
      const run = await runConsole('--json', '--agent', command);
      expect(run.stderr).toContain(
        `agent ${command} exited with code 3 during its turn; its last lines on stderr:\na late frost\n`,
      );
    },
    LONG,
  );

  it.concurrent(
    'does not wait for ever for an agent that never answers',
    async () => {
      const command = fixtureAgent('silent');
      const run = await runConsole('--json', '--agent', command, '--agent-timeout', '0.5');
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(
        `agent ${command} failed: no answer to initialize within 0.5 s (see --agent-timeout)\n`,
      );
    },
    LONG,
  );

  it.concurrent(
    'keeps what it does not know, and the order of the wire',
    async () => {
      const run = await runConsole('--json', '--prompt', 'Dig.', '--agent', fixtureAgent('well'));
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^warning: .*: not a message: this line is no message\n$/);
      expect(outline(run.scroll)).toEqual([
        'session-lifecycle SessionRegistered',
        'agent-message AgentMessageChunk',
        'system Connected',
        'garden/early garden/early',
        'agent-message AgentMessageChunk',
        'user-message UserMessageChunk',
        'agent-message AgentMessageChunk',
        'agent-thought AgentThoughtChunk',
        'user-message UserMessageChunk',
        'plan Plan',
        'tool-call ToolCall',
        'tool-call-update ToolCallUpdate',
        'session-config CommandsChanged',
        'session-config ModeChanged',
        'session-config ConfigOptionsChanged',
        'session-lifecycle SessionInfoChanged',
        'usage UsageUpdated',
        'system Notice',
        'compaction CompactionUpdated',
        'compaction CompactionSummaryChunk',
        'frost_warning frost_warning',
        'SessionRegistered acp/SessionRegistered',
        'tool-call tool_call',
        'garden/weather garden/weather',
        'garden/water garden/water',
        'permission PermissionRequested',
        'permission PermissionResolved',
        'agent-message AgentMessageChunk',
        'usage UsageUpdated',
        'session-lifecycle TurnEnded',
        'agent-message AgentMessageChunk',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
      const events = run.scroll.map(({ event }) => event);
      expect(events[9]).toEqual({ type: 'Plan', entries: [{ content: 'dig', priority: 'high', status: 'pending' }] });
      expect(events[10]).toEqual({
        type: 'ToolCall',
        toolCallId: 'call-1',
        title: 'Dig',
        toolKind: 'edit',
        locations: [{ path: '/bed' }],
      });
      expect(events[11]).toEqual({ type: 'ToolCallUpdate', toolCallId: 'call-1', status: 'completed' });
      expect(events.slice(18, 20)).toEqual([
        { type: 'CompactionUpdated', compactionId: 'c1', status: 'in_progress' },
        { type: 'CompactionSummaryChunk', compactionId: 'c1', content: { type: 'text', text: 'dug' } },
      ]);
      expect(events[20]).toEqual({ type: 'frost_warning', degrees: -2 });
      expect(events.slice(23, 25)).toEqual([
        { type: 'garden/weather', params: { type: 'rain' } },
        { type: 'garden/water', params: { sessionId: 'odd-1' } },
      ]);
      expect(events[26]).toEqual({
        type: 'PermissionResolved',
        requestId: 'permission-1',
        outcome: 'selected',
        optionId: 'once',
      });
      // Agents send notices and compactions only to a client that says that it takes them.
      expect(events[2]).toMatchObject({
        type: 'Connected',
        initialize: { _meta: { heard: { session: { notices: {}, compaction: {} } } } },
      });
      const said = texts(run.scroll, 'agent-message');
      expect([...said.slice(0, 2), said.at(-1)]).toEqual(['before the registration', 'right after it', 'goodbye']);
      // Of a session that was never registered.
      expect(texts(run.unbound, 'agent-message')).toEqual(['elsewhere']);
      expect(run.summary.sessions.map(({ events: count }) => count)).toEqual([run.scroll.length]);
      expect(run.summary.published).toBe(run.scroll.length + run.unbound.length);
    },
    LONG,
  );
});

/** Resolves when the console has archived what stands in `file` now, which it follows. */
async function untilFollowed(run: ConsoleProcess, file: string): Promise<void> {
  appendFileSync(file, `here ${run.scrolls}\n`);
  // A bad line is told at once, and after the lines before it were published.
  await run.writes('malformed JSON');
}

describe('the console that is stopped', () => {
  it.concurrent(
    'follows a file that grows, is cut off and is replaced, until Ctrl-C',
    async () => {
      const file = fileOf(sessionLine('growing') + userLine('first').slice(0, 20));
      const run = new ConsoleProcess(file, '--follow');
      await run.writes('Connected');
      appendFileSync(file, userLine('first').slice(20));
      await run.writes(' first');
      writeFileSync(file, userLine('cut'));
      await run.writes(' cut');
      renameSync(file, `${file}.1`);
      writeFileSync(file, userLine('new'));
      await run.writes(' new');
      appendFileSync(file, '{"type":"half');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(run.stderr).toBe('');
      expect(texts(run.scroll, 'user-message')).toEqual(['first', 'cut', 'new']);
      expect(run.stdout).toMatch(/7 events published, 0 bad lines/);
    },
    LONG,
  );

  it.concurrent(
    'leaves no half line and no orphan process behind an agent that will not go',
    async () => {
      const run = new ConsoleProcess('--agent', fixtureAgent('hangs'));
      await run.writes('agent-message      pids ');
      const pids = /pids (\d+) (\d+)/.exec(run.stdout);
      const [agent, child] = [Number(pids?.[1]), Number(pids?.[2])];
      expect([isAlive(agent), isAlive(child)]).toEqual([true, true]);
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect([isAlive(agent), isAlive(child)]).toEqual([false, false]);
      expect(outline(run.scroll).slice(-2)).toEqual(['session-lifecycle SessionEnded', 'system Disconnected']);
      expect(run.stdout).toContain('archivist');
    },
    LONG,
  );

  it.concurrent(
    'archives on when nobody reads its output any more',
    async () => {
      const lines = Array.from({ length: 500 }, (_, line) => userLine(`line ${line}`));
      const run = new ConsoleProcess(fileOf(sessionLine('unread') + lines.join('')));
      run.stopReading();
      expect(await run.ended).toBe(0);
      expect(run.stderr).toBe('');
      expect(texts(run.scroll, 'user-message').length).toBe(500);
    },
    LONG,
  );
});

describe('what agents may read through the console', () => {
  const directory = freshDirectory();
  const outside = fileOf('secret\n', 'outside.txt');
  const inside = join(directory, 'inside.txt');
  writeFileSync(inside, 'one\ntwo\nthree\n');
  symlinkSync(outside, join(directory, 'way-out'));
  symlinkSync(inside, join(directory, 'way-round'));
  mkdirSync(join(directory, '..inside'));
  const read = async (path: string, more: object = {}): Promise<string> =>
    (await readTextFile(directory, { sessionId: 's', path, ...more })).content;

  it('is text of the session directory, whole or by lines', async () => {
    expect(await read(inside)).toBe('one\ntwo\nthree\n');
    expect(await read(inside, { line: 2, limit: 1 })).toBe('two');
    expect(await read(join(directory, 'way-round'), { line: null, limit: null })).toBe('one\ntwo\nthree\n');
  });

  it.each([
    ['a relative path', 'inside.txt', /must be absolute/],
    ['another directory', outside, /leads out/],
    ['a path that climbs out', `${directory}/../${outside.split('/').slice(-2).join('/')}`, /leads out/],
    ['a link that leads out', join(directory, 'way-out'), /leads out/],
    ['what is not there', join(directory, 'nothing'), /not found/],
    ['a directory', join(directory, '..inside'), /not a regular file/],
  ])('is not %s', async (_name, path, reason) => {
    await expect(read(path)).rejects.toThrow(reason);
  });
});

describe('the live view', () => {
  it('loses chatter, and never the end of a session or a permission', async () => {
    const bus = new SharingBus();
    const ledger = new Ledger();
    const shown: string[] = [];
    const view = new LiveView({ bus, ledger }, undefined, ({ event }) => shown.push(event.type));
    const scrollId = newUuid();
    const routing = { connectorId: 'c', nativeSessionId: 's' };
    const publish = (kind: string, event: Event): void => {
      const busEvent = { routing: { ...routing, kind }, origin: 'agent', event };
      view.consider(busEvent);
      bus.publish(busEvent);
    };
    publish('session-lifecycle', { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId });
    for (let count = 0; count < 300; count += 1) {
      publish('agent-message', { type: 'AgentMessageChunk', content: { type: 'text', text: 'chatter' } });
    }
    publish('permission', { type: 'PermissionRequested', requestId: 'r', toolCallId: 't', options: [] });
    publish('session-lifecycle', { type: 'SessionEnded', reason: 'end of turn' });
    bus.close();
    await view.done;
    expect(shown.slice(-3)).toEqual(['AgentMessageChunk', 'PermissionRequested', 'SessionEnded']);
    expect([shown.length, view.lagged]).toEqual([258, 45]);
  });
});

/** A real agent runs where it is installed: GEMINI_CLI names it, or it stands in node_modules. */
const gemini = process.env['GEMINI_CLI'] ?? join(root, 'node_modules', '.bin', 'gemini');
const installed = process.env['GEMINI_CLI'] !== undefined || existsSync(gemini) ? [gemini] : [];

for (const executable of installed) {
  describe('the console with a real agent: gemini-cli, its model scripted', () => {
    it(
      'publishes each update, the permission it asks for, and the end of its turn',
      async () => {
        const home = freshDirectory();
        const work = freshDirectory();
        const file = join(work, 'bed.txt');
        const usageMetadata = {
          promptTokenCount: 1000,
          cachedContentTokenCount: 400,
          candidatesTokenCount: 15,
          thoughtsTokenCount: 5,
        };
        const reply = (parts: object[], last = true): object => ({
          candidates: [{ content: { role: 'model', parts }, index: 0, ...(last && { finishReason: 'STOP' }) }],
          ...(last && { usageMetadata: { ...usageMetadata, totalTokenCount: 1020 } }),
        });
        const call = { functionCall: { name: 'write_file', args: { file_path: file, content: 'beans\n' } } };
        const replies = fileOf(
          [
            [reply([{ thought: true, text: 'A bed wants beans.' }], false), reply([{ text: 'I sow.' }, call])],
            [reply([{ text: 'The beans are sown.' }])],
          ]
            .map((response) => `${JSON.stringify({ method: 'generateContentStream', response })}\n`)
            .join(''),
        );
        const command = `HOME="${home}" GEMINI_API_KEY=dummy "${executable}" --acp --model gemini-2.5-flash --fake-responses-non-strict "${replies}"`;
        const words = ['--auth', 'gemini-api-key', '--no-fs', '--cwd', work, '--prompt', 'Sow beans.'];
        const run = await runConsole('--json', '--agent', command, ...words);
        expect(run.code).toBe(0);
        const kinds = run.scroll.map(({ routing }) => routing.kind).filter((kind) => kind !== 'session-config');
        expect(kinds).toEqual([
          'session-lifecycle',
          'system',
          'user-message',
          'agent-thought',
          'agent-message',
          'permission',
          'permission',
          'tool-call-update',
          'agent-message',
          'usage',
          'session-lifecycle',
          'session-lifecycle',
          'system',
        ]);
        expect(texts(run.scroll, 'agent-message')).toEqual(['I sow.', 'The beans are sown.']);
        expect(readFileSync(file, 'utf8')).toBe('beans\n');
        // It tells neither what came from the cache nor what was reasoning.
        expect(run.summary.usage).toEqual([{ model: 'gemini-2.5-flash', inputTokens: 2000, outputTokens: 30 }]);
        const { published, sessions, subscribers } = run.summary;
        expect(sessions.map(({ connectorId, events }) => ({ connectorId, events }))).toEqual([
          { connectorId: 'acp:gemini', events: published },
        ]);
        expect(subscribers[0]).toEqual({ name: 'archivist', delivered: published, lagged: 0 });
      },
      LONG,
    );
  });
}
