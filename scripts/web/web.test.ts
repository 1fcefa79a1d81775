/**
 * The packed library in real runtimes and behind real proxies: `npm run web:test`.
 *
 * The proxies get the configuration that docs/guide/deploying.md prints.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppServer, type Taken } from './support/AppServer.js';
import { eventually, isSoon } from './support/eventually.js';
import { freePort } from './support/freePort.js';
import { readGuide } from './support/guide.js';
import { packApp } from './support/packedApp.js';
import { Program } from './support/Program.js';
import { fileOf, PROXIES, proxyCommand, versionOf } from './support/proxies.js';
import { RawStream } from './support/RawStream.js';
import { Reader } from './support/Reader.js';
import { Relay } from './support/Relay.js';
import { installRuntimes, type Obstacle, RUNTIMES, runtimeFile, workerd } from './support/runtimes.js';

/** A delay that is in every event is longer than this; one that the machine causes is not in every event. */
const AT_ONCE_MS = 150;
const LONG = 20_000;
const BURST = 50;
/** More bytes than all buffers between server and client can hold. */
const TOO_MUCH = 100e6;
/** Few, so that the machine is not too busy to be in time. */
const SUITES: SuiteOptions = { concurrency: 3, timeout: 300_000 };
const CHECKS: SuiteOptions = { concurrency: 1, timeout: 200_000 };

const place = await mkdtemp(join(tmpdir(), 'sharing-bus-web-'));
process.on('exit', () => {
  rmSync(place, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => process.exit(1));
}
const appFolder = join(place, 'app');
const runtimesFolder = join(place, 'runtimes');
const [client, obstacle] = await Promise.all([packApp(appFolder), installRuntimes(runtimesFolder)]);

/** Starts the application in the Node that runs the test. */
async function startHere(): Promise<AppServer> {
  const port = await freePort();
  return AppServer.start({ file: process.execPath, args: ['node.js', `${port}`], cwd: appFolder }, port);
}

/** The part of the options of a suite that is used. */
interface SuiteOptions {
  readonly concurrency: number;
  readonly timeout: number;
  readonly skip?: string;
}

/** Where clients connect, and the server that they reach there. */
interface Site {
  readonly server: AppServer;
  readonly url: string;
}

/** What has to work in every runtime and behind every proxy. */
function checkSite(site: () => Site, { hidesLeaving = false }: { readonly hidesLeaving?: boolean } = {}): void {
  let quiet: RawStream;

  before(() => {
    const nothing = encodeURIComponent('{"type":"kind","kinds":["nothing"]}');
    quiet = new RawStream(`${site().url}/events?filter=${nothing}`);
  });
  after(() => {
    quiet[Symbol.dispose]();
  });

  it('an event arrives at once, before anything else is sent', async () => {
    const { server, url } = site();
    using reader = new Reader(client, `${url}/events/still`);
    await reader.opened();
    const delays: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const start = performance.now();
      await server.publish(`event-${index}`);
      await reader.until(`event-${index}`);
      delays.push((reader.arrivals[index] ?? Infinity) - start);
    }
    assert.equal(reader.taken.length, 10);
    assert.ok(Math.min(...delays) < AT_ONCE_MS, `each event took longer: ${delays.map(Math.round).join(', ')} ms`);
  });

  it('heartbeats arrive', async () => {
    using stream = new RawStream(`${site().url}/events/beating`);
    await stream.heartbeats(3);
  });

  it('with gzip on, a long beginning and a short event after it arrive at once', async () => {
    const { server, url } = site();
    await server.publishLong(5, 300);
    await server.publish('before-gzip');
    using reader = new Reader(client, `${url}/events/still`, 'start');
    await reader.until('before-gzip');
    await server.publish('after-gzip');
    await reader.until('after-gzip');
    assert.equal(reader.connections, 1);
  });

  it(`a client that leaves is noticed${hidesLeaving ? ' by a heartbeat' : ''}`, async () => {
    const { server, url } = site();
    const path = `/events/${hidesLeaving ? 'beating' : 'still'}/leaving`;
    const isOpen = async (): Promise<boolean> => (await server.stats()).open[path] === 1;
    const reader = new Reader(client, `${url}${path}`);
    await eventually(isOpen, (open) => open);
    reader[Symbol.dispose]();
    await eventually(isOpen, (open) => !open);
  });

  it('a client that stops reading is felt by the server', async () => {
    const { server, url } = site();
    const path = '/events/still/stuck';
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    try {
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
      await eventually(
        () => server.stats(),
        ({ open }) => open[path] === 1,
      );
      const isTaken = async (): Promise<boolean> => (await server.stats()).waiting === 0;
      for (let taken = 0; await isSoon(isTaken); taken += BURST) {
        assert.ok(taken * LONG < TOO_MUCH, `${(taken * LONG) / 1e6} MB were taken`);
        await server.publishLong(BURST, LONG);
      }
    } finally {
      socket.destroy();
    }
  });

  it('a quiet stream stays open with the default heartbeat', () => quiet.heartbeats(2));

  it('a client resumes after a restart of the server', async () => {
    const { server, url } = site();
    using reader = new Reader(client, `${url}/events/still`);
    await reader.opened();
    await server.publish('old-1', 'old-2');
    await reader.until('old-2');
    await server.publish('old-3');
    await server.restart();
    await server.publish('new-1', 'new-2');
    assert.deepEqual(await reader.until('new-2'), ['old-1', 'old-2', 'old-3', 'gap of Infinity', 'new-1', 'new-2']);
  });
}

