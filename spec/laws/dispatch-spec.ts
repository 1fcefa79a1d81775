import { describe, expect, it } from '@jest/globals';
import { asapScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, InvalidBusEventError, SharingBus } from '../../lib/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

const SCROLL = uuid(1);

function busOf<E>(options: ConstructorParameters<typeof SharingBus<E>>[0] = {}): {
  readonly bus: SharingBus<E>;
  readonly scheduler: ManualScheduler;
} {
  const scheduler = new ManualScheduler();
  return { bus: new SharingBus<E>({ scheduler, ...options }), scheduler };
}

describe('dispatch', () => {
  it('law 13: a receiver gets what is published between its making and its end, and no replay', () => {
    const { bus, scheduler } = busOf<number>();
    bus.publish(event(0));
    const receiver = bus.subscribeAll();
    const { values } = collectPayloads(receiver.events$);
    bus.publish(event(1));
    bus.publish(event(2));
    receiver.close();
    bus.publish(event(3));
    scheduler.flush();
    expect(values).toEqual([1, 2]);
  });

  it('law 13: a predicate that subscribes, closes or publishes does not change whose an event is', () => {
    const { bus, scheduler } = busOf<string>();
    const made: BusReceiver<string>[] = [];
    let acted = false;
    const actor = bus.subscribeFiltered(
      EventFilter.where(() => {
        if (!acted) {
          acted = true;
          bus.publish(event('inner'));
          leaving.close();
          made.push(bus.subscribeAll());
          bus.publish(event('last'));
        }
        return true;
      }),
    );
    const leaving = bus.subscribeAll();
    const staying = bus.subscribeAll();
    bus.publish(event('outer'));
    expect(bus.subscriberCount).toBe(3);
    const seen = [actor, leaving, staying, ...made].map(({ events$ }) => collectPayloads(events$));
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([
      ['outer', 'inner', 'last'],
      ['outer', 'inner'],
      ['outer', 'inner', 'last'],
      ['last'],
    ]);
    expect(seen[1]?.endings).toEqual(['complete']);
  });

  it('law 13: a predicate that closes its own receiver leaves it the event', () => {
    const { bus, scheduler } = busOf<number>();
    const receiver: BusReceiver<number> = bus.subscribeFiltered(
      EventFilter.where(() => {
        receiver.close();
        return true;
      }),
    );
    const { values, endings } = collectPayloads(receiver.events$);
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(endings).toEqual(['complete']);
  });

  it('law 14: the publisher’s stack runs no handler, neither of events$ nor of lagged$', () => {
    const { bus, scheduler } = busOf<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    const events = collectPayloads(receiver.events$);
    const counts = collect(receiver.lagged$);
    bus.publish(event(1));
    bus.publish(event(2));
    receiver.close();
    expect(events.values).toEqual([]);
    expect(counts.values).toEqual([0]);
    expect(events.endings).toEqual([]);
    scheduler.flush();
    expect(events.values).toEqual([1]);
    expect(counts.values).toEqual([0, 1]);
  });

  it('law 14: each error that handlers throw is reported, and the other receivers get everything', async () => {
    const { bus, scheduler } = busOf<number>();
    const thrown = [new Error('one'), undefined, null, 'text', 0];
    const reported: unknown[] = [];
    const { config } = await import('rxjs');
    config.onUnhandledError = (error) => reported.push(error);
    for (const error of thrown) {
      bus.stream().subscribe(() => {
        throw error;
      });
    }
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve, 5);
    });
    config.onUnhandledError = null;
    expect(reported).toHaveLength(2 * thrown.length);
    expect(new Set(reported)).toEqual(new Set(thrown));
  });

  it('law 14: a subscriber that is not an ordinary observer may throw: the other receivers get everything', async () => {
    const { bus, scheduler } = busOf<number>();
    const reported: unknown[] = [];
    const { config, Subscription } = await import('rxjs');
    config.onUnhandledError = (error) => reported.push(error);
    // RxJS takes what looks like its own Subscriber as it is, and contains nothing of it.
    const raw = Object.assign(new Subscription(), {
      next: (): void => {
        throw new Error('raw next');
      },
      error: (): void => undefined,
      complete: (): void => {
        throw new Error('raw complete');
      },
    });
    bus.stream().subscribe(raw);
    const neighbour = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    bus.close();
    scheduler.flush();
    expect(neighbour.values).toEqual([1, 2]);
    expect(neighbour.endings).toEqual(['complete']);
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve, 5);
    });
    config.onUnhandledError = null;
    expect(reported.map(String)).toEqual(['Error: raw next', 'Error: raw next', 'Error: raw complete']);
  });

  it('law 14: a handler whose promise never settles delays no other receiver', () => {
    const { bus, scheduler } = busOf<number>();
    let calls = 0;
    bus.stream().subscribe({
      next: (): void => {
        calls += 1;
        void new Promise(() => undefined);
      },
    });
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect(calls).toBe(2);
    expect(values).toEqual([1, 2]);
  });

  it('law 15: all receivers see one order when handlers publish', () => {
    const { bus, scheduler } = busOf<string>();
    const first = bus.subscribeAll();
    first.events$.subscribe(({ event: word }) => {
      if (word.length < 3) {
        bus.publish(event(`${word}a`));
        bus.publish(event(`${word}b`));
      }
    });
    const seen = [collectPayloads(bus.stream()), collectPayloads(bus.stream())];
    bus.publish(event('x'));
    bus.publish(event('y'));
    scheduler.flush();
    const order = ['x', 'y', 'xa', 'xb', 'ya', 'yb', 'xaa', 'xab', 'xba', 'xbb', 'yaa', 'yab', 'yba', 'ybb'];
    expect(seen.map(({ values }) => values)).toEqual([order, order]);
  });

  it('law 15: the outer event first, when a predicate, bindingOf or the logger publishes', () => {
    const inner = (word: string): boolean => word.endsWith('!');
    const { bus, scheduler } = busOf<string>({
      bindingOf: (word) => {
        if (!inner(word)) {
          bus.publish(event(`${word} bindingOf!`));
        }
        return undefined;
      },
      logger: {
        warn: () => {
          bus.publish(event('logger!'));
        },
      },
    });
    const before = collectPayloads(bus.stream());
    bus.subscribeFiltered(
      EventFilter.where(({ event: word }) => {
        if (!inner(word)) {
          bus.publish(event(`${word} predicate!`));
        }
        return true;
      }),
      1,
    );
    const after = collectPayloads(bus.stream());
    bus.publish(event('outer'));
    scheduler.flush();
    expect(before.values).toEqual(['outer', 'outer bindingOf!', 'outer predicate!', 'logger!']);
    expect(after.values).toEqual(before.values);
  });

  it('law 16: a predicate that throws ends its own receiver, after what is queued, and its slot is free at the throw', () => {
    const { bus, scheduler } = busOf<number>();
    const failure = new Error('no');
    let asked = 0;
    const throwing = bus.subscribeFiltered(
      EventFilter.where(({ event: n }) => {
        asked += 1;
        if (n === 2) {
          throw failure;
        }
        return true;
      }),
    );
    const counts = collect(throwing.lagged$);
    const { values, endings } = collectPayloads(throwing.events$);
    const neighbour = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.publish(event(2));
    expect(bus.subscriberCount).toBe(1);
    bus.publish(event(3));
    expect(asked).toBe(2);
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(endings).toEqual([failure]);
    expect(counts).toMatchObject({ values: [0], endings: ['complete'] });
    expect(neighbour.values).toEqual([1, 2, 3]);
    expect(collect(throwing.events$).endings).toEqual(['complete']);
  });

  it.each<[string, (where: EventFilter<number>) => EventFilter<number>]>([
    ['alone', (where) => where],
    ['in an and', (where) => EventFilter.and(EventFilter.kind('test'), where)],
    ['in an or', (where) => EventFilter.or(EventFilter.kind('other'), where)],
    ['in a not', (where) => EventFilter.not(where)],
    [
      'deep',
      (where) => EventFilter.or(EventFilter.kind('other'), EventFilter.not(EventFilter.and(EventFilter.all, where))),
    ],
  ])('law 16: a predicate is called in publish, wherever it stands: %s', (_where, make) => {
    const { bus } = busOf<number>();
    const story: unknown[] = [];
    bus.subscribeFiltered(make(EventFilter.where(({ event: payload }) => story.push(payload) > 0)));
    for (const payload of [1, 2]) {
      bus.publish(event(payload));
      story.push('published');
    }
    expect(story).toEqual([1, 'published', 2, 'published']);
  });

  it('law 16: a predicate that publishes and then throws is not asked about what it published', () => {
    const { bus, scheduler } = busOf<number>();
    const asked: number[] = [];
    const throwing = bus.subscribeFiltered(
      EventFilter.where(({ event: n }) => {
        asked.push(n);
        bus.publish(event(n + 1));
        throw new Error('no');
      }),
    );
    const { endings } = collectPayloads(throwing.events$);
    const neighbour = collectPayloads(bus.stream());
    bus.publish(event(1));
    scheduler.flush();
    expect(asked).toEqual([1]);
    expect(endings).toHaveLength(1);
    expect(neighbour.values).toEqual([1, 2]);
  });

  it('law 16: a throw from bindingOf is logged, and the event is still late-bound', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler } = busOf<string>({
      logger,
      bindingOf: (word) => {
        if (word === 'bad') {
          throw new Error('unreadable');
        }
        return word === 'register' ? { connectorId: 'c', sessionId: 's', scrollId: SCROLL } : undefined;
      },
    });
    const { values } = collect(bus.stream());
    bus.publish(event('register'));
    bus.publish(event('bad', { connectorId: 'c', nativeSessionId: 's' }));
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([SCROLL, SCROLL]);
    expect(lines).toEqual(['warn: sharing-bus: bindingOf threw Error: unreadable; nothing is registered']);
  });

  it('law 16: a logger that throws changes nothing, and is told of where it still can be', () => {
    const told: unknown[] = [];
    const { bus, scheduler } = busOf<number>({
      logger: {
        info: () => {
          throw new Error('full disk');
        },
        warn: (line) => told.push(line),
      },
    });
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    const { values } = collectPayloads(receiver.events$);
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    bus.publish(event(3));
    scheduler.flush();
    expect(values).toEqual([1, 3]);
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('full disk');
  });

  it('law 17: to publish with no subscriber is no failure', () => {
    const { bus } = busOf<number>();
    expect(() => {
      bus.publish(event(1));
    }).not.toThrow();
  });

  describe('law 17: a malformed event', () => {
    const throwing = (field: string): object =>
      Object.defineProperty({}, field, {
        enumerable: true,
        get: () => {
          throw new Error('getter');
        },
      });
    const good = { routing: { kind: 'k' }, origin: 'o', event: 1 };
    const cases: readonly (readonly [string, unknown])[] = [
      ['busEvent', undefined],
      ['busEvent', null],
      ['busEvent', 'text'],
      ['routing', { ...good, routing: undefined }],
      ['routing', { ...good, routing: null }],
      ['routing', { ...good, routing: 7 }],
      ['routing.kind', { ...good, routing: {} }],
      ['routing.kind', { ...good, routing: { kind: 1 } }],
      ['origin', { routing: { kind: 'k' }, event: 1 }],
      ['origin', { ...good, origin: Symbol('o') }],
      ['routing.scrollId', { ...good, routing: { kind: 'k', scrollId: 1 } }],
      ['routing.scrollId', { ...good, routing: { kind: 'k', scrollId: null } }],
      ['routing.scrollId', { ...good, routing: { kind: 'k', scrollId: '' } }],
      ['routing.scrollId', { ...good, routing: { kind: 'k', scrollId: 'nope' } }],
      ['routing.connectorUid', { ...good, routing: { kind: 'k', connectorUid: 'nope' } }],
      ['routing.connectorUid', { ...good, routing: { kind: 'k', connectorUid: {} } }],
      ['routing.connectorId', { ...good, routing: { kind: 'k', connectorId: 3 } }],
      ['routing.connectorId', { ...good, routing: { kind: 'k', connectorId: null } }],
      ['routing.nativeSessionId', { ...good, routing: { kind: 'k', nativeSessionId: false } }],
      ['routing', throwing('routing')],
      ['routing.kind', { ...good, routing: throwing('kind') }],
      ['routing.scrollId', { ...good, routing: Object.assign(throwing('scrollId'), { kind: 'k' }) }],
      ['origin', Object.assign(throwing('origin'), { routing: { kind: 'k' } })],
      ['event', Object.assign(throwing('event'), { routing: { kind: 'k' }, origin: 'o' })],
    ];

    it.each(cases.map(([field, value], index) => ({ field, value, index })))(
      'is refused with a TypeError that names $field ($index), changes nothing, and the bus goes on',
      ({ field, value }) => {
        const { bus, scheduler } = busOf<number>();
        const { values } = collectPayloads(bus.stream());
        let thrown: unknown;
        try {
          bus.publish(value as BusEvent<number>);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(InvalidBusEventError);
        expect(thrown).toBeInstanceOf(TypeError);
        expect(thrown).toMatchObject({ field, name: 'InvalidBusEventError' });
        expect((thrown as Error).message).toContain(field);
        bus.publish(event(1));
        scheduler.flush();
        expect(values).toEqual([1]);
      },
    );

    it('teaches nothing', () => {
      const { bus, scheduler } = busOf();
      const { values } = collect(bus.stream());
      expect(() => {
        bus.publish(registration('c', 's', SCROLL, { connectorUid: 'nope' }));
      }).toThrow('routing.connectorUid: must be a UUID, got "nope"');
      bus.publish({
        routing: { kind: 'k', connectorId: 'c', nativeSessionId: 's' },
        origin: 'agent',
        event: { type: 'Connected' },
      });
      scheduler.flush();
      expect(values.map(({ routing }) => routing.scrollId)).toEqual([undefined]);
    });

    it('is not one whose ids are present and undefined', () => {
      const { bus, scheduler } = busOf<number>();
      const { values } = collectPayloads(bus.stream());
      bus.publish(event(1, { scrollId: undefined, connectorUid: undefined, connectorId: undefined }));
      scheduler.flush();
      expect(values).toEqual([1]);
    });
  });

  it('law 17: an envelope whose getters change their mind is dropped with a warning, and the bus goes on', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler } = busOf<number>({ logger });
    const { values } = collectPayloads(bus.stream());
    const readable = (times: number): BusEvent<number> => {
      let reads = 0;
      return {
        get routing() {
          reads += 1;
          if (reads > times) {
            throw new Error('gone');
          }
          return { kind: 'k' };
        },
        origin: 'o',
        event: 0,
      };
    };
    bus.publish(readable(1));
    bus.publish(readable(2));
    bus.publish(event(1));
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.startsWith('warn: '))).toBe(true);
  });

  it('law 17: a publish at the very end of the stack fails alone, and the bus goes on', () => {
    const { bus, scheduler } = busOf<number>();
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 100_000 }));
    const dive = (): void => {
      try {
        bus.publish(event(0));
        dive();
      } catch {
        // The stack is at its end: somewhere in publish, or here.
      }
    };
    dive();
    scheduler.flush();
    values.length = 0;
    bus.publish(event(1));
    scheduler.flush();
    expect(values).toEqual([1]);
  });

  it('law 17: after close, publish is a no-op for anything', () => {
    const { bus } = busOf<number>();
    bus.close();
    expect(() => {
      bus.publish(undefined as unknown as BusEvent<number>);
      bus.publish(event(1));
    }).not.toThrow();
  });

  it('law 18: the bus itself loses nothing, however long the burst', () => {
    const { bus, scheduler } = busOf<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, 100_000);
    const { values } = collectPayloads(receiver.events$);
    for (let n = 0; n < 100_000; n += 1) {
      bus.publish(event(n));
    }
    scheduler.flush();
    expect(values).toHaveLength(100_000);
    expect(values.every((n, index) => n === index)).toBe(true);
    expect(receiver.lagged).toBe(0);
  });
});
