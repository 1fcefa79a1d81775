import type { ReceiverOptions } from '../../lib/options.js';
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { collect, collectPayloads } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

function busOf(options: ConstructorParameters<typeof SharingBus<number>>[0] = {}): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly publish: (kind: string, ...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler, ...options });
  const publish = (kind: string, ...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload, { kind }));
    });
  };
  return { bus, scheduler, publish };
}

describe('overflow: evict', () => {
  function evicting(): {
    readonly receiver: BusReceiver<number>;
    readonly bus: SharingBus<number>;
    readonly scheduler: VirtualTimeScheduler;
  } {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    return { bus, scheduler, receiver: bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow: 'evict' }) };
  }

  it.each<[string, boolean]>([
    ['before it was read empty', false],
    ['after it was read empty', true],
  ])('law 31: a signal that is aborted %s takes the error away, as disposing does', async (_when, isRead) => {
    const ends = [new AbortController(), undefined].map(async (controller) => {
      const scheduler = new ManualScheduler();
      const bus = new SharingBus<number>({ scheduler });
      const options = { capacity: 1, overflow: 'evict', signal: controller?.signal } as const;
      const receiver = bus.subscribeFiltered(EventFilter.all, options);
      [1, 2].forEach((payload) => {
        bus.publish(event(payload));
      });
      if (isRead) {
        expect((await receiver.recv())?.event).toBe(1);
      }
      if (controller === undefined) {
        receiver[Symbol.dispose]();
      } else {
        controller.abort();
      }
      return [await receiver.recv(), receiver.tryRecv(), collect(receiver.events$).endings];
    });
    expect(await Promise.all(ends)).toEqual([1, 2].map(() => [undefined, { type: 'completed' }, ['complete']]));
  });

  it('law 31: a signal that is aborted before the last gap was told takes that away, as disposing does', () => {
    const seen = [new AbortController(), undefined].map((controller) => {
      const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, signal: controller?.signal });
      [1, 2, 3].forEach((payload) => {
        bus.publish(event(payload));
      });
      receiver.close();
      const first = receiver.deliveries.tryRecv();
      if (controller === undefined) {
        receiver.dispose();
      } else {
        controller.abort();
      }
      return [first.type, receiver.deliveries.tryRecv()];
    });
    expect(seen).toEqual([1, 2].map(() => ['event', { type: 'completed' }]));
  });

  it('law 34: once the error was told, the signal has no listener any more', async () => {
    const { signal } = new AbortController();
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, overflow: 'evict', signal });
    bus.publish(event(1));
    bus.publish(event(2));
    await receiver.recv();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await expect(receiver.recv()).rejects.toThrow(SlowConsumerError);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('delivers what waits, then ends with how slow it was; its slot is free at once', () => {
    const { bus, scheduler, receiver } = evicting();
    bus.publish(event(1));
    scheduler.frame = 40;
    bus.publish(event(2));
    scheduler.frame = 100;
    bus.publish(event(3));
    expect([bus.subscriberCount, receiver.lagged]).toEqual([0, 1]);
    bus.publish(event(4));
    const { values, endings } = collectPayloads(receiver.events$);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    expect(endings).toEqual([new SlowConsumerError(0, 2, 1, 100)]);
    expect(endings[0]).toMatchObject({ id: 0, pending: 2, lagged: 1, oldestAgeMs: 100 });
  });

  it('leaves a receiver alone that keeps up', () => {
    const { bus, scheduler, receiver } = evicting();
    const { values, endings } = collectPayloads(receiver.events$);
    for (let payload = 0; payload < 20; payload += 1) {
      bus.publish(event(payload));
      scheduler.flush();
    }
    expect([values.length, endings, receiver.lagged]).toEqual([20, [], 0]);
  });

  it('rejects a pull, after what waited', async () => {
    const { bus, receiver } = evicting();
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    expect([(await receiver.recv())?.event, (await receiver.recv())?.event]).toEqual([1, 2]);
    await expect(receiver.recv()).rejects.toThrow(SlowConsumerError);
    expect(await receiver.recv()).toBeUndefined();
  });
});

describe('a turn of a policy', () => {
  it('law 26: delivers what waited when it began, also where an event was displaced meanwhile', () => {
    const { bus, scheduler, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow: 'drop-oldest' });
    const turns: number[][] = [];
    receiver.events$.subscribe(({ event: payload }) => {
      turns.at(-1)?.push(payload);
      if (payload === 1) {
        publish('chat', 3, 4);
      }
    });
    publish('chat', 1, 2);
    do {
      turns.push([]);
    } while (scheduler.turn() > 0);
    expect([turns, receiver.lagged]).toEqual([[[1], [3, 4], []], 1]);
  });

  it('a flush does not wait for an event that was displaced', async () => {
    const { bus, scheduler, publish } = busOf();
    bus.subscribeFiltered(EventFilter.all, { capacity: 1, overflow: 'drop-oldest' });
    publish('chat', 1);
    const flushed = bus.flush();
    publish('chat', 2);
    scheduler.flush();
    await flushed;
    expect(bus.subscriberCount).toBe(1);
  });
});

