import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config, lastValueFrom, map, Observable, Subscription, toArray } from 'rxjs';
import {
  type BusEvent,
  type BusReceiver,
  type Delivery,
  EventFilter,
  ReceiverBusyError,
  SharingBus,
} from '../../lib/index.js';
import { instrument } from '../../lib/otel/index.js';
import { EventStreams, toEventStream } from '../../lib/sse/index.js';
import { publishTo } from '../../lib/testing/index.js';
import { collect } from '../support/collect.js';
import { event } from '../support/events.js';
import { marbles } from '../support/marbles.js';
import { type Wrap, WRAPS } from '../support/proxies.js';

/** A bus, and a receiver of capacity 2 to which 1, 2 and 3 were published, each of them wrapped. */
function setUp(wrap: Wrap): {
  readonly raw: SharingBus<number>;
  bus: SharingBus<number>;
  receiver: BusReceiver<number>;
} {
  const raw = new SharingBus<number>({ history: { capacity: 8 } });
  const bus = wrap(raw);
  const receiver = wrap(bus.subscribeFiltered(EventFilter.all, { capacity: 2, name: 'few' }));
  publish(bus, 1, 2, 3);
  return { raw, bus, receiver };
}

function publish(bus: SharingBus<number>, ...payloads: number[]): void {
  payloads.forEach((payload) => {
    bus.publish(event(payload));
  });
}

function word(delivery: Delivery<number>): number | string {
  return delivery.type === 'gap' ? `${delivery.missed} missing` : delivery.event.event;
}

async function* events(...payloads: number[]): AsyncGenerator<BusEvent<number>> {
  for (const payload of payloads) {
    yield await Promise.resolve(event(payload));
  }
}

