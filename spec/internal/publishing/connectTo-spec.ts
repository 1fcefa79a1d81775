import type { BusEventSource } from '../../../lib/options.js';
import type { UnderlyingSource } from 'node:stream/web';
import { describe, expect, it } from '@jest/globals';
import { Observable, type Observer, of, Subject } from 'rxjs';
import type { BusEvent } from '../../../lib/index.js';
import { CLOSED, connectTo } from '../../../lib/internal/publish/connectTo.js';
import { event } from '../../support/events.js';
import { NativeObservable, type NativeSubscriber } from '../../support/NativeObservable.js';

const SYMBOL = Symbol('observable');

/** A bus that tells what it is asked, and flushes when it is told to. */
class Sink {
  readonly story: unknown[] = [];
  readonly flushes: (() => void)[] = [];
  onPublish: ((payload: number) => void) | undefined;

  publish({ event: payload }: BusEvent<number>): void {
    this.story.push(payload);
    this.onPublish?.(payload);
  }

  flush({ signal, waitFor }: Parameters<Parameters<typeof connectTo>[0]['flush']>[0]): Promise<void> {
    this.story.push(waitFor === undefined ? 'flush' : `flush for ${waitFor.length}`);
    return new Promise((resolve, reject) => {
      this.flushes.push(resolve);
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  }
}

/** An iterator that is given its results by the spec, and tells when it is asked or told to stop. */
function sourceOf(story: unknown[], ...payloads: readonly number[]): AsyncIterable<BusEvent<number>> {
  const left = [...payloads];
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        story.push('next');
        const payload = left.shift();
        return Promise.resolve(
          payload === undefined ? { done: true, value: undefined } : { done: false, value: event(payload) },
        );
      },
      return: () => {
        story.push('return');
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function setUp(): {
  readonly sink: Sink;
  readonly story: unknown[];
  readonly stop: (reason: unknown) => void;
  readonly connect: (source: BusEventSource<number>, window?: number, waitFor?: []) => Promise<number>;
} {
  const sink = new Sink();
  const controller = new AbortController();
  return {
    sink,
    story: sink.story,
    stop: (reason) => {
      controller.abort(reason);
    },
    connect: (source, window = 2, waitFor?: []) =>
      connectTo<number>(sink, source, { window, waitFor, stop: controller.signal }),
  };
}

describe('connectTo', () => {
  it('asks for the next when the one before is published, and for none while it waits for a flush', async () => {
    const { sink, story, connect } = setUp();
    const connected = connect(sourceOf(story, 1, 2, 3), 2, []);
    await turn();
    expect(story).toEqual(['next', 1, 'next', 2, 'flush for 0']);
    sink.flushes[0]?.();
    expect(await connected).toBe(3);
    expect(story.slice(5)).toEqual(['next', 3, 'next']);
  });

  it('flushes after each event at a window of one, also after the last', async () => {
    const { sink, story, connect } = setUp();
    const connected = connect(sourceOf(story, 1, 2), 1);
    await turn();
    sink.flushes[0]?.();
    await turn();
    expect(story).toEqual(['next', 1, 'flush', 'next', 2, 'flush']);
    sink.flushes[1]?.();
    expect(await connected).toBe(2);
  });

  it('does not tell a source to stop that has ended by itself, and takes an empty one', async () => {
    const { story, connect } = setUp();
    expect([await connect(sourceOf(story)), story]).toEqual([0, ['next']]);
  });

  it.each([
    ['as it is asked', 0, 0, ['return']],
    ['while it flushes', 2, 2, ['next', 1, 'next', 2, 'flush', 'return']],
  ])('law 33: closed %s, it has ended well, with what was published', async (_when, events, published, expected) => {
    const { story, stop, connect } = setUp();
    const payloads = [1, 2, 3];
    if (events === 0) {
      stop(CLOSED);
    }
    const connected = connect(sourceOf(story, ...payloads));
    await turn();
    stop(CLOSED);
    expect([await connected, story]).toEqual([published, expected]);
  });

  it('closed in the midst of an event, it has published that one', async () => {
    const { sink, story, stop, connect } = setUp();
    sink.onPublish = () => {
      stop(CLOSED);
    };
    expect([await connect(sourceOf(story, 1, 2)), story]).toEqual([1, ['next', 1, 'return']]);
  });

  it.each([
    ['before it is answered', (stop: () => void, answer: () => void) => [stop, answer]],
    ['when it is answered', (stop: () => void, answer: () => void) => [answer, stop]],
    ['before the answer is seen', (stop: () => void, answer: () => void) => [answer, undefined, stop]],
  ])('publishes nothing that it has asked for where it is stopped %s', async (_when, order) => {
    const { story, stop, connect } = setUp();
    let answer: ((result: IteratorResult<BusEvent<number>>) => void) | undefined;
    const next = (): Promise<IteratorResult<BusEvent<number>>> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const connected = connect({ [Symbol.asyncIterator]: () => ({ next }) });
    const steps = order(
      () => {
        stop('reason');
      },
      () => answer?.({ done: false, value: event(1) }),
    );
    for (const step of steps) {
      if (step === undefined) {
        await Promise.resolve();
      } else {
        step();
      }
    }
    await expect(connected).rejects.toBe('reason');
    await turn();
    expect(story).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('too late');
      },
    ],
    ['rejects', () => Promise.reject(new Error('too late'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('rejects with what publish threw, though the source’s return %s', async (_how, leave) => {
    const { sink, connect } = setUp();
    sink.onPublish = () => {
      throw new Error('malformed');
    };
    const source = {
      [Symbol.asyncIterator]: () => ({ next: () => ({ done: false, value: event(1) }), return: leave }),
    };
    await expect(connect(source as never)).rejects.toThrow('malformed');
  });

  it('takes a stream by its reader, and leaves it unlocked and cancelled', async () => {
    const { story, stop, connect } = setUp();
    const stream = new ReadableStream<BusEvent<number>>({
      start: (controller) => {
        controller.enqueue(event(1));
      },
      cancel: () => {
        story.push('cancelled');
      },
    });
    const connected = connect(stream);
    expect(stream.locked).toBe(true);
    await turn();
    stop(CLOSED);
    expect(await connected).toBe(1);
    await turn();
    expect([story, stream.locked]).toEqual([[1, 'cancelled'], false]);
  });

  it.each<[string, number | string, UnderlyingSource<BusEvent<number>>]>([
    [
      'that has ended',
      0,
      {
        pull: (controller) => {
          controller.close();
        },
      },
    ],
    [
      'that has failed',
      'broken',
      {
        pull: (controller) => {
          controller.error(new Error('broken'));
        },
      },
    ],
    ['that takes for ever to be cancelled', 0, { cancel: () => new Promise(() => undefined) }],
  ])('leaves a stream unlocked %s', async (_which, expected, source) => {
    const { stop, connect } = setUp();
    const stream = new ReadableStream(source);
    const connected = connect(stream).catch((error: unknown) => (error as Error).message);
    await turn();
    stop(CLOSED);
    expect(await connected).toBe(expected);
    await turn();
    expect(stream.locked).toBe(false);
  });

  it.each<[string, unknown, (controller: ReadableStreamDefaultController<BusEvent<number>>) => void]>([
    [
      'ends',
      2,
      (controller) => {
        controller.close();
      },
    ],
    [
      'fails',
      'broken',
      (controller) => {
        controller.error(new Error('broken'));
      },
    ],
  ])('publishes the last event of a stream that %s right behind it, and unlocks that', async (_how, expected, end) => {
    for (const isRead of [false, true]) {
      const { story, connect } = setUp();
      let controller: ReadableStreamDefaultController<BusEvent<number>> | undefined;
      const stream = new ReadableStream<BusEvent<number>>({
        start: (given) => {
          controller = given;
        },
      });
      const feed = (): void => {
        controller?.enqueue(event(1));
        controller?.enqueue(event(2));
      };
      if (!isRead) {
        feed();
      }
      const connected = connect(stream, 10).catch((error: unknown) => (error as Error).message);
      await turn();
      if (isRead) {
        feed();
      }
      end(controller as ReadableStreamDefaultController<BusEvent<number>>);
      expect(await connected).toBe(expected);
      if (expected === 2) {
        expect(story).toEqual([1, 2]);
      }
      await turn();
      expect(stream.locked).toBe(false);
    }
  });

  it('publishes what a stream has that was closed before it is connected', async () => {
    const { story, connect } = setUp();
    const stream = new ReadableStream<BusEvent<number>>({
      start: (controller) => {
        controller.enqueue(event(1));
        controller.enqueue(event(2));
        controller.close();
      },
    });
    expect([await connect(stream, 10), story, stream.locked]).toEqual([2, [1, 2], false]);
  });

  it('ends where an iterator says done by anything true, as `for await` does', async () => {
    const { story, connect } = setUp();
    const answers = [{ value: event(1) }, { done: 1, value: event(2) }];
    const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(answers.shift()) }) };
    expect([await connect(source as never), story]).toEqual([1, [1]]);
  });

  it('counts what an Observable emits, and never flushes', async () => {
    const { story, connect } = setUp();
    expect([await connect(of(event(1), event(2), event(3)), 1), story]).toEqual([3, [1, 2, 3]]);
  });

  it('leaves an Observable when publish throws, or it is stopped, with the count where that is the end of the bus', async () => {
    const failing = setUp();
    const source$ = new Subject<BusEvent<number>>();
    failing.sink.onPublish = () => {
      throw new Error('malformed');
    };
    const failed = failing.connect(source$);
    source$.next(event(1));
    await expect(failed).rejects.toThrow('malformed');
    const stopped = setUp();
    const aborted = stopped.connect(source$);
    stopped.stop('reason');
    await expect(aborted).rejects.toBe('reason');
    const closed = setUp();
    const ended = closed.connect(source$);
    source$.next(event(2));
    closed.stop(CLOSED);
    expect([await ended, source$.observed]).toEqual([1, false]);
  });

  it('publishes nothing of an Observable that emits at once, where it was closed before', async () => {
    const { story, stop, connect } = setUp();
    stop(CLOSED);
    let subscriptions = 0;
    const source$ = new Observable<BusEvent<number>>((subscriber) => {
      subscriptions += 1;
      subscriber.next(event(1));
    });
    expect([await connect(source$), story, subscriptions]).toEqual([0, [], 0]);
  });

  describe('an Observable of the platform', () => {
    /** One that emits when it is told to, and tells when it is left. */
    function manual(story: unknown[]): {
      readonly source: NativeObservable<BusEvent<number>>;
      readonly subscriber: () => NativeSubscriber<BusEvent<number>>;
    } {
      const subscribers: NativeSubscriber<BusEvent<number>>[] = [];
      const source = new NativeObservable<BusEvent<number>>((subscriber) => {
        subscribers.push(subscriber);
        subscriber.addTeardown(() => story.push('left'));
      });
      return { source, subscriber: () => subscribers[0] as NativeSubscriber<BusEvent<number>> };
    }

    it('is published as it emits, and counted, and never waits for a flush', async () => {
      const { story, connect } = setUp();
      const { source, subscriber } = manual(story);
      const connected = connect(source, 1);
      subscriber().next(event(1));
      subscriber().next(event(2));
      expect(story).toEqual([1, 2]);
      subscriber().complete();
      expect([await connected, source.reported]).toEqual([2, []]);
    });

    it('that emits all of it as it is subscribed to is published, and one that emits nothing is none', async () => {
      const { story, connect } = setUp();
      const source = new NativeObservable<BusEvent<number>>((subscriber) => {
        subscriber.next(event(1));
        subscriber.next(event(2));
        subscriber.complete();
      });
      expect([await connect(source), story]).toEqual([2, [1, 2]]);
      expect(
        await connect(
          new NativeObservable((subscriber) => {
            subscriber.complete();
          }),
        ),
      ).toBe(0);
    });

    it('rejects with its error, and with what it throws as it begins', async () => {
      const { story, connect } = setUp();
      const { source, subscriber } = manual(story);
      const connected = connect(source);
      subscriber().error(new Error('broken'));
      await expect(connected).rejects.toThrow('broken');
      const failing = new NativeObservable<BusEvent<number>>(() => {
        throw new Error('no beginning');
      });
      await expect(connect(failing)).rejects.toThrow('no beginning');
      expect(failing.reported).toEqual([]);
    });

    it('is left when publish throws, which rejects, and reports nothing', async () => {
      const { sink, story, connect } = setUp();
      sink.onPublish = () => {
        throw new Error('malformed');
      };
      const source = new NativeObservable<BusEvent<number>>((subscriber) => {
        subscriber.addTeardown(() => story.push('left'));
        subscriber.next(event(1));
        subscriber.next(event(2));
      });
      await expect(connect(source)).rejects.toThrow('malformed');
      expect([story, source.reported]).toEqual([[1, 'left'], []]);
    });

    it('is left by its signal at the stop, which rejects, but at the end of the bus', async () => {
      const stopped = setUp();
      const one = manual(stopped.story);
      const aborted = stopped.connect(one.source);
      one.subscriber().next(event(1));
      stopped.stop('reason');
      one.subscriber().next(event(2));
      await expect(aborted).rejects.toBe('reason');
      const closed = setUp();
      const other = manual(closed.story);
      const ended = closed.connect(other.source);
      other.subscriber().next(event(3));
      closed.stop(CLOSED);
      other.subscriber().next(event(4));
      expect([await ended, stopped.story, closed.story]).toEqual([1, [1, 'left'], [3, 'left']]);
    });
  });

  it.each<[string, (subject$: Subject<BusEvent<number>>) => unknown]>([
    ['what has an Observable for others', (subject$) => ({ '@@observable': () => subject$ })],
    ['what has one by its symbol', (subject$) => ({ [SYMBOL]: () => subject$ })],
    [
      'what is subscribed to like one of the platform, and returns a subscription',
      (subject$) => ({ subscribe: (observer: Observer<BusEvent<number>>) => subject$.subscribe(observer) }),
    ],
  ])('takes %s, and leaves it at the stop', async (_what, make) => {
    const { story, stop, connect } = setUp();
    const subject$ = new Subject<BusEvent<number>>();
    Object.defineProperty(Symbol, 'observable', { configurable: true, value: SYMBOL });
    const connected = connect(make(subject$) as never);
    Reflect.deleteProperty(Symbol, 'observable');
    subject$.next(event(1));
    expect(subject$.observed).toBe(true);
    stop(CLOSED);
    expect([await connected, story, subject$.observed]).toEqual([1, [1], false]);
  });

  it('rather pulls what can be pulled, and could be subscribed to as well', async () => {
    const { story, connect } = setUp();
    const both = {
      ...sourceOf(story, 1),
      subscribe: () => story.push('subscribed'),
      '@@observable': () => of(event(2)),
    };
    expect([await connect(both), story]).toEqual([1, ['next', 1, 'next']]);
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [5, '5'],
    ['text', '"text"'],
    [{ next: 1 }, '{"next":1}'],
    [[1], '[1]'],
    [{ '@@observable': () => 5 }, '{}'],
  ])('refuses %p for a source at the call, showing it', (source, shown) => {
    expect(() => setUp().connect(source as never)).toThrow(
      new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${shown}`),
    );
  });
});
