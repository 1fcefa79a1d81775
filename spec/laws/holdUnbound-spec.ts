import type { ScrollBinding } from '../../lib/events/BusEvent.js';
import type { HoldUnboundOptions, SharingBusOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, EventFilter, matches, SharingBus } from '../../lib/index.js';
import { advanceTo } from '../support/advanceTo.js';
import { recordingLogger } from '../support/collect.js';
import { event, uuid } from '../support/events.js';

/** A name, or a registration. */
type Payload = string | ScrollBinding;

/** `publish`, the enrichment and the hold read an envelope once each, and then its ids. */
const READS_UNTIL_HELD = 4;

const bindingOf = (payload: Payload): ScrollBinding | undefined => (typeof payload === 'string' ? undefined : payload);

/** An event of a session, called `name`. */
function of(name: string, sessionId: string, connectorId = 'c', scrollId?: string): BusEvent<Payload> {
  return event<Payload>(name, { connectorId, nativeSessionId: sessionId, ...(scrollId !== undefined && { scrollId }) });
}

function registers(sessionId: string, digit: number, connectorId = 'c'): BusEvent<Payload> {
  return event<Payload>({ connectorId, sessionId, scrollId: uuid(digit) });
}

/** What came, and to which scroll: `name`, or `name@digit`; a registration is `R@digit`. */
function line({ event: payload, routing: { scrollId } }: BusEvent<Payload>): string {
  return `${typeof payload === 'string' ? payload : 'R'}${scrollId === undefined ? '' : `@${scrollId.slice(-1)}`}`;
}

interface Fixture {
  readonly bus: SharingBus<Payload>;
  readonly scheduler: VirtualTimeScheduler;
  /** What the bus has routed, in its order. It is asked when an event is routed, so nothing has to be awaited. */
  readonly seen: string[];
  readonly publish: (...busEvents: BusEvent<Payload>[]) => void;
  readonly to: (time: number) => void;
}

function setUp(hold: Partial<HoldUnboundOptions> = {}, options: SharingBusOptions<Payload> = {}): Fixture {
  const scheduler = new VirtualTimeScheduler();
  const bus = new SharingBus<Payload>({
    scheduler,
    bindingOf,
    holdUnbound: { capacity: 3, maxAgeMs: 100, ...hold },
    ...options,
  });
  const seen: string[] = [];
  bus.subscribeFiltered(
    EventFilter.where((busEvent) => {
      seen.push(line(busEvent));
      return false;
    }),
  );
  return {
    bus,
    scheduler,
    seen,
    publish: (...busEvents) => {
      busEvents.forEach((busEvent) => {
        bus.publish(busEvent);
      });
    },
    to: (time) => {
      advanceTo(scheduler, time);
    },
  };
}

function counts({ bus }: Fixture): string {
  const { published, bound, unbound, held, released } = bus.stats();
  return `${published} published: ${bound} bound, ${unbound} unbound, ${held} held; ${released} released`;
}

