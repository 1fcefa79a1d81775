import { describe, expect, it } from '@jest/globals';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import {
  type BusEvent,
  type Delivery,
  EventFilter,
  InvalidBusEventError,
  SharingBus,
  type SharingBusOptions,
  type Upstream,
  type UpstreamBus,
  type UpstreamLink,
} from '../../lib/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { type Bringing, MemoryLog, MemoryUpstream } from '../support/MemoryUpstream.js';
import { WRAPS } from '../support/proxies.js';
import { settle, stateOf } from '../support/settle.js';

interface Setting {
  readonly bus: SharingBus<number>;
  readonly upstream: MemoryUpstream<number>;
  readonly log: MemoryLog<number>;
  readonly time: VirtualTimeScheduler;
  readonly publish: (...payloads: number[]) => void;
}

function setUp(
  bringing: Bringing,
  options: SharingBusOptions<number> = {},
  log = new MemoryLog<number>(),
  delays: readonly number[] = [1],
): Setting {
  const time = new VirtualTimeScheduler();
  const upstream = new MemoryUpstream<number>(log, bringing, delays);
  const bus = new SharingBus<number>({ scheduler: time, upstream, ...options });
  return {
    bus,
    upstream,
    log,
    time,
    publish: (...payloads) => {
      payloads.forEach((payload) => {
        bus.publish(event(payload));
      });
    },
  };
}

/** An upstream that does nothing by itself, and the side of the bus that it got. */
function byHand(link: Partial<UpstreamLink<number>> = {}): {
  upstream: Upstream<number>;
  side: () => UpstreamBus<number>;
  taken: BusEvent<number>[];
} {
  let side: UpstreamBus<number> | undefined;
  const taken: BusEvent<number>[] = [];
  return {
    upstream: {
      open: (bus) => {
        side = bus;
        return {
          publish: (busEvent) => {
            taken.push(busEvent);
          },
          close: () => undefined,
          ...link,
        };
      },
    },
    side: () => side as UpstreamBus<number>,
    taken,
  };
}

const SYNCHRONOUS = ['at once', 'when asked'] as const;
const EACH = [...SYNCHRONOUS, 'later'] as const;

function shown(deliveries: readonly Delivery<number>[]): readonly string[] {
  return deliveries.map((one) =>
    one.type === 'event'
      ? `${one.event.seq}:${one.event.event}`
      : `[${one.atMost === true ? '<=' : ''}${one.missed} ${JSON.stringify(one.byKind)}]`,
  );
}

describe('a bus with an upstream', () => {
  it.each(EACH)('dispatches what the upstream brings, with its places; brought %s', (bringing) => {
    const { bus, time, publish, log } = setUp(bringing, {}, new MemoryLog<number>('e7', 40));
    expect(bus.position).toEqual({ epoch: 'e7', seq: 40 });
    const { values } = collect(bus.subscribeAll().deliveries$);
    publish(1);
    log.skip(9);
    publish(2);
    time.flush();
    expect(shown(values)).toEqual(bringing === 'at once' ? ['41:1', '51:2'] : ['50:1', '51:2']);
    expect(bus.position).toEqual({ epoch: 'e7', seq: 51 });
    expect(bus.stats()).toMatchObject({ published: 2, bound: 0, unbound: 2, delivered: 2, dropped: 0 });
  });

  it.each(SYNCHRONOUS)('law 22: lagged is exact on the line after publish; brought %s', (bringing) => {
    const { bus, publish } = setUp(bringing);
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    publish(1, 2, 3, 4, 5);
    expect(receiver.lagged).toBe(3);
    expect(bus.stats().receivers[0]).toMatchObject({ waiting: 2, lagged: 3 });
    expect(receiver.tryRecv()).toMatchObject({ event: { event: 1, seq: 1 } });
    publish(6);
    expect([receiver.lagged, receiver.position]).toEqual([3, { epoch: 'e1', seq: 1 }]);
  });

  it('law 22: with one that takes time, lagged is exact when the events were dispatched', () => {
    const { bus, publish, time } = setUp('later');
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    publish(1, 2, 3, 4, 5);
    expect(receiver.lagged).toBe(0);
    time.flush();
    expect(receiver.lagged).toBe(3);
  });

  it.each(SYNCHRONOUS)(
    'law 13: a receiver gets what is published after the call that made it; brought %s',
    (bringing) => {
      const { bus, publish, time } = setUp(bringing);
      publish(1, 2);
      const receiver = bus.subscribeAll();
      publish(3);
      receiver.close();
      publish(4);
      const { values, endings } = collectPayloads(receiver.events$);
      time.flush();
      expect([values, endings]).toEqual([[3], ['complete']]);
    },
  );

  it('brings a burst once, and no consumer sees an event before', () => {
    const calls: string[] = [];
    const time = new VirtualTimeScheduler();
    const upstream = new MemoryUpstream<number>(new MemoryLog(), 'when asked');
    const { bring } = upstream;
    upstream.bring = () => {
      calls.push('bring');
      bring?.();
    };
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    bus.stream().subscribe(({ event: payload }) => calls.push(`event ${payload}`));
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    expect(calls).toEqual([]);
    time.flush();
    expect(calls).toEqual(['bring', 'event 1', 'event 2', 'event 3']);
  });

  it('brings what was published although nobody listens', () => {
    const { publish, time, log } = setUp('when asked');
    publish(1, 2);
    expect(log.last).toBe(0);
    time.flush();
    expect(log.last).toBe(2);
  });

  it.each(EACH)('law 33: close delivers what was brought, and closes the upstream last; brought %s', (bringing) => {
    const { bus, publish, time, upstream } = setUp(bringing);
    const { values, endings } = collectPayloads(bus.subscribeAll().events$);
    publish(1, 2);
    if (bringing === 'later') {
      time.flush();
    }
    bus.close();
    expect(upstream.isClosed).toBe(true);
    publish(3);
    time.flush();
    expect([values, endings]).toEqual([[1, 2], ['complete']]);
  });

  it('what a predicate publishes before it closes the bus is dispatched first', () => {
    const { bus, time, publish } = setUp('when asked');
    const { values } = collectPayloads(bus.subscribeAll().events$);
    bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => {
        if (payload === 1) {
          publish(2);
          bus.close();
        }
        return false;
      }),
    );
    publish(1);
    time.flush();
    expect(values).toEqual([1, 2]);
  });
});

