import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Subject, type Subscription } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { collect, collectPayloads } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { stateOf } from '../support/settle.js';

function setUp(capacity = 256): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly receiver: BusReceiver<number>;
  readonly publish: (...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler });
  const receiver = bus.subscribeFiltered(EventFilter.all, { capacity });
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload));
    });
  };
  return { bus, scheduler, receiver, publish };
}

describe('flush', () => {
  it('resolves when all that was published before is consumed by all, and not before', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const { values } = collectPayloads(bus.stream());
    publish(1, 2);
    const flushed = bus.flush();
    publish(3);
    scheduler.flush();
    expect(values).toEqual([1, 2, 3]);
    await receiver.recv();
    expect(await stateOf(flushed)).toBe('pending');
    await receiver.recv();
    scheduler.flush();
    expect(await stateOf(flushed)).toBeUndefined();
  });

  it('counts what was lost as settled, and waits for matching events only', async () => {
    const { bus, scheduler, receiver, publish } = setUp(1);
    publish(1, 2);
    expect(await stateOf(bus.flush(EventFilter.where<number>(({ event: payload }) => payload === 2)))).toBeUndefined();
    const flushed = bus.flush(EventFilter.where<number>(({ event: payload }) => payload === 1));
    expect(await stateOf(flushed)).toBe('pending');
    await receiver.recv();
    scheduler.flush();
    expect(await stateOf(flushed)).toBeUndefined();
  });

  it.each([
    [
      'disposed',
      (receiver: BusReceiver<number>) => {
        receiver[Symbol.dispose]();
      },
    ],
    [
      'closed',
      (receiver: BusReceiver<number>) => {
        receiver.close();
      },
    ],
  ])('is settled by a receiver without a consumer that is %s', async (_how, end) => {
    const { bus, receiver, publish } = setUp();
    publish(1);
    const flushed = bus.flush();
    expect(await stateOf(flushed)).toBe('pending');
    end(receiver);
    expect(await stateOf(flushed)).toBeUndefined();
    expect(await stateOf(bus.flush())).toBeUndefined();
  });

  it('waits for a receiver that was closed and still delivers', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const { values } = collectPayloads(receiver.events$);
    publish(1);
    receiver.close();
    const flushed = bus.flush();
    expect(await stateOf(flushed)).toBe('pending');
    scheduler.flush();
    expect([await stateOf(flushed), values]).toEqual([undefined, [1]]);
  });

  it('gives up with the signal, and rejects with what its filter throws', async () => {
    const { bus, publish } = setUp();
    publish(1);
    const controller = new AbortController();
    const flushed = bus.flush(EventFilter.all, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(flushed).rejects.toThrow('enough');
    await expect(bus.flush(EventFilter.all, { signal: AbortSignal.abort(new Error('at once')) })).rejects.toThrow(
      'at once',
    );
    const failing = EventFilter.where<number>(() => {
      throw new Error('no');
    });
    await expect(bus.flush(failing)).rejects.toThrow('no');
  });

  it('law 34: leaves no listener on its signal', async () => {
    const { bus, receiver, publish } = setUp();
    const { signal } = new AbortController();
    publish(1);
    const flushed = bus.flush(EventFilter.all, { signal });
    expect(await stateOf(flushed)).toBe('pending');
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    receiver[Symbol.dispose]();
    await flushed;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('called while an event is published, waits for events that were published before', async () => {
    const { bus, receiver, publish } = setUp();
    let flushed: Promise<void> | undefined;
    bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => {
        if (payload === 1) {
          publish(2);
          flushed = bus.flush();
        }
        return false;
      }),
    );
    publish(1);
    expect(await stateOf(flushed as Promise<void>)).toBe('pending');
    receiver[Symbol.dispose]();
    expect(await stateOf(flushed as Promise<void>)).toBeUndefined();
  });

  it.each<[string, (receiver: BusReceiver<number>, subscription: Subscription) => void]>([
    [
      'disposes the receiver',
      (receiver) => {
        receiver[Symbol.dispose]();
      },
    ],
    [
      'leaves it',
      (_, subscription) => {
        subscription.unsubscribe();
      },
    ],
  ])('does not wait for what is forgotten when its own filter %s', async (_, leave) => {
    const { bus, scheduler, receiver, publish } = setUp();
    const { subscription } = collect(receiver.events$);
    publish(1, 2);
    const flushed = bus.flush(
      EventFilter.where(() => {
        leave(receiver, subscription);
        return true;
      }),
    );
    scheduler.flush();
    expect(await stateOf(flushed)).toBeUndefined();
  });

  it('does not wait for what its own filter takes', async () => {
    const { bus, receiver, publish } = setUp();
    publish(1, 2);
    const flushed = bus.flush(
      EventFilter.where(() => {
        receiver.tryRecv();
        receiver.tryRecv();
        return true;
      }),
    );
    expect(await stateOf(flushed)).toBeUndefined();
  });

  it('leaves nothing scheduled while a call waits for the next event', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    publish(1);
    const flushed = bus.flush();
    await receiver.recv();
    const next = receiver.recv();
    [1, 2, 3].forEach(() => scheduler.turn());
    expect([await stateOf(flushed), scheduler.pending]).toEqual([undefined, 0]);
    receiver[Symbol.dispose]();
    expect(await next).toBeUndefined();
  });

  it('waits for a receiver that was closed before its consumer came', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    publish(1);
    receiver.close();
    const { values } = collectPayloads(receiver.events$);
    const flushed = bus.flush();
    expect(await stateOf(flushed)).toBe('pending');
    scheduler.flush();
    expect([await stateOf(flushed), values]).toEqual([undefined, [1]]);
  });
});

