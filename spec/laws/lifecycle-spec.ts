import { describe, expect, it } from '@jest/globals';
import { Observable, queueScheduler, share, take } from 'rxjs';
import {
  type BusEvent,
  EventFilter,
  InvalidFilterError,
  InvalidUuidError,
  ReceiverBusyError,
  SharingBus,
} from '../../lib/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

function busOf<E>(options: ConstructorParameters<typeof SharingBus<E>>[0] = {}): {
  readonly bus: SharingBus<E>;
  readonly scheduler: ManualScheduler;
} {
  const scheduler = new ManualScheduler();
  return { bus: new SharingBus<E>({ scheduler, ...options }), scheduler };
}

function publishAll(bus: SharingBus<number>, ...payloads: number[]): void {
  for (const payload of payloads) {
    bus.publish(event(payload));
  }
}

function setUp(capacity: number): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly receiver: ReturnType<SharingBus<number>['subscribeAll']>;
  readonly lines: string[];
} {
  const scheduler = new ManualScheduler();
  const { lines, logger } = recordingLogger();
  const bus = new SharingBus<number>({ scheduler, logger });
  return { bus, scheduler, receiver: bus.subscribeFiltered(EventFilter.all, capacity), lines };
}

describe('the life of a bus', () => {
  it('law 24: a capacity that is no integer from 1 to 2^31 - 1 is refused at the call, and uses no id', () => {
    const { bus } = busOf<number>();
    for (const capacity of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '5', null, {}]) {
      const bad = capacity as number;
      expect(() => bus.subscribeFiltered(EventFilter.all, { capacity: bad })).toThrow(RangeError);
      expect(() => bus.stream(EventFilter.all, { capacity: bad })).toThrow(RangeError);
    }
    for (const capacity of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '5', null]) {
      expect(() => bus.subscribeFiltered(EventFilter.all, capacity as number)).toThrow(RangeError);
    }
    expect(() => bus.subscribeFiltered(EventFilter.all, 1.5)).toThrow(
      'subscribeFiltered: queueCapacity must be an integer from 1 to 2147483647, got 1.5',
    );
    expect(() => bus.subscribeFiltered({ type: 'nope' } as never)).toThrow(InvalidFilterError);
    expect(() => bus.subscribeFiltered({ type: 'scrollId', id: 'nope' })).toThrow(InvalidUuidError);
    expect(() => bus.stream(null as never)).toThrow(InvalidFilterError);
    expect(bus.subscriberCount).toBe(0);
    expect(bus.subscribeFiltered(EventFilter.all, 2 ** 31 - 1).id).toBe(0);
  });

  it('law 24: the capacity is 256 where it is left out', () => {
    const { bus, scheduler } = busOf<number>();
    const all = bus.subscribeAll();
    const filtered = bus.subscribeFiltered(EventFilter.all);
    const streamed = collectPayloads(bus.stream(EventFilter.all));
    for (let n = 0; n < 300; n += 1) {
      bus.publish(event(n));
    }
    expect([all.lagged, filtered.lagged]).toEqual([44, 44]);
    scheduler.flush();
    expect(streamed.values).toHaveLength(256);
  });

  it('law 29: ids start at 0, grow by 1 and are never reused; a stream takes one for each subscription', () => {
    const { bus } = busOf<number>();
    const first = bus.subscribeAll();
    first.close();
    const stream$ = bus.stream();
    expect(bus.subscribeAll().id).toBe(1);
    stream$.subscribe().unsubscribe();
    stream$.subscribe();
    expect(bus.subscribeAll().id).toBe(4);
    bus.close();
    expect(bus.subscribeAll().id).toBe(5);
  });

  it('law 30: unsubscribe(id) and close free the slot at once, deliver what is queued, then complete', () => {
    const { bus, scheduler } = busOf<number>();
    const one = bus.subscribeAll();
    const two = bus.subscribeAll();
    const seen = [one, two].map(({ events$ }) => collectPayloads(events$));
    bus.publish(event(1));
    bus.unsubscribe(one.id);
    two.close();
    expect(bus.subscriberCount).toBe(0);
    bus.publish(event(2));
    scheduler.flush();
    for (const { values, endings } of seen) {
      expect(values).toEqual([1]);
      expect(endings).toEqual(['complete']);
    }
  });

  it('law 30: repeated and unknown ids are no-ops', () => {
    const { bus } = busOf<number>();
    const receiver = bus.subscribeAll();
    for (const id of [1, -1, 0.5, NaN, Infinity, '0', undefined]) {
      bus.unsubscribe(id as number);
    }
    expect(bus.subscriberCount).toBe(1);
    bus.unsubscribe(receiver.id);
    bus.unsubscribe(receiver.id);
    receiver.close();
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 33: close delivers what is queued, completes every receiver, and later ones at once', () => {
    const { bus, scheduler } = busOf<number>();
    const receivers = [bus.subscribeAll(), bus.subscribeFiltered(EventFilter.kind('test'), 1)];
    const seen = receivers.map(({ events$ }) => collectPayloads(events$));
    bus.publish(event(1));
    bus.publish(event(2));
    bus.close();
    bus.close();
    expect(bus.subscriberCount).toBe(0);
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([[1, 2], [1]]);
    expect(seen.map(({ endings }) => endings)).toEqual([['complete'], ['complete']]);
    const late = bus.subscribeAll();
    expect(collect(late.events$).endings).toEqual(['complete']);
    expect(collect(late.lagged$)).toMatchObject({ values: [0], endings: ['complete'] });
    expect(collect(bus.stream()).endings).toEqual(['complete']);
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 33: close() while an event is published delivers that event and those before it', () => {
    const { bus, scheduler } = busOf<string>();
    bus.subscribeFiltered(
      EventFilter.where(({ event: word }) => {
        if (word === 'outer') {
          bus.publish(event('inner'));
          bus.close();
          bus.publish(event('too late'));
        }
        return false;
      }),
    );
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(event('outer'));
    scheduler.flush();
    expect(values).toEqual(['outer', 'inner']);
    expect(endings).toEqual(['complete']);
  });

  it('law 33: a receiver that is made while the bus closes has no slot, and gets nothing', () => {
    const { bus, scheduler } = busOf<string>({ holdUnbound: { capacity: 2, maxAgeMs: 1000 } });
    const counts: number[] = [];
    const seen: { readonly values: readonly string[]; readonly endings: readonly unknown[] }[] = [];
    const subscribe = (): void => {
      seen.push(collectPayloads(bus.subscribeAll().events$));
      counts.push(bus.subscriberCount);
    };
    bus.connect(new Observable<BusEvent<string>>(() => subscribe)).catch(() => undefined);
    bus.subscribeFiltered(
      EventFilter.where(() => {
        subscribe();
        return true;
      }),
    );
    const held = { kind: 'test', connectorId: 'c', nativeSessionId: 's' };
    bus.publish({ routing: held, origin: 'test', event: 'one' });
    bus.publish({ routing: held, origin: 'test', event: 'two' });
    bus.close();
    expect(counts).toEqual([1, 1, 1]);
    scheduler.flush();
    expect(seen.map(({ values, endings }) => [values, endings])).toEqual([1, 2, 3].map(() => [[], ['complete']]));
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 33: disposing the bus closes it', () => {
    const { bus } = busOf<number>();
    const receiver = bus.subscribeAll();
    {
      using _held = bus;
    }
    expect(bus.subscriberCount).toBe(0);
    expect(collect(receiver.events$).endings).toEqual(['complete']);
  });

  it('stream is cold: each subscription has a receiver of its own, from its subscribing to its unsubscribing', () => {
    const { bus, scheduler } = busOf<number>();
    const stream$: Observable<BusEvent<number>> = bus.stream(EventFilter.all, { capacity: 1 });
    expect(bus.subscriberCount).toBe(0);
    bus.publish(event(0));
    const one = collectPayloads(stream$);
    bus.publish(event(1));
    const two = collectPayloads(stream$);
    expect(bus.subscriberCount).toBe(2);
    scheduler.flush();
    bus.publish(event(2));
    scheduler.flush();
    one.subscription.unsubscribe();
    expect(bus.subscriberCount).toBe(1);
    expect([one.values, two.values]).toEqual([[1, 2], [2]]);
  });

  it('a filter is taken as it is at the call: changing it afterwards changes nothing', () => {
    const { bus, scheduler } = busOf<number>();
    const kinds = ['test'];
    const { values } = collectPayloads(bus.stream({ type: 'kind', kinds }));
    kinds[0] = 'other';
    bus.publish(event(1));
    scheduler.flush();
    expect(values).toEqual([1]);
  });
});

