import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, config, queueScheduler } from 'rxjs';
import {
  type BusEvent,
  type BusReceiver,
  EventFilter,
  ReceiverBusyError,
  SharingBus,
  SlowConsumerError,
} from '../../lib/index.js';
import { publishTo } from '../../lib/testing/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { marbles } from '../support/marbles.js';
import { settle, stateOf } from '../support/settle.js';

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

const payloadOf = (busEvent: BusEvent<number> | undefined): number | undefined => busEvent?.event;

/** What waits, taken one by one. */
async function collectAll(receiver: BusReceiver<number>): Promise<readonly number[]> {
  const payloads: number[] = [];
  for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
    payloads.push(next.event.event);
  }
  return Promise.resolve(payloads);
}

async function refused(iterator: AsyncIterator<unknown>): Promise<void> {
  await expect(iterator.next()).rejects.toEqual(new ReceiverBusyError(0));
  await iterator.return?.();
}

function takerOf(iterator: AsyncIterator<unknown>): {
  take: () => Promise<unknown>;
  leave: () => Promise<unknown> | undefined;
} {
  return { take: () => iterator.next(), leave: () => iterator.return?.() };
}

function readerOf(stream: ReadableStream<unknown>): { take: () => Promise<unknown>; leave: () => Promise<unknown> } {
  const reader = stream.getReader();
  return { take: () => reader.read(), leave: () => reader.cancel() };
}

describe('tryRecv', () => {
  it('takes what waits, or says that nothing does, and does not wait', () => {
    const { bus, scheduler, receiver, publish } = setUp(2);
    expect([receiver.tryRecv(), receiver.deliveries.tryRecv()]).toEqual([{ type: 'empty' }, { type: 'empty' }]);
    publish(1, 2, 3);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(1) });
    expect(receiver.deliveries.tryRecv()).toEqual({ type: 'event', event: event(2) });
    expect(receiver.deliveries.tryRecv()).toEqual({ type: 'gap', missed: 1, byKind: { test: 1 } });
    expect(receiver.deliveries.tryRecv()).toEqual({ type: 'empty' });
    publish(4);
    receiver.close();
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(4) });
    expect([receiver.tryRecv(), receiver.deliveries.tryRecv()]).toEqual([{ type: 'completed' }, { type: 'completed' }]);
    scheduler.flush();
    expect(bus.stats()).toMatchObject({ delivered: 3, dropped: 1, receivers: [] });
    expect([receiver.lagged, scheduler.pending]).toEqual([1, 0]);
  });

  it('passes a gap over where events are asked for, as recv does', () => {
    const { receiver, publish } = setUp(1);
    publish(1, 2);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(1) });
    publish(3);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(3) });
    expect(receiver.deliveries.tryRecv()).toEqual({ type: 'empty' });
  });

  it('tells the error that ended the receiver once, after what waited', () => {
    const { bus, publish } = setUp();
    const receiver = bus.subscribeFiltered(EventFilter.all, { overflow: 'evict', capacity: 1 });
    publish(1, 2);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(1) });
    expect(receiver.tryRecv()).toEqual({ type: 'failed', error: expect.any(SlowConsumerError) as unknown });
    expect(receiver.tryRecv()).toEqual({ type: 'completed' });
  });

  it('leaves what comes to the calls that wait', async () => {
    const { scheduler, receiver, publish } = setUp();
    const call = receiver.recv();
    publish(1, 2);
    expect(receiver.tryRecv()).toEqual({ type: 'empty' });
    scheduler.flush();
    expect(payloadOf(await call)).toBe(1);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(2) });
  });

  it('law 32: throws ReceiverBusyError while a handler is subscribed', () => {
    const { receiver } = setUp();
    collect(receiver.events$);
    expect(() => receiver.tryRecv()).toThrow(new ReceiverBusyError(0));
    expect(() => receiver.deliveries.tryRecv()).toThrow(new ReceiverBusyError(0));
  });

  it('makes room in a receiver that is full, so that it gets the next event', () => {
    const { bus, scheduler, receiver, publish } = setUp(1);
    bus.subscribeAll();
    publish(1, 2, 3);
    scheduler.flush();
    publish(4);
    expect(receiver.tryRecv()).toEqual({ type: 'event', event: event(1) });
    publish(5);
    expect([receiver.tryRecv(), receiver.lagged]).toEqual([{ type: 'event', event: event(5) }, 3]);
  });

  it('lets a receiver that catches up read on', () => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler, history: { capacity: 10 } });
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    const taken = [1, 2, 3, 4].map(() => receiver.tryRecv());
    expect(taken.map((one) => (one.type === 'event' ? one.event.event : one.type))).toEqual([1, 2, 3, 'empty']);
  });
});

