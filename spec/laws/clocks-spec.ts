import type { SharingBusOptions } from '../../lib/options.js';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { advanceTo } from '../support/advanceTo.js';
import { event, registration, uuid } from '../support/events.js';

const HOUR = 3_600_000;
const LIMIT = 400;
const MAX_AGE = 500;

type Payload = BusEvent['event'];

/** What `bus` routes of sessions, in its order: scrolls by their last digit, `-` where there is none. */
function routedBy(bus: SharingBus): string[] {
  const seen: string[] = [];
  bus.subscribeFiltered(
    EventFilter.where(({ routing: { scrollId, connectorId } }) => {
      if (scrollId !== undefined || connectorId !== undefined) {
        seen.push(scrollId?.slice(-1) ?? '-');
      }
      return false;
    }),
  );
  return seen;
}

/** One that takes nothing unless it is told to. It has little room, so that its events are routed when they are published. */
function puller(bus: SharingBus, events: number): BusReceiver {
  const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 32, stallAfterMs: LIMIT });
  for (let count = 0; count < events; count += 1) {
    bus.publish(ofNobody());
  }
  return receiver;
}

function ofNobody(): BusEvent {
  return event<Payload>({ type: 'Connected' });
}

/** Of a session, which has no scroll yet. */
function of(nativeSessionId: string): BusEvent {
  return event<Payload>({ type: 'Connected' }, { connectorId: 'c', nativeSessionId });
}

/** Ends, and what it says of the age of what waited. */
async function endOf(receiver: BusReceiver): Promise<unknown> {
  for (;;) {
    try {
      if ((await receiver.recv()) === undefined) {
        return undefined;
      }
    } catch (error) {
      return error;
    }
  }
}

function holding(options: SharingBusOptions = {}): SharingBus {
  return new SharingBus({ holdUnbound: { capacity: 8, maxAgeMs: MAX_AGE }, ...options });
}

/** Fakes of jest's replace the functions of the platform; `setSystemTime` is what a person, or a time server, does to its clock. */
function setClock(by: number): void {
  jest.setSystemTime(Date.now() + by);
}

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe.each([
  ['forward', HOUR],
  ['back', -HOUR],
  ['forward by a little', 30],
  ['back by a little', -30],
])('a clock that is set %s', (_, by) => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  it('does not end a puller that takes one every 150 ms', async () => {
    const bus = new SharingBus();
    const receiver = puller(bus, 10);
    for (let taken = 0; taken < 9; taken += 1) {
      jest.advanceTimersByTime(75);
      setClock(by);
      jest.advanceTimersByTime(75);
      await receiver.recv();
      expect(bus.subscriberCount).toBe(1);
    }
    jest.advanceTimersByTime(LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    jest.advanceTimersByTime(1);
    expect(bus.subscriberCount).toBe(0);
  });

  it('ends a receiver that takes nothing when it is time, and reports its age', async () => {
    const bus = new SharingBus();
    const receiver = puller(bus, 2);
    jest.advanceTimersByTime(100);
    setClock(by);
    jest.advanceTimersByTime(LIMIT - 101);
    expect(bus.subscriberCount).toBe(1);
    jest.advanceTimersByTime(1);
    expect(bus.subscriberCount).toBe(0);
    expect(await endOf(receiver)).toEqual(new SlowConsumerError(0, 2, 0, LIMIT));
  });

  it('releases nothing that is held before its age, and nothing after it', () => {
    const bus = holding();
    const seen = routedBy(bus);
    bus.publish(of('s'));
    jest.advanceTimersByTime(100);
    setClock(by);
    bus.publish(of('t'));
    bus.publish(of('u'));
    jest.advanceTimersByTime(181);
    setClock(-by);
    bus.publish(registration('c', 's', uuid(1)));
    expect(seen).toEqual(['1', '1']);
    jest.advanceTimersByTime(318);
    bus.publish(registration('c', 't', uuid(2)));
    expect(seen).toEqual(['1', '1', '2', '2']);
    jest.advanceTimersByTime(1);
    expect(seen).toEqual(['1', '1', '2', '2', '-']);
  });

  it('changes no age', () => {
    const bus = new SharingBus();
    const age = (): number | undefined => bus.stats().receivers[0]?.oldestAgeMs;
    bus.subscribeAll();
    bus.publish(of('s'));
    bus.stats();
    setClock(by);
    expect(age()).toBe(0);
    jest.advanceTimersByTime(6);
    expect(age()).toBe(6);
    setClock(by);
    jest.advanceTimersByTime(1_000);
    setClock(-3 * by);
    expect(age()).toBe(1_006);
  });
});

