/** A bus that wants a part of the stream: the option `filter` of jetStreamUpstream. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { type BusEvent, EventFilter, matches, newUuid, SharingBus } from 'sharing-bus';
import { ensureStream, jetStreamUpstream } from 'sharing-bus/nats';
import { anyEvent, anyFilter } from '../../support/arbitraries.js';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { Proxy } from './support/Proxy.js';
import { eventOf, eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

interface Site extends AsyncDisposable {
  readonly server: NatsServer;
  readonly connection: NatsConnection;
  /** It has everything. */
  readonly a: TestNode;
  /** Whether the server can tell the messages apart that a filter wants. */
  readonly isNarrow: boolean;
  start(filter: EventFilter<string>, options?: Parameters<typeof TestNode.start>[2]): Promise<TestNode>;
}

async function startSite(options: { maxBytes?: number } = {}): Promise<Site> {
  const server = await NatsServer.start();
  const connection = await server.connect();
  await ensureStream(connection, { stream: STREAM, ...options });
  const nodes = [await TestNode.start(connection, 'a')];
  const [a] = nodes as [TestNode];
  return {
    ...{ server, connection, a },
    isNarrow: !/^2\.(9|10|11|12\.[0-3])\b/.test(connection.info?.version ?? ''),
    start: async (filter, more = {}) => {
      const node = await TestNode.start(await server.connect(), 'b', { filter, ...more });
      nodes.push(node);
      return node;
    },
    async [Symbol.asyncDispose]() {
      nodes.forEach(({ bus }) => {
        bus.close();
      });
      await server.end();
    },
  };
}

const KEPT: EventFilter<string> = EventFilter.kind('kept');
const OTHER = { kind: 'other' };