describe('counts that are read', () => {
  it('bring what was published, with an upstream', () => {
    const { bus, publish } = setUp('when asked');
    bus.subscribeFiltered(EventFilter.all, { capacity: 1, overflow: 'evict' });
    publish(1, 2);
    expect(bus.subscriberCount).toBe(0);
    publish(3);
    expect(bus.position?.seq).toBe(3);
  });
});

describe('an upstream that refuses an event', () => {
  it.each(EACH)('makes publish throw its error, and nothing is dispatched or counted; brought %s', (bringing) => {
    const { bus, upstream, time, publish } = setUp(bringing);
    const { values } = collectPayloads(bus.subscribeAll().events$);
    const full = new Error('full');
    upstream.refusal = full;
    expect(() => {
      publish(1);
    }).toThrow(full);
    upstream.refusal = undefined;
    publish(2);
    time.flush();
    expect([values, bus.stats().published]).toEqual([[2], 1]);
  });

  it('is logged where the event was published inside of a callback', () => {
    const { lines, logger } = recordingLogger();
    const { bus, upstream, publish, time } = setUp('at once', { logger });
    const { values } = collectPayloads(bus.subscribeAll().events$);
    bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => {
        if (payload === 1) {
          upstream.refusal = new Error('full');
          publish(2);
        }
        return false;
      }),
    );
    publish(1);
    time.flush();
    expect(values).toEqual([1]);
    expect(lines).toEqual(['warn: sharing-bus: the upstream refused an event: Error: full']);
  });

  it('is not blamed on the registration by which a held event goes on', () => {
    const { lines, logger } = recordingLogger();
    let calls = 0;
    const { upstream, side, taken } = byHand({
      publish: (busEvent) => {
        calls += 1;
        if (busEvent.event === 1) {
          throw new Error('full');
        }
        taken.push(busEvent);
      },
    });
    const bus = new SharingBus<unknown>({
      scheduler: new VirtualTimeScheduler(),
      upstream: upstream,
      holdUnbound: { capacity: 9, maxAgeMs: 9 },
      logger,
    });
    side().begin({ epoch: 'e', seq: 0 });
    bus.publish(event(1, { connectorId: 'a', nativeSessionId: 's' }));
    bus.publish(registration('a', 's', uuid(1)));
    expect([calls, taken.length, bus.stats().published, bus.stats().held]).toEqual([2, 1, 1, 0]);
    expect(lines).toEqual(['warn: sharing-bus: the upstream refused an event: Error: full']);
  });
});

