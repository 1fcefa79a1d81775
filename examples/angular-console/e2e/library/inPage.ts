// The code that library.test.ts runs in a page. Each function returns the values that the test compares.
import { type BusEvent, type NativeObservable, SharingBus } from 'sharing-bus';

interface Subscriber<T> {
  next(value: T): void;
  complete(): void;
  addTeardown(teardown: () => void): void;
}

/** The Observable of the browser. TypeScript has no type of it yet. */
declare const Observable: {
  new <T>(begin: (subscriber: Subscriber<T>) => void): NativeObservable<T>;
  from<T>(source: AsyncIterable<T>): {
    subscribe(
      observer: { next: (value: T) => void; complete?: () => void },
      options?: { readonly signal: AbortSignal },
    ): void;
  };
};

function event(payload: number): BusEvent<number> {
  return { routing: { kind: 'number' }, origin: 'page', event: payload };
}

/** Connects an Observable that emits at once and later. It is unsubscribed when the bus is closed. */
export async function connectObservable(): Promise<unknown> {
  const bus = new SharingBus<number>();
  const taken: number[] = [];
  bus.stream().subscribe((busEvent) => taken.push(busEvent.event));
  let left = 0;
  let later: Subscriber<BusEvent<number>> | undefined;
  const connected = bus.connect(
    new Observable<BusEvent<number>>((subscriber) => {
      later = subscriber;
      subscriber.addTeardown(() => {
        left += 1;
      });
      subscriber.next(event(1));
    }),
  );
  later?.next(event(2));
  await bus.flush();
  bus.close();
  later?.next(event(3));
  return { published: await connected, taken, left };
}

/** Connects an Observable that completes, one that emits an invalid event, and one with a signal that aborts. */
export async function endConnections(): Promise<unknown> {
  const bus = new SharingBus<number>();
  let left = 0;
  const emitting = (emit: (subscriber: Subscriber<BusEvent<number>>) => void): NativeObservable<BusEvent<number>> =>
    new Observable<BusEvent<number>>((subscriber) => {
      subscriber.addTeardown(() => {
        left += 1;
      });
      emit(subscriber);
    });
  const published = await bus.connect(
    emitting((subscriber) => {
      subscriber.next(event(1));
      subscriber.complete();
    }),
  );
  const messageOf = (error: unknown): string => (error as Error).message;
  const refused = await bus
    .connect(
      emitting((subscriber) => {
        subscriber.next({ event: 2 } as never);
        subscriber.next(event(3));
      }),
    )
    .catch(messageOf);
  const controller = new AbortController();
  const stopped = bus
    .connect(
      emitting(() => {
        controller.abort(new Error('enough'));
      }),
      { signal: controller.signal },
    )
    .catch(messageOf);
  return { published, refused, stopped: await stopped, left, all: bus.stats().published };
}

/** Makes an Observable from a receiver, and another one that a signal ends. */
export async function observeReceiver(): Promise<unknown> {
  const bus = new SharingBus<number>();
  const taken: number[] = [];
  const completed = new Promise<void>((resolve) => {
    Observable.from(bus.subscribeAll()).subscribe({
      next: (busEvent) => taken.push(busEvent.event),
      complete: resolve,
    });
  });
  const controller = new AbortController();
  const first = new Promise<number>((resolve) => {
    Observable.from(bus.subscribeAll()).subscribe(
      {
        next: (busEvent) => {
          resolve(busEvent.event);
        },
      },
      { signal: controller.signal },
    );
  });
  bus.publish(event(1));
  const one = await first;
  controller.abort();
  await bus.flush();
  const { subscriberCount } = bus;
  bus.publish(event(2));
  bus.close();
  await completed;
  return { one, subscriberCount, taken };
}

/** Connects events from memory, and counts how often a timer runs meanwhile. */
export async function connectBesideTimer(count: number): Promise<{ published: number; ticks: number }> {
  const bus = new SharingBus<number>();
  bus.stream().subscribe(() => undefined);
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  let left = count;
  const next = (): Promise<IteratorResult<BusEvent<number>, undefined>> => {
    left -= 1;
    return Promise.resolve(left < 0 ? { done: true, value: undefined } : { done: false, value: event(left) });
  };
  const published = await bus.connect({ [Symbol.asyncIterator]: () => ({ next }) });
  clearInterval(timer);
  return { published, ticks };
}
