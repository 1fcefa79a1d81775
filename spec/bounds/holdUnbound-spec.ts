import { describe, expect, it, jest } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { SharingBus } from '../../lib/index.js';
import { event, registration, uuid } from '../support/events.js';

describe('law 34: what holdUnbound keeps', () => {
  it('no session, and no connector, of which it holds no event any more', () => {
    const bus = new SharingBus<unknown>({
      scheduler: new VirtualTimeScheduler(),
      holdUnbound: { capacity: 2, maxAgeMs: 100 },
    });
    const ids = (connectorId: string, nativeSessionId: string): object => ({ connectorId, nativeSessionId });
    bus.publish(event(1, ids('c', 's')));
    bus.publish(event(2, ids('c', 't')));
    bus.publish(event(3, ids('d', 's')));
    const removed = jest.spyOn(Map.prototype, 'delete');
    const keys = (act: () => void): unknown[] => {
      removed.mockClear();
      act();
      return removed.mock.calls.map(([key]) => key as unknown).filter((key) => typeof key === 'string');
    };
    const lists = [
      keys(() => {
        bus.publish(registration('c', 's', uuid(1)));
      }),
      keys(() => {
        bus.publish(registration('c', 't', uuid(2)));
      }),
      keys(() => {
        bus.close();
      }),
    ];
    removed.mockRestore();
    expect(lists).toEqual([['s'], ['t', 'c'], ['s', 'd']]);
  });
});
