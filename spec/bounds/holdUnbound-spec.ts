import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { SharingBus } from '../../lib/index.js';
import { event, registration, uuid } from '../support/events.js';
import { removedKeys } from './removedKeys.js';

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
    const lists = [
      removedKeys(() => {
        bus.publish(registration('c', 's', uuid(1)));
      }),
      removedKeys(() => {
        bus.publish(registration('c', 't', uuid(2)));
      }),
      removedKeys(() => {
        bus.close();
      }),
    ];
    expect(lists).toEqual([['s'], ['c', 't'], ['d', 's']]);
  });
});
