import { type BusReceiver, EventFilter, SharingBus } from '../library.js';
import type { Effort } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { median } from '../load/median.js';
import { unable } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

const [SESSION] = sessionsOf(1);
const EVENT = eventOf(SESSION as SessionIds, 'agent-message');

interface Result {
  readonly taken: number;
}

/** Runs `wait` for `count` items. The figure is the cost of one item. */
function waiting(wait: (count: number) => Promise<Result>): Workload {
  return async ({ peer, receivers: count, effort }) => {
    if (peer !== 'bus') {
      throw unable(peer, 'such wait');
    }
    let published = 0;
    const once = async (): Promise<number> => {
      const started = performance.now();
      const { taken } = await wait(count);
      const ns = ((performance.now() - started) / count) * 1e6;
      expectEqual('taken', taken, count);
      published += count;
      return ns;
    };
    const samples = await timesOf(once, effort);
    return { value: median(samples), unit: 'ns', samples, published, delivered: published, dropped: 0 };
  };
}

async function timesOf(once: () => Promise<number>, { warmUpMs, sampleMs, samples }: Effort): Promise<number[]> {
  for (const warm = performance.now() + warmUpMs; performance.now() < warm;) {
    await once();
  }
  const times: number[] = [];
  const enough = performance.now() + samples * sampleMs * 2;
  while (times.length < Math.min(samples, 3) || (times.length < samples && performance.now() < enough)) {
    globalThis.gc?.();
    times.push(await once());
  }
  return times;
}

async function takeAll(receiver: BusReceiver): Promise<Result> {
  let taken = 0;
  for await (const _ of receiver) {
    taken += 1;
  }
  return { taken };
}

/** Publishes `count` events, each followed by a `flush()`, and then awaits all flushes. A `for await` takes the events. */
export const flushes = waiting(async (count) => {
  const bus = new SharingBus();
  const taking = takeAll(bus.subscribeFiltered(EventFilter.all, count));
  const flushed: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    bus.publish(EVENT);
    flushed.push(bus.flush());
  }
  await Promise.all(flushed);
  bus.close();
  return taking;
});

/** Makes `count` calls of `recv()`. Then it publishes one event after another, each when the one before was taken. */
export const calls = waiting(async (count) => {
  const bus = new SharingBus();
  const receiver = bus.subscribeFiltered(EventFilter.all, count);
  const pulled = Array.from({ length: count }, () => receiver.recv());
  let taken = 0;
  for (const one of pulled) {
    bus.publish(EVENT);
    taken += (await one) === undefined ? 0 : 1;
  }
  return { taken };
});

/** Calls `connect` with `count` events from memory. A `for await` takes the events. */
export const connect = waiting(async (count) => {
  const bus = new SharingBus();
  const taking = takeAll(bus.subscribeFiltered(EventFilter.all, 64));
  expectEqual('published', await bus.connect(fromMemory(count)), count);
  bus.close();
  return taking;
});

function fromMemory(count: number): AsyncIterable<typeof EVENT> {
  let left = count;
  const next = (): Promise<IteratorResult<typeof EVENT, undefined>> => {
    left -= 1;
    return Promise.resolve(left < 0 ? { done: true, value: undefined } : { done: false, value: EVENT });
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
