import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config, from, map, Observable, type Observer, Subscription, take } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { settle } from '../support/settle.js';

// `events$` is an Observable of its own. What is seen of it is compared with what is seen of one that RxJS makes of it.

type Source = Observable<BusEvent<number>>;
type Subscribe = (source$: Source, story: unknown[]) => Subscription | Promise<unknown>;

const observerOf = (story: unknown[]): Observer<BusEvent<number>> => ({
  next: ({ event: payload }) => story.push(payload),
  error: (error: unknown) => story.push(['error', error]),
  complete: () => story.push('complete'),
});

/** As RxJS still has it, and will not in its next version. */
function withCallbacks(source$: Source, ...callbacks: unknown[]): Subscription {
  return (source$ as unknown as { subscribe(...all: unknown[]): Subscription }).subscribe(...callbacks);
}

const SUBSCRIBE: Readonly<Record<string, Subscribe>> = {
  'a function': (source$, story) => source$.subscribe(({ event: payload }) => story.push(payload)),
  'a function that throws': (source$, story) =>
    source$.subscribe(({ event: payload }) => {
      story.push(payload);
      throw new Error('next');
    }),
  'a function, and null for the others': (source$, story) => withCallbacks(source$, observerOf(story).next, null, null),
  'three callbacks': (source$, story) => {
    const { next, error, complete } = observerOf(story);
    return withCallbacks(source$, next, error, complete);
  },
  'no callback but the last': (source$, story) => withCallbacks(source$, null, null, observerOf(story).complete),
  'two callbacks': (source$, story) => withCallbacks(source$, observerOf(story).next, observerOf(story).error),
  nothing: (source$) => source$.subscribe(),
  'an observer': (source$, story) => source$.subscribe(observerOf(story)),
  'an observer of values': (source$, story) => source$.subscribe({ next: observerOf(story).next }),
  'an observer with a method of a class': (source$, story) =>
    source$.subscribe(
      new (class {
        readonly seen = story;

        next({ event: payload }: BusEvent<number>): void {
          this.seen.push(payload);
        }
      })(),
    ),
  'what looks like a Subscriber': (source$, story) =>
    source$.subscribe(Object.assign(new Subscription(), observerOf(story))),
  'an operator': (source$, story) =>
    source$.pipe(map((one) => ({ ...one, event: one.event * 10 }))).subscribe(observerOf(story)),
  'an operator that completes': (source$, story) => source$.pipe(take(1)).subscribe(observerOf(story)),
  forEach: async (source$, story) =>
    source$
      .forEach(({ event: payload }) => story.push(payload))
      .then(
        () => story.push('resolved'),
        (error: unknown) => story.push(['rejected', error]),
      ),
};

interface Fixture {
  readonly bus: SharingBus<number>;
  readonly receiver: BusReceiver<number>;
  readonly subscription: Subscription | undefined;
}

const ENDS: Readonly<Record<string, (fixture: Fixture) => void>> = {
  completion: ({ receiver }) => {
    receiver.close();
  },
  disposal: ({ receiver }) => {
    receiver[Symbol.dispose]();
  },
  'an error': ({ bus }) => {
    bus.publish(event(-1));
  },
  unsubscribing: ({ subscription }) => {
    subscription?.unsubscribe();
  },
};

/** What RxJS makes of `events$`. */
function wrapped({ events$ }: BusReceiver<number>): Source {
  return new Observable((subscriber) => events$.subscribe(subscriber));
}

/** All that is seen of a subscription. It is given two events, then ends; or has ended before. */
async function storyOf(
  make: (receiver: BusReceiver<number>) => Source,
  subscribe: Subscribe,
  end: (fixture: Fixture) => void,
  hasEnded: boolean,
): Promise<unknown[]> {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler });
  const receiver = bus.subscribeFiltered(
    EventFilter.where<number>(({ event: payload }) => {
      if (payload < 0) {
        throw new Error('filter');
      }
      return true;
    }),
  );
  const story: unknown[] = [];
  config.onUnhandledError = (error) => story.push(['reported', String(error)]);
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      story.push(String(error));
    }
  };
  if (hasEnded) {
    end({ bus, receiver, subscription: undefined });
  }
  const made = subscribe(make(receiver), story);
  const subscription = made instanceof Promise ? undefined : made;
  for (const teardown of ['teardown', 'another teardown']) {
    attempt(() =>
      subscription?.add(() => {
        story.push(teardown);
        throw new Error(teardown);
      }),
    );
  }
  for (const payload of hasEnded ? [] : [1, 2]) {
    bus.publish(event(payload));
    scheduler.flush();
    story.push(subscription?.closed);
  }
  if (subscription?.closed !== true) {
    attempt(() => {
      end({ bus, receiver, subscription });
    });
  }
  scheduler.flush();
  story.push(subscription?.closed, bus.subscriberCount);
  attempt(() => subscription?.unsubscribe());
  attempt(() => subscription?.add(() => story.push('late teardown')));
  await jest.runAllTimersAsync();
  return story;
}