/** The options of a suite that needs a program. In CI, a program that could be installed must be there. */
function checksUnless(missing: Obstacle | undefined): SuiteOptions {
  if (missing !== undefined && !missing.isForGood && process.env['CI'] !== undefined) {
    throw new Error(missing.reason);
  }
  return missing === undefined ? CHECKS : { ...CHECKS, skip: missing.reason };
}

it('the guide names the runtimes and their versions', () => {
  const tested = RUNTIMES.filter((runtime) => runtime.package !== undefined).map(({ version }) => version);
  assert.deepEqual(
    tested.filter((version) => !readGuide().includes(version)),
    [],
  );
});

describe('runtimes', SUITES, () => {
  for (const runtime of RUNTIMES) {
    const file = runtimeFile(runtime, runtimesFolder);
    const missing = runtime.package === undefined ? undefined : obstacle;
    describe(`${runtime.name} ${runtime.version}`, checksUnless(missing), () => {
      let server: AppServer;

      before(async () => {
        const port = await freePort();
        server = await AppServer.start(await runtime.command(file, appFolder, port), port);
      });
      after(() => server[Symbol.asyncDispose]());

      checkSite(() => ({ server, url: server.url }), runtime);

      it('as a client, it resumes after a cut and after a restart of the server', async () => {
        await using other = await startHere();
        await using relay = await Relay.to(other.port);
        const until = async (last: string): Promise<Taken> =>
          eventually(
            () => server.taken(),
            ({ pushed, pulled }) => pushed.includes(last) && pulled.includes(last),
          );
        await server.read(`http://127.0.0.1:${relay.port}/events`);
        await other.publish('old-1', 'old-2');
        await until('old-2');
        relay.cut();
        await other.publish('old-3');
        await until('old-3');
        await other.restart();
        await other.publish('new-1');
        const all = ['old-1', 'old-2', 'old-3', 'gap of Infinity', 'new-1'];
        assert.deepEqual(await until('new-1'), { pushed: all, pulled: all });
      });

      if (runtime.name === 'workerd') {
        it('a bus can be at the top of a module, and with a compatibility date before May 2025', async () => {
          const port = await freePort();
          const command = await workerd(file, appFolder, port, 'topOfModule.js', '2025-01-01');
          await using program = await Program.start(command, port);
          using reader = new Reader(client, `http://127.0.0.1:${program.port}/events`);
          await reader.opened();
          assert.deepEqual(reader.taken, []);
        });
      }
    });
  }
});

describe('proxies', SUITES, () => {
  for (const proxy of PROXIES) {
    const file = fileOf(proxy);
    const missing = file === undefined ? { reason: 'it is not installed', isForGood: false } : undefined;
    const version = file === undefined ? '' : ` ${versionOf(proxy, file)}`;
    describe(`${proxy.name}${version}`, checksUnless(missing), () => {
      let server: AppServer;
      let running: Program;
      let start: () => Promise<Program>;

      before(async () => {
        server = await startHere();
        const folder = join(place, proxy.name);
        await mkdir(folder);
        const port = await freePort();
        const command = await proxyCommand(proxy, file ?? '', folder, port, server.port);
        start = () => Program.start(command, port);
        running = await start();
      });
      after(async () => {
        await running.stop();
        await server[Symbol.asyncDispose]();
      });

      const site = (): Site => ({ server, url: `http://127.0.0.1:${running.port}` });
      checkSite(site);

      it('a client resumes after a restart of the proxy, without a gap', async () => {
        using reader = new Reader(client, `${site().url}/events/still`);
        await reader.opened();
        await server.publish('one');
        await reader.until('one');
        await running.stop();
        await server.publish('two', 'three');
        running = await start();
        await server.publish('four');
        assert.deepEqual(await reader.until('four'), ['one', 'two', 'three', 'four']);
      });
    });
  }
});