describe('position', () => {
  function withHistory(): Pick<ReturnType<typeof setUp>, 'bus' | 'scheduler' | 'publish'> & { epoch: string } {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler, history: { capacity: 10 } });
    const publish = (...payloads: number[]): void => {
      payloads.forEach((payload) => {
        bus.publish(event(payload, { kind: payload < 0 ? 'other' : 'test' }));
      });
    };
    return { bus, scheduler, publish, epoch: bus.position?.epoch ?? '' };
  }

  it('is where another receiver can start, and miss nothing and get nothing twice', () => {
    const { bus, scheduler, publish, epoch } = withHistory();
    const receiver = bus.subscribeFiltered(EventFilter.kind('test'));
    expect(receiver.position).toEqual({ epoch, seq: 0 });
    publish(-1, 2, -3, 4, -5);
    expect(receiver.position).toEqual({ epoch, seq: 1 });
    receiver.tryRecv();
    expect(receiver.position).toEqual({ epoch, seq: 3 });
    receiver.tryRecv();
    expect(receiver.position).toEqual({ epoch, seq: 5 });
    publish(6);
    const places: unknown[] = [];
    receiver.events$.subscribe(({ seq }) => places.push([seq, receiver.position?.seq]));
    publish(7, -8);
    scheduler.flush();
    expect(places).toEqual([
      [6, 6],
      [7, 8],
    ]);
  });

  it('is where a receiver that catches up has read to', () => {
    const { bus, publish, epoch } = withHistory();
    publish(-1, 2, 3, -4);
    const receiver = bus.subscribeFiltered(EventFilter.kind('test'), { from: 'start', capacity: 1 });
    const seen = [1, 2, 3].map(() => {
      const { position } = receiver;
      receiver.tryRecv();
      return position;
    });
    expect(seen).toEqual([1, 2, 4].map((seq) => ({ epoch, seq })));
  });

  it('is not known without a history, before a gap while that is next, and stays after the end', () => {
    expect(setUp().receiver.position).toBeUndefined();
    const { bus, publish, epoch } = withHistory();
    publish(1);
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    publish(2, 3);
    expect(receiver.position).toEqual({ epoch, seq: 1 });
    receiver.tryRecv();
    expect(receiver.position).toEqual({ epoch, seq: 2 });
    expect(receiver.deliveries.tryRecv().type).toBe('gap');
    expect(receiver.position).toEqual({ epoch, seq: 3 });
    publish(4);
    receiver.close();
    publish(5);
    expect(receiver.position).toEqual({ epoch, seq: 3 });
    receiver.tryRecv();
    expect([receiver.position, receiver.tryRecv()]).toEqual([{ epoch, seq: 4 }, { type: 'completed' }]);
  });

  it.each(['close', 'dispose', 'lag', 'subscribe', 'lend'])(
    'kept after each event, it is where a resume goes on: no hole and no double; %s',
    (how) => {
      const { bus, scheduler, publish, epoch } = withHistory();
      publish(1);
      const receiver = bus.subscribeFiltered(EventFilter.all, how === 'lag' ? 2 : 10);
      let saved = receiver.position;
      const seen: number[] = [];
      const take = ({ event: payload }: BusEvent<number>): void => {
        seen.push(payload);
        saved = receiver.position;
        if (how === 'dispose' && payload === 3) {
          receiver.dispose();
          saved = receiver.position;
        }
      };
      if (how === 'subscribe' || how === 'lend' || how === 'dispose') {
        receiver.events$.subscribe(take);
      }
      publish(2, 3, 4, 5);
      if (how === 'close') {
        receiver.close();
      }
      publish(6);
      scheduler.flush();
      if (how === 'close' || how === 'lag') {
        for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
          take(next.event);
        }
      }
      receiver.dispose();
      publish(7);
      expect(saved).toEqual({ epoch, seq: seen.at(-1) });
      const resumed = bus.subscribeFiltered(EventFilter.all, { from: saved });
      publish(8);
      for (let next = resumed.tryRecv(); next.type === 'event'; next = resumed.tryRecv()) {
        seen.push(next.event.event);
      }
      expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8]);
    },
  );
});