describe('a scheduler with a time of its own', () => {
  it('rules, also where the clock of the platform is set', () => {
    jest.useFakeTimers();
    const scheduler = new VirtualTimeScheduler();
    const bus = holding({ scheduler });
    const seen = routedBy(bus);
    puller(bus, 1);
    bus.publish(of('s'));
    setClock(HOUR);
    advanceTo(scheduler, LIMIT - 1);
    expect([bus.subscriberCount, bus.stats().receivers[1]?.oldestAgeMs]).toEqual([2, LIMIT - 1]);
    setClock(-2 * HOUR);
    advanceTo(scheduler, LIMIT);
    expect(bus.subscriberCount).toBe(1);
    advanceTo(scheduler, MAX_AGE - 1);
    expect(seen).toEqual([]);
    advanceTo(scheduler, MAX_AGE);
    expect(seen).toEqual(['-']);
  });

  it('tells no age below 0 where it is set back, and goes on counting', () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus({ scheduler });
    const age = (): number | undefined => bus.stats().receivers[0]?.oldestAgeMs;
    bus.subscribeFiltered(EventFilter.all);
    let offset = 0;
    scheduler.now = () => scheduler.frame + offset;
    bus.publish(of('s'));
    advanceTo(scheduler, 40);
    expect(age()).toBe(40);
    offset = -10_000;
    expect(age()).toBe(40);
    scheduler.frame = 45;
    expect(age()).toBe(45);
  });

  it('needs no time: then that of the platform rules', () => {
    jest.useFakeTimers();
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus({ scheduler: Object.assign(scheduler, { now: undefined as never }) });
    bus.subscribeAll();
    bus.publish(of('s'));
    bus.stats();
    jest.advanceTimersByTime(7);
    setClock(HOUR);
    expect(bus.stats().receivers[0]?.oldestAgeMs).toBe(7);
  });
});

describe('fake timers that leave a clock as it is', () => {
  /** The clocks that are left do not go on meanwhile, however long the spec takes. */
  function holdClocks(): void {
    const [date, ticks] = [Date.now(), performance.now()];
    jest.spyOn(Date, 'now').mockReturnValue(date);
    jest.spyOn(performance, 'now').mockReturnValue(ticks);
  }

  it.each([
    ['performance', ['performance'], LIMIT],
    // Nobody can tell when it was taken: the limit begins once more, and not too early.
    ['Date and performance', ['Date', 'performance'], 2 * LIMIT - 60],
  ] as const)('%s: end a receiver that takes nothing when the timer fires', async (_, doNotFake, afterTake) => {
    jest.useFakeTimers({ doNotFake: [...doNotFake] });
    if (afterTake !== LIMIT) {
      holdClocks();
    }
    const bus = new SharingBus();
    puller(bus, 1);
    jest.advanceTimersByTime(LIMIT - 1);
    expect(bus.subscriberCount).toBe(1);
    jest.advanceTimersByTime(1);
    expect(bus.subscriberCount).toBe(0);

    const other = new SharingBus();
    const receiver = puller(other, 2);
    jest.advanceTimersByTime(60);
    await receiver.recv();
    jest.advanceTimersByTime(afterTake - 1);
    expect(other.subscriberCount).toBe(1);
    jest.advanceTimersByTime(1);
    expect(other.subscriberCount).toBe(0);
  });

  it.each([['performance'], ['Date,performance']] as const)('%s: release what is held', (kept) => {
    jest.useFakeTimers({ doNotFake: kept.split(',') as 'performance'[] });
    if (kept !== 'performance') {
      holdClocks();
    }
    const bus = holding();
    const seen = routedBy(bus);
    bus.publish(of('s'));
    jest.advanceTimersByTime(MAX_AGE - 1);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(seen).toEqual(['-']);
  });

  it('performance: release each at its age, and tell ages', () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const bus = holding();
    const seen = routedBy(bus);
    bus.subscribeAll();
    bus.publish(ofNobody());
    bus.publish(of('s'));
    bus.stats();
    jest.advanceTimersByTime(100);
    bus.publish(of('t'));
    expect(bus.stats().receivers[1]?.oldestAgeMs).toBe(100);
    jest.advanceTimersByTime(MAX_AGE - 100);
    expect(seen).toEqual(['-']);
    jest.advanceTimersByTime(99);
    expect(seen).toEqual(['-']);
    jest.advanceTimersByTime(1);
    expect(seen).toEqual(['-', '-']);
  });
});

describe('a platform without a monotonic clock', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.replaceProperty(globalThis, 'performance', undefined as never);
  });

  it('tells no age below 0 where the date is set back, and goes on counting', () => {
    const bus = new SharingBus();
    const age = (): number | undefined => bus.stats().receivers[0]?.oldestAgeMs;
    puller(bus, 1);
    jest.advanceTimersByTime(40);
    expect(age()).toBe(40);
    setClock(-HOUR);
    expect(age()).toBe(40);
    jest.advanceTimersByTime(5);
    expect(age()).toBe(45);
  });

  it.each([HOUR, -HOUR])(
    'ends one that takes nothing, and lets go what is held, when it is time: set by %d ms',
    (by) => {
      const bus = holding();
      const seen = routedBy(bus);
      puller(bus, 1);
      bus.publish(of('s'));
      jest.advanceTimersByTime(100);
      setClock(by);
      jest.advanceTimersByTime(LIMIT - 101);
      expect(bus.subscriberCount).toBe(2);
      jest.advanceTimersByTime(1);
      expect(bus.subscriberCount).toBe(1);
      jest.advanceTimersByTime(MAX_AGE - LIMIT - 1);
      expect(seen).toEqual([]);
      jest.advanceTimersByTime(1);
      expect(seen).toEqual(['-']);
    },
  );
});
