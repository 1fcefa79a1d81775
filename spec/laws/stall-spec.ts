import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { type BusReceiver, EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { advanceTo } from '../support/advanceTo.js';
import { collectPayloads } from '../support/collect.js';
import { event } from '../support/events.js';

const LIMIT = 100;

function setUp(options: ReceiverOptions<number> = {}): {
  readonly bus: SharingBus<number>;
  readonly scheduler: VirtualTimeScheduler;
  readonly receiver: BusReceiver<number>;
  readonly publish: (...payloads: number[]) => void;
  readonly to: (time: number) => void;
} {
  const scheduler = new VirtualTimeScheduler();
  const bus = new SharingBus<number>({ scheduler });
  const receiver = bus.subscribeFiltered(EventFilter.all, { stallAfterMs: LIMIT, ...options });
  return {
    bus,
    scheduler,
    receiver,
    publish: (...payloads) => {
      payloads.forEach((payload) => {
        bus.publish(event(payload));
      });
    },
    to: (time) => {
      advanceTo(scheduler, time);
    },
  };
}

/** Takes one, which waits, or is the end. */
async function taken(receiver: BusReceiver<number>): Promise<unknown> {
  try {
    return (await receiver.recv())?.event;
  } catch (error) {
    return error;
  }
}

// A capacity of 2 is routed when an event is published, one of 100 when it is handed over.
const POLICIES: readonly { readonly name: string; readonly options: ReceiverOptions<number> }[] = [
  { name: 'drop-newest', options: { capacity: 2 } },
  { name: 'drop-newest, with much room', options: { capacity: 100 } },
  { name: 'drop-oldest', options: { capacity: 2, overflow: 'drop-oldest' } },
  { name: 'latest', options: { capacity: 2, overflow: 'latest', key: ({ event: payload }) => payload } },
  { name: 'evict', options: { capacity: 2, overflow: 'evict' } },
  { name: 'reserve', options: { capacity: 1, reserve: { capacity: 1, kinds: ['test'] } } },
];

describe('stallAfterMs', () => {
  it.each(POLICIES)('$name: counts for what came for a call that was then given up', async ({ options }) => {
    const { bus, to, publish, receiver } = setUp({ ...options });
    const controller = new AbortController();
    const call = receiver.recv({ signal: controller.signal });
    publish(1);
    // What is asked now has it routed: it waits for the call.
    expect(receiver.lagged).toBe(0);
    controller.abort('given up');
    await expect(call).rejects.toBe('given up');
    to(LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    to(LIMIT);
    expect(bus.subscriberCount).toBe(0);
  });

  it.each(POLICIES)(
    '$name: ends one that nobody consumes, exactly when its first event has waited so long',
    ({ options }) => {
      const { bus, to, publish } = setUp(options);
      to(1000);
      publish(1);
      to(1000 + LIMIT - 1);
      expect(bus.subscriberCount).toBe(1);
      to(1000 + LIMIT);
      expect(bus.subscriberCount).toBe(0);
    },
  );

  it.each(POLICIES)('$name: what waits can still be taken, then the error once, then the end', async ({ options }) => {
    const { receiver, to, publish, scheduler } = setUp(options);
    publish(1);
    to(10);
    publish(2);
    to(LIMIT);
    publish(3);
    expect(scheduler.actions).toEqual([]);
    expect([await taken(receiver), await taken(receiver)]).toEqual([1, 2]);
    const error = await taken(receiver);
    expect(error).toBeInstanceOf(SlowConsumerError);
    expect(error).toMatchObject({ id: 0, pending: 2, lagged: 0, oldestAgeMs: LIMIT });
    expect(await taken(receiver)).toBeUndefined();
  });

  it('a late consumer of events$ gets what waits, then the error', () => {
    const { receiver, to, publish, scheduler } = setUp();
    publish(1, 2);
    to(LIMIT);
    const { values, endings } = collectPayloads(receiver.events$);
    to(LIMIT);
    expect(values).toEqual([1, 2]);
    expect(endings).toEqual([new SlowConsumerError(0, 2, 0, LIMIT)]);
    expect(scheduler.actions).toEqual([]);
  });

  it.each(POLICIES)('$name: an arriving event does not restart the time', ({ options }) => {
    const { bus, to, publish } = setUp(options);
    for (let time = 0; time < LIMIT; time += 50) {
      to(time);
      publish(time);
    }
    to(LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    to(LIMIT);
    expect(bus.subscriberCount).toBe(0);
  });

  it('counts what it lost meanwhile', async () => {
    const { receiver, to, publish } = setUp({ capacity: 1 });
    publish(1, 2, 3);
    to(LIMIT);
    await taken(receiver);
    expect(await taken(receiver)).toMatchObject({ pending: 1, lagged: 2 });
  });

  it('does not end a puller that takes one now and then', async () => {
    const { bus, receiver, to, publish } = setUp();
    publish(1, 2, 3, 4);
    for (let time = 1; time <= 3; time += 1) {
      to(time * (LIMIT - 1));
      expect(await taken(receiver)).toBe(time);
    }
    expect(bus.subscriberCount).toBe(1);
    // It took the last at 297.
    to(3 * (LIMIT - 1) + LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    to(3 * (LIMIT - 1) + LIMIT);
    expect(bus.subscriberCount).toBe(0);
    expect([await taken(receiver), await taken(receiver)]).toEqual([4, new SlowConsumerError(0, 1, 0, 397)]);
  });

  it('does not end a receiver whose recv() waits for the first event', async () => {
    const { bus, receiver, to, publish } = setUp();
    const first = taken(receiver);
    to(10 * LIMIT);
    publish(1);
    to(20 * LIMIT);
    expect(await first).toBe(1);
    expect(bus.subscriberCount).toBe(1);
  });

  it('counts from the take where more came than was asked for', async () => {
    const { bus, receiver, to, publish } = setUp();
    const first = taken(receiver);
    to(50);
    publish(1, 2);
    to(50 + LIMIT - 1);
    expect(await first).toBe(1);
    expect(bus.subscriberCount).toBe(1);
    to(50 + LIMIT);
    expect(bus.subscriberCount).toBe(0);
  });

  it('begins anew when the queue was empty in between', async () => {
    const { bus, receiver, to, publish, scheduler } = setUp();
    publish(1);
    to(LIMIT - 1);
    expect(await taken(receiver)).toBe(1);
    expect(scheduler.actions).toEqual([]);
    to(LIMIT);
    publish(2);
    to(2 * LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    to(2 * LIMIT);
    expect(bus.subscriberCount).toBe(0);
  });

  it('does not end a receiver with a subscriber, who takes everything in its next turn', () => {
    const { bus, receiver, to, publish, scheduler } = setUp();
    publish(1);
    to(LIMIT - 1);
    expect(scheduler.actions).toHaveLength(1);
    const { values } = collectPayloads(receiver.events$);
    to(LIMIT - 1);
    expect(values).toEqual([1]);
    expect(scheduler.actions).toEqual([]);
    publish(2);
    to(10 * LIMIT);
    expect(values).toEqual([1, 2]);
    expect(bus.subscriberCount).toBe(1);
  });

  it('ends a stream whose consumer works on one event for so long', () => {
    const { bus, to, publish } = setUp();
    bus.unsubscribe(0);
    const { endings } = collectPayloads(
      bus.stream(EventFilter.all, { stallAfterMs: LIMIT, consume: () => new Promise<never>(() => undefined) }),
    );
    publish(1, 2);
    to(LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    to(LIMIT);
    expect(bus.subscriberCount).toBe(0);
    // What it works on is still worked on.
    expect(endings).toEqual([]);
  });

  it.each<[string, (receiver: BusReceiver<number>, bus: SharingBus<number>, controller: AbortController) => unknown]>([
    [
      'close',
      (receiver) => {
        receiver.close();
      },
    ],
    [
      'dispose',
      (receiver) => {
        receiver[Symbol.dispose]();
      },
    ],
    [
      'unsubscribe',
      (receiver, bus) => {
        bus.unsubscribe(receiver.id);
      },
    ],
    [
      'closing the bus',
      (_, bus) => {
        bus.close();
      },
    ],
    [
      'abort',
      (_receiver, _bus, controller) => {
        controller.abort();
      },
    ],
    [
      'a predicate that throws',
      (_, bus) => {
        bus.publish(event(-1));
      },
    ],
    ['taking what waits', (receiver) => receiver.recv()],
    ['leaving an async loop', (receiver) => receiver[Symbol.asyncIterator]().return?.()],
    ['cancelling its stream', (receiver) => receiver.toReadableStream().cancel()],
  ])('law 34: leaves no timer: %s', async (_, end) => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const controller = new AbortController();
    const filter = EventFilter.where<number>(({ event: payload }) => {
      if (payload < 0) {
        throw new Error('no');
      }
      return true;
    });
    const receiver = bus.subscribeFiltered(filter, { stallAfterMs: LIMIT, signal: controller.signal });
    bus.publish(event(1));
    expect(scheduler.actions).toHaveLength(1);
    await end(receiver, bus, controller);
    expect(scheduler.actions).toEqual([]);
  });

  it('frees its slot, and no other', () => {
    const { bus, to, publish } = setUp();
    const other = bus.subscribeFiltered(EventFilter.all, 1);
    publish(1);
    to(LIMIT);
    expect(bus.stats().receivers.map(({ id }) => id)).toEqual([other.id]);
    expect(other.lagged).toBe(0);
  });

  it('is watched again, where a throw beside it on the scheduler has cancelled its timer', () => {
    const { bus, scheduler, publish } = setUp();
    publish(1);
    scheduler.schedule(() => {
      throw new Error('beside it');
    }, LIMIT / 2);
    expect(() => {
      scheduler.flush();
    }).toThrow('beside it');
    publish(2);
    scheduler.flush();
    expect(bus.subscriberCount).toBe(0);
  });

  it('is not longer where the clock of the scheduler was set back', () => {
    const { bus, scheduler, to, publish } = setUp();
    to(100_000);
    publish(1);
    to(100_010);
    // The timers of a platform do not follow its clock; those of this scheduler do.
    const left = scheduler.actions[0]?.delay;
    expect(left).toBe(100_000 + LIMIT);
    scheduler.now = () => scheduler.frame - 90_000;
    runUntil(scheduler, 100_000 + LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    runUntil(scheduler, 100_000 + LIMIT);
    expect(bus.subscriberCount).toBe(0);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 31, true, null])('law 24: refuses %p, and uses no id', (stallAfterMs) => {
    const bus = new SharingBus<number>();
    const options = { stallAfterMs: stallAfterMs as number };
    const expected = new RangeError(
      `stallAfterMs must be an integer from 1 to 2147483647, got ${String(stallAfterMs)}`,
    );
    expect(() => bus.subscribeFiltered(EventFilter.all, options)).toThrow(expected);
    expect(() => bus.stream(EventFilter.all, options)).toThrow(expected);
    expect(bus.subscribeAll().id).toBe(0);
  });
});

/** Runs what is due until the frame `frame`, whatever the clock says. */
function runUntil(scheduler: VirtualTimeScheduler, frame: number): void {
  scheduler.maxFrames = frame;
  scheduler.flush();
}
