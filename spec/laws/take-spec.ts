import { describe, expect, it } from '@jest/globals';
import { config } from 'rxjs';
import { type BusReceiver, type Delivery, EventFilter, ReceiverBusyError, SharingBus } from '../../lib/index.js';
import { Clock } from '../support/Clock.js';
import { event } from '../support/events.js';

interface Fixture {
  readonly bus: SharingBus<number>;
  readonly clock: Clock;
  readonly receiver: BusReceiver<number>;
  readonly got: unknown[];
  /** Takes the next delivery into `got`. */
  readonly take: () => void;
}

function setUp(capacity = 2): Fixture {
  const clock = new Clock();
  const bus = new SharingBus<number>({ scheduler: clock });
  const receiver = bus.subscribeFiltered(EventFilter.all, { capacity });
  const got: unknown[] = [];
  const take = (): void => {
    receiver.deliveries.take({
      next: (delivery: Delivery<number>) => {
        got.push(delivery.type === 'event' ? delivery.event.event : `${delivery.missed} missing`);
      },
      complete: () => got.push('complete'),
      error: (error) => got.push(error),
    });
  };
  return { bus, clock, receiver, got, take };
}

describe('deliveries.take', () => {
  it('law 14: calls once, never on the stack of the publisher or the caller, whether an event waits or comes', () => {
    const { bus, clock, got, take } = setUp();
    take();
    bus.publish(event(1));
    bus.publish(event(2));
    expect(got).toEqual([]);
    clock.pass(0);
    expect(got).toEqual([1]);
    take();
    expect(got).toEqual([1]);
    clock.pass(0);
    expect(got).toEqual([1, 2]);
  });

  it('law 22: gets the gap at its place, and law 30: the completion after it', () => {
    const { bus, clock, receiver, got, take } = setUp(1);
    [1, 2, 3].forEach((number) => {
      bus.publish(event(number));
    });
    receiver.close();
    for (let turns = 0; turns < 4; turns += 1) {
      take();
      clock.pass(0);
    }
    expect(got).toEqual([1, '2 missing', 'complete', 'complete']);
  });

  it('law 16: gets the error that ended the receiver', () => {
    const { bus, clock, got } = setUp();
    const receiver = bus.subscribeFiltered(
      EventFilter.where(() => {
        throw new Error('no');
      }),
    );
    receiver.deliveries.take({ next: () => got.push('event'), complete: () => got.push('complete'), error: (error) => got.push(error) }); // prettier-ignore
    bus.publish(event(1));
    clock.pass(0);
    expect(got).toEqual([new Error('no')]);
  });

  it('law 32: is one consumer with `recv`, and not beside another one', () => {
    const { receiver, got, take } = setUp();
    receiver.events$.subscribe();
    take();
    expect(got).toEqual([new ReceiverBusyError(receiver.id)]);
  });

  it('law 14: what it throws is reported, and harms nobody', () => {
    const { bus, clock, receiver, got } = setUp();
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    const timers = globalThis.setTimeout;
    globalThis.setTimeout = ((act: () => void) => {
      act();
    }) as never;
    try {
      const fail = (): never => {
        throw new Error('thrown');
      };
      receiver.deliveries.take({ next: fail, complete: fail, error: fail });
      bus.subscribeAll().events$.subscribe(({ event: payload }) => got.push(payload));
      bus.publish(event(1));
      clock.pass(0);
    } finally {
      globalThis.setTimeout = timers;
      config.onUnhandledError = null;
    }
    expect([got, reported]).toEqual([[1], [new Error('thrown')]]);
  });
});