describe('position with latest', () => {
  it('is before all that waits: a resume has no hole', () => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler, history: { capacity: 10 } });
    const receiver = bus.subscribeFiltered(EventFilter.all, { overflow: 'latest', key: ({ routing }) => routing.kind });
    ['x', 'A', 'B', 'A'].forEach((kind, index) => {
      bus.publish(event(index + 1, { kind }));
    });
    const seen: (number | undefined)[] = [];
    for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
      seen.push(next.event.seq, receiver.position?.seq);
    }
    expect(seen).toEqual([1, 1, 4, 2, 3, 4]);
  });
});

describe('closed$', () => {
  it.each(['close', 'dispose', 'evict', 'bus'])('emits once and completes, in a turn, after %s', (how) => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const receiver = bus.subscribeFiltered(EventFilter.all, { overflow: 'evict', capacity: 1 });
    const { values, endings } = collect(receiver.closed$);
    bus.publish(event(1));
    scheduler.flush();
    expect([values, endings]).toEqual([[], []]);
    if (how === 'close') {
      receiver.close();
    } else if (how === 'dispose') {
      receiver[Symbol.dispose]();
    } else if (how === 'evict') {
      bus.publish(event(2));
    } else {
      bus.close();
    }
    expect([values, endings]).toEqual([[], []]);
    scheduler.flush();
    expect([values, endings, scheduler.pending]).toEqual([[undefined], ['complete'], 0]);
    expect(collect(receiver.closed$)).toMatchObject({ values: [undefined], endings: ['complete'] });
    expect(receiver.tryRecv().type).toBe(how === 'dispose' ? 'completed' : 'event');
  });

  it.each(['close', 'dispose', 'bus'])('finds the slot free after %s, on a scheduler without a hop', (how) => {
    const bus = new SharingBus<number>({ scheduler: queueScheduler });
    const receiver = bus.subscribeAll();
    const counts: number[] = [];
    receiver.closed$.subscribe(() => counts.push(bus.subscriberCount));
    if (how === 'close') {
      receiver.close();
    } else if (how === 'dispose') {
      receiver[Symbol.dispose]();
    } else {
      bus.close();
    }
    expect(counts).toEqual([0]);
  });

  it('law 34: leaves nothing scheduled when its last observer has left', () => {
    const { scheduler, receiver } = setUp();
    receiver.closed$.subscribe().unsubscribe();
    receiver.close();
    expect(scheduler.pending).toBe(0);
  });

  it('law 14: what an observer throws is reported, and the other receivers get everything', async () => {
    const { scheduler, receiver } = setUp();
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    receiver.closed$.subscribe(() => {
      throw new Error('no');
    });
    const { endings } = collect(receiver.events$);
    const later = collect(receiver.closed$);
    receiver.close();
    scheduler.flush();
    expect([endings, later.endings]).toEqual([['complete'], ['complete']]);
    await new Promise((resolve) => {
      asyncScheduler.schedule(resolve, 5);
    });
    config.onUnhandledError = null;
    expect(reported).toEqual([new Error('no')]);
  });
});

