import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ensureStream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

/** The promise: a reader goes on within this time after a server accepts connections again. */
const GOES_ON_MS = 3_000;

const SESSIONS = ['p', 'q', 'r', 's'];

interface Pair {
  readonly server: NatsServer;
  readonly a: TestNode;
  readonly b: TestNode;
}

async function startPair(options: Parameters<typeof TestNode.start>[2] = {}): Promise<Pair & AsyncDisposable> {
  const server = await NatsServer.start();
  const connection = await server.connect();
  await ensureStream(connection, { stream: STREAM });
  const a = await TestNode.start(connection, 'a', options);
  const b = await TestNode.start(await server.connect(), 'b', options);
  return {
    ...{ server, a, b },
    async [Symbol.asyncDispose]() {
      a.bus.close();
      b.bus.close();
      await server.end();
    },
  };
}

/** Publishes at both nodes until `stop` is called, then resolves with what was published. */
function load({ a, b }: Pair): { stop: () => Promise<string[]> } {
  const published: string[] = [];
  let isOver = false;
  const run = async (): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      for (const session of SESSIONS) {
        await Promise.all([a.upstream.ready(), b.upstream.ready()]);
        a.publish(`a${session}${round}`);
        b.publish(`b${session}${round}`);
        published.push(`a${session}${round}`, `b${session}${round}`);
      }
      await wait(1);
    }
  };
  const running = run();
  return {
    stop: async () => {
      isOver = true;
      await running;
      return published;
    },
  };
}

/** Everything arrived once, in the order of each session, and in one order at both. */
async function checkAccount({ a, b }: Pair, published: readonly string[]): Promise<void> {
  await Promise.all([a.bus.flush(), b.bus.flush()]);
  await eventually(() => a.got.length >= published.length && b.got.length >= published.length, 'everything arrives');
  assert.deepEqual(a.got, b.got);
  assert.deepEqual(a.places, b.places);
  assert.deepEqual([...a.got].sort(), [...published].sort());
  for (const session of SESSIONS.flatMap((name) => [`a${name}`, `b${name}`])) {
    const of = (payloads: readonly string[]): string[] => payloads.filter((payload) => payload.startsWith(session));
    assert.deepEqual(of(a.got), of(published));
  }
  assert.equal(a.upstream.stats().failed + b.upstream.stats().failed, 0);
}

describe('a server under load', SUITE, () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`that ends by ${signal} and starts again: nothing is lost or doubled, and the readers go on within 3 s`, async () => {
      await using pair = await startPair();
      const { server, a, b } = pair;
      const running = load(pair);
      for (let kills = 0; kills < 3; kills += 1) {
        await wait(300);
        await server.kill(signal);
        await wait(300);
        await server.start();
        const counts = [a.got.length, b.got.length];
        const moves = (node: TestNode, index: number): Promise<void> =>
          eventually(() => node.got.length > (counts[index] ?? 0) + 500, `reader ${index} goes on`, GOES_ON_MS);
        await Promise.all([moves(a, 0), moves(b, 1)]);
      }
      await checkAccount(pair, await running.stop());
      assert.ok(a.statuses.includes('disconnected') && a.statuses.includes('reopening'));
      await eventually(() => a.statuses.at(-1) === 'live', 'it is live again');
    });
  }

  it('that stands still for 3 s (SIGSTOP): nothing is lost or doubled', async () => {
    await using pair = await startPair();
    const { server } = pair;
    const running = load(pair);
    await wait(300);
    server.signal('SIGSTOP');
    await wait(3_000);
    server.signal('SIGCONT');
    await wait(500);
    await checkAccount(pair, await running.stop());
  });
});

describe('a quiet stream', SUITE, () => {
  it('brings nothing old after a restart, and the first new event within 3 s', async () => {
    await using pair = await startPair();
    const { server, a, b } = pair;
    a.publish(...numbered('old', 50));
    await a.bus.flush();
    // It has received nothing yet.
    const c = await TestNode.start(await server.connect(), 'c');
    await server.kill();
    await server.start();
    await eventually(() => [a, b, c].every((node) => node.statuses.at(-1) === 'live'), 'all are live', GOES_ON_MS);
    b.publish('new');
    await Promise.all([a, b, c].map((node) => node.gets('new', GOES_ON_MS)));
    assert.deepEqual(c.got, ['new']);
    assert.deepEqual(a.got, [...numbered('old', 50), 'new']);
    c.bus.close();
  });
});

describe('an outage of more than 20 s', SUITE, () => {
  it('ends nothing: what was published meanwhile is stored afterwards', async () => {
    await using pair = await startPair({ maxPending: 100 });
    const { server, a, b } = pair;
    await server.kill();
    const stored = a.upstream.publish(a.bus, eventOf('first'));
    a.publish(...numbered('x', 99));
    assert.throws(() => {
      a.publish('more');
    }, /OutboxFullError|100 events wait to be stored/);
    await wait(22_000);
    assert.equal(a.upstream.pending, 100);
    await server.start();
    await b.gets('x98');
    assert.equal((await stored).seq, 1);
    assert.deepEqual(b.got, ['first', ...numbered('x', 99)]);
  });
});

describe('events that wait for a server', SUITE, () => {
  it('are bounded by their length, too, and ready() waits for room', async () => {
    await using pair = await startPair({ maxPendingLength: 10_000 });
    const { server, a } = pair;
    await server.kill();
    // An event that is longer on its own is taken.
    a.publish('1'.repeat(9_990));
    assert.equal(a.statuses.at(-1) === 'disconnected' || a.statuses.at(-1) === 'full', true);
    assert.throws(
      () => {
        a.publish('x0');
      },
      {
        name: 'OutboxFullError',
        message: /^1 events of \d+ characters wait to be stored, and maxPendingLength is 10000/,
      },
    );
    let isReady = false;
    const ready = a.upstream.ready().then(() => {
      isReady = true;
    });
    await wait(100);
    assert.equal(isReady, false);
    await server.start();
    await ready;
    a.publish('x0');
    await a.gets('x0');
  });
});

describe('closing', SUITE, () => {
  it('waits for what is pending, and rejects what is not stored in time', async () => {
    await using pair = await startPair();
    const { server, a, b } = pair;
    a.publish(...numbered('x', 500));
    await a.upstream.close();
    await b.gets('x499');
    assert.equal(a.got.length, 500);
    await server.kill();
    const stored = b.upstream.publish(b.bus, eventOf('late'));
    await Promise.all([
      assert.rejects(stored, /UpstreamClosedError|the upstream is closed/),
      b.upstream.close({ drainMs: 200 }),
    ]);
    assert.equal(b.statuses.at(-1), 'ended');
    assert.match(b.lines.at(-1) ?? '', /closed with 1 events that may not be stored/);
  });

  it('the connection ends the bus with an error that says so', async () => {
    await using pair = await startPair();
    const { server, a } = pair;
    const connection = await server.connect();
    const c = await TestNode.start(connection, 'c');
    await connection.close();
    await eventually(() => c.ended !== undefined, 'the bus ends');
    assert.match(String(c.ended), /^ConnectionEndedError: /);
    a.publish('x');
    await a.gets('x');
  });
});