describe('the life of a receiver', () => {
  it('law 30: close, from within a handler, delivers what was published before', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const values: number[] = [];
    const endings: string[] = [];
    receiver.events$.subscribe({
      next: ({ event: n }) => {
        values.push(n);
        if (n === 1) {
          publishAll(bus, 3);
          receiver.close();
          publishAll(bus, 4);
        }
      },
      complete: () => endings.push('complete'),
    });
    publishAll(bus, 1, 2);
    scheduler.flush();
    expect(values).toEqual([1, 2, 3]);
    expect(endings).toEqual(['complete']);
  });

  it('law 31: unsubscribing from events$ frees the queue and the slot at once, and discarded events are no lag', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const { subscription, values } = collectPayloads(receiver.events$);
    publishAll(bus, 1, 2);
    subscription.unsubscribe();
    expect(bus.subscriberCount).toBe(0);
    expect(scheduler.pending).toBe(0);
    publishAll(bus, 3);
    scheduler.flush();
    expect(values).toEqual([]);
    expect(receiver.lagged).toBe(0);
    expect(collect(receiver.events$)).toMatchObject({ values: [], endings: ['complete'] });
  });

  it('law 31: unsubscribing in a handler ends the turn there', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const { values, endings } = collectPayloads(receiver.events$.pipe(take(1)));
    publishAll(bus, 1, 2, 3);
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(endings).toEqual(['complete']);
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 31: disposing frees the slot and the queue at once, and a consumer that is still there gets its completion', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const { values, endings } = collectPayloads(receiver.events$);
    publishAll(bus, 1, 2);
    receiver[Symbol.dispose]();
    receiver[Symbol.dispose]();
    expect(bus.subscriberCount).toBe(0);
    publishAll(bus, 3);
    expect(endings).toEqual([]);
    scheduler.flush();
    expect(values).toEqual([]);
    expect(endings).toEqual(['complete']);
    expect(receiver.lagged).toBe(0);
    expect(scheduler.pending).toBe(0);
  });

  it('law 31: disposing in a handler ends the turn there, with the completion', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const values: unknown[] = [];
    receiver.events$.subscribe({
      next: ({ event: n }) => {
        values.push(n);
        receiver[Symbol.dispose]();
      },
      complete: () => values.push('complete'),
    });
    publishAll(bus, 1, 2);
    scheduler.flush();
    expect(values).toEqual([1, 'complete']);
  });

  it('law 16, 31: the slot is free when the consumer is told of the end, even on a scheduler without a hop', () => {
    const bus = new SharingBus<number>({ scheduler: queueScheduler });
    const story: string[] = [];
    const tell = (what: string) => (): void => {
      story.push(`${what}, ${bus.subscriberCount} left`);
    };
    const filter = EventFilter.where<number>(() => {
      throw new Error('no');
    });
    bus.subscribeFiltered(filter).events$.subscribe({ error: tell('error') });
    bus.publish(event(1));
    const receiver = bus.subscribeAll();
    receiver.events$.subscribe({ complete: tell('complete') });
    receiver[Symbol.dispose]();
    expect(story).toEqual(['error, 0 left', 'complete, 0 left']);
  });

  it('law 31: disposing a receiver that drains forgets the rest', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const { values, endings } = collectPayloads(receiver.events$);
    publishAll(bus, 1, 2);
    receiver.close();
    receiver[Symbol.dispose]();
    scheduler.flush();
    expect(values).toEqual([]);
    expect(endings).toEqual(['complete']);
  });

  it('law 31: a using declaration leaves at the end of its block', () => {
    const { bus } = setUp(1);
    {
      using receiver = bus.subscribeAll();
      expect(receiver.id).toBe(1);
      expect(bus.subscriberCount).toBe(2);
    }
    expect(bus.subscriberCount).toBe(1);
  });

  it('law 32: it buffers from its making, before anyone subscribes', () => {
    const { bus, scheduler, receiver } = setUp(2);
    publishAll(bus, 1, 2, 3);
    scheduler.flush();
    expect(receiver.lagged).toBe(1);
    const { values } = collectPayloads(receiver.events$);
    expect(values).toEqual([]);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
  });

  it('law 32: a second concurrent consumer gets ReceiverBusyError, and the first notices nothing', () => {
    const { bus, scheduler, receiver } = setUp(2);
    const first = collectPayloads(receiver.events$);
    const second = collectPayloads(receiver.events$);
    expect(second.endings).toEqual([expect.any(ReceiverBusyError)]);
    expect(second.endings[0]).toMatchObject({ name: 'ReceiverBusyError', id: 0 });
    publishAll(bus, 1);
    scheduler.flush();
    expect(first).toMatchObject({ values: [1], endings: [] });
    expect(bus.subscriberCount).toBe(1);
  });

  it('law 32: share() fans out further, and the last to leave ends the receiver', () => {
    const { bus, scheduler, receiver } = setUp(2);
    const shared$ = receiver.events$.pipe(share());
    const seen = [collectPayloads(shared$), collectPayloads(shared$)];
    publishAll(bus, 1);
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([[1], [1]]);
    seen[0]?.subscription.unsubscribe();
    expect(bus.subscriberCount).toBe(1);
    seen[1]?.subscription.unsubscribe();
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 32: after its end, events$ completes at once, also for a subscriber that comes in the completion', () => {
    const { bus, scheduler, receiver } = setUp(2);
    const again: unknown[] = [];
    receiver.events$.subscribe({ complete: () => again.push(...collect(receiver.events$).endings, 'was completed') });
    publishAll(bus, 1);
    receiver.close();
    scheduler.flush();
    expect(again).toEqual(['complete', 'was completed']);
  });

  it('law 32: what is queued when it is closed waits for a consumer that comes later', () => {
    const { bus, scheduler, receiver } = setUp(2);
    publishAll(bus, 1, 2);
    receiver.close();
    scheduler.flush();
    const { values, endings } = collectPayloads(receiver.events$);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    expect(endings).toEqual(['complete']);
  });

  it('law 34: after any end nothing is scheduled', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const other = bus.subscribeAll();
    const never = other.events$.subscribe();
    collect(receiver.events$);
    collect(receiver.lagged$);
    publishAll(bus, 1, 2);
    never.unsubscribe();
    bus.close();
    scheduler.flush();
    expect(scheduler.pending).toBe(0);
    expect(bus.subscriberCount).toBe(0);
  });
});
