import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { firstValueFrom, ReplaySubject, type Subscription, take, toArray } from 'rxjs';
import { type BusEvent, type BusPosition, type Delivery, EventFilter } from '../../lib/index.js';
import { fromEventStream } from '../../lib/sse/index.js';
import { blocksOf, ROOT } from './support/pages.js';
import { typeErrors } from './support/typeErrors.js';

// The server of docs/guide/deploying.md, "One machine". It does not end by itself, so it is not among the programs of readme-spec.ts.

const PAGE = 'docs/guide/deploying.md';
const LONG = 60_000;
const code = blocksOf(PAGE).find(({ text }) => text.includes('sqliteUpstream'))?.text ?? '';

let folder: string;
let port: number;
let server: ChildProcess | undefined;
let client: Subscription | undefined;

/** Starts the server. Clients come back until it is listening. */
async function start(): Promise<void> {
  server = spawn(process.execPath, ['program.mjs'], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(ROOT, 'node_modules'), PORT: `${port}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(server, 'spawn');
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const running = server;
  server = undefined;
  if (running?.exitCode !== null || running.signalCode !== null) {
    return running?.exitCode ?? null;
  }
  const closed = once(running, 'close');
  running.kill(signal);
  const [exitCode] = (await closed) as [number | null];
  return exitCode;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port: free } = probe.address() as AddressInfo;
  await once(probe.close(), 'close');
  return free;
}

/** A client that comes back by itself, also while the server is not there. Emits all deliveries, also those so far. */
function connect(from: BusPosition | 'start'): ReplaySubject<Delivery<string>> {
  const deliveries$ = new ReplaySubject<Delivery<string>>(Infinity);
  client?.unsubscribe();
  client = fromEventStream<string>(`http://127.0.0.1:${port}/events`, {
    from,
    filter: EventFilter.all,
    retry: { initialMs: 20, maxMs: 50 },
    parse: (value) => value as BusEvent<string>,
  }).subscribe(deliveries$);
  return deliveries$;
}

/** The first deliveries of a client, each on one line. */
async function first(deliveries$: ReplaySubject<Delivery<string>>, count: number): Promise<string[]> {
  const some = await firstValueFrom(deliveries$.pipe(take(count), toArray()), { defaultValue: [] });
  return some.map((one) => (one.type === 'gap' ? `${one.missed} missing` : `${one.event.seq} ${one.event.event}`));
}

/** What a plain client reads of `/events`, up to and with `last`. */
async function read(query: string, headers: Readonly<Record<string, string>>, last: string): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/events${query}`, { headers, signal: leaving.signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(last) && text.endsWith('\n\n')) {
      break;
    }
  }
  leaving.abort();
  return text;
}

describe('the server for one machine', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sharing-bus-machine-'));
    port = await freePort();
    await build({
      stdin: { contents: code, resolveDir: ROOT, loader: 'ts' },
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      tsconfig: join(ROOT, 'tsconfig.json'),
      logLevel: 'silent',
    });
  });
  afterEach(async () => {
    client?.unsubscribe();
    await end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('compiles under the strictest settings', () => {
    expect(typeErrors([{ title: PAGE, code, output: undefined }])).toEqual([]);
  });

  it(
    'serves a client that stays, through kills, without a gap and with nothing twice',
    async () => {
      const deliveries$ = connect('start');
      const all: string[] = [];
      for (let run = 1; run <= 3; run += 1) {
        await start();
        all.push(`${run} started after event ${run - 1}`);
        expect(await first(deliveries$, run)).toEqual(all);
        await end('SIGKILL');
      }
    },
    LONG,
  );

  it(
    'knows the Last-Event-ID of before, in the same epoch',
    async () => {
      await start();
      expect(await first(connect('start'), 1)).toEqual(['1 started after event 0']);
      const before = await read('?from=start', {}, 'started after event 0');
      const [, epoch] = /^id: ?(.+):1$/m.exec(before) ?? [];
      await end('SIGKILL');
      await start();
      // A client that waits until it is listening.
      await first(connect('start'), 2);
      const after = await read('', { 'last-event-id': `${epoch}:1` }, 'started after event 1');
      expect(after).toContain(`id: ${epoch}:2\n`);
      expect(after).not.toContain('started after event 0');
      expect(after).not.toContain('event: gap');
    },
    LONG,
  );

  it(
    'ends with code 0 on SIGTERM, after it has closed the file',
    async () => {
      await start();
      const deliveries$ = connect('start');
      expect(await first(deliveries$, 1)).toEqual(['1 started after event 0']);
      expect(await end('SIGTERM')).toBe(0);
      expect(readdirSync(folder).sort()).toEqual(['events.db', 'events.db-lock', 'program.mjs']);
      await start();
      expect(await first(deliveries$, 2)).toEqual(['1 started after event 0', '2 started after event 1']);
    },
    LONG,
  );

  it(
    'goes on with a backup that was made while it ran, and tells clients that have seen more of a gap',
    async () => {
      const place = 2 + 2 ** 32;
      const deliveries$ = connect('start');
      for (const run of [1, 2]) {
        await start();
        await first(deliveries$, run);
        if (run === 1) {
          await end('SIGKILL');
        }
      }
      const copying = `new (require('better-sqlite3'))('events.db').exec("VACUUM INTO 'copy.db'")`;
      const options = { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(ROOT, 'node_modules') } };
      expect(spawnSync(process.execPath, ['-e', copying], options).status).toBe(0);
      await end('SIGKILL');
      await start();
      expect((await first(deliveries$, 3)).at(-1)).toBe('3 started after event 2');
      await end('SIGKILL');

      rmSync(join(folder, 'events.db-wal'));
      rmSync(join(folder, 'events.db-shm'));
      renameSync(join(folder, 'copy.db'), join(folder, 'events.db'));
      await start();
      expect((await first(deliveries$, 5)).slice(3)).toEqual([
        'Infinity missing',
        `${place + 1} started after event ${place}`,
      ]);
      expect(await first(connect('start'), 4)).toEqual([
        '1 started after event 0',
        '2 started after event 1',
        'Infinity missing',
        `${place + 1} started after event ${place}`,
      ]);
    },
    LONG,
  );
});
