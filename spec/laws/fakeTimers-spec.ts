import type { SharingBusOptions } from '../../lib/options.js';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { BusEvent, BusReceiver } from '../../lib/index.js';
import { type Faked, FakeTimers } from '../support/FakeTimers.js';

// The time of the platform, as far as the bus knows: it is loaded after these.
jest.useFakeTimers({ now: 1_700_000_000_000 });
const { asyncScheduler, VirtualTimeScheduler } = await import('rxjs');
const { EventFilter, SharingBus } = await import('../../lib/index.js');
const { advanceTo } = await import('../support/advanceTo.js');
const { busEvent: event } = await import('../../lib/testing/index.js');

type Bus = InstanceType<typeof SharingBus<string>>;

const LIMIT = 400;
const MAX_AGE = 500;
const YEAR = 365 * 86_400_000;

const FAKES: readonly (readonly [string, (now: number) => Faked])[] = [
  ['all of it, from the present date', (now) => ({ Date: now, performance: true })],
  ['all of it, from the beginning of time', () => ({ Date: 0, performance: true })],
  ['all of it, from a later date', (now) => ({ Date: now + YEAR, performance: true })],
  ['timers and the date, from the present one', (now) => ({ Date: now })],
  ['timers and the date, from the beginning of time', () => ({ Date: 0 })],
  ['timers and the date, from a later one', (now) => ({ Date: now + YEAR })],
  ['timers only', () => ({})],
];

function busWith(options: SharingBusOptions<string> = {}): { readonly bus: Bus; readonly seen: string[] } {
  const bus = new SharingBus<string>({ holdUnbound: { capacity: 8, maxAgeMs: MAX_AGE }, ...options });
  const seen: string[] = [];
  bus.subscribeFiltered(
    EventFilter.where(({ event: payload }) => {
      seen.push(payload);
      return false;
    }),
  );
  return { bus, seen };
}

/** One that takes nothing unless it is told to; two events wait. */
function puller(bus: Bus): BusReceiver<string> {
  const receiver = bus.subscribeFiltered(EventFilter.kind('pulled'), { capacity: 2, stallAfterMs: LIMIT });
  bus.publish(pulled());
  bus.publish(pulled());
  return receiver;
}

function pulled(): BusEvent<string> {
  return { routing: { kind: 'pulled' }, origin: 'runtime', event: 'pulled' };
}

function held(name: string): BusEvent<string> {
  return event(name, { connectorId: 'c', nativeSessionId: name });
}

/** The timers of the platform. */
function pass(milliseconds: number): void {
  jest.advanceTimersByTime(milliseconds);
}

let fakes: FakeTimers | undefined;

function install(faked: (now: number) => Faked): FakeTimers {
  fakes = new FakeTimers(faked(Date.now()));
  return fakes;
}

afterEach(() => {
  fakes?.uninstall();
  fakes = undefined;
  jest.clearAllTimers();
});

