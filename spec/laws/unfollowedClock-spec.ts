import { expect, it, jest } from '@jest/globals';

// Timers and a date that are moved by a test, and look as if they had always been there; nothing else follows them. So it is in a zone
// of Angular's `fakeAsync`.
jest.useFakeTimers({ doNotFake: ['performance'] });
const { EventFilter, SharingBus } = await import('../../lib/index.js');
const { busEvent: event } = await import('../../lib/testing/index.js');

// Long, since the clock that goes on beside them is real, and this machine may be slow.
const LIMIT = 40_000;
const MAX_AGE = 50_000;

it('what is held goes when its time has come, and never before', () => {
  const bus = new SharingBus<string>({ holdUnbound: { capacity: 8, maxAgeMs: MAX_AGE } });
  const seen: string[] = [];
  bus.subscribeFiltered(
    EventFilter.where(({ event: payload }) => {
      seen.push(payload);
      return false;
    }),
  );
  const hold = (name: string): void => {
    bus.publish(event(name, { connectorId: 'c', nativeSessionId: name }));
  };
  hold('a');
  jest.advanceTimersByTime(10_000);
  hold('c');
  jest.advanceTimersByTime(MAX_AGE - 10_001);
  expect(seen).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(seen).toEqual(['a']);
  // Nothing tells how much time has passed between them.
  jest.advanceTimersByTime(MAX_AGE);
  expect(seen).toEqual(['a', 'c']);
  expect(jest.getTimerCount()).toBe(0);
});

it('a receiver ends when nothing was taken for stallAfterMs, and not before', async () => {
  const bus = new SharingBus<string>();
  const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 8, stallAfterMs: LIMIT });
  ['a', 'b', 'c'].forEach((name) => {
    bus.publish(event(name));
  });
  jest.advanceTimersByTime(LIMIT - 1);
  await receiver.recv();
  jest.advanceTimersByTime(LIMIT - 1);
  expect(bus.subscriberCount).toBe(1);
  await receiver.recv();
  jest.advanceTimersByTime(2 * LIMIT);
  expect(bus.subscriberCount).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});