describe.each(WRAPS)('behind %s', (_name, wrap) => {
  beforeEach(() => {
    // Vue says what cannot be written to what is readonly, such as RxJS's own `closed`.
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    config.onUnhandledError = null;
  });

  it('a bus tells what it has done', () => {
    const { bus, receiver } = setUp(wrap);
    const { published, dropped, receivers } = bus.stats();
    expect([bus.subscriberCount, bus.position?.seq, published, dropped, receivers.map(({ id }) => id)]).toEqual([
      1,
      3,
      3,
      1,
      [receiver.id],
    ]);
    expect(bus.explain(event(4)).map(({ id, drops }) => [id, drops])).toEqual([[receiver.id, true]]);
  });

  it('a receiver tells what it has lost', async () => {
    const { bus, receiver } = setUp(wrap);
    const { values } = collect(receiver.lagged$);
    publish(bus, 4);
    expect([receiver.id, receiver.name, receiver.lagged, receiver.missed]).toEqual([0, 'few', 2, 0]);
    receiver.events$.subscribe();
    await bus.flush();
    expect(values).toEqual([1, 2]);
  });

  it('a bus and its receivers are closed and disposed of', async () => {
    const { raw, bus } = setUp(wrap);
    const ends: ((receiver: BusReceiver<number>) => unknown)[] = [
      (receiver) => {
        receiver.close();
      },
      (receiver) => {
        bus.unsubscribe(receiver.id);
      },
      (receiver) => {
        receiver[Symbol.dispose]();
      },
      (receiver) => receiver[Symbol.asyncDispose](),
    ];
    for (const end of ends) {
      const receiver = wrap(bus.subscribeAll());
      expect(raw.subscriberCount).toBe(2);
      await end(receiver);
      expect([raw.subscriberCount, await receiver.recv()]).toEqual([1, undefined]);
    }
    bus.close();
    expect(raw.subscriberCount).toBe(0);
    const { bus: other } = setUp(wrap);
    other[Symbol.dispose]();
    expect(other.subscriberCount).toBe(0);
    const { bus: another } = setUp(wrap);
    await another[Symbol.asyncDispose]();
    expect(another.subscriberCount).toBe(0);
  });

  it('events$ is consumed, by whatever subscribes, and unsubscribing leaves', async () => {
    const forms: ((events$: Observable<BusEvent<number>>, values: number[]) => Subscription)[] = [
      (events$, values) => events$.subscribe(({ event: payload }) => values.push(payload)),
      (events$, values) => events$.subscribe({ next: ({ event: payload }) => values.push(payload) }),
      (events$, values) => events$.pipe(map(({ event: payload }) => payload)).subscribe((value) => values.push(value)),
      (events$, values) => wrap(events$).subscribe(({ event: payload }) => values.push(payload)),
      (events$, values) =>
        wrap(events$.pipe(map(({ event: payload }) => payload))).subscribe((value) => values.push(value)),
    ];
    for (const subscribe of forms) {
      const { bus, receiver } = setUp(wrap);
      const values: number[] = [];
      const subscription = subscribe(receiver.events$, values);
      await bus.flush();
      subscription.unsubscribe();
      expect([values, bus.subscriberCount]).toEqual([[1, 2], 0]);
    }
  });

  it('deliveries$ is consumed, and unsubscribing leaves', async () => {
    const { bus, receiver } = setUp(wrap);
    const { values, subscription } = collect(receiver.deliveries$.pipe(map(word)));
    await bus.flush();
    subscription.unsubscribe();
    expect([values, bus.subscriberCount]).toEqual([[1, 2, '1 missing'], 0]);
  });

  it('stream() is consumed, with and without consume', async () => {
    const { bus } = setUp(wrap);
    const streams = [
      bus.stream(EventFilter.all, { from: 'start' }).pipe(map(({ event: payload }) => payload)),
      bus.stream(EventFilter.all, { from: 'start', consume: ({ event: payload }) => [payload] }),
    ];
    const all = Promise.all(
      streams.map((stream$) => lastValueFrom(wrap(stream$).pipe(toArray()), { defaultValue: [] })),
    );
    const left = streams.map((stream$) => wrap(stream$).subscribe());
    expect(bus.subscriberCount).toBe(5);
    left.forEach((subscription) => {
      subscription.unsubscribe();
    });
    expect(bus.subscriberCount).toBe(3);
    bus.close();
    expect(await all).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('a receiver, and its deliveries, are pulled, and breaking the loop leaves', async () => {
    const { bus, receiver } = setUp(wrap);
    expect((await receiver.recv())?.event).toBe(1);
    for await (const { event: payload } of receiver) {
      expect(payload).toBe(2);
      break;
    }
    expect([bus.subscriberCount, await receiver.recv()]).toEqual([0, undefined]);

    const { bus: other, receiver: told } = setUp(wrap);
    const { deliveries } = told;
    const words = [await deliveries.recv(), await wrap(deliveries).recv(), await told.deliveries.recv()];
    expect(words.map((delivery) => delivery && word(delivery))).toEqual([1, 2, '1 missing']);
    publish(other, 4);
    for await (const delivery of deliveries) {
      expect(word(delivery)).toBe(4);
      break;
    }
    expect([other.subscriberCount, await deliveries.recv()]).toEqual([0, undefined]);
  });

  it('a receiver, and its deliveries, are streamed, and cancelling leaves', async () => {
    const { bus, receiver } = setUp(wrap);
    const reader = receiver.toReadableStream().getReader();
    expect((await reader.read()).value?.event).toBe(1);
    await reader.cancel();
    const { bus: other, receiver: told } = setUp(wrap);
    await told.deliveries.toReadableStream().cancel();
    expect([bus.subscriberCount, other.subscriberCount]).toEqual([0, 0]);
  });

  it('flush and connect wait for a receiver, and for no other', async () => {
    const { bus, receiver } = setUp(wrap);
    const idle = wrap(bus.subscribeAll());
    const values: number[] = [];
    receiver.events$.subscribe(({ event: payload }) => values.push(payload));
    const waitFor = wrap([receiver]);
    await bus.flush(EventFilter.all, { waitFor });
    expect(values).toEqual([1, 2]);
    expect(await bus.connect(events(4, 5, 6, 7), { window: 2, waitFor })).toBe(4);
    expect([values, receiver.lagged, idle.lagged]).toEqual([[1, 2, 4, 5, 6, 7], 1, 0]);
  });

  it('law 32: a receiver has one consumer; subscribing the same function again takes nothing from it', async () => {
    const { bus, receiver } = setUp(wrap);
    const values: number[] = [];
    const take = ({ event: payload }: BusEvent<number>): void => {
      values.push(payload);
    };
    const served = receiver.events$.subscribe(take);
    const refusal = new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    const refused = wrap(receiver.events$.subscribe(take));
    refused.unsubscribe();
    expect([bus.subscriberCount, served.closed]).toEqual([1, false]);
    await bus.flush();
    expect([values, await refusal]).toEqual([[1, 2], new ReceiverBusyError(receiver.id)]);
  });

  it('law 31: the subscription of a function leaves, and gets nothing more', async () => {
    const { bus, receiver } = setUp(wrap);
    const values: number[] = [];
    const subscription = receiver.events$.subscribe(({ event: payload }) => values.push(payload));
    let ends = 0;
    subscription.add(() => {
      ends += 1;
    });
    wrap(subscription).unsubscribe();
    publish(bus, 4);
    await bus.flush();
    expect([bus.subscriberCount, values, ends]).toEqual([0, [], 1]);
  });

  it('event streams are served, measured and tested', async () => {
    const { raw, bus } = setUp(wrap);
    const streams = wrap(new EventStreams(bus, { filter: EventFilter.all }));
    const response = await streams.respond(new Request('http://localhost/'));
    expect([response.status, streams.size, raw.subscriberCount]).toEqual([200, 1, 2]);
    await response.body?.cancel();
    expect([streams.size, raw.subscriberCount]).toEqual([0, 1]);
    await toEventStream(bus, new Request('http://localhost/'), { filter: EventFilter.all }).body?.cancel();
    const written: number[] = [];
    const given = { writeHead: (status: number) => written.push(status), end: () => undefined, on: () => undefined };
    await streams.handle({ method: 'POST', headers: {} }, given as unknown as Parameters<typeof streams.handle>[1]);
    await streams.close();
    await streams[Symbol.asyncDispose]();
    expect([written, raw.subscriberCount]).toEqual([[405], 1]);

    const meter = { addBatchObservableCallback: jest.fn(), removeBatchObservableCallback: jest.fn() };
    const make = { get: (target: object, key: string) => (Reflect.get(target, key) as unknown) ?? (() => ({})) };
    instrument(bus, new Proxy(meter, make) as never);
    const observe = meter.addBatchObservableCallback.mock.calls[0]?.[0] as (result: unknown) => void;
    const result = { observe: jest.fn() };
    observe(result);
    expect(result.observe.mock.calls.map(([, value]) => value)).toContain(3);

    marbles(({ testBus, busEvents, expectDeliveries }) => {
      const tested = wrap(testBus());
      expectDeliveries(wrap(tested.subscribeFiltered(EventFilter.all, 2))).toBe('-(ab1)-|');
      busEvents('-(abc)-|').subscribe(publishTo(tested));
    });
  });
});