describe('recv', () => {
  it('takes what waits, in order and without a turn', async () => {
    const { receiver, publish } = setUp();
    publish(1, 2);
    expect([payloadOf(await receiver.recv()), payloadOf(await receiver.recv())]).toEqual([1, 2]);
  });

  it('waits for what does not wait yet; calls that overlap are served in their order', async () => {
    const { scheduler, receiver, publish } = setUp();
    const pulled = [receiver.recv(), receiver.recv(), receiver.recv()];
    publish(1, 2);
    expect(await stateOf(pulled[0] as Promise<unknown>)).toBe('pending');
    scheduler.flush();
    expect([payloadOf(await pulled[0]), payloadOf(await pulled[1])]).toEqual([1, 2]);
    expect(await stateOf(pulled[2] as Promise<unknown>)).toBe('pending');
    publish(3);
    scheduler.flush();
    expect(payloadOf(await pulled[2])).toBe(3);
  });

  it('law 21: what waits counts until it is pulled', async () => {
    const { receiver, publish } = setUp(2);
    publish(1, 2, 3);
    expect(receiver.lagged).toBe(1);
    await receiver.recv();
    publish(4, 5);
    expect(receiver.lagged).toBe(2);
    expect([payloadOf(await receiver.recv()), payloadOf(await receiver.recv())]).toEqual([2, 4]);
  });

  it('law 28: one warning, and one note when the last of what waited was pulled', async () => {
    const { lines, logger } = recordingLogger();
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler, logger });
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, name: 'archivist' });
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    await receiver.recv();
    scheduler.flush();
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 0 (archivist) begins to lag: its queue of 1 is full',
      'info: sharing-bus: receiver 0 (archivist) has caught up; lagged: 2',
    ]);
  });

  it('is served where one burst fills the queue and is more than it holds', async () => {
    const { scheduler, receiver, publish } = setUp(64);
    const pulled = receiver.recv();
    publish(...Array.from({ length: 65 }, (_, index) => index));
    scheduler.flush();
    expect(payloadOf((await stateOf(pulled)) as BusEvent<number>)).toBe(0);
  });

  it('gives undefined when the receiver has completed, after what was queued', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const waiting = bus.subscribeAll().recv();
    publish(1);
    bus.close();
    scheduler.flush();
    expect(payloadOf(await waiting)).toBe(1);
    expect(payloadOf(await receiver.recv())).toBe(1);
    expect(await receiver.recv()).toBeUndefined();
    expect(await receiver.recv()).toBeUndefined();
  });

  it('law 16: rejects once with what the predicate threw, after what was queued', async () => {
    const { bus, scheduler, publish } = setUp();
    const receiver = bus.subscribeFiltered(
      EventFilter.where<number>(({ event: payload }) => {
        if (payload === 2) {
          throw new Error('no');
        }
        return true;
      }),
    );
    const pulled = [receiver.recv(), receiver.recv(), receiver.recv()].map((one) => one.then(payloadOf, String));
    publish(1, 2, 3);
    scheduler.flush();
    expect(await Promise.all(pulled)).toEqual([1, 'Error: no', undefined]);
  });

  it('law 32: there is one consumer at a time, however it consumes', async () => {
    const { receiver } = setUp();
    const pulled = receiver.recv();
    expect(collect(receiver.events$).endings).toEqual([new ReceiverBusyError(0)]);
    receiver[Symbol.dispose]();
    expect(await pulled).toBeUndefined();
    const other = setUp().receiver;
    collect(other.events$);
    await expect(other.recv()).rejects.toThrow(ReceiverBusyError);
  });

  describe('with a signal', () => {
    it('gives its place up, rejects with the reason, and takes nothing', async () => {
      const { bus, scheduler, receiver, publish } = setUp();
      const controllers = Array.from({ length: 6 }, () => new AbortController());
      const given = controllers.map(({ signal }) => receiver.recv({ signal }));
      const kept = receiver.recv();
      controllers.forEach((controller, index) => {
        controller.abort(`reason ${index}`);
      });
      expect(await Promise.allSettled(given)).toEqual(
        controllers.map((_, index) => ({ status: 'rejected', reason: `reason ${index}` })),
      );
      publish(1, 2, 3, 4, 5, 6);
      scheduler.flush();
      expect(payloadOf(await kept)).toBe(1);
      expect(bus.stats().receivers[0]).toMatchObject({ delivered: 1, waiting: 5, lagged: 0 });
      expect(await collectAll(receiver)).toEqual([2, 3, 4, 5, 6]);
    });

    it('rejects where it is aborted already, and takes nothing', async () => {
      const { receiver, publish } = setUp();
      publish(1);
      await expect(receiver.recv({ signal: AbortSignal.abort('late') })).rejects.toBe('late');
      await expect(receiver.deliveries.recv({ signal: AbortSignal.abort('late') })).rejects.toBe('late');
      expect(payloadOf(await receiver.recv())).toBe(1);
    });

    it('changes nothing after the answer, whose listener is gone by then (law 34)', async () => {
      const { bus, scheduler, receiver, publish } = setUp();
      const controller = new AbortController();
      const { signal } = controller;
      publish(1);
      const answers = [receiver.recv({ signal }), receiver.recv({ signal }), receiver.deliveries.recv({ signal })];
      expect(getEventListeners(signal, 'abort')).toHaveLength(2);
      publish(2);
      scheduler.flush();
      bus.close();
      scheduler.flush();
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      controller.abort();
      expect(await Promise.all(answers)).toEqual([event(1), event(2), undefined]);
    });

    it('lets the others pass: those behind it are served in their order', async () => {
      const { scheduler, receiver, publish } = setUp();
      const controller = new AbortController();
      const [first, second, third] = [
        receiver.recv(),
        receiver.recv({ signal: controller.signal }),
        receiver.deliveries.recv(),
      ];
      controller.abort('no');
      await expect(second).rejects.toBe('no');
      publish(1, 2);
      scheduler.flush();
      expect([await first, await third]).toEqual([event(1), { type: 'event', event: event(2) }]);
    });
  });

  it('law 32: an iterator or a stream is the only consumer; whichever comes second gets ReceiverBusyError', async () => {
    const forms: ((receiver: BusReceiver<number>) => {
      take: () => Promise<unknown>;
      leave: () => Promise<unknown> | undefined;
    })[] = [
      (receiver) => takerOf(receiver[Symbol.asyncIterator]()),
      (receiver) => takerOf(receiver.deliveries[Symbol.asyncIterator]()),
      (receiver) => readerOf(receiver.toReadableStream()),
      (receiver) => readerOf(receiver.deliveries.toReadableStream()),
    ];
    for (const form of forms) {
      for (const other of forms) {
        const { bus, scheduler, receiver, publish } = setUp();
        const [first, second] = [form(receiver), other(receiver)];
        publish(1, 2);
        await first.take();
        await expect(second.take()).rejects.toEqual(new ReceiverBusyError(0));
        await second.leave()?.catch(() => undefined);
        await expect(receiver.recv()).rejects.toEqual(new ReceiverBusyError(0));
        expect(() => receiver.tryRecv()).toThrow(new ReceiverBusyError(0));
        expect(() => receiver.deliveries.tryRecv()).toThrow(new ReceiverBusyError(0));
        expect(collect(receiver.events$).endings).toEqual([new ReceiverBusyError(0)]);
        expect(collect(receiver.deliveries$).endings).toEqual([new ReceiverBusyError(0)]);
        // The first has noticed nothing.
        expect(await first.take()).toMatchObject({ done: false });
        expect(bus.subscriberCount).toBe(1);
        await first.leave();
        scheduler.flush();
        expect(bus.subscriberCount).toBe(0);
        expect(await form(receiver).take()).toMatchObject({ done: true });
      }
    }
  });

  it.each<[string, (receiver: BusReceiver<number>) => Promise<unknown>]>([
    ['an iterator that was refused', (receiver) => refused(receiver[Symbol.asyncIterator]())],
    ['an iterator of its deliveries', (receiver) => refused(receiver.deliveries[Symbol.asyncIterator]())],
    ['an iterator that has asked for nothing', async (receiver) => receiver[Symbol.asyncIterator]().return?.()],
    ['a stream that has asked for nothing', (receiver) => receiver.toReadableStream().cancel()],
  ])('law 32: a call that waits notices nothing of %s and that leaves', async (_what, leave) => {
    const { bus, scheduler, receiver, publish } = setUp();
    const call = receiver.recv();
    await leave(receiver);
    publish(1);
    scheduler.flush();
    expect([payloadOf(await call), bus.subscriberCount]).toEqual([1, 1]);
  });

  it.each<[string, (receiver: BusReceiver<number>) => unknown]>([
    ['events$', (receiver) => collect(receiver.events$).endings],
    [
      'tryRecv',
      (receiver) => {
        try {
          return receiver.deliveries.tryRecv();
        } catch (error) {
          return [error];
        }
      },
    ],
  ])('law 32: the gap before the end is for the consumer that was first, and not for %s', async (_what, steal) => {
    const { bus, scheduler, receiver, publish } = setUp(1);
    const iterator = receiver.deliveries[Symbol.asyncIterator]();
    publish(1, 2);
    await iterator.next();
    bus.close();
    expect(steal(receiver)).toEqual([new ReceiverBusyError(0)]);
    expect((await iterator.next()).value).toMatchObject({ type: 'gap', missed: 1 });
    expect(await iterator.next()).toMatchObject({ done: true });
    scheduler.flush();
    expect(collect(receiver.events$).endings).toEqual(['complete']);
  });

  it('law 32: an iterator or a stream cannot begin while a call waits', async () => {
    const { scheduler, receiver, publish } = setUp();
    const call = receiver.recv();
    await expect(receiver[Symbol.asyncIterator]().next()).rejects.toEqual(new ReceiverBusyError(0));
    await expect(receiver.toReadableStream().getReader().read()).rejects.toEqual(new ReceiverBusyError(0));
    publish(1);
    scheduler.flush();
    expect(payloadOf(await call)).toBe(1);
    publish(2);
    expect(await receiver[Symbol.asyncIterator]().next()).toEqual({ done: false, value: event(2) });
  });

  it('law 31: leaving answers the calls that wait at once', async () => {
    const { bus, receiver } = setUp();
    const pulled = [receiver.recv(), receiver.recv()];
    receiver[Symbol.dispose]();
    expect(await Promise.all(pulled)).toEqual([undefined, undefined]);
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 27: hops through the scheduler, so virtual time has the same drops', () => {
    marbles(({ testBus, busEvents, flush }) => {
      const bus = testBus({ scheduler: asyncScheduler });
      const receiver = bus.subscribeFiltered(EventFilter.all, 2);
      busEvents.cold('(abc)--(de)').subscribe(publishTo(bus));
      flush();
      expect(receiver.lagged).toBe(3);
    });
  });
});