describe('the ids that an upstream brings', () => {
  const unbound = event(5, { connectorId: 'a', nativeSessionId: 's' });

  it('law 3: an event that arrives unbound is bound by a registration that arrived before', () => {
    const { upstream, side } = byHand();
    const bus = new SharingBus<unknown>({
      scheduler: new VirtualTimeScheduler(),
      upstream: upstream,
    });
    const receiver = bus.subscribeAll();
    const remote = side() as UpstreamBus<unknown>;
    remote.begin({ epoch: 'e', seq: 0 });
    remote.event(unbound, 1);
    remote.event(registration('a', 's', uuid(1)), 2);
    remote.event(unbound, 4);
    const scrolls = [1, 2, 3].map(() => {
      const next = receiver.tryRecv();
      return next.type === 'event' ? next.event.routing.scrollId : next.type;
    });
    expect(scrolls).toEqual([undefined, uuid(1), uuid(1)]);
  });

  it('bind teaches a binding without an event, and lets what is held go on', () => {
    const { upstream, side, taken } = byHand();
    const bus = new SharingBus<number>({
      scheduler: new VirtualTimeScheduler(),
      upstream,
      holdUnbound: { capacity: 9, maxAgeMs: 9 },
    });
    bus.publish(unbound);
    expect([taken.length, bus.stats().held]).toEqual([0, 1]);
    side().bind({ connectorId: 'a', sessionId: 's', scrollId: uuid(2) });
    bus.publish(unbound);
    expect(taken.map(({ routing }) => routing.scrollId)).toEqual([uuid(2), uuid(2)]);
    expect(() => {
      side().bind({ connectorId: 'a', sessionId: 's', scrollId: 'no' });
    }).toThrow(
      new TypeError(
        'bind: expected { connectorId, sessionId, scrollId }, got {"connectorId":"a","sessionId":"s","scrollId":"no"}',
      ),
    );
  });

  it('a registration of another process lets go what is held here, after it', () => {
    const { upstream, side, taken } = byHand();
    const bus = new SharingBus<unknown>({
      scheduler: new VirtualTimeScheduler(),
      upstream: upstream,
      holdUnbound: { capacity: 9, maxAgeMs: 9 },
    });
    side().begin({ epoch: 'e', seq: 0 });
    bus.publish(unbound);
    let before = -1;
    bus.subscribeFiltered(
      EventFilter.where(() => {
        before = taken.length;
        return false;
      }),
    );
    const remote = side() as UpstreamBus<unknown>;
    remote.event(registration('a', 's', uuid(1)), 1);
    expect([before, ...taken.map(({ routing }) => routing.scrollId)]).toEqual([0, uuid(1)]);
  });

  it('bindingOf is called once for an event of its own, and twice if others may have come between', () => {
    const calls: number[] = [];
    const bindingOf = (payload: number): undefined => void calls.push(payload);
    const own = setUp('at once', { bindingOf });
    own.upstream.isOwn = true;
    own.publish(1);
    setUp('at once', { bindingOf }).publish(2);
    expect(calls).toEqual([1, 2, 2]);
  });
});

describe('a gap from outside', () => {
  const kinds = { missed: 3, byKind: { k: 1, other: 2 } };

  it.each(['now', 'start'] as const)('is in its place, and counts as missed and not as lagged; from %s', (from) => {
    const { upstream, side } = byHand();
    const bus = new SharingBus<number>({ scheduler: new VirtualTimeScheduler(), upstream });
    side().begin({ epoch: 'e', seq: 0 });
    const receiver = bus.subscribeFiltered(EventFilter.all, { from });
    const filtered = bus.subscribeFiltered(EventFilter.kind('test'), { from });
    side().event(event(1), 1);
    side().gap(kinds, 4);
    side().event(event(2), 5);
    const take = (of: typeof receiver): readonly string[] => {
      const out: Delivery<number>[] = [];
      for (
        let next = of.deliveries.tryRecv();
        next.type === 'event' || next.type === 'gap';
        next = of.deliveries.tryRecv()
      ) {
        out.push(next);
      }
      return shown(out);
    };
    expect(take(receiver)).toEqual(['1:1', '[3 {"k":1,"other":2}]', '5:2']);
    expect(take(filtered)).toEqual(['1:1', '[<=3 {"k":1,"other":2}]', '5:2']);
    expect([receiver, filtered].map(({ missed, lagged }) => [missed, lagged])).toEqual([
      [3, 0],
      [3, 0],
    ]);
    expect(bus.position).toEqual({ epoch: 'e', seq: 5 });
  });

  it('wakes a consumer that waits, and adds up with lagged', async () => {
    const { upstream, side } = byHand();
    const bus = new SharingBus<number>({ upstream });
    side().begin({ epoch: 'e', seq: 0 });
    const pulled = bus.subscribeAll().deliveries.recv();
    const small = bus.subscribeFiltered(EventFilter.all, 1);
    const { values } = collect(bus.subscribeAll().deliveries$);
    side().gap({ missed: 2, byKind: {} }, 2);
    await settle();
    expect(await pulled).toEqual({ type: 'gap', missed: 2, byKind: { '*': 2 } });
    expect(values).toEqual([{ type: 'gap', missed: 2, byKind: { '*': 2 } }]);
    side().event(event(1), 3);
    side().event(event(2), 4);
    expect([small.missed, small.lagged]).toEqual([2, 1]);
    bus.close();
    const rest = collect(small.deliveries$);
    await settle();
    expect(rest.values.flatMap((one) => (one.type === 'gap' ? [one.missed] : []))).toEqual([2, 1]);
  });

  it('staged events come before it', () => {
    const { upstream, side } = byHand();
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    side().begin({ epoch: 'e', seq: 0 });
    const { values } = collect(bus.subscribeAll().deliveries$);
    side().event(event(1), 1);
    side().gap({ missed: 1, byKind: { k: 1 } }, 2);
    side().event(event(2), 3);
    time.flush();
    expect(shown(values)).toEqual(['1:1', '[1 {"k":1}]', '3:2']);
  });
});

