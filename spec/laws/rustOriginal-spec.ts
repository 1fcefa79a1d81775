import { describe, expect, it } from '@jest/globals';
import { asapScheduler } from 'rxjs';
import { type BusEvent, type Event, EventFilter, type EventRouting, newUuid, SharingBus } from '../../lib/index.js';
import { collect } from '../support/collect.js';

/** Runs what the default scheduler holds. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    asapScheduler.schedule(() => {
      resolve();
    });
  });
}

function makeEvent(event: Event, routing: Partial<EventRouting> = {}): BusEvent {
  return { routing: { kind: 'system', ...routing }, origin: 'runtime', event };
}

describe('the five tests of the Rust SharingBus', () => {
  it('subscribe_all_receives_published_event', async () => {
    const bus = new SharingBus();
    const { values } = collect(bus.subscribeAll().events$);
    bus.publish(makeEvent({ type: 'Connected' }));
    await turn();
    expect(values.map(({ event }) => event)).toEqual([{ type: 'Connected' }]);
  });

  it('connector_uid_filter_only_forwards_matching_events', async () => {
    const bus = new SharingBus();
    const target = newUuid();
    const { values } = collect(bus.subscribeFiltered(EventFilter.connectorUid(target), 16).events$);
    bus.publish(makeEvent({ type: 'Connected' }, { connectorUid: target }));
    bus.publish(makeEvent({ type: 'Connected' }, { connectorUid: newUuid() }));
    await turn();
    expect(values.map(({ routing }) => routing.connectorUid)).toEqual([target]);
  });

  it('full_queue_increments_lagged_counter', async () => {
    const bus = new SharingBus();
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    for (let n = 0; n < 5; n += 1) {
      bus.publish(makeEvent({ type: 'Connected' }));
    }
    await turn();
    const { values } = collect(receiver.events$);
    await turn();
    expect(values).toHaveLength(1);
    // The original can only promise at least 4: its worker runs at its own time.
    expect(receiver.lagged).toBe(4);
  });

  it('session_registered_populates_cache_and_late_binds_subsequent_events', async () => {
    const bus = new SharingBus();
    const scroll = newUuid();
    const session = { connectorId: 'c', nativeSessionId: 's' };
    const { values } = collect(bus.subscribeFiltered(EventFilter.scrollId(scroll), 16).events$);
    bus.publish(
      makeEvent(
        { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: scroll },
        { ...session, kind: 'session-lifecycle' },
      ),
    );
    bus.publish(makeEvent({ type: 'Connected' }, session));
    await turn();
    expect(values.map(({ event }) => event.type)).toEqual(['SessionRegistered', 'Connected']);
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([scroll, scroll]);
  });

  it('closed_receiver_slot_is_reaped_on_next_publish', async () => {
    const bus = new SharingBus();
    bus.subscribeAll()[Symbol.dispose]();
    // The original finds out at the next publish; here the slot is free at once, and stays so.
    expect(bus.subscriberCount).toBe(0);
    bus.publish(makeEvent({ type: 'Connected' }));
    await turn();
    expect(bus.subscriberCount).toBe(0);
  });
});
