import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type BusEvent, type BusPosition, EventFilter, newUuid, SharingBus } from 'sharing-bus';
import { ensureStream, jetStreamUpstream, NotStoredError } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

/** `a` has its own order, `b` that of the stream. */
interface Pair extends AsyncDisposable {
  readonly server: NatsServer;
  readonly connection: NatsConnection;
  readonly a: TestNode;
  readonly b: TestNode;
}

async function startPair(options: Parameters<typeof TestNode.start>[2] = {}): Promise<Pair> {
  const server = await NatsServer.start();
  const connection = await server.connect();
  await ensureStream(connection, { stream: STREAM });
  const a = await TestNode.start(connection, 'a', { order: 'local', ...options });
  const b = await TestNode.start(await server.connect(), 'b');
  return {
    ...{ server, connection, a, b },
    async [Symbol.asyncDispose]() {
      a.bus.close();
      b.bus.close();
      await server.end();
    },
  };
}

const sorted = (payloads: readonly string[]): string[] => [...payloads].sort();
const of = (session: string, payloads: readonly string[]): string[] =>
  payloads.filter((one) => one.startsWith(session));

async function* sourceOf(payloads: readonly string[]): AsyncGenerator<BusEvent<string>> {
  for (const payload of payloads) {
    yield await Promise.resolve(eventOf(payload));
  }
}