describe('a bus with a filter', SUITE, () => {
  it('gets what matches, in the order and at the places of the stream, and little else comes from the server', async () => {
    await using site = await startSite();
    const { a, server, isNarrow } = site;
    const uids = Array.from({ length: 10 }, () => newUuid());
    const [uid = ''] = uids;
    const ofB = await server.connect();
    const b = await TestNode.start(ofB, 'b', { filter: EventFilter.connectorUid(uid) });
    await eventually(() => b.statuses.at(-1) === 'live', 'b is live');
    const before = ofB.stats().inMsgs;
    numbered('x', 2_000).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { connectorUid: uids[index % 10] }));
    });
    await a.bus.flush();
    await eventually(
      () => b.got.length === 200 && b.upstream.stats().received >= (isNarrow ? 200 : 2_000),
      'b gets its part',
    );
    const wanted = a.got.flatMap((payload, index) => (Number(payload.slice(1)) % 10 === 0 ? [index] : []));
    assert.deepEqual(
      b.got,
      wanted.map((index) => a.got[index]),
    );
    assert.deepEqual(
      b.places,
      wanted.map((index) => a.places[index]),
    );
    const { received, unwanted, gaps } = b.upstream.stats();
    assert.deepEqual([received, unwanted, gaps], isNarrow ? [200, 0, 0] : [2_000, 1_800, 0]);
    const came = ofB.stats().inMsgs - before;
    assert.ok(isNarrow ? came < 230 : came >= 2_000, `${came} messages came`);
    assert.deepEqual(b.bus.position?.seq, b.places.at(-1));
    assert.equal(b.receiver.missed, 0);
  });

  it('gets several kinds and several scrolls in one order', async () => {
    await using site = await startSite();
    const { a, isNarrow } = site;
    const scrolls = [newUuid(), newUuid(), newUuid(), newUuid()];
    const two = await site.start(EventFilter.or(...scrolls.slice(0, 2).map((id) => EventFilter.scrollId(id))));
    const kinds = await site.start(EventFilter.kind('k0', 'k1', 'k2'));
    numbered('x', 1_000).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { scrollId: scrolls[index % 4], kind: `k${index % 7}` }));
    });
    await a.bus.flush();
    const wanted = (isWanted: (index: number) => boolean): string[] =>
      a.got.filter((payload) => isWanted(Number(payload.slice(1))));
    const ofTwo = wanted((index) => index % 4 < 2);
    const ofKinds = wanted((index) => index % 7 < 3);
    await eventually(() => two.got.length >= ofTwo.length && kinds.got.length >= ofKinds.length, 'both get theirs');
    assert.deepEqual([two.got, kinds.got], [ofTwo, ofKinds]);
    if (isNarrow) {
      assert.deepEqual(
        [two, kinds].map(({ upstream }) => upstream.stats().received),
        [ofTwo.length, ofKinds.length],
      );
    }
  });

  it('stores its own events that do not match, and gets none of them back; flush and connect do not wait for them', async () => {
    await using site = await startSite();
    const { a } = site;
    const b = await site.start(KEPT);
    const places = await Promise.all(
      numbered('x', 50).map((payload, index) =>
        b.upstream.publish(b.bus, eventOf(payload, { kind: index % 2 === 0 ? 'kept' : 'other' })),
      ),
    );
    assert.equal(places.length, 50);
    b.bus.publish(eventOf('last', OTHER));
    await b.bus.flush();
    assert.equal(b.upstream.pending, 0);
    const source = async function* (): AsyncGenerator<BusEvent<string>> {
      for (const payload of numbered('y', 10)) {
        yield eventOf(payload, OTHER);
        await Promise.resolve();
      }
    };
    assert.equal(await b.bus.connect(source(), { window: 3 }), 10);
    await b.bus.flush();
    await a.gets('y9');
    assert.deepEqual(
      b.got,
      numbered('x', 50).filter((_, index) => index % 2 === 0),
    );
    assert.deepEqual([...a.got].sort(), [...numbered('x', 50), 'last', ...numbered('y', 10)].sort());
    assert.equal(b.upstream.stats().stored, 61);
  });

  it('may want nothing, and only publish', async () => {
    await using site = await startSite();
    const b = await site.start(EventFilter.or());
    b.publish(...numbered('x', 100));
    await b.bus.flush();
    await site.a.gets('x99');
    assert.deepEqual(b.got, []);
    await b.upstream.close();
  });

  it('delivers what matches, for every filter: now, to a receiver that comes later, and with a filter of its own', async () => {
    await using site = await startSite();
    const { server, connection } = site;
    const samples = fc.sample(
      fc.tuple(
        anyFilter.filter((one) => !JSON.stringify(one).includes('"where"')),
        anyFilter,
        fc.array(anyEvent, { minLength: 1, maxLength: 30 }),
      ),
      { numRuns: 40, seed: 20_261_130 },
    );
    for (const [number, [filter, own, events]] of samples.entries()) {
      const [stream, prefix] = [`S${number}`, `s${number}`];
      await ensureStream(connection, { stream, prefix });
      const open = async (options: { filter?: EventFilter<number> }): Promise<SharingBus<number>> =>
        new SharingBus<number>({
          upstream: await jetStreamUpstream<number>({
            connection: await server.connect(),
            stream,
            prefix,
            node: 'n',
            ...options,
          }),
        });
      const [all, part] = [await open({}), await open({ filter })];
      const everything = all.subscribeFiltered(EventFilter.all, 1_000);
      const live = part.subscribeFiltered(EventFilter.all, 1_000);
      events.forEach((event, index) => {
        [all, part][index % 2]?.publish({ ...event, event: index });
      });
      await Promise.all([all.flush(EventFilter.all, { waitFor: [] }), part.flush(EventFilter.all, { waitFor: [] })]);
      // When it has come back, all that was stored before has come.
      all.publish({ routing: { kind: 'end' }, origin: 'end', event: -1 });
      await all.flush(EventFilter.all, { waitFor: [] });
      const order: BusEvent<number>[] = [];
      everything.close();
      for await (const busEvent of everything) {
        order.push(busEvent);
      }
      const wanted = order.filter((busEvent) => matches(filter, busEvent));
      await eventually(() => (part.position?.seq ?? 0) >= (wanted.at(-1)?.seq ?? 0), 'the part arrives');
      const kept = part.subscribeFiltered(EventFilter.all, { capacity: 1_000, from: 'start' });
      const narrower = part.subscribeFiltered(own, { capacity: 1_000, from: 'start' });
      const got: number[][] = [];
      for (const receiver of [live, kept, narrower]) {
        receiver.close();
        const list: number[] = [];
        for await (const { event } of receiver) {
          list.push(event);
        }
        assert.equal(receiver.missed, 0);
        got.push(list);
      }
      const payloads = wanted.map(({ event }) => event);
      const both = wanted.filter((busEvent) => matches(own, busEvent)).map(({ event }) => event);
      assert.deepEqual(got, [payloads, payloads, both], JSON.stringify(filter));
      all.close();
      part.close();
    }
  });
});