describe('events$', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    config.onUnhandledError = null;
    jest.useRealTimers();
  });

  describe.each(Object.keys(ENDS))('at %s', (ending) => {
    const end = ENDS[ending] as (typeof ENDS)[string];

    it.each(Object.entries(SUBSCRIBE))('to %s it is what RxJS makes of it', async (_how, subscribe) => {
      for (const hasEnded of [false, true]) {
        const story = await storyOf(({ events$ }) => events$, subscribe, end, hasEnded);
        const expected = await storyOf(wrapped, subscribe, end, hasEnded);
        expect(story).toEqual(expected);
      }
    });
  });
});

describe('law 32: a receiver that is consumed again', () => {
  const consume: Readonly<Record<string, (receiver: BusReceiver<number>) => { leave(): void }>> = {
    events$: ({ events$ }) => {
      const subscription = events$.subscribe();
      return {
        leave: () => {
          subscription.unsubscribe();
        },
      };
    },
    deliveries$: ({ deliveries$ }) => {
      const subscription = deliveries$.subscribe();
      return {
        leave: () => {
          subscription.unsubscribe();
        },
      };
    },
    'an iterator': (receiver) => {
      const iterator = receiver[Symbol.asyncIterator]();
      void iterator.next();
      return {
        leave: () => {
          void iterator.return?.();
        },
      };
    },
    'a web stream': (receiver) => {
      const reader = receiver.toReadableStream().getReader();
      void reader.read();
      return {
        leave: () => {
          void reader.cancel();
        },
      };
    },
  };
  const ways = Object.keys(consume);

  it.each(ways.flatMap((first) => ways.map((second) => [first, second] as const)))(
    'after %s has left, by %s: says once why nothing comes',
    async (first, second) => {
      const lines: unknown[] = [];
      const bus = new SharingBus<number>({ logger: { warn: (line) => lines.push(line) } });
      const receiver = bus.subscribeFiltered(EventFilter.all, { name: 'page' });
      consume[first]?.(receiver).leave();
      await settle();
      expect(lines).toEqual([]);
      consume[second]?.(receiver);
      consume[second]?.(receiver);
      // A web stream pulls in a microtask.
      await settle();
      expect(lines).toEqual([
        'sharing-bus: receiver 0 (page) is consumed again, but it ended when its consumer left, so nothing comes; bus.stream() makes a ' +
          'receiver for each subscription',
      ]);
    },
  );

  it.each(ways)('%s: says nothing if the bus or the receiver was closed', async (way) => {
    const lines: unknown[] = [];
    const bus = new SharingBus<number>({ logger: { warn: (line) => lines.push(line) } });
    const [one, other] = [bus.subscribeAll(), bus.subscribeAll()];
    one.close();
    bus.close();
    for (const receiver of [one, other]) {
      consume[way]?.(receiver).leave();
      consume[way]?.(receiver);
      await settle();
    }
    expect(lines).toEqual([]);
  });
});

describe('from(receiver)', () => {
  it('frees the slot when it is unsubscribed, and takes no event afterwards', () => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const story: unknown[] = [];
    const subscriptions = [
      from(bus.subscribeAll()).subscribe(({ event: payload }) => story.push(payload)),
      from(bus.subscribeFiltered(EventFilter.all, 1).deliveries).subscribe((delivery) => story.push(delivery.type)),
    ];
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect(story.sort()).toEqual([1, 2, 'event', 'gap']);
    subscriptions.forEach((subscription) => {
      subscription.unsubscribe();
    });
    expect(bus.subscriberCount).toBe(0);
    bus.publish(event(3));
    expect(bus.stats().delivered).toBe(3);
  });

  it('is iterated by for await and pulled by connect as before', async () => {
    const source = new SharingBus<number>();
    const target = new SharingBus<number>();
    const receiver = source.subscribeFiltered(EventFilter.all, 300);
    const slow = target.subscribeFiltered(EventFilter.all, 4);
    const taken: number[] = [];
    const read = (async () => {
      for await (const { event: payload } of slow) {
        taken.push(payload);
      }
    })();
    const connected = target.connect(receiver, { window: 4 });
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    numbers.forEach((payload) => {
      source.publish(event(payload));
    });
    source.close();
    // Pulling waits for the slow receiver, which an Observable could not.
    expect(await connected).toBe(300);
    await target[Symbol.asyncDispose]();
    await read;
    expect([taken, slow.lagged]).toEqual([numbers, 0]);
  });
});