describe('a bus with the order local', SUITE, () => {
  it('delivers its own events at once, skips them when they come back, and gets those of others', async () => {
    await using pair = await startPair();
    const { a, b } = pair;
    const lagging = a.bus.subscribeFiltered(EventFilter.all, 2);
    a.publish(...numbered('x', 5));
    assert.equal(lagging.lagged, 3);
    b.publish(...numbered('y', 5));
    await a.gets('y4');
    await a.upstream.flush();
    await eventually(() => b.got.length >= 10, 'all arrive');
    assert.deepEqual(a.got, [...numbered('x', 5), ...numbered('y', 5)]);
    assert.deepEqual(a.places, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(sorted(b.got), sorted(a.got));
    const { published, stored, pending, notForwarded, doubles } = a.upstream.stats();
    assert.deepEqual([published, stored, pending, notForwarded, doubles], [5, 5, 0, 0, 0]);
  });

  it('goes on while the server is away; afterwards the others get all of it, once, and it gets theirs', async () => {
    await using pair = await startPair();
    const { server, a, b } = pair;
    const sessions = ['p', 'q', 'r'];
    const published: string[] = [];
    const load = new AbortController();
    const running = (async () => {
      for (let round = 0; !load.signal.aborted; round += 1) {
        for (const session of sessions) {
          await b.upstream.ready();
          a.publish(`a${session}${round}`);
          b.publish(`b${session}${round}`);
          published.push(`a${session}${round}`, `b${session}${round}`);
        }
        await wait(1);
      }
    })();
    for (let kills = 0; kills < 3; kills += 1) {
      await wait(300);
      await server.kill(kills === 1 ? 'SIGTERM' : 'SIGKILL');
      const before = of('a', a.got).length;
      await eventually(() => of('a', a.got).length > before + 30, 'it goes on alone', 3_000);
      await server.start();
      await wait(300);
    }
    load.abort();
    await running;
    await Promise.all([a.upstream.flush(), b.upstream.flush()]);
    await eventually(() => a.got.length >= published.length && b.got.length >= published.length, 'everything arrives');
    assert.deepEqual(sorted(a.got), sorted(published));
    assert.deepEqual(sorted(b.got), sorted(published));
    assert.deepEqual(of('a', a.got), of('a', published));
    for (const session of sessions.flatMap((name) => [`a${name}`, `b${name}`])) {
      assert.deepEqual(of(session, a.got), of(session, published));
      assert.deepEqual(of(session, b.got), of(session, published));
    }
    assert.equal(a.upstream.stats().failed + a.upstream.stats().notForwarded, 0);
  });

  it('tells others of what its outbox had no room for: an exact gap in its place, for readers of both orders, also later', async () => {
    await using pair = await startPair({ maxPending: 10 });
    const { server, a, b } = pair;
    const local = await TestNode.start(await server.connect(), 'c', { order: 'local' });
    a.publish(...numbered('x', 10));
    await a.upstream.flush();
    await server.kill();
    const all = numbered('x', 60);
    a.publish(...all.slice(10, 45));
    await a.gets('x44');
    assert.deepEqual(
      [a.upstream.pending, a.upstream.stats().notForwarded, a.statuses.at(-1)],
      [10, 25, 'disconnected'],
    );
    await assert.rejects(a.upstream.publish(a.bus, eventOf('x45')), (error: unknown) => {
      assert.ok(error instanceof NotStoredError && !error.unknown);
      return error.message.includes('not forwarded, since the outbox is full');
    });
    await server.start();
    await a.upstream.ready();
    assert.equal((await a.upstream.publish(a.bus, eventOf('x46'))).seq, 22);
    a.publish('x47');
    await Promise.all([b.gets('x47'), local.gets('x47')]);
    const expected = [...all.slice(0, 20), 'gap 26', 'x46', 'x47'];
    assert.deepEqual(b.got, expected);
    assert.deepEqual(local.got, expected);
    assert.deepEqual(a.got, all.slice(0, 48));
    // A receiver that reads what is kept, by all subjects and by some.
    const kept = await TestNode.start(await server.connect(), 'd', { from: 'start' });
    await kept.gets('x47');
    assert.deepEqual(kept.got, expected);
    const filtered = b.bus.subscribeFiltered(EventFilter.kind('plan'), { capacity: 100, from: 'start' });
    const got: unknown[] = [];
    filtered.deliveries$.subscribe((one) => got.push(one.type === 'event' ? one.event.event : one));
    await eventually(() => got.includes('x47'), 'it is read');
    assert.deepEqual(
      got.filter((one) => typeof one === 'object'),
      [{ type: 'gap', missed: 26, byKind: { plan: 26 }, atMost: true }],
    );
    assert.match(a.lines.join('\n'), /10 events wait to be stored, as many as fit: .*\n.*26 were not forwarded/s);
    assert.equal(a.lines.filter((line) => line.includes('as many as fit')).length, 1);
    const { published, stored, failed, notForwarded } = a.upstream.stats();
    assert.deepEqual([published, stored, failed, notForwarded], [48, 22, 0, 26]);
    local.bus.close();
    kept.bus.close();
  });

  it('tells each of several gaps under load, so that others can account for every event', async () => {
    await using pair = await startPair({ maxPending: 20, maxInFlight: 4 });
    const { server, a, b } = pair;
    let count = 0;
    for (let kills = 0; kills < 2; kills += 1) {
      for (let round = 0; round < 60; round += 1) {
        if (round === 20) {
          await server.kill();
        } else if (round === 40) {
          await server.start();
        }
        for (let burst = 0; burst < 15; burst += 1) {
          a.publish(`${'pqr'.charAt(count % 3)}${count}`);
          count += 1;
        }
        await wait(5);
      }
    }
    await a.upstream.flush();
    const told = (): number =>
      b.got.reduce((sum, one) => sum + (one.startsWith('gap ') ? Number(one.slice('gap '.length)) : 1), 0);
    await eventually(() => told() >= count, 'everything is told');
    assert.equal(told(), count);
    assert.equal(a.got.length, count);
    const { notForwarded, failed, stored } = a.upstream.stats();
    assert.ok(notForwarded > 0);
    assert.deepEqual([failed, stored + notForwarded], [0, count]);
    // Each gap is where events are missing: those before it have all smaller numbers, and those after it all larger ones.
    let next = 0;
    let segment: number[] = [];
    for (const one of [...b.got, 'gap 0']) {
      if (one.startsWith('gap ')) {
        assert.deepEqual(
          segment.sort((left, right) => left - right),
          Array.from({ length: segment.length }, (_, index) => next + index),
        );
        next += segment.length + Number(one.slice('gap '.length));
        segment = [];
      } else {
        segment.push(Number(one.slice(1)));
      }
    }
    for (const session of ['p', 'q', 'r']) {
      const own = of(session, b.got).map((one) => Number(one.slice(1)));
      assert.deepEqual(
        own,
        [...own].sort((left, right) => left - right),
      );
    }
  });

  it('makes a connected source wait while the server stores events, and not while it is away', async () => {
    await using pair = await startPair({ maxPending: 50 });
    const { server, a, b } = pair;
    assert.equal(await a.bus.connect(sourceOf(numbered('x', 2_000)), { window: 10 }), 2_000);
    await a.upstream.flush();
    assert.deepEqual([a.upstream.stats().stored, a.upstream.stats().notForwarded], [2_000, 0]);
    await server.kill();
    assert.equal(await a.bus.connect(sourceOf(numbered('y', 2_000)), { window: 10 }), 2_000);
    assert.deepEqual(a.got.length, 4_000);
    assert.equal(a.upstream.stats().notForwarded, 1_950);
    await server.start();
    await a.upstream.flush();
    await b.gets('gap 1950');
    assert.equal(b.upstream.stats().gaps, 1);
  });

  it('does not wait for room in a flush that the reader waits for, which has to show first what is stored', async () => {
    await using pair = await startPair();
    const { server, b } = pair;
    const away = await server.connect({ reconnectTimeWait: 1_500, reconnectJitter: 0 });
    const c: TestNode = await TestNode.start(away, 'c', {
      ...{ order: 'local', maxPending: 10, window: 4 },
      waitFor: () => c.bus.flush(EventFilter.all, { waitFor: [] }),
    });
    await eventually(() => c.statuses.at(-1) === 'live', 'it is live');
    server.signal('SIGSTOP');
    c.publish(...['p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x'].map((session) => `${session}0`));
    await wait(50);
    await server.kill();
    await server.start();
    b.publish(...numbered('y', 20));
    await b.upstream.flush();
    await c.upstream.flush();
    await b.gets('x0');
    await c.gets('y19');
    assert.equal(c.got.length, 29);
    c.bus.close();
  });

  it('closes with a gap that others were not told of, and says so', async () => {
    await using pair = await startPair({ maxPending: 2 });
    const { server, a } = pair;
    await server.kill();
    a.publish(...numbered('x', 5));
    await a.upstream.close({ drainMs: 100 });
    assert.match(
      a.lines.at(-1) ?? '',
      / a: closed with 2 events that may not be stored, and 3 that other processes were not told of$/,
    );
    assert.deepEqual(a.got, numbered('x', 5));
    assert.equal(a.statuses.at(-1), 'ended');
  });

  it('closes after the gap is stored, if the server is there', async () => {
    await using pair = await startPair({ maxPending: 2 });
    const { server, a, b } = pair;
    await server.kill();
    a.publish(...numbered('x', 5));
    await server.start();
    await a.upstream.close();
    await eventually(() => b.got.length === 3, 'all arrive');
    assert.deepEqual(b.got, ['x0', 'x1', 'gap 3']);
  });

  it('holds the last registration of the stream, like the others, when its own has come back', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const start = async (order: 'stream' | 'local'): Promise<{ bus: SharingBus; flush: () => Promise<void> }> => {
      const upstream = await jetStreamUpstream({ connection, stream: STREAM, node: 'node', order });
      return { bus: new SharingBus({ upstream }), flush: () => upstream.flush() };
    };
    const [a, b] = [await start('local'), await start('stream')];
    const register = (bus: SharingBus, scrollId: string): void => {
      bus.publish({
        routing: { kind: 'session-lifecycle' },
        origin: 'connector',
        event: { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId },
      });
    };
    const ask = async ({
      bus,
      flush,
    }: {
      bus: SharingBus;
      flush: () => Promise<void>;
    }): Promise<string | undefined> => {
      const receiver = bus.subscribeFiltered(EventFilter.kind('plan'));
      const routing = { kind: 'plan', connectorId: 'c', nativeSessionId: 's' };
      bus.publish({ routing, origin: 'agent', event: { type: 'Plan', entries: [] } });
      const got = await receiver.recv();
      receiver.dispose();
      await flush();
      return got?.routing.scrollId;
    };
    for (let round = 0; round < 20; round += 1) {
      const [own, other] = [newUuid(), newUuid()];
      const seen = b.bus.subscribeFiltered(EventFilter.kind('session-lifecycle'));
      register(b.bus, other);
      register(a.bus, own);
      const last = [await seen.recv(), await seen.recv()].at(-1)?.routing.scrollId;
      await Promise.all([a.flush(), b.flush()]);
      assert.deepEqual([await ask(a), await ask(b)], [last, last]);
      seen.dispose();
    }
    a.bus.close();
    b.bus.close();
  });

  it('has places of its own, fresh for each run: a receiver resumes in what the history keeps', async () => {
    await using pair = await startPair({ bus: { history: { capacity: 3 } } });
    const { a, b, connection } = pair;
    b.publish(...numbered('y', 4));
    await a.gets('y3');
    a.publish(...numbered('x', 2));
    const read = async (node: TestNode, from: 'start' | BusPosition): Promise<unknown[]> => {
      const got: unknown[] = [];
      const receiver = node.bus.subscribeFiltered(EventFilter.all, { from });
      receiver.deliveries$.subscribe((one) => got.push(one.type === 'event' ? one.event.event : one.missed));
      await wait(50);
      receiver.dispose();
      return got;
    };
    const { epoch } = a.bus.position as BusPosition;
    assert.equal(a.bus.position?.seq, 6);
    assert.notEqual(epoch, b.bus.position?.epoch);
    assert.deepEqual(await read(a, { epoch, seq: 4 }), ['x0', 'x1']);
    assert.deepEqual(await read(a, { epoch, seq: 1 }), [2, 'y3', 'x0', 'x1']);
    assert.deepEqual(await read(a, b.bus.position as BusPosition), [Infinity, 'y3', 'x0', 'x1']);
    a.bus.close();
    const again = await TestNode.start(connection, 'a', { order: 'local' });
    again.publish('x2');
    assert.deepEqual(await read(again, { epoch, seq: 5 }), [Infinity, 'x2']);
    again.bus.close();
  });

  it('gets a gap of unknown size when the stream is made anew, and goes on', async () => {
    await using pair = await startPair();
    const { a, b, connection, server } = pair;
    a.publish('x0');
    await a.upstream.flush();
    const { streams } = await jetstreamManager(connection);
    await streams.delete(STREAM);
    a.publish('x1');
    await ensureStream(connection, { stream: STREAM });
    await server.kill();
    await server.start();
    await b.gets('x1');
    b.publish('y0');
    await a.gets('y0');
    assert.deepEqual(a.got, ['x0', 'x1', 'gap Infinity', 'y0']);
    assert.equal(a.bus.position?.seq, 4);
  });

  it('with a filter: delivers and gets what matches, forwards everything, and gets the gaps that others tell', async () => {
    const KEPT = { kind: 'kept' };
    await using pair = await startPair({ filter: EventFilter.kind('kept') });
    const { server, a, b } = pair;
    const c = await TestNode.start(await server.connect(), 'c', { order: 'local', maxPending: 2 });
    const gaps: unknown[] = [];
    a.bus.subscribeAll().deliveries$.subscribe((one) => one.type === 'gap' && gaps.push(one));
    a.publish('x0');
    a.bus.publish(eventOf('x1', KEPT));
    await a.gets('x1');
    await a.upstream.flush();
    b.publish('y0');
    b.bus.publish(eventOf('y1', KEPT));
    await Promise.all([a.gets('y1'), b.gets('y1'), c.gets('y1')]);
    await server.kill();
    c.publish(...numbered('z', 5));
    const stored = [a.upstream.publish(a.bus, eventOf('x2')), a.upstream.publish(a.bus, eventOf('x3', KEPT))];
    await a.gets('x3');
    await server.start();
    await Promise.all(stored);
    await Promise.all([a.gets('gap 3'), b.gets('gap 3'), a.upstream.flush()]);
    await eventually(() => b.got.length === 9, 'everything is told');
    assert.deepEqual(a.got, ['x1', 'y1', 'x3', 'gap 3']);
    assert.deepEqual(gaps, [{ type: 'gap', missed: 3, byKind: { plan: 3 }, atMost: true }]);
    assert.deepEqual(sorted(b.got), ['gap 3', 'x0', 'x1', 'x2', 'x3', 'y0', 'y1', 'z0', 'z1']);
    assert.deepEqual(a.places, [1, 2, 3]);
    const { stored: count, notForwarded, failed, doubles } = a.upstream.stats();
    assert.deepEqual([count, notForwarded, failed, doubles], [4, 0, 0, 0]);
    c.bus.close();
  });

  it('gets an upper bound for what is gone when it comes back, since some of it may be its own', async () => {
    await using pair = await startPair();
    const { a, b, connection, server } = pair;
    const { streams } = await jetstreamManager(connection);
    const away = await server.connect({ reconnectTimeWait: 4_000, reconnectJitter: 0 });
    const c = await TestNode.start(away, 'c', { order: 'local' });
    const gaps: unknown[] = [];
    c.bus.subscribeAll().deliveries$.subscribe((one) => one.type === 'gap' && gaps.push(one));
    await server.kill();
    await server.start();
    b.publish(...numbered('y', 5));
    await b.upstream.flush();
    await a.gets('y4');
    await streams.purge(STREAM);
    c.publish('z0');
    await b.gets('z0');
    await eventually(() => gaps.length === 1, 'it is told');
    assert.deepEqual(gaps, [{ type: 'gap', missed: 5, byKind: { '*': 5 }, atMost: true }]);
    assert.deepEqual(c.got, ['z0', 'gap 5']);
    c.bus.close();
  });
});