describe('the sessions of a bus with a filter', SUITE, () => {
  const register = (bus: SharingBus, sessionId: string, scrollId: string): void => {
    bus.publish({
      routing: { kind: 'session-lifecycle' },
      ...{ origin: 'connector', event: { type: 'SessionRegistered', connectorId: 'c', sessionId, scrollId } },
    });
  };
  const plan = (nativeSessionId: string): BusEvent => ({
    routing: { kind: 'plan', connectorId: 'c', nativeSessionId },
    ...{ origin: 'agent', event: { type: 'Plan', entries: [] } },
  });

  it('are all known, and a late bound event matches the filter of its scroll', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const open = async (filter?: EventFilter): Promise<SharingBus> =>
      new SharingBus({ upstream: await jetStreamUpstream({ connection, stream: STREAM, node: 'n', filter }) });
    const [scroll, other] = [newUuid(), newUuid()];
    const [a, plans, ofScroll] = [
      await open(),
      await open(EventFilter.kind('plan')),
      await open(EventFilter.scrollId(scroll)),
    ];
    const seen: string[][] = [[], []];
    [plans, ofScroll].forEach((bus, index) => {
      bus.subscribeAll().events$.subscribe(({ routing }) => {
        seen[index]?.push(`${routing.kind} ${routing.scrollId === scroll ? 'scroll' : String(routing.scrollId)}`);
      });
    });
    a.publish(plan('s'));
    register(a, 's', scroll);
    register(a, 't', other);
    await a.flush();
    // As a process does that has not read the registration yet: its subject has no scroll.
    for (const session of ['s', 't']) {
      connection.publish('bus._._.plan', JSON.stringify(plan(session)));
    }
    await eventually(() => seen[0]?.length === 3 && seen[1]?.length === 2, 'they arrive');
    assert.deepEqual(seen, [
      ['plan undefined', 'plan scroll', `plan ${other}`],
      // The registration of its scroll matches, that of the other one does not.
      ['session-lifecycle scroll', 'plan scroll'],
    ]);
    // Its own events are bound when they are published, since it has learned the registrations that it does not deliver.
    plans.publish(plan('t'));
    await eventually(() => seen[0]?.length === 4, 'it arrives');
    assert.equal(seen[0]?.at(-1), `plan ${other}`);
    assert.deepEqual(plans.stats().unbound, 1);

    // Read again, also by a bus that comes later.
    const late = await open(EventFilter.scrollId(scroll));
    for (const bus of [ofScroll, late]) {
      const receiver = bus.subscribeFiltered(EventFilter.kind('plan'), { from: 'start' });
      late.publish({ ...plan('s'), origin: 'user' });
      assert.equal((await receiver.recv())?.routing.scrollId, scroll);
      assert.equal((await receiver.recv())?.routing.scrollId, scroll);
    }
    [a, plans, ofScroll, late].forEach((bus) => {
      bus.close();
    });
  });
});

