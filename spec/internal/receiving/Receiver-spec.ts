import { describe, expect, it } from '@jest/globals';
import { map, VirtualTimeScheduler } from 'rxjs';
import { type BusReceiver, EventFilter, SharingBus } from '../../../lib/index.js';
import type { Receiver } from '../../../lib/internal/receiving/Receiver.js';
import { collect, recordingLogger } from '../../support/collect.js';
import { event } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';
import { withBusEnd } from '../../support/withBusEnd.js';

/** A bus with a receiver that nobody consumes, beside neighbours of little and of much room with the same filter. */
function setUp(capacity: number): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly receiver: BusReceiver<number>;
  /** The bus's end of it. */
  readonly inner: Receiver<number>;
  readonly lines: string[];
  readonly publish: (...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const { lines, logger } = recordingLogger();
  const bus = new SharingBus<number>({ scheduler, logger });
  for (const roomy of [60, 1_000]) {
    bus.subscribeFiltered(EventFilter.kind('test'), roomy);
  }
  const { handle: receiver, inner } = withBusEnd(() => bus.subscribeFiltered(EventFilter.kind('test'), capacity));
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload));
    });
  };
  return { bus, scheduler, receiver, inner, lines, publish };
}

const ENDS: Readonly<Record<string, (receiver: BusReceiver<number>) => void>> = {
  close: (receiver) => {
    receiver.close();
  },
  disposing: (receiver) => {
    receiver[Symbol.dispose]();
  },
  unsubscribing: (receiver) => {
    receiver.events$.subscribe().unsubscribe();
  },
};

describe('Receiver', () => {
  it('law 22: is parked while it lags, and its count is exact all the same', () => {
    const { scheduler, receiver, inner, publish } = setUp(1);
    publish(1);
    expect([receiver.lagged, inner.parkedIn]).toEqual([0, undefined]);
    publish(2, 3);
    expect([receiver.lagged, inner.parkedIn === undefined]).toEqual([2, false]);
    publish(4, 5);
    expect(receiver.lagged).toBe(4);
    const { values } = collect(receiver.events$.pipe(map(({ event: payload }) => payload)));
    scheduler.flush();
    publish(6);
    scheduler.flush();
    expect([values, receiver.lagged, inner.parkedIn]).toEqual([[1, 6], 4, undefined]);
  });

  it('law 22: is not parked while somebody observes lagged$, who sees it grow', () => {
    const { scheduler, receiver, inner, publish } = setUp(1);
    publish(1, 2, 3);
    expect(receiver.lagged).toBe(2);
    const { values } = collect(receiver.lagged$);
    expect([values, inner.parkedIn]).toEqual([[2], undefined]);
    publish(4);
    scheduler.flush();
    publish(5, 6);
    expect(receiver.lagged).toBe(5);
    scheduler.flush();
    expect([values, inner.parkedIn]).toEqual([[2, 3, 5], undefined]);
  });

  it.each(Object.keys(ENDS))('law 22, 31: %s of one that is parked keeps its count, and it counts no more', (end) => {
    const { bus, receiver, inner, lines, publish } = setUp(2);
    publish(1, 2, 3);
    publish(4);
    ENDS[end]?.(receiver);
    publish(5, 6);
    expect([receiver.lagged, inner.parkedIn, inner.router]).toEqual([2, undefined, undefined]);
    expect(bus.subscriberCount).toBe(2);
    expect(lines).toEqual(['warn: sharing-bus: receiver 2 begins to lag: its queue of 2 is full']);
  });

  it('law 31: one that is parked, and disposed in the midst of an event, does not count that event', () => {
    const { bus, receiver, inner, publish } = setUp(1);
    const disposing = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 4) {
        receiver[Symbol.dispose]();
      }
      return true;
    });
    bus.subscribeFiltered(disposing);
    publish(1, 2, 3, 4, 5);
    expect([receiver.lagged, inner.waiting]).toEqual([2, 0]);
  });

  it('law 22: one whose filter is found by several keys is refused each event once', () => {
    const { bus, publish } = setUp(9);
    const filter = EventFilter.or<number>(EventFilter.kind('test'), EventFilter.origin('runtime'));
    const receiver = bus.subscribeFiltered(filter, 1);
    publish(1, 2, 3);
    publish(4);
    expect(receiver.lagged).toBe(3);
  });

  it('law 26: what waited goes before what the burst brings, and that before what a handler publishes', () => {
    const { scheduler, receiver, publish } = setUp(100);
    publish(1, 2);
    expect(receiver.lagged).toBe(0);
    const seen: unknown[] = [];
    receiver.events$.subscribe(({ event: payload }) => {
      seen.push(payload);
      if (payload === 5) {
        publish(7);
      }
    });
    publish(3, 4);
    scheduler.turn();
    seen.push('turn');
    publish(5, 6);
    scheduler.turn();
    seen.push('turn');
    scheduler.turn();
    expect(seen).toEqual([1, 2, 3, 4, 'turn', 5, 6, 'turn', 7]);
  });

  it('law 21: a function that publishes in a turn finds the place of what is in its hands free', () => {
    const { scheduler, receiver, publish } = setUp(64);
    const seen: number[] = [];
    receiver.events$.subscribe(({ event: payload }) => {
      seen.push(payload);
      if (payload < 3) {
        publish(payload + 100);
      }
    });
    const burst = Array.from({ length: 64 }, (_, i) => i + 1);
    publish(...burst);
    scheduler.flush();
    expect([seen, receiver.lagged]).toEqual([[...burst, 101, 102], 0]);
  });

  it('law 31: a function that leaves in the midst of a burst gets no more of it', () => {
    const { bus, scheduler, receiver, inner, publish } = setUp(100);
    let calls = 0;
    const subscription = receiver.events$.subscribe(() => {
      calls += 1;
      subscription.unsubscribe();
    });
    publish(1, 2, 3);
    scheduler.flush();
    expect([calls, inner.waiting, receiver.lagged, bus.subscriberCount]).toEqual([1, 0, 0, 2]);
  });

  it('law 32: one that is refused a busy receiver leaves the first alone, also where both are the same function', () => {
    const { scheduler, receiver, publish } = setUp(100);
    const seen: number[] = [];
    const handler = ({ event: payload }: { readonly event: number }): void => {
      seen.push(payload);
    };
    const subscription = receiver.events$.subscribe(handler);
    const refused: unknown[] = [];
    receiver.events$.subscribe({ next: handler, error: (error: unknown) => refused.push(String(error)) });
    publish(1, 2);
    scheduler.flush();
    expect([seen, refused.length, subscription.closed]).toEqual([[1, 2], 1, false]);
    receiver.close();
    scheduler.flush();
    expect(subscription.closed).toBe(true);
  });

  it('what has its turn right now has not waited, whatever waited before it', () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const ages: (number | undefined)[] = [];
    bus.stream().subscribe(({ event: payload }) => {
      if (payload < 3) {
        bus.publish(event(payload + 10));
      }
      ages.push(bus.stats().receivers[0]?.oldestAgeMs);
    });
    bus.publish(event(1));
    scheduler.flush();
    scheduler.frame = 1_000;
    [2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    scheduler.flush();
    expect(ages).toEqual([0, 0, 0, 0, 0]);
  });
});