describe('another epoch', () => {
  it('is a gap of unknown size, and what waits keeps its place in the earlier one', () => {
    const { upstream, side } = byHand();
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    side().begin({ epoch: 'e1', seq: 7 });
    const receiver = bus.subscribeAll();
    side().event(event(1), 8);
    side().event(event(2), 9);
    side().begin({ epoch: 'e2', seq: 0 });
    side().event(event(3), 1);
    const places: unknown[] = [receiver.position];
    const kinds: string[] = [];
    for (let next = receiver.deliveries.tryRecv(); next.type !== 'empty'; next = receiver.deliveries.tryRecv()) {
      kinds.push(next.type);
      places.push(receiver.position);
    }
    expect(kinds).toEqual(['event', 'event', 'gap', 'event']);
    expect(places).toEqual([
      { epoch: 'e1', seq: 7 },
      { epoch: 'e1', seq: 8 },
      { epoch: 'e1', seq: 9 },
      { epoch: 'e2', seq: 0 },
      { epoch: 'e2', seq: 1 },
    ]);
    expect([receiver.missed, bus.position]).toEqual([Infinity, { epoch: 'e2', seq: 1 }]);
  });

  it('a receiver that was reading reads on from its beginning, and an answer for the earlier one is ignored', () => {
    const answers: ((deliveries: Delivery<number>[], reached: number) => void)[] = [];
    const asked: unknown[] = [];
    const { upstream, side } = byHand({
      read: ({ after, upTo }) => {
        asked.push([after, upTo]);
        return {
          then: (resolve: (page: unknown) => void) => {
            answers.push((deliveries, reached) => {
              resolve({ deliveries, reached });
            });
          },
        } as unknown as PromiseLike<never>;
      },
    });
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    side().begin({ epoch: 'e1', seq: 9 });
    const { values } = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e1', seq: 5 } }).deliveries$);
    side().begin({ epoch: 'e2', seq: 2 });
    answers[0]?.([{ type: 'event', event: { ...event(6), seq: 6 } }], 9);
    answers[1]?.([{ type: 'event', event: { ...event(7), seq: 2 } }], 2);
    side().event(event(8), 3);
    time.flush();
    expect(asked).toEqual([
      [5, 9],
      [0, 2],
    ]);
    expect(shown(values)).toEqual(['[<=Infinity {"*":null}]', '2:7', '3:8']);
  });

  it('a search that had given way does not go on beside the one that has begun anew', () => {
    const asked: unknown[] = [];
    const { upstream, side } = byHand({
      read: ({ after, upTo }) => {
        asked.push([after, upTo]);
        // The second epoch is never answered.
        return upTo === 5
          ? ({ then: () => undefined } as unknown as PromiseLike<never>)
          : { deliveries: [], reached: after + 1 };
      },
    });
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    side().begin({ epoch: 'e1', seq: 100_000 });
    bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    const before = asked.length;
    side().begin({ epoch: 'e2', seq: 5 });
    time.flush();
    expect(before).toBeGreaterThan(10);
    expect(asked.slice(before)).toEqual([[0, 5]]);
  });

  it('a place of another epoch begins with a gap of unknown size, then what is kept', () => {
    const { bus, publish, time } = setUp('at once');
    publish(1, 2);
    const { values } = collect(
      bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'other', seq: 1 } }).deliveries$,
    );
    time.flush();
    expect(shown(values)).toEqual(['[<=Infinity {"*":null}]', '1:1', '2:2']);
  });
});