describe('the place of a bus with a filter', SUITE, () => {
  it('is that of its last event, and one may resume from it, and from a place of another bus', async () => {
    await using site = await startSite();
    const { a } = site;
    const b = await site.start(KEPT);
    for (let round = 0; round < 300; round += 1) {
      a.bus.publish(eventOf(`x${round}`, { kind: round % 10 === 0 ? 'kept' : 'other' }));
    }
    await a.bus.flush();
    await b.gets('x290');
    const [idle, ahead] = [b.bus.position, a.bus.position];
    assert.equal(idle?.seq, a.places[a.got.indexOf('x290')]);
    assert.ok((ahead?.seq ?? 0) > (idle?.seq ?? 0));
    // At a place that this bus has not reached: what follows it comes.
    const later = b.bus.subscribeFiltered(EventFilter.all, { from: ahead ?? 'start' });
    const again = b.bus.subscribeFiltered(EventFilter.all, { from: idle ?? 'start' });
    const middle = b.bus.subscribeFiltered(EventFilter.all, {
      from: { epoch: idle?.epoch ?? '', seq: a.places[150] ?? 0 },
    });
    const c = await site.start(KEPT, { from: { epoch: idle?.epoch ?? '', seq: a.places[150] ?? 0 } });
    a.bus.publish(eventOf('y0', OTHER));
    a.bus.publish(eventOf('y1', { kind: 'kept' }));
    await a.gets('y1');
    assert.equal((await later.recv())?.event, 'y1');
    assert.equal((await again.recv())?.event, 'y1');
    const rest = a.got.slice(151).filter((payload) => payload === 'y1' || /^x\d*0$/.test(payload));
    const got: string[] = [];
    while (got.length < rest.length) {
      got.push((await middle.recv())?.event ?? '');
    }
    await c.gets('y1');
    assert.deepEqual([got, c.got], [rest, rest]);
    assert.deepEqual([later.missed, again.missed, middle.missed, c.receiver.missed], [0, 0, 0, 0]);
  });
});