describe.each(FAKES)('fake timers that a bus outlives: %s', (_, faked) => {
  it('what was held meanwhile goes at its age, as a later event sees', () => {
    const { bus, seen } = busWith();
    const timers = install(faked);
    bus.publish(held('a'));
    timers.uninstall();
    pass(200);
    bus.publish(event('x'));
    pass(MAX_AGE - 201);
    expect(seen).toEqual(['x']);
    pass(1);
    expect(seen).toEqual(['x', 'a']);
  });

  it.each([
    ['one that passes', event('x')],
    ['one that is for nobody', { routing: { kind: 'none' }, origin: 'runtime', event: 'x' }],
    ['one that is held, too', held('x')],
  ])('what was held meanwhile goes when it is overdue and a later event comes: %s', (__, later) => {
    const { bus, seen } = busWith();
    const timers = install(faked);
    bus.publish(held('a'));
    timers.uninstall();
    pass(MAX_AGE + 50);
    expect(seen).not.toContain('a');
    bus.publish(later);
    pass(1);
    expect(seen).toContain('a');
    expect(bus.stats().held).toBe(later.event === 'x' && later.routing.nativeSessionId === 'x' ? 1 : 0);
  });

  it('a stall that began meanwhile is seen, by an event that finds no room, too', () => {
    const { bus } = busWith();
    const timers = install(faked);
    puller(bus);
    timers.uninstall();
    pass(100);
    bus.publish(pulled());
    pass(LIMIT - 101);
    expect(bus.subscriberCount).toBe(2);
    pass(1);
    expect(bus.subscriberCount).toBe(1);
  });

  it('a receiver that has taken something since does not stall', async () => {
    const { bus } = busWith();
    const timers = install(faked);
    const receiver = puller(bus);
    timers.uninstall();
    pass(1_000);
    await receiver.recv();
    pass(LIMIT - 1);
    expect(bus.subscriberCount).toBe(2);
    pass(1);
    expect(bus.subscriberCount).toBe(1);
  });

  it('what was scheduled before they came has its time, though they come and go', () => {
    const { bus, seen } = busWith();
    bus.publish(held('a'));
    puller(bus);
    pass(100);
    const timers = install(faked);
    bus.publish(held('b'));
    timers.uninstall();
    bus.publish(event('x'));
    pass(LIMIT - 101);
    expect(bus.subscriberCount).toBe(2);
    pass(1);
    expect(bus.subscriberCount).toBe(1);
    pass(MAX_AGE - LIMIT - 1);
    expect(seen).not.toContain('a');
    pass(1);
    expect(seen).toContain('a');
    expect(seen).not.toContain('b');
    pass(100);
    expect(seen).toContain('b');
  });

  it('those that come twice do not matter more than once', () => {
    const { bus, seen } = busWith();
    install(faked).uninstall();
    const timers = install(faked);
    bus.publish(held('a'));
    timers.uninstall();
    const others = install(faked);
    bus.publish(event('x'));
    others.tick(MAX_AGE - 1);
    expect(seen).toEqual(['x']);
    others.tick(1);
    expect(seen).toEqual(['x', 'a']);
    expect(others.pending).toBe(0);
  });

  it('law 34: what is stopped while they are there does not come later', () => {
    const { bus, seen } = busWith();
    bus.publish(held('a'));
    const receiver = puller(bus);
    const timers = install(faked);
    receiver.close();
    bus.close();
    timers.uninstall();
    expect(() => {
      pass(10 * MAX_AGE);
    }).not.toThrow();
    expect(seen).toEqual(['pulled', 'pulled', 'a']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('law 34: a turn that is not wanted any more, since they came, does not come later', () => {
    // One of no delay would fill a tick for ever, where it is not cancelled.
    const schedule = (work: () => void): Subscription => asyncScheduler.schedule(work, 1);
    const { bus } = busWith({ scheduler: { schedule, now: () => asyncScheduler.now() } as SchedulerLike });
    const subscription = bus.stream().subscribe();
    bus.publish(event('x'));
    const timers = install(faked);
    subscription.unsubscribe();
    timers.uninstall();
    expect(() => {
      pass(10);
    }).not.toThrow();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a turn on timers that are gone is had when something is published', () => {
    const { bus } = busWith({ scheduler: asyncScheduler });
    const got: string[] = [];
    bus.stream().subscribe(({ event: payload }) => got.push(payload));
    const timers = install(faked);
    bus.publish(event('lost'));
    timers.uninstall();
    bus.publish(event('later'));
    pass(0);
    expect(got).toEqual(['lost', 'later']);
    bus.publish(event('last'));
    pass(0);
    expect(got).toEqual(['lost', 'later', 'last']);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a scheduler that loses what is scheduled', () => {
  it.each<[string, number, (bus: Bus) => void]>([
    [
      'held',
      MAX_AGE,
      (bus) => {
        bus.publish(held('a'));
      },
    ],
    [
      'stalls',
      LIMIT,
      (bus) => {
        puller(bus);
      },
    ],
  ])('what is overdue is seen by a later event, and what may be late is waited for: %s', (_, limit, begin) => {
    const scheduler = new VirtualTimeScheduler();
    const { bus, seen } = busWith({ scheduler });
    begin(bus);
    scheduler.actions.splice(0);
    advanceTo(scheduler, limit + 99);
    const before = [seen.length, bus.subscriberCount];
    bus.publish(event('x'));
    advanceTo(scheduler, limit + 99);
    expect([seen.length - 1, bus.subscriberCount]).toEqual(before);
    bus.publish(held('y'));
    advanceTo(scheduler, limit + 100);
    bus.publish(held('z'));
    advanceTo(scheduler, limit + 101);
    expect([seen.length - 1, bus.subscriberCount]).not.toEqual(before);
    bus.close();
    expect(scheduler.actions).toEqual([]);
  });
});