describe('reading from an upstream', () => {
  it.each(EACH)('has no hole and nothing twice while events are published; brought %s', (bringing) => {
    const log = new MemoryLog<number>();
    const { bus, publish, time } = setUp(bringing, {}, log, [3, 1, 7, 2]);
    const all = Array.from({ length: 3_000 }, (_, index) => index);
    publish(...all.slice(0, 2_000));
    time.flush();
    const { values } = collectPayloads(
      bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 100 }).events$,
    );
    const after = collectPayloads(
      bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e1', seq: 1_990 } }).events$,
    );
    for (let next = 2_000; next < 3_000; next += 50) {
      publish(...all.slice(next, next + 50));
      time.maxFrames = time.frame + 2;
      time.flush();
    }
    time.maxFrames = Infinity;
    time.flush();
    expect(values).toEqual(all);
    expect(after.values).toEqual(all.slice(1_990));
  });

  it('a filter gets what matches, and a gap that the upstream tells is in its place', () => {
    const log = new MemoryLog<number>();
    const { bus, publish, time } = setUp('at once', {}, log);
    publish(1, 2);
    log.addGap({ missed: 5, byKind: { k: 5 } });
    log.tell();
    publish(3, 4);
    const receiver = bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => payload !== 2),
      {
        from: 'start',
      },
    );
    const { values } = collect(receiver.deliveries$);
    time.flush();
    expect(shown(values)).toEqual(['1:1', '[<=5 {"k":5}]', '4:3', '5:4']);
    expect([receiver.missed, receiver.lagged]).toEqual([5, 0]);
  });

  it('keeps no more in memory than there is room for, and tells its place while it reads', async () => {
    const { bus, publish, time } = setUp('at once');
    publish(...Array.from({ length: 1_000 }, (_, index) => index));
    time.flush();
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 10 });
    expect(bus.stats().receivers[0]).toMatchObject({ waiting: 10, lagged: 0 });
    expect(receiver.position).toEqual({ epoch: 'e1', seq: 0 });
    for (let count = 1; count <= 1_000; count += 1) {
      await receiver.recv();
      expect(receiver.position).toEqual({ epoch: 'e1', seq: count });
    }
    expect(receiver.tryRecv()).toEqual({ type: 'empty' });
  });

  it('waits until the upstream has said where it stands', () => {
    const reads: unknown[] = [];
    const { upstream, side } = byHand({
      read: (request) => {
        reads.push(request.after);
        return { deliveries: [{ type: 'event', event: { ...event(1), seq: 5 } }], reached: request.upTo };
      },
    });
    const bus = new SharingBus<number>({ scheduler: new VirtualTimeScheduler(), upstream });
    expect(bus.position).toBeUndefined();
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e', seq: 4 } });
    expect([receiver.tryRecv(), reads]).toEqual([{ type: 'empty' }, []]);
    side().begin({ epoch: 'e', seq: 6 });
    expect([receiver.tryRecv(), reads]).toEqual([{ type: 'event', event: { ...event(1), seq: 5 } }, [4]]);
  });

  it('a bus that is closed is read to its end, by receivers that were open, and the upstream is closed then', () => {
    const { bus, publish, time, upstream } = setUp('at once');
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 1 });
    bus.close();
    expect(upstream.isClosed).toBe(false);
    const { values, endings } = collectPayloads(receiver.events$);
    time.flush();
    expect([values, endings, upstream.isClosed]).toEqual([[1, 2, 3], ['complete'], true]);
  });

  it.each([
    [
      'throws',
      (): never => {
        throw new Error('broken');
      },
      'Error: broken',
    ],
    ['rejects', () => Promise.reject(new Error('broken')), 'Error: broken'],
    [
      'goes back',
      () => ({
        deliveries: [
          { type: 'event' as const, event: { ...event(1), seq: 1 } },
          { type: 'event' as const, event: { ...event(1), seq: 1 } },
        ],
        reached: 3,
      }),
      'RangeError: upstream: expected an event from place 2 to 3, got 1',
    ],
    [
      'goes beyond',
      () => ({ deliveries: [{ type: 'event' as const, event: { ...event(1), seq: 4 } }], reached: 4 }),
      'RangeError: upstream: expected an event from place 1 to 3, got 4',
    ],
    [
      'stands still',
      () => ({ deliveries: [], reached: 0 }),
      'RangeError: upstream: expected to reach a place after 0, got 0',
    ],
    [
      'returns nothing',
      () => undefined as never,
      'TypeError: upstream: the page that was read must be an object, got undefined',
    ],
    [
      'returns bare events',
      () => ({ deliveries: [event(1) as never], reached: 3 }),
      `TypeError: upstream: expected { type: 'event', event } or a gap, got {"routing":{"kind":"test"},"origin":"runtime","event":1}`,
    ],
  ])('ends this receiver alone if it %s', async (_what, read, error) => {
    const { upstream, side } = byHand({ read });
    const bus = new SharingBus<number>({ upstream, history: { capacity: 1 } });
    side().begin({ epoch: 'e', seq: 3 });
    const other = collectPayloads(bus.subscribeAll().events$);
    const { endings } = collect(bus.subscribeFiltered(EventFilter.all, { from: 'start' }).deliveries$);
    await settle();
    expect(endings.map(String)).toEqual([error]);
    side().event(event(9), 4);
    await settle();
    expect([other.values, other.endings]).toEqual([[9], []]);
  });

  it('without a read, it has what is in memory, and a gap before that', () => {
    const { upstream, side } = byHand();
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream, history: { capacity: 2 } });
    side().begin({ epoch: 'e', seq: 10 });
    [11, 12, 15, 20].forEach((seq) => {
      side().event(event(seq), seq);
    });
    const { values } = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e', seq: 10 } }).deliveries$);
    time.flush();
    expect(shown(values)).toEqual(['[<=2 {"*":2}]', '15:15', '20:20']);
  });

  it('a search that finds nothing for long lets others run', () => {
    const { bus, publish, time, upstream } = setUp('at once');
    publish(...Array.from({ length: 20_000 }, () => 0), 1);
    const before = upstream.reads.length;
    const receiver = bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => payload === 1),
      { from: 'start' },
    );
    const first = upstream.reads.length - before;
    expect(receiver.tryRecv()).toEqual({ type: 'empty' });
    time.flush();
    expect(receiver.tryRecv()).toMatchObject({ type: 'event', event: { event: 1 } });
    expect(first).toBeLessThan(upstream.reads.length - before);
  });
});