describe('what a bus with a filter has lost', SUITE, () => {
  /** Gaps of a receiver, as text. */
  const gapsOf = (node: TestNode): string[] => {
    const gaps: string[] = [];
    node.bus.subscribeFiltered(EventFilter.all, { from: 'now', capacity: 1_000 }).deliveries$.subscribe((delivery) => {
      if (delivery.type === 'gap') {
        gaps.push(`${delivery.missed} ${String(delivery.atMost)}`);
      }
    });
    return gaps;
  };

  /** A bus with a filter loses its connection by `leave`, and some messages are removed before it is back. It must tell that once. */
  async function loseWhileAway(
    { a, connection }: Site,
    ofB: NatsConnection,
    leave: () => Promise<void> | void,
  ): Promise<void> {
    const b = await TestNode.start(ofB, 'b', { filter: KEPT });
    const gaps = gapsOf(b);
    a.bus.publish(eventOf('first', { kind: 'kept' }));
    await b.gets('first');
    await leave();
    numbered('x', 10).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { kind: index % 2 === 0 ? 'kept' : 'other' }));
    });
    await a.bus.flush();
    const { streams } = await jetstreamManager(connection);
    await streams.purge(STREAM, { seq: 8 });
    a.bus.publish(eventOf('last', { kind: 'kept' }));
    await b.gets('last');
    const after = a.got.slice(7, -1).filter((payload) => Number(payload.slice(1)) % 2 === 0);
    assert.deepEqual(b.got, ['first', 'gap 6', ...after, 'last']);
    assert.deepEqual(gaps, ['6 true']);
    b.bus.close();
  }

  it('while it was away is a gap, at most', async () => {
    await using site = await startSite();
    const ofB = await site.server.connect({ reconnectTimeWait: 500, reconnectJitter: 0 });
    await loseWhileAway(site, ofB, () => ofB.reconnect());
  });

  it('is told once, also if the server is one that cannot leave messages out when it is back', async () => {
    await using site = await startSite();
    using proxy = await Proxy.start(site.server.port);
    const ofB = await site.server.connect({ servers: proxy.address, reconnectTimeWait: 500, reconnectJitter: 0 });
    await loseWhileAway(site, ofB, () => {
      proxy.version = '2.10.0';
      proxy.cut();
    });
  });

  it('is not told where nothing was lost: it was idle, and what it did not want has gone', async () => {
    await using site = await startSite();
    const { a, connection, server } = site;
    const b = await site.start(KEPT, { heartbeatMs: 500 });
    a.bus.publish(eventOf('first', { kind: 'kept' }));
    await b.gets('first');
    numbered('x', 100).forEach((payload) => {
      a.bus.publish(eventOf(payload, OTHER));
    });
    await a.bus.flush();
    // The bus asks for the end of the stream, and two heartbeats later it knows that it has everything up to there.
    await wait(6_000);
    const { streams } = await jetstreamManager(connection);
    await streams.purge(STREAM, { seq: 90 });
    await wait(4_000);
    await server.kill();
    await server.start();
    a.bus.publish(eventOf('last', { kind: 'kept' }));
    await b.gets('last');
    assert.deepEqual(b.got, ['first', 'last']);
    assert.equal(b.receiver.missed, 0);
  });

  it('because it was too slow is a gap, at most', async () => {
    await using site = await startSite();
    const { a, connection, isNarrow } = site;
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const b = await site.start(KEPT, { window: 2, waitFor: () => held, heartbeatMs: 500 });
    numbered('x', 200).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { kind: index % 2 === 0 ? 'kept' : 'other' }));
    });
    await a.bus.flush();
    await eventually(() => b.upstream.stats().received === 2, 'it has got as many as it may');
    const before = b.got.length;
    const { streams } = await jetstreamManager(connection);
    await streams.purge(STREAM, { seq: 101 });
    go();
    a.bus.publish(eventOf('last', { kind: 'kept' }));
    await b.gets('last');
    await eventually(() => b.receiver.missed > 0, 'the loss is told');
    const kept = a.got.filter((payload) => payload === 'last' || Number(payload.slice(1)) % 2 === 0);
    const lost = a.got.slice(0, 100).filter((payload) => Number(payload.slice(1)) % 2 === 0).length - before;
    assert.deepEqual(
      b.got.filter((payload) => !payload.startsWith('gap')),
      [...kept.slice(0, before), ...kept.slice(before + lost)],
    );
    assert.ok(
      b.receiver.missed >= lost && b.receiver.missed <= 100,
      `${b.receiver.missed} may be missing, ${lost} are`,
    );
    if (isNarrow) {
      assert.equal(b.got.filter((payload) => payload.startsWith('gap')).length, 1);
    }
  });

  it('with the end of the stream is told as by all others: the same new epoch', async () => {
    await using site = await startSite();
    const { a, server } = site;
    const b = await site.start(KEPT, { heartbeatMs: 500 });
    a.bus.publish(eventOf('first', { kind: 'kept' }));
    await b.gets('first');
    await server.kill('SIGTERM');
    const restore = server.backUp();
    await server.start();
    numbered('lost', 5).forEach((payload) => {
      a.bus.publish(eventOf(payload, OTHER));
    });
    await a.gets('lost4');
    await server.kill('SIGTERM');
    restore();
    await server.start();
    numbered('y', 8).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { kind: index === 7 ? 'kept' : 'other' }));
    });
    await Promise.all([a.gets('y7'), b.gets('y7')]);
    assert.deepEqual(b.got, ['first', 'gap Infinity', 'y7']);
    assert.deepEqual(a.bus.position, b.bus.position);
  });

  it('is told to a receiver that reads earlier events, at most', async () => {
    await using site = await startSite();
    const { a, connection } = site;
    const b = await site.start(KEPT);
    numbered('x', 20).forEach((payload, index) => {
      a.bus.publish(eventOf(payload, { kind: index % 2 === 0 ? 'kept' : 'other' }));
    });
    await Promise.all([a.bus.flush(), b.gets('x18')]);
    const { streams } = await jetstreamManager(connection);
    await streams.purge(STREAM, { seq: 5 });
    await streams.deleteMessage(STREAM, 10);
    // Without the newest events in memory.
    const c = await site.start(KEPT, { from: 'start', bus: { history: { capacity: 1 } } });
    a.bus.publish(eventOf('last', { kind: 'kept' }));
    await c.gets('last');
    const left = a.got.filter(
      (payload, index) => payload === 'last' || (index >= 4 && index !== 9 && Number(payload.slice(1)) % 2 === 0),
    );
    assert.deepEqual(
      c.got.filter((payload) => !payload.startsWith('gap')),
      left,
    );
    assert.deepEqual(
      c.got.filter((payload) => payload.startsWith('gap')),
      ['gap 4', 'gap 1'],
    );
  });
});

