import { type BusEvent, EventFilter, SharingBus } from '../library.js';
import type { Effort } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { median } from '../load/median.js';
import { randomIntegers, randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { settled, yieldOnce } from '../load/yieldOnce.js';
import { unable } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

/** Events of one scroll. So a million events are of a thousand scrolls. */
const PER_SCROLL = 1000;
const BURST = 256;
const PASSES = 9;

/** Events of several scrolls in random order, with the number of events of each scroll. */
interface Stored {
  readonly scrollIds: readonly string[];
  readonly counts: readonly number[];
}

async function store(count: number, keep: (busEvent: BusEvent) => void): Promise<Stored> {
  const scrolls = Math.ceil(count / PER_SCROLL);
  const scrollIds = randomUuids(scrolls, 1);
  const sessions = sessionsOf(scrolls);
  const counts = scrollIds.map(() => 0);
  const random = randomIntegers(2);
  for (let stored = 0; stored < count; stored += 1) {
    const scroll = random() % scrolls;
    counts[scroll] = (counts[scroll] as number) + 1;
    keep(eventOf(sessions[scroll] as SessionIds, 'agent-message', scrollIds[scroll]));
    if (stored % BURST === 0) {
      await yieldOnce();
    }
  }
  globalThis.gc?.();
  return { scrollIds, counts };
}

/** Nanoseconds until a new subscriber has all events of one scroll from the start of the history. Checks their number. */
async function resume(bus: SharingBus, { scrollIds, counts }: Stored, scroll: number): Promise<number> {
  const tally = newTally();
  const expected = counts[scroll] as number;
  const started = performance.now();
  const receiver = bus.subscribeFiltered(EventFilter.scrollId(scrollIds[scroll] as string), { from: 'start' });
  const subscription = receiver.events$.subscribe(tally.take);
  await settled(() => tally.count() === expected);
  const ns = (performance.now() - started) * 1e6;
  expectEqual('events of the scroll', tally.count(), expected);
  expectEqual('lagged', receiver.lagged, 0);
  subscription.unsubscribe();
  return ns;
}

function resumeWorkload(measure: (bus: SharingBus, stored: Stored) => Promise<number[]>, samplesOf: number): Workload {
  return async ({ peer, receivers: count, effort }) => {
    if (peer !== 'bus') {
      throw unable(peer, 'history');
    }
    const samples: number[] = [];
    let delivered = 0;
    for (let built = 0; built < samplesFor(effort, samplesOf); built += 1) {
      const bus = new SharingBus({ history: { capacity: count } });
      const stored = await store(count, (busEvent) => {
        bus.publish(busEvent);
      });
      samples.push(...(await measure(bus, stored)));
      delivered += count;
      bus.close();
    }
    return { value: median(samples), unit: 'ns', samples, published: delivered, delivered, dropped: 0 };
  };
}

function samplesFor({ samples }: Effort, most: number): number {
  return Math.min(samples, most);
}

/** The first resume of a scroll in a history that nobody has read. */
export const firstResume = resumeWorkload(async (bus, stored) => [await resume(bus, stored, 0)], 5);

/** The second resume, of another scroll. */
export const secondResume = resumeWorkload(async (bus, stored) => {
  await resume(bus, stored, 0);
  return [await resume(bus, stored, 1 % stored.scrollIds.length)];
}, 3);

/** The resumes of other scrolls after that. */
export const furtherResume = resumeWorkload(async (bus, stored) => {
  const samples: number[] = [];
  for (let scroll = 0; scroll < Math.min(stored.scrollIds.length, 200); scroll += 1) {
    samples.push(await resume(bus, stored, scroll));
  }
  return samples.length > 2 ? samples.slice(2) : samples;
}, 1);

/** The same events in an array, and a loop that looks for those of one scroll. */
export const passByHand: Workload = async ({ receivers: count, effort }) => {
  const kept: BusEvent[] = [];
  const { scrollIds, counts } = await store(count, ({ routing, origin, event }) => {
    // A copy, as a history has one of its own with a number.
    kept.push({ routing, origin, event, seq: kept.length + 1 });
  });
  const samples: number[] = [];
  for (let pass = 0; pass < samplesFor(effort, PASSES); pass += 1) {
    const scroll = pass % scrollIds.length;
    const { take, count: taken } = newTally();
    const started = performance.now();
    passOver(kept, scrollIds[scroll] as string, take);
    samples.push((performance.now() - started) * 1e6);
    expectEqual('events of the scroll', taken(), counts[scroll]);
  }
  return { value: median(samples), unit: 'ns', samples, published: count, delivered: count, dropped: 0 };
};

function passOver(events: readonly BusEvent[], scrollId: string, take: (busEvent: BusEvent) => void): void {
  for (const busEvent of events) {
    if (busEvent.routing.scrollId === scrollId) {
      take(busEvent);
    }
  }
}