describe('an upstream that takes time', () => {
  it('law 15: two buses have one order, although their answers come out of order, and it fails and comes back', () => {
    const time = new VirtualTimeScheduler();
    const log = new MemoryLog<number>();
    const sides = [
      [5, 1, 3],
      [2, 9, 1, 1],
    ].map((delays) => {
      const upstream = new MemoryUpstream<number>(log, 'later', delays);
      const bus = new SharingBus<number>({ scheduler: time, upstream });
      return { upstream, bus, seen: collectPayloads(bus.subscribeFiltered(EventFilter.all, 1_000).events$).values };
    });
    for (let payload = 0; payload < 400; payload += 1) {
      const side = sides[payload % 2];
      side?.bus.publish(event(payload));
      const { upstream } = sides[payload % 3 === 0 ? 0 : 1] as (typeof sides)[number];
      if (payload % 37 === 0) {
        upstream.isDown = true;
      } else if (payload % 41 === 0) {
        upstream.comeBack();
      }
      time.maxFrames = time.frame + (payload % 4);
      time.flush();
    }
    time.maxFrames = Infinity;
    sides.forEach(({ upstream }) => {
      upstream.comeBack();
    });
    time.flush();
    const [one, other] = sides.map(({ seen }) => seen);
    expect(one).toEqual(other);
    expect([...(one as number[])].sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, index) => index));
    for (const parity of [0, 1]) {
      const own = (one as number[]).filter((payload) => payload % 2 === parity);
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
  });

  it('flush and connect wait for what is on its way', async () => {
    const { bus, publish, time } = setUp('later');
    const { values } = collectPayloads(bus.subscribeAll().events$);
    publish(1);
    const flushed = bus.flush();
    expect(await stateOf(flushed)).toBe('pending');
    time.flush();
    await settle();
    time.flush();
    await flushed;
    expect(values).toEqual([1]);
    const stop = new AbortController();
    publish(2);
    const given = bus.flush(undefined, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
  });
});

describe('the interest of receivers', () => {
  it('is told as receivers come and go, each filter once', () => {
    const { bus, upstream } = setUp('at once');
    const first = EventFilter.kind('a');
    const one = bus.subscribeFiltered(first);
    const two = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    expect(upstream.joined).toEqual([first, EventFilter.all]);
    one.close();
    one.close();
    expect(upstream.joined).toEqual([EventFilter.all]);
    two[Symbol.dispose]();
    expect(upstream.joined).toEqual([]);
    const aborted = new AbortController();
    aborted.abort();
    bus.subscribeFiltered(first, { signal: aborted.signal });
    expect(upstream.joined).toEqual([]);
    bus.subscribeFiltered(
      EventFilter.where(() => {
        throw new Error('no');
      }),
    );
    bus.publish(event(1));
    expect(upstream.joined).toEqual([]);
  });
});

describe('a place that another bus has reached, and this one has not', () => {
  const settingAt = (
    seq: number,
  ): { bus: SharingBus<number>; side: UpstreamBus<number>; time: VirtualTimeScheduler } => {
    const { upstream, side } = byHand({
      read: ({ after, upTo }) => ({
        deliveries: Array.from({ length: upTo - after }, (_, index) => ({
          type: 'event' as const,
          event: { ...event(after + index + 1), seq: after + index + 1 },
        })),
        reached: upTo,
      }),
    });
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream, history: { capacity: 1 } });
    side().begin({ epoch: 'e', seq });
    return { bus, side: side(), time };
  };

  it('is waited for: nothing that was seen there comes again', () => {
    const { bus, side, time } = settingAt(3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e', seq: 5 } });
    const { values } = collect(receiver.deliveries$);
    const places = [4, 5, 6, 7].map((seq) => {
      side.event(event(seq), seq);
      time.flush();
      return receiver.position;
    });
    expect(shown(values)).toEqual(['6:6', '7:7']);
    expect(places.map((place) => place?.seq)).toEqual([5, 5, 6, 7]);
  });

  it('is passed by a gap, too', () => {
    const { bus, side, time } = settingAt(3);
    const { values } = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e', seq: 5 } }).deliveries$);
    side.gap({ missed: 4, byKind: {} }, 7);
    side.event(event(8), 8);
    time.flush();
    expect(shown(values)).toEqual(['[<=4 {"*":4}]', '8:8']);
  });

  it('does not keep a receiver from ending', () => {
    const { bus, time } = settingAt(3);
    const closed = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e', seq: 9 } }).deliveries$);
    bus.close();
    time.flush();
    expect([closed.values, closed.endings]).toEqual([[], ['complete']]);
  });

  it('counts as the last one where the bus is never behind', () => {
    const { bus, publish, time } = setUp('when asked');
    publish(1);
    const { values } = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'e1', seq: 9 } }).deliveries$);
    publish(2);
    time.flush();
    expect(shown(values)).toEqual(['2:2']);
  });
});

