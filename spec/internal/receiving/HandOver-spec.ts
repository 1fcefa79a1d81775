import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config, map, Observable, type Observer, Subscription, take } from 'rxjs';
import type { Seat } from '../../../lib/internal/receive/consumers.js';
import { EventsObservable } from '../../../lib/internal/receive/EventsObservable.js';
import { report } from '../../../lib/internal/support/report.js';

type Subscribe = (source$: Observable<number>, story: unknown[]) => Subscription | Promise<unknown>;

/** A seat that tells who comes and goes; the consumer that it serves is called by the spec. */
class StorySeat implements Seat<number> {
  consumer: Observer<number> | undefined;
  readonly story: unknown[] = [];
  /** What it does to one that comes, before it has its subscription. */
  atOnce: ((consumer: Observer<number>) => void) | undefined;

  serve(consumer: Observer<number>): void {
    this.story.push('served');
    this.consumer = consumer;
    this.atOnce?.(consumer);
  }

  leave(consumer: Observer<number>): void {
    this.story.push(consumer === this.consumer ? 'left' : 'left by a stranger');
  }
}

/** What RxJS makes of a seat. */
function plain(seat: Seat<number>): Observable<number> {
  return new Observable((subscriber) => {
    seat.serve(subscriber);
    subscriber.add(() => {
      seat.leave(subscriber);
    });
  });
}

const tell = (story: unknown[]): Observer<number> => ({
  next: (value) => story.push(value),
  error: (error: unknown) => story.push(['error', error]),
  complete: () => story.push('complete'),
});

/** As RxJS still has it, and will not in its next version. */
function withCallbacks(source$: Observable<number>, ...callbacks: unknown[]): Subscription {
  return (source$ as unknown as { subscribe(...all: unknown[]): Subscription }).subscribe(...callbacks);
}

const SUBSCRIBE: Readonly<Record<string, Subscribe>> = {
  'a function': (source$, story) => source$.subscribe((value) => story.push(value)),
  'a function that throws': (source$, story) =>
    source$.subscribe((value) => {
      story.push(value);
      throw new Error('next');
    }),
  'a function, and null for the others': (source$, story) => withCallbacks(source$, tell(story).next, null, null),
  'three callbacks': (source$, story) => {
    const { next, error, complete } = tell(story);
    return withCallbacks(source$, next, error, complete);
  },
  'no callback but the last': (source$, story) => withCallbacks(source$, null, null, tell(story).complete),
  'two callbacks': (source$, story) => withCallbacks(source$, tell(story).next, tell(story).error),
  nothing: (source$) => source$.subscribe(),
  'an observer': (source$, story) => source$.subscribe(tell(story)),
  'an observer of values': (source$, story) => source$.subscribe({ next: tell(story).next }),
  'an observer with a method of a class': (source$, story) =>
    source$.subscribe(
      new (class {
        readonly seen = story;

        next(value: number): void {
          this.seen.push(value);
        }
      })(),
    ),
  'what looks like a Subscriber': (source$, story) => source$.subscribe(Object.assign(new Subscription(), tell(story))),
  'an operator': (source$, story) => source$.pipe(map((value) => value * 10)).subscribe(tell(story)),
  'an operator that completes': (source$, story) => source$.pipe(take(1)).subscribe(tell(story)),
  forEach: async (source$, story) =>
    source$
      .forEach((value) => story.push(value))
      .then(
        () => story.push('resolved'),
        (error: unknown) => story.push(['rejected', error]),
      ),
};

const ENDS: Readonly<Record<string, (seat: StorySeat, subscription: Subscription | undefined) => void>> = {
  completion: ({ consumer }) => {
    consumer?.complete();
  },
  'an error': ({ consumer }) => {
    consumer?.error('e');
  },
  unsubscribing: (_seat, subscription) => {
    subscription?.unsubscribe();
  },
};

/** All that is seen of a subscription to what `make` makes of a seat. It is given two values, then ends; or ends at once. */
async function storyOf(
  make: (seat: Seat<number>) => Observable<number>,
  subscribe: Subscribe,
  end: (typeof ENDS)[string],
  atOnce: boolean,
): Promise<unknown[]> {
  const seat = new StorySeat();
  const { story } = seat;
  config.onUnhandledError = (error) => story.push(['reported', String(error)]);
  if (atOnce) {
    seat.atOnce = () => {
      end(seat, undefined);
    };
  }
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      story.push(String(error));
    }
  };
  const made = subscribe(make(seat), story);
  const subscription = made instanceof Promise ? undefined : made;
  for (const teardown of ['teardown', 'another teardown']) {
    attempt(() =>
      subscription?.add(() => {
        story.push(teardown);
        throw new Error(teardown);
      }),
    );
  }
  for (const value of atOnce ? [] : [1, 2]) {
    try {
      seat.consumer?.next(value);
    } catch (error) {
      // As a mailbox does.
      report(error);
    }
    story.push(subscription?.closed);
  }
  if (subscription?.closed !== true) {
    attempt(() => {
      end(seat, subscription);
    });
  }
  story.push(subscription?.closed);
  attempt(() => subscription?.unsubscribe());
  attempt(() => subscription?.add(() => story.push('late teardown')));
  await jest.runAllTimersAsync();
  return story;
}

describe('EventsObservable', () => {
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
      for (const atOnce of [false, true]) {
        const story = await storyOf((seat) => new EventsObservable(() => seat), subscribe, end, atOnce);
        const expected = await storyOf(plain, subscribe, end, atOnce);
        expect(story).toEqual(expected);
      }
    });
  });
});