describe('for await', () => {
  it.each([
    [
      'break',
      async (receiver: BusReceiver<number>) => {
        for await (const busEvent of receiver) {
          if (busEvent.event === 1) {
            break;
          }
        }
      },
    ],
    [
      'return',
      async (receiver: BusReceiver<number>) => {
        await (async () => {
          for await (const busEvent of receiver) {
            return busEvent;
          }
          return undefined;
        })();
      },
    ],
    [
      'throw',
      async (receiver: BusReceiver<number>) => {
        try {
          for await (const busEvent of receiver) {
            throw new Error(String(busEvent.event));
          }
        } catch {
          /* As it ought to. */
        }
      },
    ],
  ])('frees the slot at once when it is left by %s', async (_how, loop) => {
    const { bus, receiver, publish } = setUp();
    publish(1, 2);
    await loop(receiver);
    expect(bus.subscriberCount).toBe(0);
    expect(receiver.lagged).toBe(0);
  });

  it('takes all, and ends with the receiver', async () => {
    const { bus, receiver, publish } = setUp();
    publish(1, 2);
    receiver.close();
    const taken: number[] = [];
    for await (const busEvent of receiver) {
      taken.push(busEvent.event);
    }
    expect(taken).toEqual([1, 2]);
    expect(bus.subscriberCount).toBe(0);
  });

  it('takes an iterator as it takes the receiver', async () => {
    const { receiver, publish } = setUp();
    publish(1, 2);
    receiver.close();
    const taken: number[] = [];
    for await (const busEvent of receiver[Symbol.asyncIterator]()) {
      taken.push(busEvent.event);
    }
    expect(taken).toEqual([1, 2]);
  });

  it('return settles a next that waits', async () => {
    const { receiver } = setUp();
    const iterator = receiver[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('throw leaves the receiver, and rejects', async () => {
    const { bus, receiver } = setUp();
    await expect(receiver[Symbol.asyncIterator]().throw?.(new Error('mine'))).rejects.toThrow('mine');
    expect(bus.subscriberCount).toBe(0);
  });
});

describe('toReadableStream', () => {
  it('pulls one event for each read, and keeps none', async () => {
    const { receiver, publish } = setUp(1);
    const reader = receiver.toReadableStream().getReader();
    publish(1);
    await settle();
    publish(2);
    expect(receiver.lagged).toBe(1);
    expect((await reader.read()).value?.event).toBe(1);
    publish(3);
    expect(receiver.lagged).toBe(1);
    receiver.close();
    expect((await reader.read()).value?.event).toBe(3);
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  });

  it('frees the slot when it is cancelled', async () => {
    const { bus, receiver } = setUp();
    await receiver.toReadableStream().cancel();
    expect(bus.subscriberCount).toBe(0);
  });

  it('errs with what the receiver ended with', async () => {
    const { bus, scheduler } = setUp();
    const receiver = bus.subscribeFiltered(
      EventFilter.where(() => {
        throw new Error('no');
      }),
    );
    const read = receiver.toReadableStream().getReader().read();
    bus.publish(event(1));
    scheduler.flush();
    await expect(read).rejects.toThrow('no');
  });
});

describe('signal', () => {
  it('leaves the receiver when it is aborted, and is let go when the receiver has ended before', () => {
    const { bus, scheduler, publish } = setUp();
    const controller = new AbortController();
    const { signal } = controller;
    const removed: unknown[] = [];
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...given: Parameters<typeof remove>): void => {
      removed.push(given[0]);
      remove(...given);
    };
    const leaving = collectPayloads(bus.subscribeFiltered(EventFilter.all, { signal }).events$);
    const streaming = collectPayloads(bus.stream(EventFilter.all, { signal }));
    const closed = bus.subscribeFiltered(EventFilter.all, { signal });
    closed.close();
    expect(removed).toEqual(['abort']);
    publish(1);
    controller.abort();
    expect(bus.subscriberCount).toBe(1);
    scheduler.flush();
    expect([leaving, streaming].map(({ values, endings }) => [values, endings])).toEqual([
      [[], ['complete']],
      [[], ['complete']],
    ]);
  });

  it('law 34: is let go when the last event was pulled that waited at the end', async () => {
    const { bus, publish } = setUp();
    const { signal } = new AbortController();
    const receiver = bus.subscribeFiltered(EventFilter.all, { signal });
    publish(1, 2);
    receiver.close();
    await receiver.recv();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await receiver.recv();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('that cannot be listened to is an error of the call, and takes no slot', () => {
    const bus = new SharingBus<number>();
    const signal = new AbortController().signal;
    signal.addEventListener = () => {
      throw new Error('no');
    };
    expect(() => bus.subscribeFiltered(EventFilter.all, { signal })).toThrow('no');
    expect(bus.subscriberCount).toBe(0);
  });

  it('that is aborted already gives a receiver that has ended', async () => {
    const { bus } = setUp();
    const receiver = bus.subscribeFiltered(EventFilter.all, { signal: AbortSignal.abort() });
    expect(await receiver.recv()).toBeUndefined();
    expect(bus.subscriberCount).toBe(1);
  });
});

describe('using', () => {
  it('leaves a receiver, and closes a bus after all was consumed', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    await receiver[Symbol.asyncDispose]();
    expect(bus.subscriberCount).toBe(0);
    const { values, endings } = collectPayloads(bus.stream());
    publish(1);
    const disposed = bus[Symbol.asyncDispose]();
    expect(await stateOf(disposed)).toBe('pending');
    scheduler.flush();
    await disposed;
    expect([values, endings]).toEqual([[1], ['complete']]);
  });
});