describe('a bus with a filter, under load, while the server is killed and started again', SUITE, () => {
  it('gets what matches of both nodes, once and in the order of the stream; and all is stored once', async () => {
    await using site = await startSite();
    const { a, server } = site;
    const b = await site.start(KEPT, { heartbeatMs: 500 });
    const published: string[] = [];
    const load = { isOver: false };
    const publishing = (async () => {
      for (let round = 0; !load.isOver; round += 1) {
        for (const session of ['p', 'q', 'r']) {
          await Promise.all([a.upstream.ready(), b.upstream.ready()]);
          for (const [name, node] of Object.entries({ a, b })) {
            const payload = `${name}${session}${round}`;
            node.bus.publish(eventOf(payload, { kind: round % 3 === 0 ? 'kept' : 'other' }));
            published.push(payload);
          }
        }
        await wait(1);
      }
    })();
    for (let kill = 0; kill < 3; kill += 1) {
      await wait(700);
      await server.kill();
      await wait(300);
      await server.start();
    }
    await wait(500);
    load.isOver = true;
    await publishing;
    await Promise.all([a.bus.flush(), b.bus.flush()]);
    a.bus.publish(eventOf('end', { kind: 'kept' }));
    await Promise.all([a.gets('end'), b.gets('end')]);
    assert.deepEqual([...a.got].sort(), [...published, 'end'].sort());
    const wanted = a.got.filter((payload) => payload === 'end' || Number(/\d+/.exec(payload)?.[0]) % 3 === 0);
    assert.deepEqual(b.got, wanted);
    assert.deepEqual([a.receiver.missed, b.receiver.missed], [0, 0]);
  });
});

describe('an event that does not match and whose acknowledgement is lost', SUITE, () => {
  it('is stored once, also if the server has forgotten its id meanwhile', async () => {
    await using site = await startSite();
    const { a, server, connection } = site;
    const proxy = await Proxy.start(server.port);
    const ofB = await server.connect({ servers: proxy.address });
    const b = await TestNode.start(ofB, 'b', { filter: KEPT });
    await b.upstream.publish(b.bus, eventOf('x0', OTHER));
    const { streams } = await jetstreamManager(connection);
    await streams.update(STREAM, { duplicate_window: 100_000_000 });
    proxy.mute();
    const stored = Promise.all(
      numbered('y', 5).map((payload) =>
        b.upstream.publish(b.bus, eventOf(payload, { kind: `o${payload}`, nativeSessionId: payload })),
      ),
    );
    await a.gets('y4');
    // Places that are larger than theirs are seen before the connection breaks.
    a.bus.publish(eventOf('z', { kind: 'kept' }));
    await a.gets('z');
    await wait(500);
    proxy.cut();
    const places = (await stored).map(({ seq }) => seq);
    assert.deepEqual(
      places,
      numbered('y', 5).map((payload) => a.places[a.got.indexOf(payload)]),
    );
    await b.gets('z');
    a.bus.publish(eventOf('last', { kind: 'kept' }));
    await b.gets('last');
    const { state } = await streams.info(STREAM);
    assert.equal(state.messages, 8);
    assert.deepEqual(b.got, ['z', 'last']);
    b.bus.close();
    await ofB.close();
    proxy.end();
  });
});

describe('a filter that jetStreamUpstream refuses', SUITE, () => {
  let server: NatsServer;
  let connection: NatsConnection;

  before(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
  });
  after(() => server.end());

  const opened = (filter: unknown): Promise<string> =>
    jetStreamUpstream({ connection, stream: STREAM, node: 'n', filter: filter as EventFilter }).then(
      async (upstream) => {
        await upstream.close();
        return 'no error';
      },
      (error: unknown) => String(error),
    );

  it('has a where, at any depth, or is no filter', async () => {
    const where = EventFilter.where(() => true);
    for (const filter of [where, EventFilter.and(EventFilter.kind('a'), EventFilter.not(EventFilter.or(where)))]) {
      assert.match(await opened(filter), /^TypeError: jetStreamUpstream: filter must not have a where\(\)/);
    }
    for (const filter of [null, 'all', {}, { type: 'kinds' }, { type: 'kind', kinds: [1] }]) {
      assert.match(await opened(filter), /^(InvalidFilterError|TypeError): /, JSON.stringify(filter));
    }
    assert.match(await opened({ type: 'scrollId', id: 'x' }), /^InvalidUuidError: /);
    assert.equal(await opened(undefined), 'no error');
    assert.equal(await opened(EventFilter.connectorId('c')), 'no error');
  });
});
