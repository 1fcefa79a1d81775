import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { config, VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type Event, EventFilter, matches, newUuid, type SharingBusOptions } from '../../lib/index.js';
import type { Entry } from '../../lib/nats/outbox/entries.js';
import { withTicket } from '../../lib/nats/outbox/messages.js';
import type { Pulled } from '../../lib/nats/reader/Pull.js';
import { pairToken } from '../../lib/nats/stream/subjects.js';
import { anyProgram } from '../models/programs.js';
import { runProgram } from '../models/runProgram.js';
import { collect, collectPayloads } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { LocalBus, pulledOf } from './support/LocalBus.js';

const SESSION = { connectorId: 'c', nativeSessionId: 's' };

describe('in a random program', () => {
  beforeEach(() => {
    // RxJS reports in a timer what a handler threw. Promises are settled by setImmediate.
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    config.onUnhandledError = () => undefined;
  });

  afterEach(() => {
    config.onUnhandledError = null;
    jest.useRealTimers();
  });

  it('laws 13 to 34: a bus with its own order does what the model of a bus does', async () => {
    class Bus extends LocalBus<number> {
      constructor(options: SharingBusOptions<number>) {
        const { scheduler, logger, history } = options;
        super({ scheduler, logger, history });
      }
    }
    await fc.assert(
      fc.asyncProperty(anyProgram, async (program) => {
        await runProgram({ SharingBus: Bus, EventFilter }, { ...program, hasHistory: true, isOutside: false });
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('the option order', () => {
  it('is "stream" or "local", and "local" does not go with mayEnd', () => {
    const withOrder = (order: unknown, mayEnd = false): unknown =>
      new LocalBus({}, 'run-1', { order: order as 'local', mayEnd });
    expect(() => withOrder('both')).toThrow(
      new RangeError('jetStreamUpstream: order must be "stream" or "local", got "both"'),
    );
    expect(() => withOrder(7)).toThrow(new TypeError('jetStreamUpstream: order must be a string, got 7'));
    expect(() => withOrder('local', true)).toThrow(
      new TypeError(
        'jetStreamUpstream: mayEnd must be false with order "local": a bus that goes on alone must not end with its connection',
      ),
    );
  });
});

describe('an event of this bus', () => {
  it('law 22: is delivered at once: lagged is exact on the line after publish, and position moves on', () => {
    const bus = new LocalBus<number>({ scheduler: new ManualScheduler() });
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    [1, 2, 3, 4, 5].forEach((payload) => {
      bus.publish(event(payload));
    });
    expect(receiver.lagged).toBe(3);
    expect(bus.position).toEqual({ epoch: 'run-1', seq: 5 });
  });

  it('law 11: keeps its payload, and has nothing of the upstream on it', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<object>({ scheduler });
    const payload = {};
    const { values } = collect(bus.stream());
    const ticket = { stored: () => undefined, failed: () => undefined };
    // With a field of the application, the bus copies the whole envelope.
    bus.publish(withTicket({ ...event(payload), more: 1 } as BusEvent<object>, ticket));
    expect(bus.forwarded[0]?.ticket).toBe(ticket);
    scheduler.flush();
    expect(values[0]?.event).toBe(payload);
    expect(Reflect.ownKeys(values[0] as object).filter((key) => typeof key === 'symbol')).toEqual([]);
  });

  it('law 15: comes before what a predicate publishes, here and in the stream', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<number>({ scheduler });
    const nosy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 1) {
        bus.publish(event(2));
      }
      return false;
    });
    bus.subscribeFiltered(nosy);
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.publish(event(3));
    scheduler.flush();
    expect(values).toEqual([1, 2, 3]);
    expect(bus.forwarded.map(({ payload }) => (JSON.parse(payload) as { event: number }).event)).toEqual([1, 2, 3]);
  });

  it('is skipped when it comes back, and that of an earlier run is not', () => {
    const scheduler = new ManualScheduler();
    const [earlier, bus] = [new LocalBus<number>({ scheduler }, 'run-0'), new LocalBus<number>({ scheduler })];
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    earlier.publish(event(0));
    bus.take(returned(bus, 0, 1));
    bus.take(returned(earlier, 0, 2));
    scheduler.flush();
    expect(values).toEqual([1, 0]);
    expect(bus.order().isReturn(returned(earlier, 0, 2), true)).toBe(true);
  });

  it('flush and connect do not wait for the stream', async () => {
    const bus = new LocalBus<number>();
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 1 }));
    const count = await bus.connect(source(), { window: 1 });
    await bus.flush();
    expect([count, values]).toEqual([3, [1, 2, 3]]);
  });
});

