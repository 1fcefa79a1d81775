import { describe, expect, it, jest } from '@jest/globals';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { removedKeys } from '../support/removedKeys.js';

describe('law 34: what a history keeps', () => {
  it('no list of a scroll, a connector, a session or a kind that it has no event of any more', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler(), history: { capacity: 2 } });
    const lists = removedKeys(() => {
      for (let n = 0; n < 14; n += 1) {
        bus.publish(event(n, { scrollId: uuid(n), connectorId: `c${n}`, nativeSessionId: 'n', kind: `k${n}` }));
      }
    });
    // For each of the 12 that went: of the scroll, the connector, the session, that session's connector, and the kind.
    expect(lists).toHaveLength(12 * 5);
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