describe('flush with waitFor', () => {
  it('waits for the receivers in waitFor alone', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const other = bus.subscribeAll();
    publish(1);
    const flushed = bus.flush(EventFilter.all, { waitFor: [receiver] });
    const bothFlushed = bus.flush(EventFilter.all, { waitFor: [other, receiver] });
    expect(await stateOf(flushed)).toBe('pending');
    await receiver.recv();
    scheduler.flush();
    expect([await stateOf(flushed), await stateOf(bothFlushed)]).toEqual([undefined, 'pending']);
    await other.recv();
    scheduler.flush();
    expect(await stateOf(bothFlushed)).toBeUndefined();
    expect(other.lagged).toBe(0);
  });

  it('waits for a closed receiver that still delivers, and not for a disposed one', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const gone = bus.subscribeAll();
    const { values } = collectPayloads(receiver.events$);
    publish(1);
    receiver.close();
    gone[Symbol.dispose]();
    const flushed = bus.flush(EventFilter.all, { waitFor: [gone, receiver] });
    expect(await stateOf(flushed)).toBe('pending');
    scheduler.flush();
    expect([await stateOf(flushed), values]).toEqual([undefined, [1]]);
  });

  it('waits for no receiver with an empty array, and refuses a value that is not an array of receivers', async () => {
    const { bus, publish, receiver } = setUp();
    publish(1);
    expect(await stateOf(bus.flush(EventFilter.all, { waitFor: [] }))).toBeUndefined();
    const wrong = { waitFor: { id: 0 } as unknown as [] };
    await expect(bus.flush(EventFilter.all, wrong)).rejects.toThrow(
      new TypeError('flush: waitFor: expected an array of receivers, got {"id":0}'),
    );
    await expect(bus.connect(new Subject<BusEvent<number>>(), wrong)).rejects.toThrow(
      new TypeError('connect: waitFor: expected an array of receivers, got {"id":0}'),
    );
    // Whom nobody could wait for, and the source would go on for ever.
    for (const one of [receiver.id, null, undefined, { id: 0 }]) {
      await expect(bus.flush(EventFilter.all, { waitFor: [receiver, one as never] })).rejects.toThrow(
        /^flush: waitFor: expected an array of receivers, got \[/,
      );
    }
  });
});