describe('an event of another process', () => {
  it('has the next place, and the scroll id that its session has here', () => {
    const scheduler = new ManualScheduler();
    const [bus, other] = [new LocalBus<Event>({ scheduler }), new LocalBus<Event>({ scheduler }, 'run-2')];
    const { values } = collect(bus.stream(EventFilter.kind('plan')));
    bus.publish(registration('c', 's', uuid(1)));
    other.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
    bus.take(returned(other, 0, 7));
    scheduler.flush();
    expect(values.map(({ seq, routing }) => [seq, routing.scrollId])).toEqual([[2, uuid(1)]]);
  });

  it('is a gap of unknown size if the stream is another one, and an upper bound if it has a hole', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<number>({ scheduler });
    const receiver = bus.subscribeAll();
    const { values } = collect(receiver.deliveries$);
    bus.publish(event(1));
    bus.order().hole({ missed: 5, byKind: { '*': 5 } });
    bus.publish(event(2));
    bus.order().gap({ missed: 3, byKind: { a: 3 } });
    bus.publish(event(3));
    bus.order().restart();
    scheduler.flush();
    expect(values.map((one) => (one.type === 'event' ? one.event.event : one))).toEqual([
      1,
      { type: 'gap', missed: 5, byKind: { '*': 5 }, atMost: true },
      2,
      { type: 'gap', missed: 3, byKind: { a: 3 } },
      3,
      { type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true },
    ]);
  });
});

describe('a filter', () => {
  const PLAN: Event = { type: 'Plan', entries: [] };

  it('is asked for events of this bus, which are forwarded all the same, and for those of others', () => {
    const scheduler = new ManualScheduler();
    const filter = EventFilter.kind('kept');
    const [bus, other] = [new LocalBus({ scheduler }, 'run-1', { filter }), new LocalBus({ scheduler }, 'run-2')];
    const { values } = collect(bus.subscribeAll().deliveries$);
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload, { kind: payload === 2 ? 'kept' : 'other' }));
      other.publish(event(payload * 10, { kind: payload === 2 ? 'kept' : 'other' }));
    });
    [0, 1, 2].forEach((index) => {
      bus.take(returned(bus, index, 2 * index + 1));
      bus.take(returned(other, index, 2 * index + 2));
    });
    bus.order().gap({ missed: 3, byKind: { other: 3 } });
    scheduler.flush();
    expect(values.map((one) => (one.type === 'event' ? [one.event.event, one.event.seq] : one))).toEqual([
      ...[
        [2, 1],
        [20, 2],
      ],
      // Its events may not match.
      { type: 'gap', missed: 3, byKind: { other: 3 }, atMost: true },
    ]);
    expect(bus.forwarded).toHaveLength(3);
    expect(bus.position?.seq).toBe(3);
  });

  it('is asked after events are bound: it delivers what a bus without one does, and that matches', () => {
    const scrolls = [uuid(1), uuid(2)];
    const filters = [
      EventFilter.kind('plan'),
      EventFilter.scrollId(uuid(1)),
      EventFilter.and(EventFilter.kind('plan'), EventFilter.scrollId(uuid(1))),
      EventFilter.not(EventFilter.scrollId(uuid(1))),
    ];
    const steps = fc.array(
      fc.record({ by: fc.nat(2), session: fc.constantFrom('s', 't'), scroll: fc.option(fc.nat(1)) }),
      { minLength: 10, maxLength: 30 },
    );
    let wanted = 0;
    fc.assert(
      fc.property(steps, fc.constantFrom(...filters), (story, filter) => {
        const scheduler = new ManualScheduler();
        // Neither binds what the other has registered.
        const others = ['run-2', 'run-3'].map((run) => new LocalBus<Event>({ scheduler }, run));
        const buses = [{}, { filter }].map((options) => new LocalBus<Event>({ scheduler }, 'run-1', options));
        const [all, some] = buses.map((bus) => collect(bus.stream()).values);
        for (const { by, session, scroll } of story) {
          const published =
            scroll === null
              ? event(PLAN, { kind: 'plan', connectorId: 'c', nativeSessionId: session })
              : registration('c', session, scrolls[scroll] as string);
          const other = others[by];
          (other === undefined ? buses : [other]).forEach((bus) => {
            bus.publish(published);
          });
          if (other !== undefined) {
            const pulled = pulledOf(other.forwarded.at(-1) as Entry, other.forwarded.length);
            buses.forEach((bus) => {
              bus.take(pulled);
            });
          }
        }
        scheduler.flush();
        const expected = all?.filter((one) => matches(filter, one));
        expect(some?.map(withoutPlace)).toEqual(expected?.map(withoutPlace));
        wanted += expected?.length ?? 0;
      }),
      { numRuns: 200 },
    );
    expect(wanted).toBeGreaterThan(200);
  });
});

