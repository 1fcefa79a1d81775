import { describe, expect, it, jest } from '@jest/globals';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

describe('law 34: what a history keeps', () => {
  it('no list for events that have left, whatever was searched for', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler(), history: { capacity: 2 } });
    const removed = jest.spyOn(Map.prototype, 'delete');
    const lists = Array.from({ length: 6 }, (_, n) => {
      for (const kind of ['k', 'l', `k${n}`]) {
        bus.subscribeFiltered(EventFilter.kind(kind), { from: 'start' }).dispose();
        bus.subscribeFiltered(EventFilter.scrollId(uuid(n)), { from: 'start' }).dispose();
      }
      removed.mockClear();
      bus.publish(event(n, { scrollId: uuid(n), kind: 'k' }));
      return removed.mock.calls.map(([key]) => key as unknown);
    });
    removed.mockRestore();
    // The lists of one event, for all fields together.
    expect(lists).toEqual([[], [], [1], [2], [3], [4]]);
  });

  it('no list of the receivers that read an event next, once they have read it', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler(), history: { capacity: 9 } });
    for (let n = 1; n <= 9; n += 1) {
      bus.publish(event(n));
    }
    const receivers = [1, 2].map(() => bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' }));
    const removed = jest.spyOn(Map.prototype, 'delete');
    for (let n = 1; n <= 9; n += 1) {
      receivers.forEach((receiver) => receiver.tryRecv());
    }
    // The first one was read before they were asked.
    const lists = removed.mock.calls.map(([key]) => key as unknown).filter((key) => typeof key === 'number');
    removed.mockRestore();
    expect(lists).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