describe('the end of an upstream', () => {
  it('law 33: a receiver that is made after bus.close says what it misses at most, since places may have holes', () => {
    const { bus, publish, time } = setUp('at once');
    publish(1, 2, 3);
    const { epoch } = bus.position ?? { epoch: '' };
    bus.close();
    for (const [from, missed] of [
      [{ epoch, seq: 1 }, 2],
      [{ epoch: 'another', seq: 1 }, Infinity],
    ] as const) {
      const { values, endings } = collect(bus.subscribeFiltered(EventFilter.all, { from }).deliveries$);
      time.flush();
      expect([values, endings]).toEqual([
        [{ type: 'gap', missed, byKind: { '*': missed }, atMost: true }],
        ['complete'],
      ]);
    }
    // It has not said where it stands.
    const { upstream } = byHand();
    const unknown = new SharingBus<number>({ upstream });
    unknown.close();
    expect(unknown.subscribeFiltered(EventFilter.all, { from: 'start' }).missed).toBe(0);
    expect(unknown.subscribeFiltered(EventFilter.all, { from: { epoch, seq: 3 } }).missed).toBe(Infinity);
  });

  it.each([
    ['with an error, after what waits', new Error('gone'), 'Error: gone'],
    ['without one', undefined, 'complete'],
  ])('ends the bus %s', (_what, error, ending) => {
    const { upstream, side, taken } = byHand();
    const time = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler: time, upstream });
    side().begin({ epoch: 'e', seq: 0 });
    const { values, endings } = collectPayloads(bus.subscribeAll().events$);
    side().event(event(1), 1);
    side().end(error);
    side().event(event(2), 2);
    const publish = (): void => {
      bus.publish(event(3));
    };
    if (error === undefined) {
      publish();
    } else {
      expect(publish).toThrow(error);
    }
    time.flush();
    expect([values, endings.map(String), taken]).toEqual([[1], [ending], []]);
    expect(bus.subscriberCount).toBe(0);
    const later = collectPayloads(bus.subscribeAll().events$);
    time.flush();
    expect(later.endings.map(String)).toEqual([ending]);
    bus.close();
    publish();
    expect(collectPayloads(bus.subscribeAll().events$).endings).toEqual(['complete']);
  });

  it('with an error is logged, and ends connections with it', async () => {
    const { lines, logger } = recordingLogger();
    const { upstream, side } = byHand();
    const bus = new SharingBus<number>({ upstream, logger });
    const gone = new Error('gone');
    const source$ = new Subject<BusEvent<number>>();
    const connected = bus.connect(source$);
    side().end(gone);
    await expect(connected).rejects.toBe(gone);
    await expect(bus.connect(source$)).rejects.toBe(gone);
    await bus.flush();
    expect(lines).toEqual(['warn: sharing-bus: the upstream has ended: Error: gone']);
  });

  it('during open, too', async () => {
    let closed = 0;
    const bus = new SharingBus<number>({
      upstream: {
        open: (side) => {
          side.end(new Error('no'));
          return { publish: () => undefined, close: () => (closed += 1) };
        },
      },
    });
    const { endings } = collectPayloads(bus.subscribeAll().events$);
    await settle();
    expect([endings.map(String), closed]).toEqual([['Error: no'], 1]);
  });

  it('law 34: nothing is retained', () => {
    const { bus, upstream, publish, time } = setUp('at once');
    publish(1, 2);
    bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 1 })[Symbol.dispose]();
    bus.close();
    time.flush();
    expect([upstream.isClosed, upstream.joined, time.actions]).toEqual([true, [], []]);
  });
});

describe('the bus of an upstream', () => {
  it.each(WRAPS)('is known to it, raw and behind %s, until it is closed, and no other value is', (_, wrap) => {
    const { upstream, side } = byHand();
    const bus = new SharingBus({ upstream });
    const others = [new SharingBus<number>({ upstream: byHand().upstream }), new SharingBus<number>()];
    const values = [undefined, null, 1, 'bus', {}, upstream, ...others, ...others.map(wrap)];
    expect([bus, wrap(bus)].map((one) => side().stateOf(one))).toEqual(['open', 'open']);
    expect(new Set(values.map((one) => side().stateOf(one)))).toEqual(new Set(['another']));
    bus.close();
    expect([bus, wrap(bus)].map((one) => side().stateOf(one))).toEqual(['closed', 'closed']);
    expect(new Set(values.map((one) => side().stateOf(one)))).toEqual(new Set(['another']));
  });

  it('is closed as soon as publish does nothing, also inside of a callback, and while receivers still read', () => {
    const { upstream, side, taken } = byHand({ read: () => new Promise(() => undefined) });
    const bus = new SharingBus({ upstream });
    const states: string[] = [];
    bus.subscribeFiltered(
      EventFilter.where(() => {
        bus.close();
        states.push(side().stateOf(bus));
        bus.publish(event(2));
        return false;
      }),
    );
    side().begin({ epoch: 'e', seq: 5 });
    const reading = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    side().event(event(1), 6);
    expect(states).toEqual(['closed']);
    expect(side().stateOf(bus)).toBe('closed');
    expect(taken).toEqual([]);
    reading.dispose();
  });
});

