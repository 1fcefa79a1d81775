// A program that is bundled, and run by an engine of its own. It prints what became of each scenario, as JSON.
import { TestScheduler } from 'rxjs/testing';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus } from 'sharing-bus';
import { instrument } from 'sharing-bus/otel';
import { parseBusEvent } from 'sharing-bus/schema';
import { EventStreams, toEventStream } from 'sharing-bus/sse';
import { busEvent, busHelpers, publishTo, runMarbles } from 'sharing-bus/testing';

interface Stage {
  readonly bus: SharingBus<number>;
  readonly receiver: BusReceiver<number>;
}

/** A bus with a receiver, for which 1 and 2 wait. */
function stage(): Stage {
  const bus = new SharingBus<number>({ history: { capacity: 4 } });
  const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, from: 'start' });
  bus.publish(numbered(1));
  bus.publish(numbered(2));
  return { bus, receiver };
}

const numbered = (event: number): BusEvent<number> => busEvent<number>(event);

/** What is told to be over, or is not, and what that left behind. */
async function leftBy(act: (on: Stage) => unknown): Promise<unknown[]> {
  const on = stage();
  const result = await act(on);
  return [result, 'slots', on.bus.subscriberCount, 'next', (await on.receiver.recv())?.event ?? null];
}

async function firstOf<T>(values: AsyncIterable<T>): Promise<T | undefined> {
  for await (const value of values) {
    return value;
  }
  return undefined;
}

/** The names by which something can be disposed of, and the one that an engine without the symbols would make of them. */
function disposalOf(value: object): string[] {
  const { dispose, asyncDispose } = Symbol as Partial<SymbolConstructor>;
  const names = { dispose, asyncDispose, undefined: 'undefined' };
  return Object.entries(names).flatMap(([name, key]) => (key !== undefined && key in value ? [name] : []));
}

/** Disposes of `value` in the way that the engine has. */
async function dispose(value: object, way: 'dispose' | 'asyncDispose'): Promise<void> {
  const key = (Symbol as Partial<SymbolConstructor>)[way];
  if (key !== undefined) {
    await (value as Record<symbol, () => unknown>)[key]?.();
  }
}

const scenarios: Record<string, () => unknown> = {
  'break out of for await': () => leftBy(async ({ receiver }) => (await firstOf(receiver))?.event),
  'break out of for await of deliveries': () =>
    leftBy(async ({ receiver }) => (await firstOf(receiver.deliveries))?.type),
  'return of an iterator': () => leftBy(({ receiver }) => receiver[Symbol.asyncIterator]().return?.()),
  'throw of an iterator': () =>
    leftBy(({ receiver }) =>
      receiver[Symbol.asyncIterator]()
        .throw?.('e')
        .catch((error: unknown) => error),
    ),
  'cancel of a stream': () => leftBy(({ receiver }) => receiver.toReadableStream().cancel()),
  'cancel of a stream of deliveries': () => leftBy(({ receiver }) => receiver.deliveries.toReadableStream().cancel()),
  'cancel of a reader': () =>
    leftBy(async ({ receiver }) => {
      const reader = receiver.toReadableStream().getReader();
      const { value } = (await reader.read()) as { value?: BusEvent<number> };
      await reader.cancel();
      return value?.event;
    }),
  'unsubscribe from events$': () =>
    leftBy(({ receiver }) => {
      receiver.events$.subscribe(() => undefined).unsubscribe();
    }),
  'unsubscribe from deliveries$': () =>
    leftBy(({ receiver }) => {
      receiver.deliveries$.subscribe().unsubscribe();
    }),
  'close of a receiver': () =>
    leftBy(({ receiver }) => {
      receiver.close();
    }),
  'unsubscribe of an id': () =>
    leftBy(({ bus, receiver }) => {
      bus.unsubscribe(receiver.id);
    }),
  'close of a bus': () =>
    leftBy(({ bus }) => {
      bus.close();
    }),
  'abort of a signal': async () => {
    const bus = new SharingBus<number>();
    const controller = new AbortController();
    const receiver = bus.subscribeFiltered(EventFilter.all, { signal: controller.signal });
    bus.publish(numbered(1));
    controller.abort();
    return ['slots', bus.subscriberCount, 'next', (await receiver.recv())?.event ?? null];
  },
  'unsubscribe from a stream that consumes': () => {
    const bus = new SharingBus<number>();
    bus
      .stream(EventFilter.all, { consume: () => [] })
      .subscribe()
      .unsubscribe();
    return ['slots', bus.subscriberCount];
  },
  'flush and connect': async () => {
    const { bus, receiver } = stage();
    const taken: number[] = [];
    receiver.events$.subscribe(({ event }) => taken.push(event));
    await bus.flush();
    const source = {
      async *[Symbol.asyncIterator]() {
        yield await Promise.resolve(numbered(3));
      },
    };
    return [await bus.connect(source, { window: 1 }), ...taken];
  },
  'dispose of a receiver, where the engine has that': () => leftBy(({ receiver }) => dispose(receiver, 'dispose')),
  'asyncDispose of a receiver, where the engine has that': () =>
    leftBy(({ receiver }) => dispose(receiver, 'asyncDispose')),
  'dispose of a bus, where the engine has that': () => leftBy(({ bus }) => dispose(bus, 'dispose')),
  'asyncDispose of a bus, where the engine has that': () => leftBy(({ bus }) => dispose(bus, 'asyncDispose')),
  'names of disposal': () => {
    const { bus, receiver } = stage();
    const helpers = busHelpers(new TestScheduler(() => undefined));
    return [bus, receiver, new EventStreams(bus), helpers].map(disposalOf);
  },
  'cancel of an event stream': async () => {
    if (typeof Response === 'undefined') {
      return 'this platform has no Response';
    }
    const bus = new SharingBus<number>();
    const { body } = toEventStream(bus, new Request('http://localhost/'), { filter: EventFilter.all });
    const before = bus.subscriberCount;
    await body?.cancel();
    return [before, bus.subscriberCount];
  },
  'close of event streams': async () => {
    const streams = new EventStreams(new SharingBus());
    await streams.close();
    return streams.size;
  },
  marbles: () => {
    const compared: unknown[] = [];
    const slots: number[] = [];
    const testScheduler = new TestScheduler((actual, expected) => {
      compared.push(JSON.stringify(actual) === JSON.stringify(expected));
    });
    const bus = runMarbles(testScheduler, ({ testBus, busEvents, expectDeliveries }) => {
      const tested = testBus();
      expectDeliveries(tested.stream()).toBe('-a-b|');
      busEvents('-a-b|').subscribe(publishTo(tested));
      const other = testBus();
      other.subscribeAll();
      slots.push(other.subscriberCount);
      return other;
    });
    return [...compared, ...slots, bus.subscriberCount];
  },
  'schema and metrics': () => {
    const meter = { addBatchObservableCallback: () => undefined, removeBatchObservableCallback: () => undefined };
    const make = {
      get: (target: object, key: string) => (Reflect.get(target, key) as unknown) ?? ((name: string) => name),
    };
    instrument(new SharingBus<never>(), new Proxy(meter, make) as never)();
    return parseBusEvent({ routing: { kind: 'k' }, origin: 'agent', event: { type: 'Connected' } }).event.type;
  },
};

const outcomes: Record<string, unknown> = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    outcomes[name] = await scenario();
  } catch (error) {
    outcomes[name] = String(error);
  }
}
console.log(JSON.stringify(outcomes));
