import { describe, expect, it } from '@jest/globals';
import { asyncScheduler } from 'rxjs';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { eventStreamSettings } from '../../lib/sse/eventStreamSettings.js';

describe('eventStreamSettings', () => {
  it('has what was left out, and makes no receiver', () => {
    const bus = new SharingBus();
    expect(eventStreamSettings(bus, { filter: EventFilter.all, capacity: 8, closeMs: 7 })).toEqual({
      filter: EventFilter.all,
      receiver: { capacity: 8 },
      scheduler: asyncScheduler,
      retryMs: 2_000,
      maxConnections: 1_000,
      maxFilterBytes: 8_192,
      closeMs: 7,
      busyStatus: 200,
      heartbeatMs: 8_000,
      maxEventBytes: 1_048_576,
    });
    expect(bus.subscriberCount).toBe(0);
  });

  it.each(['heartbeatMs', 'retryMs', 'maxConnections', 'maxFilterBytes', 'maxEventBytes', 'closeMs'] as const)(
    'names %s where it is no count',
    (name) => {
      for (const value of [0, -1, 1.5, NaN, '7']) {
        expect(() => eventStreamSettings(new SharingBus(), { [name]: value })).toThrow(
          new RegExp(`^EventStreams: ${name} must be an integer`),
        );
      }
    },
  );

  it('does not change with the options that it was made of', () => {
    const options = { filter: EventFilter.all, maxConnections: 3 };
    const settings = eventStreamSettings(new SharingBus(), options);
    options.maxConnections = 9;
    expect(settings.maxConnections).toBe(3);
  });
});
