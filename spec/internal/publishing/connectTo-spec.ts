import type { UnderlyingSource } from 'node:stream/web';
import { describe, expect, it } from '@jest/globals';
import { Observable, of, Subject } from 'rxjs';
import type { BusEvent } from '../../../lib/index.js';
import { type BusEventSource, CLOSED, connectTo } from '../../../lib/internal/publishing/connectTo.js';
import { event } from '../../support/events.js';

/** A bus that tells what it is asked, and flushes when it is told to. */
class Sink {
  readonly story: unknown[] = [];
  readonly flushes: (() => void)[] = [];
  onPublish: ((payload: number) => void) | undefined;

  publish({ event: payload }: BusEvent<number>): void {
    this.story.push(payload);
    this.onPublish?.(payload);
  }

  flush(
    _filter: undefined,
    { signal, waitFor }: Parameters<Parameters<typeof connectTo>[0]['flush']>[1],
  ): Promise<void> {
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

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [5, '5'],
    ['text', '"text"'],
    [{ next: 1 }, '{"next":1}'],
    [[1], '[1]'],
  ])('refuses %p for a source at the call, showing it', (source, shown) => {
    expect(() => setUp().connect(source as never)).toThrow(
      new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${shown}`),
    );
  });
});
