import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type BusEvent, type Event, newUuid, SharingBus } from 'sharing-bus';
import { parseBusEvent } from '../../lib/schema/index.js';
import { sqliteUpstream } from '../../lib/sqlite/index.js';
import {
  ConsoleProcess,
  fixtureAgent,
  fixtures,
  freshDirectory,
  outline,
  runConsole,
  texts,
} from './support/agentConsole.js';

const LONG = 60_000;
const session = join(fixtures, 'session.jsonl');
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';

interface Listed {
  readonly scrollId: string;
  readonly connectorId?: string;
  readonly nativeSessionId?: string;
  readonly events: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

afterAll(() => ConsoleProcess.stopAll(), LONG);

function freshFile(): string {
  return join(freshDirectory(), 'runs.db');
}

async function list(db: string): Promise<Listed[]> {
  const run = await runConsole('--db', db, '--list', '--json');
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return lines(run.stdout).map((line) => JSON.parse(line) as Listed);
}

async function show(db: string, scroll: string): Promise<BusEvent[]> {
  const run = await runConsole('--db', db, '--show', scroll, '--json');
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return lines(run.stdout).map((line) => {
    const event = JSON.parse(line) as BusEvent;
    // The schema leaves out the place.
    return { ...parseBusEvent(event), seq: event.seq };
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A log that a spec appends to. */
function freshLog(id: string): string {
  const file = join(freshDirectory(), 'log.jsonl');
  writeFileSync(file, `${JSON.stringify({ type: 'session', id })}\n`);
  return file;
}

function say(file: string, ...said: readonly string[]): void {
  const all = said.map((content) => `${JSON.stringify({ type: 'message', message: { role: 'user', content } })}\n`);
  appendFileSync(file, all.join(''));
}

describe('the console with --db', () => {
  it.concurrent(
    'keeps every event in the file, and writes no other archive',
    async () => {
      const db = freshFile();
      const run = await runConsole(session, '--db', db);
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      expect(run.stdout).toContain(`23 events published, 0 bad lines; the scrolls are in ${db}\n`);
      expect(run.stdout).toMatch(/archivist +│ +23 │ +0 │ +0 │/);
      expect(existsSync(run.scrolls)).toBe(false);
      expect(readdirSync(join(db, '..'))).toEqual(['runs.db', 'runs.db-lock']);
      const [scroll] = await list(db);
      const events = await show(db, scroll?.scrollId ?? '');
      const archived = await runConsole(session, '--json');
      expect(outline(events)).toEqual(outline(archived.scroll));
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
    },
    LONG,
  );

  it.concurrent(
    'has the same scroll in both with --scrolls, too, and --show prints that line by line',
    async () => {
      const db = freshFile();
      const scrolls = join(freshDirectory(), 'scrolls');
      const run = await runConsole(session, '--db', db, '--scrolls', scrolls);
      expect(run.stdout).toContain(`the scrolls are in ${db} and ${scrolls}\n`);
      const [scroll] = await list(db);
      const id = scroll?.scrollId ?? '';
      expect(readdirSync(scrolls)).toEqual([`${id}.jsonl`]);
      const shown = await runConsole('--db', db, '--show', id, '--json');
      expect(shown.stdout).toBe(readFileSync(join(scrolls, `${id}.jsonl`), 'utf8'));
    },
    LONG,
  );

  it.concurrent(
    'gives a log that is replayed a scroll of its own, after the first one',
    async () => {
      const db = freshFile();
      await runConsole(session, '--db', db);
      const again = await runConsole(session, '--db', db, '--json');
      expect(again.summary.published).toBe(23);
      expect(again.summary.subscribers.map(({ delivered }) => delivered)).toEqual([23, 23, 3, 2]);
      const scrolls = await list(db);
      expect(scrolls).toEqual(
        [0, 1].map(() => ({
          scrollId: expect.any(String),
          connectorId: `pi:${session}`,
          nativeSessionId: 'bed-1',
          events: 23,
          firstAt: Date.parse('2025-03-01T08:00:00.000Z'),
          lastAt: expect.any(Number),
        })),
      );
      expect(scrolls[1]?.scrollId).toBe(again.summary.sessions[0]?.scrollId);
      const [first, second] = await Promise.all(scrolls.map(({ scrollId }) => show(db, scrollId)));
      expect(outline(second ?? [])).toEqual(outline(first ?? []));
      expect(second?.map(({ seq }) => seq)).toEqual(Array.from({ length: 23 }, (_, index) => index + 24));
    },
    LONG,
  );

  it.concurrent(
    'does not put the first words of a session into the scroll that it had in an earlier run',
    async () => {
      const db = freshFile();
      const words = ['--db', db, '--agent', fixtureAgent('well'), '--json'];
      const runs = [await runConsole(...words), await runConsole(...words)];
      expect(runs.map(({ code }) => code)).toEqual([0, 0]);
      const scrolls = await list(db);
      expect(scrolls.map(({ nativeSessionId }) => nativeSessionId)).toEqual(['odd-1', 'odd-1']);
      for (const { scrollId } of scrolls) {
        const said = texts(await show(db, scrollId), 'agent-message');
        expect(said.filter((text) => text === 'before the registration')).toHaveLength(1);
      }
      expect(runs.map(({ summary }) => summary.sessions[0]?.events)).toEqual(scrolls.map(({ events }) => events));
      expect(runs.map(({ summary }) => summary.subscribers[0]?.delivered)).toEqual(
        runs.map(({ summary }) => summary.published),
      );
    },
    LONG,
  );

  it.concurrent(
    'ends what a run has left open that was killed, once',
    async () => {
      const db = freshFile();
      const log = freshLog('cut-off');
      // A scroll, so that it can have a request for permission.
      const routing = { connectorId: 'c', nativeSessionId: 'cut-off' };
      const scrollLine = (kind: string, event: object): string =>
        `${JSON.stringify({ routing: { ...routing, kind }, origin: 'agent', event })}\n`;
      const asked = (requestId: string): object => ({
        type: 'PermissionRequested',
        requestId,
        toolCallId: 't',
        options: [],
      });
      writeFileSync(
        log,
        [
          scrollLine('session-lifecycle', {
            type: 'SessionRegistered',
            connectorId: 'c',
            sessionId: 'cut-off',
            scrollId: newUuid(),
          }),
          scrollLine('permission', asked('answered')),
          scrollLine('permission', { type: 'PermissionResolved', requestId: 'answered', outcome: 'selected' }),
          scrollLine('permission', asked('open')),
        ].join(''),
      );
      const killed = new ConsoleProcess(log, '--follow', '--db', db);
      await killed.writes('was answered');
      await killed.writes('permission: t');
      appendFileSync(
        log,
        scrollLine('agent-message', { type: 'AgentMessageChunk', content: { type: 'text', text: 'last words' } }),
      );
      await killed.writes('last words');
      killed.kill();
      expect(await killed.ended).toBe(null);
      // Without a writer.
      expect((await list(db)).map(({ events }) => events)).toEqual([5]);

      const next = await runConsole(session, '--db', db, '--json');
      expect(next.code).toBe(0);
      expect(next.summary.published).toBe(26);
      expect(next.summary.subscribers.map(({ delivered }) => delivered)).toEqual([26, 23, 4, 2]);
      const [first] = await list(db);
      const events = await show(db, first?.scrollId ?? '');
      expect(events.slice(-4).map(({ event }) => event)).toEqual([
        { type: 'AgentMessageChunk', content: { type: 'text', text: 'last words' } },
        { type: 'PermissionResolved', requestId: 'open', outcome: 'cancelled' },
        { type: 'SessionEnded', reason: 'its console has ended' },
        { type: 'Disconnected', reason: 'its console has ended' },
      ]);
      const [registration] = events;
      for (const { routing: last } of events.slice(-3)) {
        expect(last).toEqual({ ...registration?.routing, kind: last.kind });
      }
      // What ended is not ended again.
      const third = await runConsole(session, '--db', db, '--json');
      expect(third.summary.published).toBe(23);
    },
    LONG,
  );

  it.concurrent(
    'stops with one error and exit code 1 when the file is gone',
    async () => {
      const db = freshFile();
      const log = freshLog('homeless');
      const run = new ConsoleProcess(log, '--follow', '--slow', '1', '--db', db);
      await run.writes('Connected');
      rmSync(db);
      say(log, 'unheard');
      expect(await run.ended).toBe(1);
      expect(lines(run.stderr)).toEqual([
        expect.stringMatching(
          /^error: cannot keep the events: ".*runs.db" was deleted or replaced while it was open: /,
        ),
        expect.stringMatching(/^error: the archive lost \d+ events?$/),
      ]);
      expect(run.stdout).not.toContain('unheard');
    },
    LONG,
  );

  it.concurrent(
    'starts nothing if another console writes to the file, or if it cannot be opened',
    async () => {
      const db = freshFile();
      const writer = new ConsoleProcess(freshLog('first'), '--follow', '--db', db);
      await writer.writes('Connected');
      const second = await runConsole(session, '--db', db);
      expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 2, stdout: '' });
      expect(lines(second.stderr)).toEqual([expect.stringMatching(/^error: ".*runs.db" has a writer already: /)]);
      writer.interrupt();
      expect(await writer.ended).toBe(130);
      const nowhere = await runConsole(session, '--db', join(db, 'runs.db'));
      expect({ code: nowhere.code, stdout: nowhere.stdout }).toEqual({ code: 2, stdout: '' });
      expect(lines(nowhere.stderr)).toEqual([expect.stringMatching(/^error: ".*" cannot be opened: /)]);
    },
    LONG,
  );
});

describe('--list and --show', () => {
  it.concurrent(
    'print while another console writes, and disturb nothing',
    async () => {
      const db = freshFile();
      const log = freshLog('growing');
      const writer = new ConsoleProcess(log, '--follow', '--db', db);
      await writer.writes('Connected');
      const [before] = await list(db);
      const id = before?.scrollId ?? '';
      expect(before).toMatchObject({ connectorId: `pi:${log}`, nativeSessionId: 'growing', events: 2 });
      say(log, 'one', 'two');
      await writer.writes(' two');
      expect((await list(db)).map(({ events }) => events)).toEqual([4]);
      expect(texts(await show(db, id), 'user-message')).toEqual(['one', 'two']);
      say(log, 'three');
      writer.interrupt();
      expect(await writer.ended).toBe(130);
      expect(writer.stderr).toBe('');
      const events = await show(db, id);
      expect(outline(events).slice(-2)).toEqual(['session-lifecycle SessionEnded', 'system Disconnected']);
      expect((await list(db))[0]?.events).toBe(events.length);
    },
    LONG,
  );

  it.concurrent(
    'print for people: a line for each scroll, and a scroll as it is shown live',
    async () => {
      const db = freshFile();
      const live = await runConsole(session, '--db', db);
      const listed = await runConsole('--db', db, '--list');
      expect({ code: listed.code, stderr: listed.stderr }).toEqual({ code: 0, stderr: '' });
      const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
      expect(listed.stdout).toMatch(
        new RegExp(`^${UUID}  pi:${session}  bed-1  23 events  2025-03-01T08:00:00.000Z  ${time}\n$`),
      );
      const id = listed.stdout.slice(0, 36);
      const shown = await runConsole('--db', db, '--show', id.slice(0, -1).toUpperCase());
      expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' });
      expect(shown.stdout).toMatch(new RegExp(`\n23 events of scroll ${id}: pi:${session}, session bed-1\n$`));
      const liveLines = lines(live.stdout).filter((line) => /^(?:[a-z]+-[a-z-]+|system|usage) |^ /.test(line));
      expect(liveLines.length).toBeGreaterThan(15);
      expect(lines(shown.stdout).slice(0, -1)).toEqual(liveLines);
    },
    LONG,
  );

  it.concurrent(
    'print nothing for a file without scrolls',
    async () => {
      const db = freshFile();
      const empty = join(freshDirectory(), 'empty.jsonl');
      writeFileSync(empty, '');
      await runConsole(empty, '--db', db);
      const run = await runConsole('--db', db, '--list');
      expect({ code: run.code, stdout: run.stdout, stderr: run.stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    },
    LONG,
  );

  it.concurrent(
    'print a scroll that can be replayed',
    async () => {
      const db = freshFile();
      await runConsole(session, '--db', db);
      const [scroll] = await list(db);
      const shown = await runConsole('--db', db, '--show', scroll?.scrollId ?? '', '--json');
      const file = join(freshDirectory(), 'scroll.jsonl');
      writeFileSync(file, shown.stdout);
      const replayed = await runConsole(file, '--json');
      expect(replayed.code).toBe(0);
      expect(replayed.summary.badLines).toEqual([]);
      expect(outline(replayed.scroll)).toEqual(
        outline(lines(shown.stdout).map((line) => parseBusEvent(JSON.parse(line)))),
      );
    },
    LONG,
  );

  it.concurrent(
    'say where events are no longer kept, and print nothing that controls the terminal',
    async () => {
      const db = freshFile();
      const bus = new SharingBus({ upstream: sqliteUpstream({ file: db, retention: { maxEvents: 3 } }) });
      const scrollId = newUuid();
      const routing = { connectorId: 'a\u001b[2Jb', nativeSessionId: 's\u0007\n', kind: 'agent-message', scrollId };
      for (let number = 1; number <= 5; number += 1) {
        const event: Event = {
          type: 'AgentMessageChunk',
          messageId: `${number}`,
          content: { type: 'text', text: `word ${number}` },
        };
        // The last time is beyond all dates.
        bus.publish({ routing, origin: 'agent', event, at: number === 5 ? 1e300 : number });
        await bus.flush();
      }
      bus.close();
      const listed = await runConsole('--db', db, '--list');
      expect(listed.stdout).toBe(`${scrollId}  a [2Jb  s  3 events  1970-01-01T00:00:00.003Z  1e+300\n`);
      const shown = await runConsole('--db', db, '--show', scrollId);
      expect(lines(shown.stdout)).toEqual([
        '! here, up to 2 events are missing',
        'agent-message      word 3',
        'agent-message      word 4',
        'agent-message      word 5',
        `3 events of scroll ${scrollId}: a [2Jb, session s`,
      ]);
      const json = await runConsole('--db', db, '--show', scrollId, '--json');
      expect(json.stderr).toBe('warning: here, up to 2 events are missing\n');
      expect(lines(json.stdout)).toHaveLength(3);
    },
    LONG,
  );

  it.concurrent(
    'say in one line what is wrong, with exit code 2',
    async () => {
      const db = freshFile();
      await runConsole(session, session, '--db', db);
      const ids = (await list(db)).map(({ scrollId }) => scrollId);
      const shared = Array.from(ids[0] ?? '').findIndex((character, index) => character !== ids[1]?.[index]);
      const beginning = (ids[0] ?? '').slice(0, shared);
      const directory = freshDirectory();
      const text = join(directory, 'text.db');
      writeFileSync(text, 'These are words, and no database at all.\n'.repeat(20));
      mkdirSync(join(directory, 'folder'));
      const missing = join(directory, 'missing.db');
      for (const [words, error] of [
        [['--db', db, '--show', 'f00'], `no scroll in ${db} begins with f00: --list prints all`],
        [['--db', db, '--show', beginning], `2 scrolls in ${db} begin with ${beginning}: ${ids.join(', ')}`],
        [['--db', missing, '--list'], `"${missing}" cannot be read: `],
        [['--db', missing, '--show', 'f00'], `"${missing}" cannot be read: `],
        [['--db', text, '--list'], `"${text}" is not a database.`],
        [['--db', text, '--show', 'f00'], `"${text}" is not a database.`],
        [['--db', join(directory, 'folder'), '--list'], `"${join(directory, 'folder')}" cannot be read`],
      ] as const) {
        const run = await runConsole(...words);
        expect({ words, code: run.code, stdout: run.stdout, lines: lines(run.stderr).length }).toEqual({
          words,
          code: 2,
          stdout: '',
          lines: 1,
        });
        expect(run.stderr).toContain(`error: ${error}`);
      }
      expect(readdirSync(directory).sort()).toEqual(['folder', 'text.db']);
    },
    LONG,
  );

  it.concurrent.each([
    [['--list'], '--list needs --db FILE'],
    [['--show', 'x'], '--show needs --db FILE'],
    [['--db', 'x.db', '--list', '--show', 'x'], "option '--list' cannot be used with option '--show <scroll>'"],
    [['--db', 'x.db', '--list', session], '--list starts nothing: it takes no FILE and no --agent'],
    [['--db', 'x.db', '--show', 'x', '--agent', 'y'], '--show starts nothing: it takes no FILE and no --agent'],
    [['--db', 'x.db', '--show', ''], "option '--show <scroll>' argument '' is invalid. It is empty."],
    [['--db', '', '--list'], "option '--db <file>' argument '' is invalid. It is empty."],
  ])(
    'refuse %j with a line of usage and exit code 2',
    async (words, reason) => {
      const run = await runConsole(...words);
      expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: '' });
      expect(run.stderr).toContain(`error: ${reason}\n`);
      expect(run.stderr).toContain('Usage: agent-console [options] [FILE...]');
    },
    LONG,
  );
});