describe('holdUnbound', () => {
  it('is off by default', () => {
    const { publish, seen, scheduler } = setUp({}, { holdUnbound: undefined });
    publish(of('a', 's'));
    expect(seen).toEqual(['a']);
    expect(scheduler.actions).toEqual([]);
  });

  it('holds events of a session until its registration, which they follow in order, bound', () => {
    const fixture = setUp();
    const { publish, seen } = fixture;
    publish(of('a', 's'), of('b', 's'));
    expect(seen).toEqual([]);
    expect(counts(fixture)).toBe('2 published: 0 bound, 0 unbound, 2 held; 0 released');
    publish(registers('s', 1), of('c', 's'));
    expect(seen).toEqual(['R@1', 'a@1', 'b@1', 'c@1']);
    expect(counts(fixture)).toBe('4 published: 4 bound, 0 unbound, 0 held; 0 released');
  });

  it('law 11: changes no object of the caller, and shares the payload', () => {
    const { bus, publish } = setUp();
    const delivered: BusEvent<Payload>[] = [];
    bus.subscribeFiltered(
      EventFilter.where((busEvent) => {
        delivered.push(busEvent);
        return false;
      }),
    );
    const held = { ...of('a', 's'), extra: 7 };
    const before = structuredClone(held);
    publish(held, registers('s', 1));
    expect(held).toEqual(before);
    expect(delivered[1]).toEqual({ ...held, routing: { ...held.routing, scrollId: uuid(1) } });
  });

  it('delivers what was held to those whose filter asks for the scroll', () => {
    const { bus, publish, scheduler } = setUp();
    const lines: string[] = [];
    bus.stream(EventFilter.scrollId(uuid(1))).subscribe((busEvent) => lines.push(line(busEvent)));
    publish(of('a', 's'), of('b', 't'), registers('s', 1));
    advanceTo(scheduler, 0);
    expect(lines).toEqual(['R@1', 'a@1']);
  });

  it('never delays other sessions, events without one, or such as have a scroll', () => {
    const { publish, seen } = setUp();
    publish(
      registers('known', 2),
      of('a', 's'),
      of('b', 'known'),
      of('c', 's', 'c', uuid(3)),
      event<Payload>('d'),
      event<Payload>('e', { connectorId: 'c' }),
      event<Payload>('f', { nativeSessionId: 's' }),
    );
    expect(seen).toEqual(['R@2', 'b@2', 'c@3', 'd', 'e', 'f']);
  });

  it('lets the oldest of a full session go, unbound and counted', () => {
    const fixture = setUp({ capacity: 2 });
    const { publish, seen } = fixture;
    publish(of('x', 't'), of('a', 's'), of('b', 's'), of('c', 's'));
    expect(seen).toEqual(['a']);
    expect(counts(fixture)).toBe('4 published: 0 bound, 1 unbound, 3 held; 1 released');
    publish(registers('s', 1));
    expect(seen).toEqual(['a', 'R@1', 'b@1', 'c@1']);
  });

  it('lets the oldest of all go where there are too many in all', () => {
    const { publish, seen } = setUp({ capacity: 2, totalCapacity: 3 });
    publish(of('a', 's'), of('b', 't'), of('c', 'u'), of('d', 'v'), of('e', 'u'));
    expect(seen).toEqual(['a', 'b']);
  });

  it('holds 64 times as many in all, where nothing is said', () => {
    const fixture = setUp({ capacity: 1 });
    fixture.publish(...Array.from({ length: 65 }, (_, index) => of(`e${index}`, `s${index}`)));
    expect(fixture.seen).toEqual(['e0']);
    expect(fixture.bus.stats().held).toBe(64);
  });

  it('takes the largest capacity that there is', () => {
    const fixture = setUp({ capacity: 2 ** 31 - 1 });
    fixture.publish(of('a', 's'));
    expect(fixture.bus.stats().held).toBe(1);
  });

  it('lets each go at its age, exactly, in order', () => {
    const fixture = setUp({ maxAgeMs: 100 });
    const { publish, to, seen, scheduler } = fixture;
    to(1000);
    publish(of('a', 's'));
    to(1001);
    publish(of('b', 't'), of('c', 's'));
    to(1099);
    expect(seen).toEqual([]);
    to(1100);
    expect(seen).toEqual(['a']);
    to(1101);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(counts(fixture)).toBe('3 published: 0 bound, 3 unbound, 0 held; 3 released');
    expect(scheduler.actions).toEqual([]);
  });

  it('the oldest that left for another reason does not shorten the time of the next', () => {
    const { publish, to, seen } = setUp({ maxAgeMs: 100 });
    publish(of('a', 's'));
    to(60);
    publish(of('b', 't'), registers('s', 1));
    to(159);
    expect(seen).toEqual(['R@1', 'a@1']);
    to(160);
    expect(seen).toEqual(['R@1', 'a@1', 'b']);
  });

  it('lets all go where the bus is closed, in order, before its receivers end', () => {
    const fixture = setUp();
    const { bus, publish, seen, scheduler } = fixture;
    const lines: string[] = [];
    bus.stream().subscribe({ next: (busEvent) => lines.push(line(busEvent)), complete: () => lines.push('complete') });
    publish(of('a', 's'), of('b', 't'), of('c', 's'));
    bus.close();
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(counts(fixture)).toBe('3 published: 0 bound, 3 unbound, 0 held; 3 released');
    advanceTo(scheduler, 0);
    expect(lines).toEqual(['a', 'b', 'c', 'complete']);
    expect(scheduler.actions).toEqual([]);
  });

  it.each<[string, (close: () => void) => SharingBusOptions<Payload>]>([
    [
      'bindingOf',
      (close) => ({
        bindingOf: (payload) => {
          if (payload === 'close') {
            close();
          }
          return bindingOf(payload);
        },
      }),
    ],
    ['a predicate', () => ({})],
  ])('closed from within %s: the present event is let go after those that waited', (_, options) => {
    let close = (): void => undefined;
    const fixture = setUp(
      {},
      options(() => {
        close();
      }),
    );
    close = () => {
      fixture.bus.close();
    };
    fixture.bus.subscribeFiltered(
      EventFilter.where(({ event: payload }) => {
        if (payload === 'close') {
          close();
        }
        return false;
      }),
    );
    fixture.publish(of('a', 's'), of('b', 't'), event<Payload>('close'), of('late', 's'));
    expect(fixture.seen).toEqual(['close', 'a', 'b']);
    expect(counts(fixture)).toBe('3 published: 0 bound, 3 unbound, 0 held; 2 released');
    expect(fixture.scheduler.actions).toEqual([]);
  });

  it('an event that closes the bus in bindingOf is let go, too, though it would be held', () => {
    const fixture: Fixture = setUp(
      {},
      {
        bindingOf: (payload) => {
          if (payload === 'close') {
            fixture.bus.close();
          }
          return undefined;
        },
      },
    );
    fixture.publish(of('a', 's'), of('close', 's'));
    expect(fixture.seen).toEqual(['a', 'close']);
    expect(fixture.scheduler.actions).toEqual([]);
  });

  it('law 15: what a predicate publishes when it sees the registration comes after what was held', () => {
    const fixture = setUp();
    fixture.bus.subscribeFiltered(
      EventFilter.where(({ event: payload }) => {
        if (typeof payload !== 'string') {
          fixture.publish(of('after', 's'), of('other', 't'));
        }
        return false;
      }),
    );
    fixture.publish(of('a', 's'), of('b', 's'), registers('s', 1));
    expect(fixture.seen).toEqual(['R@1', 'a@1', 'b@1', 'after@1']);
  });

  it('law 4: the pair is the key, whatever the characters', () => {
    const fixture = setUp();
    const { publish, seen } = fixture;
    const pairs: readonly (readonly [string, string])[] = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['', ''],
      ['', 'c'],
      ['__proto__', 'constructor'],
      ['constructor', '__proto__'],
    ];
    pairs.forEach(([connectorId, sessionId], index) => {
      publish(of(`e${index}`, sessionId, connectorId));
    });
    expect(seen).toEqual([]);
    pairs.toReversed().forEach(([connectorId, sessionId], index) => {
      publish(registers(sessionId, index, connectorId));
    });
    expect(seen).toEqual(['R@0', 'e5@0', 'R@1', 'e4@1', 'R@2', 'e3@2', 'R@3', 'e2@3', 'R@4', 'e1@4', 'R@5', 'e0@5']);
    expect(fixture.scheduler.actions).toEqual([]);
  });

  it('law 8: a refused registration releases nothing', () => {
    const { lines, logger } = recordingLogger();
    const { publish, seen, bus } = setUp({}, { logger });
    publish(of('a', 's'), event<Payload>({ connectorId: 'c', sessionId: 's', scrollId: 'none' }));
    expect(seen).toEqual(['R']);
    expect(bus.stats().held).toBe(1);
    expect(lines).toHaveLength(1);
    publish(registers('s', 1));
    expect(seen).toEqual(['R', 'R@1', 'a@1']);
  });

  it('a registration that comes again has nothing to release; the last one binds what comes later', () => {
    const { publish, seen } = setUp();
    publish(of('a', 's'), registers('s', 1), registers('s', 1), registers('s', 2), of('b', 's'));
    expect(seen).toEqual(['R@1', 'a@1', 'R@1', 'R@2', 'b@2']);
  });

  it('a registration that itself comes from a session that is held is not held', () => {
    const { publish, seen } = setUp();
    publish(of('a', 's'), { ...of('', 't'), event: { connectorId: 'c', sessionId: 's', scrollId: uuid(1) } });
    expect(seen).toEqual(['R@1', 'a@1']);
  });

  it('holds again where the binding had to go', () => {
    const { publish, seen } = setUp({}, { maxBindings: 1 });
    publish(registers('s', 1), registers('t', 2), of('a', 's'), registers('s', 3));
    expect(seen).toEqual(['R@1', 'R@2', 'R@3', 'a@3']);
  });

  it('publishes a held event when it is released: receivers that join meanwhile get it, those that left do not', () => {
    const { bus, publish, scheduler } = setUp();
    const early = bus.subscribeFiltered(EventFilter.kind('test'));
    publish(of('a', 's'));
    early.close();
    const lines: string[] = [];
    bus.stream().subscribe((busEvent) => lines.push(line(busEvent)));
    publish(registers('s', 1));
    advanceTo(scheduler, 0);
    expect(lines).toEqual(['R@1', 'a@1']);
    expect(bus.stats()).toMatchObject({ delivered: 2, dropped: 0 });
  });

  it('a malformed event changes nothing', () => {
    const fixture = setUp();
    expect(() => {
      fixture.publish({ ...of('a', 's'), origin: 7 as never });
    }).toThrow(TypeError);
    expect(fixture.bus.stats()).toMatchObject({ published: 0, held: 0 });
  });

  it.each<[string, (fixture: Fixture) => void]>([
    [
      'registration',
      ({ publish }) => {
        publish(registers('s', 1));
      },
    ],
    [
      'release',
      ({ to }) => {
        to(100);
      },
    ],
    [
      'close',
      ({ bus }) => {
        bus.close();
      },
    ],
  ])('law 34: leaves no timer: %s', (_, end) => {
    const fixture = setUp();
    fixture.publish(of('a', 's'));
    expect(fixture.scheduler.actions).toHaveLength(1);
    end(fixture);
    expect(fixture.scheduler.actions).toEqual([]);
    expect(fixture.bus.stats().held).toBe(0);
  });

  it.each<[string, (fixture: Fixture) => void]>([
    [
      'its registration',
      ({ publish }) => {
        publish(registers('s', 1));
      },
    ],
    [
      'its age',
      ({ to }) => {
        to(100);
      },
    ],
    [
      'close',
      ({ bus }) => {
        bus.close();
      },
    ],
    [
      'others',
      ({ publish }) => {
        publish(of('y', 's'), of('z', 's'));
      },
    ],
  ])('an envelope that cannot be read again is dropped, and the others are delivered: released by %s', (_, release) => {
    const { lines, logger } = recordingLogger();
    const fixture = setUp({ capacity: 3 }, { logger });
    let reads = 0;
    // Not spread: that would read it, and leave a plain value.
    fixture.bus.publish({
      origin: 'runtime',
      event: 'fickle',
      get routing() {
        reads += 1;
        if (reads > READS_UNTIL_HELD) {
          throw new Error('no');
        }
        return of('fickle', 's').routing;
      },
    });
    expect(fixture.bus.stats().held).toBe(1);
    fixture.publish(of('a', 's'));
    const receiver = fixture.bus.subscribeAll();
    release(fixture);
    fixture.bus.close();
    expect(fixture.seen.map((one) => one.slice(0, 1))).toContain('a');
    expect(lines.filter((one) => one.includes('could not be read again'))).toHaveLength(1);
    expect(fixture.bus.stats().held).toBe(0);
    expect(receiver.lagged).toBe(0);
    advanceTo(fixture.scheduler, 1000);
    expect(fixture.scheduler.actions).toEqual([]);
  });

  it('is watched again, where a throw beside it on the scheduler has cancelled its timer', () => {
    const { scheduler, seen, publish } = setUp();
    publish(of('a', 's'));
    scheduler.schedule(() => {
      throw new Error('beside it');
    }, 50);
    expect(() => {
      scheduler.flush();
    }).toThrow('beside it');
    publish(of('b', 't'));
    scheduler.flush();
    expect(seen).toEqual(['a', 'b']);
  });

  it('waits for no longer where the clock of the scheduler was set back', () => {
    const { publish, to, seen, scheduler } = setUp({ maxAgeMs: 100 });
    to(100_000);
    publish(of('a', 's'));
    // The timers of a platform do not follow its clock; those of this scheduler do.
    scheduler.now = () => scheduler.frame - 90_000;
    publish(of('b', 't'));
    scheduler.maxFrames = 100_099;
    scheduler.flush();
    expect(seen).toEqual([]);
    scheduler.maxFrames = 100_100;
    scheduler.flush();
    expect(seen).toEqual(['a', 'b']);
  });

  it.each([
    [{ capacity: 0, maxAgeMs: 1 }, 'holdUnbound.capacity', '0'],
    [{ capacity: 1, maxAgeMs: 1.5 }, 'holdUnbound.maxAgeMs', '1.5'],
    [{ capacity: 1, maxAgeMs: 2 ** 31 }, 'holdUnbound.maxAgeMs', '2147483648'],
    [{ capacity: 1, maxAgeMs: undefined as never }, 'holdUnbound.maxAgeMs', 'undefined'],
    [{ capacity: 1, maxAgeMs: 1, totalCapacity: -1 }, 'holdUnbound.totalCapacity', '-1'],
  ])('refuses %j', (holdUnbound, name, value) => {
    expect(() => new SharingBus({ holdUnbound })).toThrow(
      new RangeError(`${name} must be an integer from 1 to 2147483647, got ${value}`),
    );
  });

  it('agrees with a list on random programs', () => {
    const session = fc.constantFrom('s', 't', 'u');
    const step = fc.oneof(
      { weight: 5, arbitrary: session.map((id) => ({ type: 'publish' as const, id })) },
      { weight: 1, arbitrary: session.map((id) => ({ type: 'register' as const, id })) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 }).map((ms) => ({ type: 'wait' as const, ms })) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const fixture = setUp({ capacity: 2, totalCapacity: 4, maxAgeMs: 100 }, { maxBindings: 1 });
        const expected: string[] = [];
        let held: { name: string; id: string; since: number }[] = [];
        let bound: string | undefined;
        let now = 0;
        let count = 0;
        const letGo = (which: (one: { id: string; since: number }) => boolean): void => {
          const oldest = held.find(which);
          if (oldest !== undefined) {
            held = held.filter((one) => one !== oldest);
            expected.push(oldest.name);
          }
        };
        for (const one of steps) {
          if (one.type === 'wait') {
            now += one.ms;
            fixture.to(now);
            while (held.some(({ since }) => since <= now - 100)) {
              letGo(() => true);
            }
          } else if (one.type === 'register') {
            fixture.publish(registers(one.id, 1));
            bound = one.id;
            expected.push('R@1', ...held.filter(({ id }) => id === one.id).map(({ name }) => `${name}@1`));
            held = held.filter(({ id }) => id !== one.id);
          } else {
            count += 1;
            const name = `e${count}`;
            fixture.publish(of(name, one.id));
            if (bound === one.id) {
              expected.push(`${name}@1`);
            } else {
              held.push({ name, id: one.id, since: now });
              if (held.filter(({ id }) => id === one.id).length > 2) {
                letGo(({ id }) => id === one.id);
              } else if (held.length > 4) {
                letGo(() => true);
              }
            }
          }
          expect(fixture.seen).toEqual(expected);
          expect(fixture.bus.stats().held).toBe(held.length);
          expect(fixture.scheduler.actions).toHaveLength(held.length === 0 ? 0 : 1);
        }
      }),
    );
  });

  it('law 19: delivers what a filter would match after the release', () => {
    const { bus, publish, scheduler } = setUp();
    const filter = EventFilter.and<Payload>(EventFilter.scrollId(uuid(1)), EventFilter.session('c', 's'));
    const got: BusEvent<Payload>[] = [];
    bus.stream(filter).subscribe((busEvent) => got.push(busEvent));
    publish(of('a', 's'), of('b', 't'), registers('t', 1), registers('s', 1));
    advanceTo(scheduler, 0);
    expect(got.map(line)).toEqual(['a@1']);
    expect(got.every((busEvent) => matches(filter, busEvent))).toBe(true);
  });
});
