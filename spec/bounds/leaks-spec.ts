import { describe, expect, it } from '@jest/globals';
import { asapScheduler, Subject, type Subscription, take } from 'rxjs';
import {
  type BusEvent,
  type BusReceiver,
  dropNewest,
  EventFilter,
  lateBindScrollId,
  newUuid,
  SharingBus,
} from '../../lib/index.js';
import { collectGarbage, survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

interface Payload {
  readonly bytes: Uint8Array;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    asapScheduler.schedule(() => {
      resolve();
    });
  });
}

/** Publishes `count` events and returns weak references to their payloads. */
function publishWatched(bus: SharingBus<Payload>, count: number): WeakRef<object>[] {
  return Array.from({ length: count }, () => {
    const payload = { bytes: new Uint8Array(1024) };
    bus.publish(event(payload));
    return new WeakRef(payload);
  });
}

const ENDS: readonly {
  readonly name: string;
  readonly end: (bus: SharingBus<Payload>, receiver: BusReceiver<Payload>, consumer: Subscription) => void;
}[] = [
  {
    name: 'unsubscribing from events$',
    end: (_bus, _receiver, consumer) => {
      consumer.unsubscribe();
    },
  },
  {
    name: 'close',
    end: (_bus, receiver) => {
      receiver.close();
    },
  },
  {
    name: 'unsubscribe(id)',
    end: (bus, receiver) => {
      bus.unsubscribe(receiver.id);
    },
  },
  {
    name: 'dispose',
    end: (_bus, receiver) => {
      receiver[Symbol.dispose]();
    },
  },
  {
    name: 'closing the bus',
    end: (bus) => {
      bus.close();
    },
  },
  {
    name: 'a predicate that throws',
    end: (bus) => {
      bus.publish(event({ bytes: new Uint8Array(0) }));
    },
  },
];

