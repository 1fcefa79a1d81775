import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type DestroyableInjector,
  DestroyRef,
  computed,
  effect,
  inject,
  Injector,
  PLATFORM_ID,
  type Signal,
  signal,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { config, queueScheduler } from 'rxjs';
import { type BusEvent, type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { type BusSignals, injectLagged, injectLatest, injectReceiver, injectRecent } from 'sharing-bus/angular';
import { event } from '../support/events.js';
import { settle } from '../support/settle.js';
import { application, reported, within } from './testBed.js';

/** Publishes `count` events of kind `test`: '1', '2', ... */
function burst(bus: SharingBus<string>, count: number): void {
  for (let number = 1; number <= count; number += 1) {
    bus.publish(event(`${number}`));
  }
}

/** A delivery in a word. */
function told(delivery: Delivery<string>): string {
  return delivery.type === 'event' ? delivery.event.event : `${delivery.missed} missing`;
}

/** Logs the values of a signal, as a template sees them. */
function logged<T>(read: () => T): T[] {
  const values: T[] = [];
  within(() => {
    effect(() => {
      values.push(read());
    });
  });
  TestBed.tick();
  return values;
}

function child(): DestroyableInjector {
  return within(() => Injector.create({ providers: [], parent: inject(Injector) }));
}

/** An injector of a component that is gone: Angular still answers for it. */
function goneInjector(): Injector {
  const destroyed: Partial<DestroyRef> = {
    destroyed: true,
    onDestroy: () => {
      throw new Error('NG0911');
    },
  };
  const get = (token: unknown, fallback: unknown): unknown => (token === DestroyRef ? destroyed : fallback);
  return new Proxy(Injector.create({ providers: [] }), { get: () => get });
}

const server = { provide: PLATFORM_ID, useValue: 'server' };

let bus: SharingBus<string>;

beforeEach(() => {
  bus = new SharingBus();
  application();
});

/** What both functions share. */
describe.each([
  {
    name: 'injectLatest',
    make: (...[bus, filter, options]: Parameters<typeof injectLatest<string>>): BusSignals<unknown> =>
      injectLatest(bus, filter, options),
    empty: undefined,
    shown: (value: unknown): unknown => (value as BusEvent<string> | undefined)?.event,
    one: '1',
  },
  {
    name: 'injectRecent',
    make: (...[bus, filter, options]: Parameters<typeof injectLatest<string>>): BusSignals<unknown> =>
      injectRecent(bus, filter, options),
    empty: [],
    shown: (value: unknown): unknown => (value as Delivery<string>[]).map(told),
    one: ['1'],
  },
])('$name', ({ name, make, empty, shown, one }) => {
  it('has one slot until the injector ends, and keeps its value then', async () => {
    const injector = child();
    const { value } = make(bus, EventFilter.all, { injector });
    expect(bus.subscriberCount).toBe(1);
    bus.publish(event('1'));
    await settle();
    injector.destroy();
    expect(bus.subscriberCount).toBe(0);
    bus.publish(event('2'));
    await settle();
    expect(shown(value())).toEqual(one);
  });

  it('leaves no slot behind for a thousand that come and go', async () => {
    for (let round = 0; round < 1_000; round += 1) {
      const injector = child();
      make(bus, EventFilter.all, { injector });
      bus.publish(event('1'));
      injector.destroy();
    }
    await settle();
    expect(bus.subscriberCount).toBe(0);
  });

  it('passes the name and the start on', async () => {
    const kept = new SharingBus<string>({ history: { capacity: 10 } });
    kept.publish(event('1'));
    const { value } = within(() => make(kept, EventFilter.all, { name: 'page', from: 'start' }));
    await settle();
    expect(kept.stats().receivers.map(({ name }) => name)).toEqual(['page']);
    expect(shown(value())).toEqual(one);
  });

  it('takes a filter from a signal, and starts anew when it changes', async () => {
    const kind = signal<string | undefined>('test');
    const calls: unknown[] = [];
    const { value, lagged } = within(() =>
      make(bus, () => {
        calls.push(kind());
        const wanted = kind();
        return wanted === undefined ? undefined : EventFilter.kind(wanted);
      }),
    );
    expect([bus.subscriberCount, value(), lagged()]).toEqual([0, empty, 0]);
    TestBed.tick();
    expect(bus.subscriberCount).toBe(1);
    burst(bus, 1_000);
    await settle();
    expect(lagged()).toBeGreaterThan(0);
    kind.set('other');
    TestBed.tick();
    expect([bus.subscriberCount, value(), lagged()]).toEqual([1, empty, 0]);
    bus.publish(event('0'));
    bus.publish(event('1', { kind: 'other' }));
    await settle();
    expect(shown(value())).toEqual(one);
    kind.set(undefined);
    TestBed.tick();
    expect([bus.subscriberCount, value(), lagged()]).toEqual([0, empty, 0]);
    expect(calls).toEqual(['test', 'other', undefined]);
  });

  it('keeps its receiver while the filter is the same object', async () => {
    const isOther = signal(false);
    const { value } = within(() => make(bus, () => (isOther(), EventFilter.all)));
    TestBed.tick();
    bus.publish(event('1'));
    await settle();
    isOther.set(true);
    TestBed.tick();
    expect(shown(value())).toEqual(one);
    expect(bus.stats().receivers.map(({ id }) => id)).toEqual([0]);
  });

  it('stops to follow a signal when the injector ends', () => {
    const filter = signal<EventFilter<string>>(EventFilter.all);
    const injector = child();
    make(bus, filter, { injector });
    TestBed.tick();
    injector.destroy();
    filter.set(EventFilter.kind('other'));
    TestBed.tick();
    expect(bus.subscriberCount).toBe(0);
  });

  it('keeps its value when the bus is closed, and has none of a bus that was closed before', async () => {
    const before = within(() => make(bus));
    bus.publish(event('1'));
    bus.close();
    await settle();
    const after = within(() => make(bus));
    await settle();
    expect(shown(before.value())).toEqual(one);
    expect([after.value(), after.lagged(), after.error()]).toEqual([empty, 0, undefined]);
    expect(reported).toEqual([]);
  });

  it('gives the error that ends the receiver as a signal and to the ErrorHandler, once, and keeps its value', async () => {
    const thrown = new Error('a predicate threw');
    const filter = EventFilter.where<string>(({ event: payload }) => {
      if (payload === 'bad') {
        throw thrown;
      }
      return true;
    });
    const { value, error } = within(() => make(bus, filter));
    const seen = logged(error);
    bus.publish(event('1'));
    bus.publish(event('bad'));
    await settle();
    TestBed.tick();
    expect(shown(value())).toEqual(one);
    expect(seen).toEqual([undefined, thrown]);
    expect(reported).toEqual([thrown]);
    expect(bus.subscriberCount).toBe(0);
  });

  it('gives what a function for the filter throws in the same way, and goes on with the next filter', async () => {
    const thrown = new Error('no filter');
    const isBad = signal(false);
    const { value, error } = within(() =>
      make(bus, () => {
        if (isBad()) {
          throw thrown;
        }
        return EventFilter.all;
      }),
    );
    TestBed.tick();
    isBad.set(true);
    TestBed.tick();
    expect([value(), error(), bus.subscriberCount]).toEqual([empty, thrown, 0]);
    isBad.set(false);
    TestBed.tick();
    bus.publish(event('1'));
    await settle();
    expect([shown(value()), error(), bus.subscriberCount]).toEqual([one, undefined, 1]);
    expect(reported).toEqual([thrown]);
  });

  it('does not track what a bus that calls at once reads', () => {
    const read = signal(0);
    let reads = 0;
    const eager = new SharingBus<string>({ scheduler: queueScheduler, history: { capacity: 10 } });
    eager.publish(event('1'));
    const filter = EventFilter.where<string>(() => {
      reads += 1;
      return read() === 0;
    });
    within(() => make(eager, () => filter, { from: 'start' }));
    TestBed.tick();
    read.set(1);
    TestBed.tick();
    expect([reads, eager.stats().receivers.map(({ id }) => id)]).toEqual([1, [0]]);
  });

  it('subscribes to nothing on the server, and reads no filter', async () => {
    application(server);
    const made = within(() => make(bus));
    const reactive = within(() =>
      make(bus, () => {
        throw new Error('read');
      }),
    );
    TestBed.tick();
    bus.publish(event('1'));
    await settle();
    expect([bus.subscriberCount, bus.stats().receivers, reported]).toEqual([0, [], []]);
    expect([made.value(), made.lagged(), made.error(), reactive.value()]).toEqual([empty, 0, undefined, empty]);
  });

  it('subscribes to nothing for a component that is gone', () => {
    const { value } = make(bus, EventFilter.all, { injector: goneInjector() });
    expect([bus.subscriberCount, value()]).toEqual([0, empty]);
  });

  it('leaves no slot if a handler ends the injector at once', () => {
    const eager = new SharingBus<string>({ scheduler: queueScheduler, history: { capacity: 10 } });
    eager.publish(event('1'));
    const injector = child();
    const filter = EventFilter.where<string>(() => {
      injector.destroy();
      return true;
    });
    make(eager, filter, { injector, from: 'start' });
    expect(eager.subscriberCount).toBe(0);
  });

  it("fails with Angular's own error for an injector that has ended", () => {
    const injector = child();
    injector.destroy();
    expect(() => make(bus, EventFilter.all, { injector })).toThrow('NG0205');
    expect(bus.subscriberCount).toBe(0);
  });

  it("fails with Angular's own error outside of an injection context, and in a computed", () => {
    expect(() => make(bus)).toThrow(`NG0203: ${name}()`);
    const inComputed = computed(() => within(() => make(bus)));
    expect(() => inComputed()).toThrow('NG0602');
    expect(bus.subscriberCount).toBe(0);
  });

  it('takes an injector that was made by hand; an error is uncaught then, as without a handler', async () => {
    const filter = EventFilter.where<string>(({ event: payload }) => {
      if (payload === 'bad') {
        throw new Error(payload);
      }
      return true;
    });
    const injector = Injector.create({ providers: [] });
    const { value } = make(bus, filter, { injector });
    bus.publish(event('1'));
    bus.publish(event('bad'));
    const uncaught = await new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    config.onUnhandledError = null;
    expect(uncaught).toEqual(new Error('bad'));
    expect(shown(value())).toEqual(one);
    make(bus, EventFilter.all, { injector });
    injector.destroy();
    expect(bus.subscriberCount).toBe(0);
  });

  it('refuses bad arguments at the call', () => {
    const bad: (readonly [unknown, unknown, unknown, string])[] = [
      [undefined, EventFilter.all, {}, `${name}: bus.subscribeFiltered must be a function, got undefined`],
      [bus, { type: 'nothing' }, {}, 'nothing'],
      [bus, EventFilter.all, { nam: 'x' }, `${name}: options: "nam" is unknown`],
      [bus, EventFilter.all, null, `${name}: options must be an object, got null`],
      [bus, EventFilter.all, { injector: {} }, `${name}: injector.get must be a function, got undefined`],
      [bus, EventFilter.all, { from: 'start' }, 'from'],
    ];
    for (const [ofBus, filter, options, message] of bad) {
      expect(() => within(() => make(ofBus as never, filter as never, options as never))).toThrow(message);
    }
    expect(bus.subscriberCount).toBe(0);
  });
});

describe('injectLatest', () => {
  it('has the newest event of a burst, and counts the others, with one change', async () => {
    const latest = within(() => injectLatest(bus));
    const seen = logged(() => [latest.value()?.event, latest.lagged()]);
    burst(bus, 10_000);
    await settle();
    TestBed.tick();
    expect(seen).toEqual([
      [undefined, 0],
      ['10000', 9_999],
    ]);
  });

  it('has a value that may be undefined, by its type', () => {
    const { value } = within(() => injectLatest(bus));
    // @ts-expect-error There may be no event yet.
    const certain: Signal<BusEvent<string>> = value;
    expect(certain()).toBeUndefined();
  });
});

describe('injectRecent', () => {
  it('has the last deliveries, with the gap of a burst among them', async () => {
    const recent = within(() => injectRecent(bus, EventFilter.all, { count: 4 }));
    const seen = logged(() => [recent.value().map(told), recent.lagged()]);
    burst(bus, 10_000);
    await settle();
    TestBed.tick();
    bus.publish(event('next'));
    await settle();
    TestBed.tick();
    expect(seen).toEqual([
      [[], 0],
      [['9997 missing', '9998', '9999', '10000'], 9_997],
      [['9998', '9999', '10000', 'next'], 9_997],
    ]);
  });

  it('is up to date in the middle of a turn, too', () => {
    const eager = new SharingBus<string>({ scheduler: queueScheduler });
    const recent = within(() => injectRecent(eager, EventFilter.all, { count: 3 }));
    const seen: string[][] = [];
    for (const word of ['a', 'b', 'c', 'd']) {
      eager.publish(event(word));
      seen.push(recent.value().map(told));
    }
    expect(seen).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c'], ['b', 'c', 'd']]);
  });

  it('gives a new array for each change, of the same deliveries', async () => {
    const recent = within(() => injectRecent(bus));
    bus.publish(event('1'));
    await settle();
    const before = recent.value();
    bus.publish(event('2'));
    await settle();
    expect(before.length).toBe(1);
    expect(recent.value()[0]).toBe(before[0]);
  });

  it('keeps 100, or one, or as many as it is asked to', async () => {
    const made = within(() => [
      injectRecent(bus),
      injectRecent(bus, EventFilter.all, { count: 1 }),
      injectRecent(bus, EventFilter.all, { count: 2, capacity: 500 }),
    ]);
    burst(bus, 300);
    await settle();
    expect(made.map(({ value }) => value().map(told).slice(0, 2))).toEqual([
      ['201 missing', '202'],
      ['300'],
      ['299', '300'],
    ]);
    expect(made.map(({ value, lagged }) => [value().length, lagged()])).toEqual([
      [100, 201],
      [1, 299],
      [2, 0],
    ]);
  });

  it('refuses counts that are none', () => {
    expect(() => within(() => injectRecent(bus, EventFilter.all, { count: 0 }))).toThrow(
      new RangeError('injectRecent: count must be an integer from 1 to 2147483647, got 0'),
    );
    expect(() => within(() => injectRecent(bus, EventFilter.all, { capacity: 1.5 }))).toThrow(
      new RangeError('injectRecent: capacity must be an integer from 1 to 2147483647, got 1.5'),
    );
    expect(bus.subscriberCount).toBe(0);
  });
});

describe('injectReceiver', () => {
  it('gives a receiver that ends with the injector, also if nothing has consumed it', () => {
    const injector = child();
    const receiver = injectReceiver(bus, EventFilter.kind('test'), { injector, capacity: 2, name: 'field' });
    burst(bus, 5);
    expect([bus.subscriberCount, receiver.name, receiver.lagged]).toEqual([1, 'field', 3]);
    injector.destroy();
    expect([bus.subscriberCount, receiver.tryRecv().type]).toEqual([0, 'completed']);
  });

  it('gives one that has ended on the server, and for a component that is gone', async () => {
    const gone = injectReceiver(bus, EventFilter.all, { injector: goneInjector() });
    application(server);
    const receiver = within(() => injectReceiver(bus));
    const told: string[] = [];
    receiver.events$.subscribe({ complete: () => told.push('complete') });
    await settle();
    expect([bus.subscriberCount, told, await gone.recv()]).toEqual([0, ['complete'], undefined]);
  });

  it('refuses bad arguments at the call', () => {
    expect(() => injectReceiver(bus)).toThrow('NG0203: injectReceiver()');
    expect(() => within(() => injectReceiver(bus, EventFilter.all, { capacity: 0 }))).toThrow(RangeError);
    expect(() => within(() => injectReceiver(bus, EventFilter.all, { size: 0 } as never))).toThrow(
      'injectReceiver: options: "size" is unknown',
    );
    expect(() => within(() => injectReceiver({} as never))).toThrow('injectReceiver: bus.subscribeFiltered');
    expect(bus.subscriberCount).toBe(0);
  });
});

describe('injectLagged', () => {
  it('has the count of a receiver from the start, and its growth, and keeps it', async () => {
    const injector = child();
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    burst(bus, 3);
    const lagged = injectLagged(receiver, { injector });
    const seen = logged(lagged);
    burst(bus, 3);
    await settle();
    TestBed.tick();
    injector.destroy();
    burst(bus, 3);
    await settle();
    TestBed.tick();
    expect(seen).toEqual([1, 4]);
    expect([receiver.lagged, bus.subscriberCount]).toEqual([7, 1]);
  });

  it('has the final count of a receiver that has ended', async () => {
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    burst(bus, 3);
    receiver.dispose();
    const lagged = within(() => injectLagged(receiver));
    await settle();
    expect(lagged()).toBe(1);
  });

  it('subscribes to nothing on the server', async () => {
    application(server);
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    const lagged = within(() => injectLagged(receiver));
    burst(bus, 3);
    await settle();
    expect([lagged(), receiver.lagged]).toEqual([0, 2]);
  });

  it('refuses bad arguments at the call', () => {
    expect(() => injectLagged(bus.subscribeAll())).toThrow('NG0203: injectLagged()');
    expect(() => within(() => injectLagged(undefined as never))).toThrow(
      'injectLagged: receiver must be an object, got undefined',
    );
    expect(() => within(() => injectLagged({} as never))).toThrow('injectLagged: receiver.lagged$ must be an object');
    expect(() => within(() => injectLagged(bus.subscribeAll(), { x: 1 } as never))).toThrow('"x" is unknown');
  });
});
