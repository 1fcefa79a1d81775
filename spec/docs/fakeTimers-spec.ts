import { afterEach, expect, jest, test } from '@jest/globals';
import { SharingBus } from 'sharing-bus';
import { busEvent } from 'sharing-bus/testing';

afterEach(() => {
  jest.useRealTimers();
});

test('an event of an unknown session waits for 500 ms', async () => {
  jest.useFakeTimers(); // before the bus is made
  using bus = new SharingBus<string>({ holdUnbound: { capacity: 4, maxAgeMs: 500 } });
  const seen: string[] = [];
  bus.stream().subscribe(({ event }) => seen.push(event));

  bus.publish(busEvent('at once'));
  bus.publish(busEvent('later', { connectorId: 'claude', nativeSessionId: 'session-1' }));
  await bus.flush(); // no timer: handlers are called in a microtask
  expect(seen).toEqual(['at once']);

  await jest.advanceTimersByTimeAsync(500);
  expect(seen).toEqual(['at once', 'later']);
});
