import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { EventFilter, newUuid } from 'sharing-bus';
import { ensureStream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

interface Site extends AsyncDisposable {
  readonly server: NatsServer;
  readonly connection: NatsConnection;
  readonly a: TestNode;
}

async function startSite(options: { maxBytes?: number } = {}): Promise<Site> {
  const server = await NatsServer.start();
  const connection = await server.connect();
  await ensureStream(connection, { stream: STREAM, ...options });
  const a = await TestNode.start(connection, 'a');
  return {
    ...{ server, connection, a },
    async [Symbol.asyncDispose]() {
      a.bus.close();
      await server.end();
    },
  };
}

describe('events that are gone are a gap in their place', SUITE, () => {
  it('deleted: for a receiver that reads them later, and for one that comes back', async () => {
    await using site = await startSite();
    const { connection, a, server } = site;
    a.publish(...numbered('x', 10));
    await a.bus.flush();
    const { streams } = await jetstreamManager(connection);
    await streams.deleteMessage(STREAM, 3);
    await streams.deleteMessage(STREAM, 4);
    const b = await TestNode.start(await server.connect(), 'b', { from: 'start' });
    a.publish('last');
    await b.gets('last');
    assert.deepEqual(b.got, ['x0', 'x1', 'gap 2', ...numbered('x', 10).slice(4), 'last']);
    b.bus.close();
  });

  it('purged while a node is away: exact', async () => {
    await using site = await startSite();
    const { connection, a, server } = site;
    const ofB = await server.connect({ reconnectTimeWait: 500, reconnectJitter: 0 });
    const b = await TestNode.start(ofB, 'b');
    a.publish('first');
    await b.gets('first');
    await ofB.reconnect();
    a.publish(...numbered('x', 10));
    await a.bus.flush();
    const { streams } = await jetstreamManager(connection);
    await streams.purge(STREAM, { seq: 8 });
    a.publish('last');
    await b.gets('last');
    assert.deepEqual(b.got, ['first', 'gap 6', ...numbered('x', 10).slice(6), 'last']);
    b.bus.close();
  });

  it('discarded at the limit of bytes while the server restarts', async () => {
    await using site = await startSite({ maxBytes: 20_000 });
    const { a, server } = site;
    a.publish(...numbered('x', 500));
    await a.bus.flush();
    const b = await TestNode.start(await server.connect(), 'b', { from: 'start' });
    a.publish('last');
    await b.gets('last');
    const [gap = '', ...events] = b.got;
    assert.match(gap, /^gap \d+$/);
    assert.equal(Number(gap.slice(4)) + events.length, 501);
    assert.deepEqual(events.slice(0, -1), numbered('x', 500).slice(-events.length + 1));
    assert.equal(b.receiver.missed, Number(gap.slice(4)));
    b.bus.close();
  });

  it('a message that is no event: a gap of one', async () => {
    await using site = await startSite();
    const { a, connection } = site;
    const { deliveries } = a.bus.subscribeAll();
    connection.publish('bus._._.plan', 'not json');
    connection.publish('bus.other', '{"routing":{}}');
    a.publish('x');
    await a.gets('x');
    // Pulled when both are there, they are one gap.
    assert.deepEqual(await deliveries.recv(), { type: 'gap', missed: 2, byKind: { '*': 2 } });
    assert.equal((await deliveries.recv())?.type, 'event');
    assert.equal(a.got.at(-1), 'x');
    assert.equal(a.upstream.stats().invalid, 2);
    assert.equal(a.receiver.missed, 2);
  });
});

describe('a stream that is another one', SUITE, () => {
  it('deleted and made again: a gap of unknown size, then what the new one holds', async () => {
    await using site = await startSite();
    const { a, connection, server } = site;
    const b = await TestNode.start(await server.connect(), 'b');
    a.publish(...numbered('x', 5));
    await b.gets('x4');
    const before = a.bus.position;
    const { streams } = await jetstreamManager(connection);
    await streams.delete(STREAM);
    await wait(100);
    await ensureStream(connection, { stream: STREAM });
    b.publish(...numbered('y', 3));
    await Promise.all([a.gets('y2'), b.gets('y2')]);
    assert.deepEqual(a.got, [...numbered('x', 5), 'gap Infinity', ...numbered('y', 3)]);
    assert.deepEqual(b.got, a.got);
    assert.notEqual(a.bus.position?.epoch, before?.epoch);
    assert.deepEqual(a.bus.position, b.bus.position);
    b.bus.close();
  });

  it('an older copy of its data put back: all nodes, and one that comes later, begin the same new epoch', async () => {
    await using site = await startSite();
    const { a, server } = site;
    const b = await TestNode.start(await server.connect(), 'b');
    a.publish(...numbered('x', 5));
    await b.gets('x4');
    await server.kill('SIGTERM');
    const restore = server.backUp();
    await server.start();
    a.publish(...numbered('lost', 5));
    await Promise.all([a.gets('lost4'), b.gets('lost4')]);
    const old = a.bus.position;
    await server.kill('SIGTERM');
    restore();
    await server.start();
    b.publish(...numbered('y', 8));
    await Promise.all([a.gets('y7'), b.gets('y7')]);
    assert.deepEqual(a.got, [...numbered('x', 5), ...numbered('lost', 5), 'gap Infinity', ...numbered('y', 8)]);
    assert.deepEqual(b.got, a.got);
    assert.notEqual(a.bus.position?.epoch, old?.epoch);
    assert.deepEqual(a.bus.position, b.bus.position);

    const c = await TestNode.start(await server.connect(), 'c', { from: old ?? 'start' });
    a.publish('last');
    await c.gets('last');
    assert.deepEqual(c.got, ['gap Infinity', ...numbered('x', 5), ...numbered('y', 8), 'last']);
    await a.gets('last');
    assert.deepEqual(c.bus.position, a.bus.position);
    b.bus.close();
    c.bus.close();
  });
});

describe('an event that cannot be stored', SUITE, () => {
  it('because it is too large: refused at the call', async () => {
    await using site = await startSite();
    const { a } = site;
    const large = eventOf('1'.repeat(1_100_000));
    assert.throws(() => {
      a.bus.publish(large);
    }, /kind "plan" takes 1100\d\d\d bytes, at most 1048576 are accepted/);
    await assert.rejects(a.upstream.publish(a.bus, large), { name: 'EventTooLargeError' });
    // Nearly as large as the server accepts.
    a.bus.publish(eventOf('1'.repeat(1_048_000)));
    a.publish('x');
    await a.gets('x');
    assert.equal(a.got.length, 2);
  });

  it('because the stream is full and keeps what it has: it waits, and status$ says so', async () => {
    await using site = await startSite();
    const { a, connection } = site;
    const { streams } = await jetstreamManager(connection);
    await streams.update(STREAM, { discard: 'new', max_msgs: 3 });
    a.publish(...numbered('x', 5));
    await a.gets('x2');
    await eventually(() => a.statuses.at(-1) === 'retrying', 'it says so');
    assert.equal(a.upstream.pending, 2);
    await streams.purge(STREAM);
    await a.gets('x4');
    await eventually(() => a.statuses.at(-1) === 'live', 'it is live');
    assert.deepEqual(a.got, numbered('x', 5));
  });

  it('because it gets no answer in time: given up, as unknown', async () => {
    const server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const a = await TestNode.start(connection, 'a', { giveUpMs: 300, ackTimeoutMs: 100 });
    const { streams } = await jetstreamManager(connection);
    await streams.update(STREAM, { discard: 'new', max_msgs: 1 });
    a.publish('x');
    await assert.rejects(a.upstream.publish(a.bus, eventOf('y')), (error) => {
      assert.match(String(error), /^NotStoredError: no acknowledgement came within giveUpMs, 300 ms/);
      return true;
    });
    assert.match(a.lines.join(), /an event was not stored: /);
    a.bus.close();
    await server.end();
  });
});

describe('a receiver of one scroll', SUITE, () => {
  it('reads from the server what it may want, and gets the same as if it read everything', async () => {
    await using site = await startSite();
    const { a, server, connection } = site;
    const [one, other, uid] = [newUuid(), newUuid(), newUuid()];
    for (let number = 0; number < 3_000; number += 1) {
      const scrollId = number % 10 === 0 ? one : other;
      const isBound = number % 50 !== 0;
      const kind = number % 3 === 0 ? 'plan' : 'usage';
      const connectorUid = number % 100 < 3 ? uid : undefined;
      a.bus.publish(eventOf(`x${number}`, { kind, connectorUid, ...(isBound && { scrollId }) }));
      if (number % 500 === 0) {
        await a.bus.flush();
      }
    }
    await a.bus.flush();
    // Without the newest events in memory.
    const ofB = await server.connect();
    const b = await TestNode.start(ofB, 'b', { bus: { history: { capacity: 1 } } });
    const events = a.got.map((payload) => ({ payload, number: Number(payload.slice(1)) }));
    const read = async (filter: EventFilter<string>, wanted: (number: number) => boolean): Promise<number> => {
      const before = ofB.stats().inMsgs;
      const got: string[] = [];
      const receiver = b.bus.subscribeFiltered(filter, { from: 'start', capacity: 300 });
      const expected = events.filter(({ number }) => wanted(number)).map(({ payload }) => payload);
      while (got.length < expected.length) {
        got.push((await receiver.recv())?.event ?? '');
      }
      assert.deepEqual(got, expected);
      assert.equal(receiver.missed, 0);
      receiver.dispose();
      return ofB.stats().inMsgs - before;
    };
    const isOne = (number: number): boolean => number % 10 === 0 && number % 50 !== 0;
    const narrow = await read(EventFilter.scrollId(one), isOne);
    assert.ok(narrow < 600, `${narrow} messages for 240 events, and 60 without a scroll id`);
    const kinds = EventFilter.and(EventFilter.connectorUid(uid), EventFilter.kind('plan'));
    const rare = await read(kinds, (number) => number % 100 < 3 && number % 3 === 0);
    assert.ok(rare < 100, `${rare} messages for 30 events`);
    assert.ok((await read(EventFilter.all, () => true)) > 3_000);

    // With holes in the stream, everything is read, and each hole is a gap.
    const { streams } = await jetstreamManager(connection);
    await streams.deleteMessage(STREAM, 100);
    const deliveries: string[] = [];
    const receiver = b.bus.subscribeFiltered(EventFilter.scrollId(one), { from: 'start', capacity: 300 });
    for await (const delivery of receiver.deliveries) {
      deliveries.push(
        delivery.type === 'gap' ? `gap ${delivery.missed} ${String(delivery.atMost)}` : delivery.event.event,
      );
      if (deliveries.length > 100) {
        break;
      }
    }
    assert.deepEqual(
      deliveries.filter((text) => text.startsWith('gap')),
      ['gap 1 true'],
    );
    b.bus.close();
  });
});

describe('a reader of one session', SUITE, () => {
  it('resumes at another node, from the place that it had reached', async () => {
    await using site = await startSite();
    const { a, server } = site;
    a.publish(...numbered('x', 300), ...numbered('y', 300));
    await a.bus.flush();
    const seq = a.places[a.got.indexOf('y49')] ?? NaN;
    const b = await TestNode.start(await server.connect(), 'b');
    const { epoch = '' } = a.bus.position ?? {};
    const filter = EventFilter.session('test', 'y');
    const got: string[] = [];
    const receiver = b.bus.subscribeFiltered(filter, { capacity: 10, from: { epoch, seq } });
    const reading = (async () => {
      for await (const { event } of receiver) {
        got.push(event);
        if (event === 'y301') {
          break;
        }
      }
    })();
    a.publish(...numbered('y', 302).slice(300));
    await reading;
    assert.deepEqual(got, numbered('y', 302).slice(50));
    b.bus.close();
  });
});