describe('options of a policy', () => {
  it('latest: a barrier that waits is not replaced by a later event of its own key, nor by a later barrier', async () => {
    const { bus, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, {
      capacity: 4,
      overflow: 'latest',
      key: () => 'one for all',
      barrier: ({ routing }) => routing.kind === 'barrier',
    });
    publish('chat', 1);
    publish('barrier', 2);
    expect(bus.explain(event(3))[0]?.why).toBe('it would wait behind 2 others');
    publish('chat', 3, 4);
    publish('barrier', 5);
    expect(bus.explain(event(6))[0]).toMatchObject({ drops: true, why: 'there is no room: 4 wait' });
    publish('chat', 6);
    receiver.close();
    const got: number[] = [];
    for await (const { event: payload } of receiver) {
      got.push(payload);
    }
    expect([got, receiver.lagged]).toEqual([[1, 2, 4, 5], 2]);
  });

  it('law 16: a key or a barrier that throws ends its own receiver', () => {
    const { bus, scheduler, publish } = busOf();
    const no = (): never => {
      throw new Error('no');
    };
    const options: ReceiverOptions<number>[] = [
      { overflow: 'latest', key: no },
      { overflow: 'latest', key: () => 1, barrier: no },
    ];
    const all = options.map((one) => collectPayloads(bus.stream(EventFilter.all, one)));
    const neighbour = collectPayloads(bus.stream());
    publish('chat', 1);
    expect(bus.subscriberCount).toBe(1);
    scheduler.flush();
    expect(all.map(({ endings }) => endings)).toEqual([[new Error('no')], [new Error('no')]]);
    expect(neighbour.values).toEqual([1]);
  });

  it('law 31: a key that leaves its receiver forgets its event with the others', () => {
    const { bus, scheduler, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, {
      overflow: 'latest',
      key: ({ event: payload }) => {
        if (payload === 2) {
          receiver[Symbol.dispose]();
        }
        return 'one';
      },
    });
    const { values, endings } = collect(receiver.deliveries$);
    publish('chat', 1, 2);
    scheduler.flush();
    expect([values, endings, receiver.lagged, bus.stats().delivered]).toEqual([[], ['complete'], 0, 0]);
  });

  it.each<[string, unknown]>([
    ['overflow: expected', { overflow: 'drop-everything' }],
    ['key must be a function', { overflow: 'latest' }],
    ['barrier must be a function', { overflow: 'latest', key: () => 1, barrier: 5 }],
    ['reserve: expected overflow', { overflow: 'drop-oldest', reserve: { capacity: 1, kinds: [] } }],
    ['reserve: expected overflow', { overflow: 'latest', key: () => 1, reserve: { capacity: 1, kinds: [] } }],
    ['reserve: expected overflow', { overflow: 'evict', reserve: null }],
    ['key: expected overflow \'latest\', got "drop-newest"', { key: () => 1 }],
    ['key: expected overflow \'latest\', got "drop-oldest"', { overflow: 'drop-oldest', key: () => 1 }],
    ['key: expected overflow \'latest\', got "evict"', { overflow: 'evict', key: null }],
    ['barrier: expected overflow \'latest\', got "drop-newest"', { barrier: () => true }],
    ['barrier: expected overflow \'latest\', got "evict"', { overflow: 'evict', barrier: () => true }],
    ['reserve.capacity', { reserve: { capacity: 0, kinds: [] } }],
    ['reserve.kinds: expected', { reserve: { capacity: 1, kinds: 'end' } }],
    ['reserve must be an object', { reserve: null }],
    ['name must be a string', { name: Symbol('n') }],
    ['signal.addEventListener', { signal: {} }],
    ['subscribeFiltered: capacity', { capacity: -1 }],
    ['subscribeFiltered: queueCapacity', null],
  ])('law 24: refuses %s..., and no id is used', (message, options) => {
    const { bus } = busOf();
    expect(() => bus.subscribeFiltered(EventFilter.all, options as ReceiverOptions<number>)).toThrow(message);
    expect(bus.subscribeAll().id).toBe(0);
  });

  it('a reserve keeps its place while the common ones are taken again, in order', () => {
    const { bus, scheduler, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, reserve: { capacity: 1, kinds: ['end'] } });
    publish('chat', 1, 2);
    publish('end', 3, 4);
    const events: BusEvent<number>[] = [];
    receiver.events$.subscribe((busEvent) => events.push(busEvent));
    scheduler.flush();
    expect([events.map(({ event: payload }) => payload), receiver.lagged]).toEqual([[1, 3], 2]);
  });
});
