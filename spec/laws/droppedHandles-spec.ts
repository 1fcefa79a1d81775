import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { asapScheduler } from 'rxjs';
import { type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { recordingLogger } from '../support/collect.js';
import { survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { waysToClose } from '../support/waysToClose.js';

function setUp(scheduler = new ManualScheduler()): {
  readonly bus: SharingBus<object>;
  readonly scheduler: ManualScheduler;
  readonly lines: string[];
} {
  const { lines, logger } = recordingLogger();
  return { bus: new SharingBus<object>({ scheduler, logger }), scheduler, lines };
}

/** Publishes `count` events, and returns weak references to their payloads. */
function publishWatched(bus: SharingBus<object>, count: number): WeakRef<object>[] {
  return Array.from({ length: count }, () => {
    const payload = {};
    bus.publish(event(payload));
    return new WeakRef(payload);
  });
}

/** Collects garbage, and lets those be told who want to know. Where no `refs` are given, what is garbage now goes. */
async function settled(refs: readonly WeakRef<object>[] = [new WeakRef({})]): Promise<number> {
  const alive = await survivors(refs);
  for (let turn = 0; turn < 100; turn += 1) {
    await new Promise(setImmediate);
  }
  return alive;
}

/** What an application may hold in the place of a handle. */
const HOLDS: readonly { readonly name: string; readonly hold: (receiver: BusReceiver<object>) => unknown }[] = [
  { name: 'the handle', hold: (receiver) => receiver },
  { name: 'a Proxy of it', hold: (receiver) => new Proxy(receiver, {}) },
  { name: 'events$ of a Proxy of it', hold: (receiver) => new Proxy(receiver, {}).events$ },
  { name: 'events$', hold: (receiver) => receiver.events$ },
  { name: 'deliveries$', hold: (receiver) => receiver.deliveries$ },
  { name: 'deliveries', hold: (receiver) => receiver.deliveries },
  { name: 'an iterator', hold: (receiver) => receiver[Symbol.asyncIterator]() },
  { name: 'an iterator of deliveries', hold: (receiver) => receiver.deliveries[Symbol.asyncIterator]() },
  { name: 'toReadableStream()', hold: (receiver) => receiver.toReadableStream() },
  { name: 'deliveries.toReadableStream()', hold: (receiver) => receiver.deliveries.toReadableStream() },
];

/** What keeps it going, though nobody holds anything. */
const USES: readonly { readonly name: string; readonly use: (receiver: BusReceiver<object>) => unknown }[] = [
  { name: 'a consumer of events$', use: (receiver) => receiver.events$.subscribe() },
  { name: 'a function that consumes events$', use: (receiver) => receiver.events$.subscribe(() => undefined) },
  { name: 'a consumer of deliveries$', use: (receiver) => receiver.deliveries$.subscribe() },
  { name: 'recv()', use: (receiver) => receiver.recv() },
  { name: 'deliveries.recv()', use: (receiver) => receiver.deliveries.recv() },
  {
    name: 'an async loop',
    use: async (receiver) => {
      for await (const _ of receiver) {
        // It takes what comes.
      }
    },
  },
  {
    name: 'an async loop over the stream',
    use: async (receiver) => {
      const reader = receiver.toReadableStream().getReader();
      while (!(await reader.read()).done) {
        // It takes what comes.
      }
    },
  },
];

const ENDS: readonly {
  readonly name: string;
  readonly end: (receiver: BusReceiver<object>, bus: SharingBus<object>) => void;
}[] = [
  {
    name: 'close',
    end: (receiver) => {
      receiver.close();
    },
  },
  {
    name: 'dispose',
    end: (receiver) => {
      receiver[Symbol.dispose]();
    },
  },
  {
    name: 'unsubscribe(id)',
    end: (receiver, bus) => {
      bus.unsubscribe(receiver.id);
    },
  },
  {
    name: 'closing the bus',
    end: (_, bus) => {
      bus.close();
    },
  },
];

describe('a receiver that is dropped without a close', () => {
  it('is freed, with one warning that names it and counts what waited', async () => {
    const { bus, lines, scheduler } = setUp();
    const refs = ((): WeakRef<object>[] => {
      const named = bus.subscribeFiltered(EventFilter.all, { name: 'page' });
      return [new WeakRef(named), ...publishWatched(bus, 3)];
    })();
    await settled(refs.slice(0, 1));
    expect(bus.subscriberCount).toBe(0);
    expect(bus.stats().receivers).toEqual([]);
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 0 (page) was dropped without being closed: its slot is free, 3 events that waited are gone',
    ]);
    expect(await settled(refs)).toBe(0);
    expect(scheduler.pending).toBe(0);
    expect(lines).toHaveLength(1);
  });

  it('frees its filter, its queue and its timer', async () => {
    const { bus } = setUp();
    const refs = ((): WeakRef<object>[] => {
      const filter = EventFilter.where<object>(() => true);
      const receiver = bus.subscribeFiltered(filter, { capacity: 2 });
      return [...[receiver, filter].map((one) => new WeakRef<object>(one)), ...publishWatched(bus, 4)];
    })();
    await settled(refs.slice(0, 1));
    expect(await settled(refs)).toBe(0);
    expect(bus.stats()).toMatchObject({ delivered: 0, dropped: 2, receivers: [] });
  });

  const BEFORE: readonly [string, (bus: SharingBus<object>, id: number) => void][] = [
    ...waysToClose,
    ['evicted', (bus): void => void publishWatched(bus, 1)],
  ];

  it.each(BEFORE)('law 34: its signal has no listener any more, if it was %s before', async (_name, end) => {
    const { bus, lines } = setUp();
    const { signal } = new AbortController();
    const refs = ((): WeakRef<object>[] => {
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow: 'evict', signal });
      const payloads = publishWatched(bus, 2);
      end(bus, receiver.id);
      return [new WeakRef(receiver), ...payloads];
    })();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await settled(refs.slice(0, 1));
    expect(await settled(refs)).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(lines.filter((line) => line.includes('dropped'))).toEqual([]);
  });

  it('does not cost its neighbours anything', async () => {
    const { bus, lines } = setUp();
    const neighbour = bus.subscribeAll();
    const ref = ((): WeakRef<object> => new WeakRef(bus.subscribeAll()))();
    publishWatched(bus, 2);
    await settled([ref]);
    expect(bus.stats().receivers).toMatchObject([{ id: neighbour.id, waiting: 2 }]);
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 1 was dropped without being closed: its slot is free, 2 events that waited are gone',
    ]);
  });

  it('completes lagged$', async () => {
    const { bus, scheduler } = setUp();
    const seen: unknown[] = [];
    const ref = ((): WeakRef<object> => {
      const receiver = bus.subscribeFiltered(EventFilter.all, 1);
      receiver.lagged$.subscribe({ next: (count) => seen.push(count), complete: () => seen.push('complete') });
      return new WeakRef(receiver);
    })();
    publishWatched(bus, 3);
    await settled([ref]);
    scheduler.flush();
    expect(seen).toEqual([0, 2, 'complete']);
  });

  it('what was pulled from it before does not keep it', async () => {
    const { bus } = setUp();
    const ref = await (async (): Promise<WeakRef<object>> => {
      const receiver = bus.subscribeAll();
      publishWatched(bus, 2);
      await receiver.recv();
      return new WeakRef(receiver);
    })();
    await settled([ref]);
    expect(bus.subscriberCount).toBe(0);
  });

  it.each(HOLDS)('is not dropped while a program holds $name', async ({ hold }) => {
    const { bus, lines } = setUp();
    let held: unknown = hold(bus.subscribeAll());
    await settled();
    expect(bus.subscriberCount).toBe(1);
    expect(lines).toEqual([]);
    expect(held).toBeDefined();
    held = undefined;
    await settled();
    expect(bus.subscriberCount).toBe(0);
  });

  it.each(USES)('is not dropped while it is used: $name', async ({ use }) => {
    const { bus, lines } = setUp();
    ((): void => {
      void use(bus.subscribeAll());
    })();
    await settled();
    expect(bus.subscriberCount).toBe(1);
    expect(lines).toEqual([]);
    bus.close();
  });

  it.each(ENDS)('is not warned of after its end: $name', async ({ end }) => {
    const { bus, lines } = setUp();
    const ref = ((): WeakRef<object> => {
      const receiver = bus.subscribeAll();
      publishWatched(bus, 1);
      end(receiver, bus);
      return new WeakRef(receiver);
    })();
    expect(await settled([ref])).toBe(0);
    expect(lines).toEqual([]);
  });

  it('a receiver that was made after the end of the bus is dropped without a warning', async () => {
    const { bus, lines } = setUp();
    bus.close();
    const ref = ((): WeakRef<object> => new WeakRef(bus.subscribeAll()))();
    expect(await settled([ref])).toBe(0);
    expect(lines).toEqual([]);
  });

  it('streams are never abandoned', async () => {
    const { bus, lines } = setUp();
    ((): void => {
      bus.stream().subscribe();
      bus.stream(EventFilter.all, { consume: () => [] }).subscribe();
    })();
    await settled();
    expect(bus.subscriberCount).toBe(2);
    expect(lines).toEqual([]);
  });

  it('is freed on the default scheduler, too', async () => {
    const { lines, logger } = recordingLogger();
    const bus = new SharingBus<object>({ logger });
    const refs = ((): WeakRef<object>[] => [new WeakRef(bus.subscribeAll()), ...publishWatched(bus, 1)])();
    await new Promise<void>((resolve) => {
      asapScheduler.schedule(() => {
        resolve();
      });
    });
    await settled(refs.slice(0, 1));
    expect(await settled(refs)).toBe(0);
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 0 was dropped without being closed: its slot is free, 1 events that waited are gone',
    ]);
  });
});