describe('law 34: after any end nothing is retained', () => {
  it.each(ENDS)('$name: the events that were queued, while bus and receiver live on', async ({ end }) => {
    const bus = new SharingBus<Payload>();
    const receiver = bus.subscribeFiltered(
      EventFilter.where(({ event: { bytes } }) => {
        if (bytes.length === 0) {
          throw new Error('no');
        }
        return true;
      }),
      3,
    );
    const consumer = receiver.events$.subscribe({ error: () => undefined });
    const refs = publishWatched(bus, 5);
    end(bus, receiver, consumer);
    await turn();
    expect(await survivors(refs)).toBe(0);
    expect(bus.subscriberCount).toBe(0);
    expect(receiver.lagged).toBe(2);
  });

  it.each(ENDS)('$name: the receiver and its handlers, while the bus lives on', async ({ end }) => {
    const bus = new SharingBus<Payload>();
    const refs = ((): WeakRef<object>[] => {
      const receiver = bus.subscribeFiltered(
        EventFilter.where(({ event: { bytes } }) => {
          if (bytes.length === 0) {
            throw new Error('no');
          }
          return true;
        }),
      );
      const handlers = { next: (): void => undefined, error: (): void => undefined };
      const counts = { next: (): void => undefined };
      const consumer = receiver.events$.subscribe(handlers);
      receiver.lagged$.subscribe(counts);
      end(bus, receiver, consumer);
      return [receiver, handlers, counts].map((one) => new WeakRef<object>(one));
    })();
    await turn();
    expect(await survivors(refs)).toBe(0);
  });

  it.each(ENDS)('$name: the filter, while the handle lives on', async ({ name, end }) => {
    const bus = new SharingBus<Payload>();
    const { receiver, ref } = ((): { receiver: BusReceiver<Payload>; ref: WeakRef<object> } => {
      const predicate = ({ event: { bytes } }: BusEvent<Payload>): boolean => {
        if (bytes.length === 0) {
          throw new Error('no');
        }
        return true;
      };
      const made = bus.subscribeFiltered(EventFilter.where(predicate));
      end(bus, made, made.events$.subscribe({ error: () => undefined }));
      return { receiver: made, ref: new WeakRef(predicate) };
    })();
    await turn();
    expect([name, await survivors([ref])]).toEqual([name, 0]);
    expect(receiver.lagged).toBe(0);
  });

  it.each(ENDS)('$name: a function that consumed, and the bus, while its subscription lives on', async ({ end }) => {
    const { consumer, refs } = ((): { consumer: Subscription; refs: WeakRef<object>[] } => {
      const bus = new SharingBus<Payload>();
      const handler = (): void => undefined;
      const receiver = bus.subscribeFiltered(EventFilter.where(({ event: { bytes } }) => bytes.length > 0));
      const made = receiver.events$.subscribe(handler);
      end(bus, receiver, made);
      // One end is that of a predicate that throws, which this one does not.
      made.unsubscribe();
      return { consumer: made, refs: [new WeakRef<object>(handler), new WeakRef<object>(bus)] };
    })();
    await turn();
    expect(await survivors(refs)).toBe(0);
    expect(consumer.closed).toBe(true);
  });

  it('a burst is not held when its action is over, also where another was asked for and withdrawn', async () => {
    const bus = new SharingBus<Payload>();
    const answer = { bytes: new Uint8Array(1) };
    const consumer = bus.stream(EventFilter.kind('answer')).subscribe();
    bus.stream(EventFilter.kind('test')).subscribe(() => {
      bus.publish(event(answer, { kind: 'answer' }));
      queueMicrotask(() => {
        consumer.unsubscribe();
      });
    });
    const refs = publishWatched(bus, 10);
    await turn();
    expect(await survivors(refs)).toBe(0);
    expect(bus.subscriberCount).toBe(1);
  });

  it('a receiver that lagged, and left when it got its last event', async () => {
    const bus = new SharingBus<Payload>();
    // Many capacities, so that the bus does not look soon again who has which room.
    Array.from({ length: 30 }).forEach((_, more) => bus.subscribeFiltered(EventFilter.kind('other'), 300 + more));
    const ref = ((): WeakRef<object> => {
      const receiver = bus.subscribeFiltered(EventFilter.kind('test'), 64);
      let taken = 0;
      const consumer = receiver.events$.subscribe(() => {
        taken += 1;
        if (taken === 1) {
          publishWatched(bus, 1);
        } else if (taken === 65) {
          consumer.unsubscribe();
        }
      });
      publishWatched(bus, 65);
      return new WeakRef(receiver);
    })();
    await turn();
    await turn();
    expect(await survivors([ref])).toBe(0);
  });

  it('events that were delivered are not held by a bus that is idle', async () => {
    const bus = new SharingBus<Payload>();
    bus.subscribeAll().events$.subscribe();
    const refs = publishWatched(bus, 5);
    await turn();
    expect(await survivors(refs)).toBe(0);
    expect(bus.subscriberCount).toBe(1);
  });

  it.each([64, 256])('a burst that is never handed over: the capacity of %i and 256 more', async (capacity) => {
    const bus = new SharingBus<Payload>({ scheduler: new ManualScheduler() });
    const receiver = bus.subscribeFiltered(EventFilter.all, capacity);
    receiver.events$.subscribe();
    const published: WeakRef<object>[] = [];
    let most = 0;
    while (published.length < 1200) {
      published.push(...publishWatched(bus, 150));
      most = Math.max(most, await survivors(published, 1));
    }
    expect(most).toBeLessThanOrEqual(capacity + 256);
    expect(receiver.lagged).toBe(1200 - capacity);
  });

  it('events that match no receiver are not held', async () => {
    const bus = new SharingBus<Payload>();
    const refs = publishWatched(bus, 5);
    expect(await survivors(refs)).toBe(0);
    bus.close();
  });

  it('a stream that was left in a handler leaves nothing', async () => {
    const bus = new SharingBus<Payload>();
    bus.stream().pipe(take(1)).subscribe();
    const refs = publishWatched(bus, 5);
    await turn();
    expect(await survivors(refs)).toBe(0);
    expect(bus.subscriberCount).toBe(0);
  });

  it('an abandoned bus goes, with all that it holds', async () => {
    const refs = ((): WeakRef<object>[] => {
      const bus = new SharingBus<Payload>();
      const receiver = bus.subscribeAll();
      return [new WeakRef<object>(bus), new WeakRef<object>(receiver), ...publishWatched(bus, 3)];
    })();
    expect(await survivors(refs)).toBe(0);
  });

  it('dropNewest lets go of its source, its queue and its consumer', async () => {
    const source$ = new Subject<object>();
    const refs: WeakRef<object>[] = [];
    const subscription = ((): Subscription => {
      const handler = { next: (): void => undefined };
      refs.push(new WeakRef(handler));
      return source$.pipe(dropNewest({ capacity: 2 })).subscribe(handler);
    })();
    refs.push(
      ...Array.from({ length: 4 }, () => {
        const value = {};
        source$.next(value);
        return new WeakRef(value);
      }),
    );
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
    expect(await survivors(refs)).toBe(0);
  });

  it('lateBindScrollId holds no event that it has passed on', async () => {
    const source$ = new Subject<BusEvent<object>>();
    const subscription = source$.pipe(lateBindScrollId()).subscribe();
    const refs = Array.from({ length: 3 }, () => {
      const payload = {};
      source$.next(event(payload));
      return new WeakRef(payload);
    });
    expect(await survivors(refs)).toBe(0);
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
  });

  it('a bus that remembers the ids of events does not keep the lines that they were cut out of, but for the last few', async () => {
    const LINES = 100;
    const LENGTH = 200_000;
    const bus = new SharingBus<number>();
    const used = async (): Promise<number> => {
      await collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await used();
    for (let number = 0; number < LINES; number += 1) {
      const line = Buffer.from(`id=${newUuid()} ${'x'.repeat(LENGTH)}`).toString('latin1');
      bus.publish(event(number, { scrollId: line.slice(3, 39) }));
    }
    expect((await used()) - before).toBeLessThan(20 * LENGTH);
    bus.close();
  });
});