describe('places', () => {
  it('are of this run: a receiver resumes in it as far as the history reaches, and gets a gap of unknown size after another run', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<number>({ scheduler, history: { capacity: 3 } });
    [1, 2, 3, 4, 5].forEach((payload) => {
      bus.publish(event(payload));
    });
    const from = (epoch: string, seq: number): unknown[] => {
      const { values } = collect(bus.subscribeFiltered(EventFilter.all, { from: { epoch, seq } }).deliveries$);
      scheduler.flush();
      return values.map((one) => (one.type === 'event' ? one.event.event : one.missed));
    };
    expect(from('run-1', 3)).toEqual([4, 5]);
    expect(from('run-1', 0)).toEqual([2, 3, 4, 5]);
    expect(from('run-0', 4)).toEqual([Infinity, 3, 4, 5]);
  });
});

describe('registrations', () => {
  interface Node {
    readonly bus: LocalBus<Event>;
    stored: number;
    read: number;
  }

  it('are the same at all buses, the last one of the stream, when all has come back', () => {
    const steps = fc.array(
      fc.record({ at: fc.nat(2), do: fc.constantFrom('register', 'register', 'store', 'read', 'read') }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (story) => {
        const scheduler = new ManualScheduler();
        const nodes = [0, 1, 2].map((index): Node => ({
          bus: new LocalBus<Event>({ scheduler }, `run-${index}`),
          ...{ stored: 0, read: 0 },
        }));
        const stream: Pulled[] = [];
        let last = '';
        const store = (node: Node): boolean => {
          const entry = node.bus.forwarded[node.stored];
          if (entry === undefined) {
            return false;
          }
          node.stored += 1;
          stream.push(pulledOf(entry, stream.length + 1));
          last = (JSON.parse(entry.payload) as { event: { scrollId: string } }).event.scrollId;
          return true;
        };
        const read = (node: Node): boolean => {
          const pulled = stream[node.read];
          if (pulled === undefined) {
            return false;
          }
          node.read += 1;
          node.bus.take(pulled);
          return true;
        };
        const boundBy = ({ bus }: Node): string | undefined => {
          const { values } = collect(bus.stream(EventFilter.kind('plan')));
          bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
          bus.forwarded.pop();
          scheduler.flush();
          return values[0]?.routing.scrollId;
        };
        for (const one of story) {
          const node = nodes[one.at] as Node;
          if (one.do === 'register') {
            const scrollId = newUuid();
            node.bus.publish(registration('c', 's', scrollId));
            // Law 7: here it holds at once.
            expect(boundBy(node)).toBe(scrollId);
          } else if (one.do === 'store') {
            store(node);
          } else {
            read(node);
          }
        }
        nodes.forEach((node) => {
          while (store(node)) {
            // All are stored.
          }
        });
        nodes.forEach((node) => {
          while (read(node)) {
            // All are read.
          }
        });
        if (stream.length > 0) {
          expect(nodes.map(boundBy)).toEqual([last, last, last]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('that the stream is read for again do not replace one that is on its way', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<Event>({ scheduler });
    const { values } = collect(bus.stream(EventFilter.kind('plan')));
    bus.publish(registration('c', 's', uuid(1)));
    bus.order().rebind([
      { binding: { connectorId: 'c', sessionId: 's', scrollId: uuid(2) }, seq: 1 },
      { binding: { connectorId: 'c', sessionId: 't', scrollId: uuid(3) }, seq: 2 },
    ]);
    bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
    bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', connectorId: 'c', nativeSessionId: 't' }));
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([uuid(1), uuid(3)]);
    expect(bus.forwarded[0]?.pair).toBe(pairToken('c', 's'));
  });

  it('that were not forwarded are not waited for', () => {
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<Event>({ scheduler }, 'run-1', { forwards: false });
    const { values } = collect(bus.stream(EventFilter.kind('plan')));
    bus.publish(registration('c', 's', uuid(1)));
    bus.order().rebind([{ binding: { connectorId: 'c', sessionId: 's', scrollId: uuid(2) }, seq: 1 }]);
    bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([uuid(2)]);
  });

  it.each(['was given up', 'another process has stored under the same id'])('one that %s is not waited for', (what) => {
    const options = { idOf: ({ event: payload }: BusEvent) => JSON.stringify(payload) };
    const scheduler = new ManualScheduler();
    const bus = new LocalBus<Event>({ scheduler }, 'run-1', options);
    const twin = new LocalBus<Event>({ scheduler }, 'run-2', options);
    const { values } = collect(bus.stream(EventFilter.kind('plan')));
    for (const each of [bus, twin]) {
      each.publish(registration('c', 's', uuid(1)));
    }
    if (what === 'was given up') {
      bus.order().gaveUp(bus.forwarded[0] as Entry);
    } else {
      bus.take(pulledOf(twin.forwarded[0] as Entry, 1));
    }
    bus.order().rebind([{ binding: { connectorId: 'c', sessionId: 's', scrollId: uuid(2) }, seq: 1 }]);
    bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([uuid(2)]);
  });

  it('release the events that are held for them, also those of another process', () => {
    const scheduler = new ManualScheduler();
    const holdUnbound = { capacity: 10, maxAgeMs: 60_000 };
    const other = new LocalBus<Event>({ scheduler }, 'run-2');
    other.publish(registration('c', 's', uuid(1)));
    const time = new VirtualTimeScheduler();
    const bus = new LocalBus<Event>({ scheduler: time, holdUnbound });
    const { values } = collect(bus.stream(EventFilter.kind('plan')));
    bus.publish(event({ type: 'Plan', entries: [] }, { kind: 'plan', ...SESSION }));
    expect(bus.forwarded).toEqual([]);
    bus.take(returned(other, 0, 1));
    time.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([uuid(1)]);
    expect(bus.forwarded).toHaveLength(1);
  });
});

async function* source(): AsyncGenerator<BusEvent<number>> {
  for (const payload of [1, 2, 3]) {
    yield await Promise.resolve(event(payload));
  }
}

function withoutPlace({ seq: _, ...rest }: BusEvent): unknown {
  return rest;
}

/** What `bus` has forwarded, as it comes from the stream. */
function returned<E>(bus: LocalBus<E>, index: number, seq: number): Pulled {
  const entry = bus.forwarded[index];
  if (entry === undefined) {
    throw new Error(`nothing was forwarded as number ${index}`);
  }
  return pulledOf(entry, seq);
}
