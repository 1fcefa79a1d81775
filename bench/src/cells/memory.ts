import { type BusEvent, EventFilter, newUuid } from '../library.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { heapAfterCollection } from '../load/heap.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { settled, yieldOnce } from '../load/yieldOnce.js';
import { makePeer } from '../peers/index.js';
import { CAPACITY, type Member } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

const SESSIONS = sessionsOf(64);
const eventWith = (scrollId: string): BusEvent => eventOf(SESSIONS[0] as SessionIds, 'agent-message', scrollId);

/** Members of another peer that are made first, so that code and type feedback of V8 are not counted. */
const REHEARSAL = 2000;
/** Members that get an event at the end, to check that they work. Less than the capacity of any peer. */
const SAMPLE = 200;

/**
 * Bytes of a member with a consumer, before its first event. The texts of ids and the consumer belong to the application and are not
 * counted. The handle of a member is counted.
 */
export const idleMemory: Workload = async ({ peer: name, receivers }) => {
  const { take, count } = newTally();
  const ids = randomUuids(receivers, 1);
  const held = new Array<object | undefined>(receivers + REHEARSAL);
  let holding = 0;
  const options = {
    keyed: true,
    hold: (handle: object) => {
      held[holding] = handle;
      holding += 1;
    },
  };
  const rehearsal = makePeer(name, options);
  ids.slice(0, REHEARSAL).forEach((id) => rehearsal.join(EventFilter.scrollId(id), take));
  const peer = makePeer(name, options);
  const before = await heapAfterCollection();

  for (const id of ids) {
    peer.join(EventFilter.scrollId(id), take);
  }

  const bytes = ((await heapAfterCollection()) - before) / receivers;
  const sample = ids.filter((_, index) => index % Math.ceil(receivers / SAMPLE) === 0);
  for (const scrollId of sample) {
    peer.publish(eventWith(scrollId));
  }
  await settled(() => count() >= sample.length);
  expectEqual('delivered to the sample', count(), sample.length);
  rehearsal.publish(eventWith(ids[0] as string));
  await settled(() => count() > sample.length);
  expectEqual('delivered to the rehearsal', count(), sample.length + 1);
  expectEqual('handles', held.length, receivers + REHEARSAL);
  return { value: bytes, unit: 'bytes', published: sample.length, delivered: sample.length, dropped: 0 };
};

/** Bytes of one waiting event, without the event itself. Every member is full of events of its own key. */
export const bufferMemory: Workload = async ({ peer: name, receivers }) => {
  const ids = randomUuids(receivers, 1);
  const events = ids.map((scrollId) => eventWith(scrollId));
  const fill = async (): Promise<{ members: Member[]; bytes: number; publishAll: () => void }> => {
    const peer = makePeer(name, { keyed: true });
    const publishAll = (): void => {
      events.forEach(peer.publish);
    };
    const members = ids.map((id) => peer.join(EventFilter.scrollId(id)));
    const before = await heapAfterCollection();
    for (let count = 0; count < CAPACITY; count += 1) {
      publishAll();
      await yieldOnce();
    }
    const bytes = ((await heapAfterCollection()) - before) / (receivers * CAPACITY);
    return { members, bytes, publishAll };
  };
  // The first one makes code and type feedback, which must not be counted in the second one. It stays in memory.
  const rehearsal = await fill();
  const { members, bytes, publishAll } = await fill();
  expectEqual('members of the rehearsal', rehearsal.members.length, receivers);

  publishAll();
  members.forEach(({ lagged }, index) => {
    expectEqual(`lagged of member ${index}`, lagged, 1);
  });
  const { take, count } = newTally();
  members.forEach((member) => member.consume?.(take));
  expectEqual('delivered when a consumer came', count(), 0);
  await yieldOnce();
  const delivered = receivers * CAPACITY;
  expectEqual('delivered of the waiting events', count(), delivered);
  return { value: bytes, unit: 'bytes', published: delivered + receivers, delivered, dropped: receivers };
};

/** Bytes that a member with a consumer keeps when its queue was full and is empty again, more than before its first event. */
export const keptMemory: Workload = async ({ peer: name, receivers }) => {
  const ids = randomUuids(receivers, 1);
  const driverId = newUuid();
  const events = ids.map(eventWith);
  const { take, count } = newTally();
  const cycle = async (): Promise<number> => {
    const peer = makePeer(name, { keyed: true });
    const members = ids.map((id) => peer.join(EventFilter.scrollId(id), take));
    const before = await heapAfterCollection();
    const due = count() + receivers * CAPACITY;
    // Published in a delivery, the events wait in the queue of each member.
    const driver = peer.join(EventFilter.scrollId(driverId), () => {
      for (let round = 0; round < CAPACITY; round += 1) {
        events.forEach(peer.publish);
      }
    });
    peer.publish(eventWith(driverId));
    await settled(() => count() === due);
    driver.leave();
    expectEqual('delivered', count(), due);
    const bytes = ((await heapAfterCollection()) - before) / receivers;
    members.forEach(({ lagged }, index) => {
      expectEqual(`lagged of member ${index}`, lagged, 0);
    });
    return bytes;
  };
  // The first one makes code and type feedback.
  await cycle();
  const bytes = await cycle();
  return { value: bytes, unit: 'bytes', published: count(), delivered: count(), dropped: 0 };
};