describe('bad input', () => {
  const opened = (): UpstreamBus<number> => {
    const { upstream, side } = byHand();
    new SharingBus<number>({ upstream, scheduler: new ManualScheduler() });
    return side();
  };

  it.each([
    [5, 'upstream must be an object, got 5'],
    [{}, 'upstream.open must be a function, got undefined'],
    [Promise.resolve(5), 'upstream: expected an upstream, got a promise; await it'],
    [{ open: () => 5 }, 'upstream.open: the link must be an object, got 5'],
    [{ open: () => ({ publish: 5, close: () => undefined }) }, 'upstream.open: link.publish must be a function, got 5'],
    [{ open: () => ({ publish: () => undefined }) }, 'upstream.open: link.close must be a function, got undefined'],
  ])('of the option: %p', (upstream, message) => {
    expect(() => new SharingBus({ upstream: upstream as unknown as Upstream })).toThrow(new TypeError(message));
  });

  it('what open throws is thrown', () => {
    const refusal = new Error('in use');
    expect(
      () =>
        new SharingBus({
          upstream: {
            open: () => {
              throw refusal;
            },
          },
        }),
    ).toThrow(refusal);
  });

  it.each([
    [{ epoch: '', seq: 0 }, 'begin: epoch must be 1 to 64 characters of 0-9, A-Z, a-z and -, got ""'],
    [{ epoch: 'a b', seq: 0 }, 'begin: epoch must be 1 to 64 characters of 0-9, A-Z, a-z and -, got "a b"'],
    [{ epoch: 'a', seq: -1 }, 'begin: seq must be an integer from 0, got -1'],
    [{ epoch: 'a', seq: 1.5 }, 'begin: seq must be an integer from 0, got 1.5'],
  ])('of begin: %p', (position, message) => {
    expect(() => {
      opened().begin(position);
    }).toThrow(message);
  });

  it('of begin, event and gap, with the value, and nothing is dispatched', () => {
    const side = opened();
    const throwing = (act: () => void): string => {
      try {
        act();
      } catch (error) {
        return String(error);
      }
      return 'nothing';
    };
    expect(
      throwing(() => {
        side.event(event(1), 1);
      }),
    ).toBe('RangeError: event: expected a call of begin first, got place 1');
    side.begin({ epoch: 'a', seq: 5 });
    expect(
      throwing(() => {
        side.begin({ epoch: 'a', seq: 9 });
      }),
    ).toBe('RangeError: begin: expected another epoch than the present one, got "a"');
    expect(
      throwing(() => {
        side.event(event(1), 5);
      }),
    ).toBe('RangeError: event: expected a place from 6 on, got 5');
    expect(
      throwing(() => {
        side.event(event(1), NaN);
      }),
    ).toBe('RangeError: event: expected a place from 6 on, got NaN');
    expect(
      throwing(() => {
        side.gap({ missed: 1, byKind: {} }, 4);
      }),
    ).toBe('RangeError: gap: expected a place from 5 on, got 4');
    expect(
      throwing(() => {
        side.gap({ missed: 0, byKind: {} }, 6);
      }),
    ).toBe('RangeError: gap: missed must be an integer from 1, or Infinity, got 0');
    expect(() => {
      side.event({ origin: 'x' } as unknown as BusEvent<number>, 6);
    }).toThrow(InvalidBusEventError);
    expect(
      throwing(() => {
        side.gap({ missed: 1, byKind: { a: 2 } }, 6);
      }),
    ).toBe('RangeError: gap: byKind must not count more than 1, got {"a":2}');
    side.event(event(1), 6);
  });

  it.each([
    ['bring', 'when asked'],
    ['close', 'at once'],
  ] as const)('a %s that throws is logged, and the bus goes on', (method, bringing) => {
    const { lines, logger } = recordingLogger();
    const { bus, upstream, publish, time } = setUp(bringing, { logger });
    upstream[method] = () => {
      throw new Error('oops');
    };
    publish(1);
    time.flush();
    bus.close();
    expect(lines).toEqual([`warn: sharing-bus: the upstream's ${method} threw Error: oops`]);
  });
});
