import type { DropNewestOptions } from '../../lib/options.js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  asapScheduler,
  asyncScheduler,
  combineLatest,
  concat,
  config,
  EMPTY,
  finalize,
  mergeMap,
  type MonoTypeOperatorFunction,
  NEVER,
  Observable,
  of,
  queueScheduler,
  range,
  type SchedulerAction,
  type SchedulerLike,
  Subject,
  Subscription,
  take,
  takeUntil,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { dropNewest } from '../../lib/index.js';
import { collect } from '../support/collect.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { marbles } from '../support/marbles.js';

/** Gives each turn `frames` after it was asked for, as a consumer that is busy elsewhere. */
function every(frames: number, virtual: TestScheduler): SchedulerLike {
  return {
    now: () => virtual.now(),
    schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
      expect(delay).toBe(0);
      return virtual.schedule(work, frames, state);
    },
  };
}

/** Runs what it is given at once, in the midst of the call. */
class AtOnceScheduler extends ManualScheduler {
  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const action = super.schedule(work, delay, state);
    this.turn();
    return action;
  }
}

/** Each of `sources` through the one `operator`. */
function through<T>(operator: MonoTypeOperatorFunction<T>, ...sources: Observable<T>[]): Observable<T>[] {
  return sources.map((source$) => source$.pipe(operator));
}

/** The options of a spec that looks at drops, and the drops as `value lagged`. */
function watched<T>(
  capacity: number,
  scheduler?: SchedulerLike,
): { readonly options: DropNewestOptions<T>; readonly drops: string[] } {
  const drops: string[] = [];
  const onDrop = (value: T, lagged: number): void => {
    drops.push(`${String(value)} ${lagged}`);
  };
  return { options: { capacity, scheduler, onDrop }, drops };
}

/** A source that emits 0, 1, 2, ... in one go until it is unsubscribed from. */
function endlessSource(): { readonly source$: Observable<number>; emitted: number; stopped: number } {
  const state = {
    source$: new Observable<number>((subscriber) => {
      subscriber.add(() => {
        state.stopped += 1;
      });
      while (!subscriber.closed) {
        if (state.emitted > 10_000) {
          throw new Error('nobody stopped it');
        }
        subscriber.next(state.emitted);
        state.emitted += 1;
      }
    }),
    emitted: 0,
    stopped: 0,
  };
  return state;
}

describe('dropNewest, in marbles', () => {
  it('law 20: full, it rejects the arriving values; what waits stays', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const { options, drops } = watched<string>(2);
      const source = ' --(abcd)--e---(fgh)--|';
      const output = ' --(ab)----e---(fg)---|';
      const subs = '   ^--------------------!';
      const source$ = hot(source);
      expectObservable(source$.pipe(dropNewest(options))).toBe(output);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      flush();
      expect(drops).toEqual(['c 1', 'd 2', 'h 3']);
    });
  });

  it('law 26: five synchronous values into capacity 1 deliver the first and count exactly 4', () => {
    marbles(({ cold, expectObservable, flush }) => {
      const { options, drops } = watched<string>(1);
      const source = '(abcde)--|';
      const output = 'a--------|';
      expectObservable(cold(source).pipe(dropNewest(options))).toBe(output);
      flush();
      expect(drops).toEqual(['b 1', 'c 2', 'd 3', 'e 4']);
    });
  });

  it('law 20, 27: a slow consumer loses what comes while its queue is full, and the ending waits for its turn', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, flush }, virtual) => {
      const { options, drops } = watched<string>(1, every(3, virtual));
      const source = '-a-b-c-d-e---|   ';
      const output = '----a---c---e---|';
      const subs = '  ^------------!   ';
      const source$ = hot(source);
      expectObservable(source$.pipe(dropNewest(options))).toBe(output);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      flush();
      expect(drops).toEqual(['b 1', 'd 2']);
    });
  });

  it('law 27: an error travels as a value does: what is queued is delivered first', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }, virtual) => {
      const source = '-a-b#   ';
      const output = '----(ab#)';
      const subs = '  ^---!   ';
      const source$ = hot(source);
      expectObservable(source$.pipe(dropNewest({ capacity: 8, scheduler: every(3, virtual) }))).toBe(output);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('law 27: an error in the midst of a full queue drops nothing that waits', () => {
    marbles(({ cold, expectObservable, flush }) => {
      const { options, drops } = watched<string>(2);
      const source = '--(abc#)';
      const output = '--(ab#) ';
      expectObservable(cold(source).pipe(dropNewest(options))).toBe(output);
      flush();
      expect(drops).toEqual(['c 1']);
    });
  });

  it('mirrors a source that is empty, never ends, errs or completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      for (const [source, output, subs] of [
        ['|      ', '|      ', '(^!)     '],
        ['---|   ', '---|   ', '^--!     '],
        ['-      ', '-      ', '^        '],
        ['#      ', '#      ', '(^!)     '],
        ['---#   ', '---#   ', '^--!     '],
        ['-a-b-| ', '-a-b-| ', '^----!   '],
        ['(a|)   ', '(a|)   ', '(^!)     '],
        ['-a-b-# ', '-a-b-# ', '^----!   '],
      ] as const) {
        const source$ = cold(source);
        expectObservable(source$.pipe(dropNewest({ capacity: 1 }))).toBe(output);
        expectSubscriptions(source$.subscriptions).toBe(subs);
      }
      expectObservable(EMPTY.pipe(dropNewest({ capacity: 1 }))).toBe('|');
      expectObservable(NEVER.pipe(dropNewest({ capacity: 1 }))).toBe('-');
      expectObservable(throwError(() => 'error').pipe(dropNewest({ capacity: 1 }))).toBe('#');
    });
  });

  it('unsubscribing early ends the source at once, and what waits is forgotten', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, flush }, virtual) => {
      const { options, drops } = watched<string>(1, every(3, virtual));
      const source = '-a-b-c-d-e-|';
      const unsub = ' ------!     ';
      const output = '----a--     ';
      const subs = '  ^-----!     ';
      const source$ = hot(source);
      expectObservable(source$.pipe(dropNewest(options)), unsub).toBe(output);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      flush();
      expect(drops).toEqual(['b 1']);
    });
  });

  it('does not break the chain of unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-a-b-c-d-|';
      const unsub = ' ----!     ';
      const output = '-a-b-     ';
      const subs = '  ^---!     ';
      const source$ = hot(source);
      const result$ = source$.pipe(
        mergeMap((value) => of(value)),
        dropNewest({ capacity: 1 }),
        mergeMap((value) => of(value)),
      );
      expectObservable(result$, unsub).toBe(output);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('law 22, 25: one operator on two sources keeps two queues and two counts', () => {
    marbles(({ hot, expectObservable, flush }) => {
      const { options, drops } = watched<string>(1);
      const one = '  -(ab)----(cd)--|';
      const other = '---(xyz)(uv)-#  ';
      const outOne = '-a-------c-----|';
      const outOther = '---x----u----#  ';
      const [one$ = NEVER, other$ = NEVER] = through<string>(dropNewest(options), hot(one), hot(other));
      expectObservable(one$).toBe(outOne);
      expectObservable(other$).toBe(outOther);
      flush();
      expect(drops).toEqual(['b 1', 'y 1', 'z 2', 'v 3', 'd 2']);
    });
  });

  it('law 22, 25: subscribed twice, it keeps two queues and two counts, and subscribes the source twice', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const { options, drops } = watched<string>(1);
      const source = ' -(ab)--|    ';
      const first = '  -a-----|    ';
      const later = '  ---^        ';
      const second = ' ----a-----| ';
      const subs = [' ^------!    ', '  ---^------! '];
      const source$ = cold(source);
      const result$ = source$.pipe(dropNewest(options));
      expectObservable(result$).toBe(first);
      expectObservable(result$, later).toBe(second);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      flush();
      expect(drops).toEqual(['b 1', 'b 1']);
    });
  });

  it('law 27: asapScheduler is the default, and asyncScheduler drops the same in the same frames', () => {
    marbles(({ hot, expectObservable, flush }) => {
      const source = '-(abc)--d-|';
      const output = '-a------d-|';
      const source$ = hot(source);
      const [byDefault, asap, async] = [undefined, asapScheduler, asyncScheduler].map((scheduler) => {
        const { options, drops } = watched<string>(1, scheduler);
        expectObservable(source$.pipe(dropNewest(options))).toBe(output);
        return drops;
      });
      flush();
      expect(byDefault).toEqual(['b 1', 'c 2']);
      expect(asap).toEqual(byDefault);
      expect(async).toEqual(byDefault);
    });
  });
});

describe('dropNewest', () => {
  it.each<readonly [capacity: unknown, shown: string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [0, '0'],
    [-1, '-1'],
    [-0, '0'],
    [1.5, '1.5'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [2 ** 31, '2147483648'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['1', '"1"'],
    [1n, '1'],
    [[1], '[1]'],
    [{ valueOf: () => 1 }, '{}'],
  ])('law 24: throws RangeError at the call for a capacity of %s, with the value', (capacity, shown) => {
    expect(() => dropNewest({ capacity: capacity as number })).toThrow(
      new RangeError(`dropNewest: capacity must be an integer from 1 to 2147483647, got ${shown}`),
    );
    expect(() => dropNewest({ capacity: capacity as number })).toThrow(RangeError);
  });

  it('law 24: a capacity that is missing is refused, with or without options', () => {
    for (const options of [undefined, null, {}]) {
      expect(() => dropNewest(options as DropNewestOptions<unknown>)).toThrow(RangeError);
    }
  });

  it('law 24: takes 1 and 2^31 - 1, and the largest costs nothing until it is used', () => {
    for (const capacity of [1, 2 ** 31 - 1]) {
      const scheduler = new ManualScheduler();
      const { values, endings } = collect(of('a').pipe(dropNewest({ capacity, scheduler })));
      scheduler.flush();
      expect({ values, endings }).toEqual({ values: ['a'], endings: ['complete'] });
    }
  });

  it('refuses a scheduler or an onDrop that is none, at the call', () => {
    for (const scheduler of [null, {}, { schedule: 1 }] as unknown as SchedulerLike[]) {
      expect(() => dropNewest({ capacity: 1, scheduler })).toThrow(
        /^dropNewest: scheduler.schedule must be a function, got /,
      );
    }
    for (const onDrop of [null, true, {}]) {
      expect(() => dropNewest({ capacity: 1, onDrop: onDrop as unknown as () => void })).toThrow(TypeError);
    }
    expect(() => dropNewest({ capacity: 1, scheduler: undefined, onDrop: undefined })).not.toThrow();
  });

  it('law 20: keeps what waits in order, across many turns', () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<number>();
    const { options, drops } = watched<number>(3, scheduler);
    const { values } = collect(source$.pipe(dropNewest(options)));
    for (let round = 0; round < 5; round += 1) {
      range(round * 10, 4).subscribe((value) => {
        source$.next(value);
      });
      scheduler.turn();
    }
    expect(values).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42]);
    expect(drops).toEqual(['3 1', '13 2', '23 3', '33 4', '43 5']);
  });

  it('law 21: the value in the consumer’s hands takes no room', () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<string>();
    const { options, drops } = watched<string>(1, scheduler);
    const values: string[] = [];
    source$.pipe(dropNewest(options)).subscribe((value) => {
      values.push(value);
      if (value === 'a') {
        source$.next('fits');
        source$.next('does not');
      }
    });
    source$.next('a');
    scheduler.flush();
    expect(values).toEqual(['a', 'fits']);
    expect(drops).toEqual(['does not 1']);
  });

  it('law 22: counts every rejected value, not every overflow episode, and never starts again', () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<string>();
    const { options, drops } = watched<string>(1, scheduler);
    collect(source$.pipe(dropNewest(options)));
    for (const value of ['a', 'b', 'c']) {
      source$.next(value);
    }
    scheduler.flush();
    source$.next('d');
    source$.next('e');
    expect(drops).toEqual(['b 1', 'c 2', 'e 3']);
  });

  it('law 22: onDrop is told on the source’s stack, at the value that is rejected', () => {
    const story: string[] = [];
    const source$ = new Subject<string>();
    const onDrop = (value: string, lagged: number): void => {
      story.push(`dropped ${value} ${lagged}`);
    };
    source$.pipe(dropNewest({ capacity: 1, scheduler: new ManualScheduler(), onDrop })).subscribe();
    source$.next('a');
    story.push('after a');
    source$.next('b');
    story.push('after b');
    expect(story).toEqual(['after a', 'dropped b 1', 'after b']);
  });

  it('law 22: values that are falsy are values', () => {
    const scheduler = new ManualScheduler();
    const given = [undefined, null, 0, '', false, NaN];
    const { values } = collect(of(...given).pipe(dropNewest<unknown>({ capacity: given.length, scheduler })));
    scheduler.flush();
    expect(values).toEqual(given);
  });

  it('law 26: a turn delivers what waited when it began; what arrives meanwhile waits for the next', () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<number>();
    const values: number[] = [];
    source$.pipe(dropNewest({ capacity: 4, scheduler })).subscribe((value) => {
      values.push(value);
      if (value < 20) {
        source$.next(value + 10);
      }
    });
    source$.next(1);
    source$.next(2);
    scheduler.turn();
    expect(values).toEqual([1, 2]);
    scheduler.turn();
    expect(values).toEqual([1, 2, 11, 12]);
    scheduler.turn();
    expect(values).toEqual([1, 2, 11, 12, 21, 22]);
  });

  it('law 26: one action serves a burst, and none is scheduled for nothing', () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<number>();
    const { subscription } = collect(source$.pipe(dropNewest({ capacity: 8, scheduler })));
    expect(scheduler.pending).toBe(0);
    range(0, 20).subscribe((value) => {
      source$.next(value);
    });
    expect(scheduler.pending).toBe(1);
    scheduler.turn();
    expect(scheduler.pending).toBe(0);
    subscription.unsubscribe();
    expect(scheduler.pending).toBe(0);
  });

  it('law 27: never on the source’s stack: not a value, not the completion, not an error', () => {
    for (const source$ of [of(1), EMPTY, throwError(() => 'error')] as Observable<unknown>[]) {
      const scheduler = new ManualScheduler();
      const { values, endings } = collect(source$.pipe(dropNewest({ capacity: 1, scheduler })));
      expect([values, endings]).toEqual([[], []]);
      scheduler.flush();
      expect(endings).toHaveLength(1);
    }
  });

  it('law 27: the ending comes in the turn of the last value', () => {
    const scheduler = new ManualScheduler();
    const { values, endings } = collect(of(1, 2).pipe(dropNewest({ capacity: 2, scheduler })));
    expect(scheduler.turn()).toBe(1);
    expect([values, endings]).toEqual([[1, 2], ['complete']]);
    expect(scheduler.pending).toBe(0);
  });

  it('law 27: queueScheduler hands over at once, or after the work in hand', () => {
    const alone = watched<number>(1, queueScheduler);
    expect(collect(range(0, 5).pipe(dropNewest(alone.options))).values).toEqual([0, 1, 2, 3, 4]);
    expect(alone.drops).toEqual([]);

    const within = watched<number>(1, queueScheduler);
    const seen: number[] = [];
    queueScheduler.schedule(() => {
      range(0, 5)
        .pipe(dropNewest(within.options))
        .subscribe((value) => {
          seen.push(value);
        });
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([0]);
    expect(within.drops).toEqual(['1 1', '2 2', '3 3', '4 4']);
  });

  it('law 27: VirtualTimeScheduler hands over when it is flushed', () => {
    const scheduler = new VirtualTimeScheduler();
    const { options, drops } = watched<number>(2, scheduler);
    const { values, endings } = collect(range(0, 3).pipe(dropNewest(options)));
    expect(values).toEqual([]);
    scheduler.flush();
    expect({ values, endings, drops }).toEqual({ values: [0, 1], endings: ['complete'], drops: ['2 1'] });
  });

  it('law 27: a scheduler that runs at once loses nothing, keeps the order, and ends rightly', () => {
    const source$ = new Subject<number>();
    const { options, drops } = watched<number>(1, new AtOnceScheduler());
    const values: number[] = [];
    const endings: unknown[] = [];
    source$.pipe(dropNewest(options)).subscribe({
      next: (value) => {
        values.push(value);
        if (value < 3) {
          source$.next(value + 1);
        }
      },
      complete: () => endings.push('complete'),
    });
    source$.next(0);
    source$.next(10);
    source$.complete();
    expect({ values, endings, drops }).toEqual({ values: [0, 1, 2, 3, 10], endings: ['complete'], drops: [] });
  });

  describe('re-entrant sources', () => {
    it('a source that emits from onDrop is counted for each, and what waits stays', () => {
      const scheduler = new ManualScheduler();
      const source$ = new Subject<string>();
      const drops: string[] = [];
      const options: DropNewestOptions<string> = {
        capacity: 1,
        scheduler,
        onDrop: (value, lagged) => {
          drops.push(`${value} ${lagged}`);
          if (value === 'b') {
            source$.next('c');
            drops.push(`after c, b was still ${lagged}`);
          }
        },
      };
      const { values } = collect(source$.pipe(dropNewest(options)));
      source$.next('a');
      source$.next('b');
      source$.next('d');
      scheduler.flush();
      expect(values).toEqual(['a']);
      expect(drops).toEqual(['b 1', 'c 2', 'after c, b was still 1', 'd 3']);
    });

    it('a source that ends while its consumer is called ends after what it emitted', () => {
      for (const end of ['complete', 'error'] as const) {
        const scheduler = new ManualScheduler();
        const source$ = new Subject<string>();
        const story: string[] = [];
        source$.pipe(dropNewest({ capacity: 2, scheduler })).subscribe({
          next: (value) => {
            story.push(value);
            if (value === 'a') {
              source$.next('c');
              source$[end]('error');
            }
          },
          error: (error: unknown) => story.push(String(error)),
          complete: () => story.push('complete'),
        });
        source$.next('a');
        source$.next('b');
        scheduler.flush();
        expect(story).toEqual(['a', 'b', 'c', end]);
        expect(scheduler.pending).toBe(0);
      }
    });

    it('a source that ends in onDrop ends after what waits', () => {
      const scheduler = new ManualScheduler();
      const source$ = new Subject<string>();
      const onDrop = (): void => {
        source$.complete();
      };
      const { values, endings } = collect(source$.pipe(dropNewest({ capacity: 1, scheduler, onDrop })));
      source$.next('a');
      source$.next('b');
      scheduler.flush();
      expect([values, endings]).toEqual([['a'], ['complete']]);
    });

    it.each(['next', 'complete'] as const)(
      'a %s of the source when the zone of a turn is left has a turn, too',
      (act) => {
        const scheduler = new ManualScheduler();
        const source$ = new Subject<string>();
        const root = {
          run: (work: () => void) => {
            work();
          },
        };
        const zone = {
          // Angular checks its page when its zone is left.
          run: (work: () => void): void => {
            work();
            source$[act]('b');
          },
        };
        const platform = globalThis as { Zone?: unknown };
        platform.Zone = { current: zone };
        const { values, endings } = collect(source$.pipe(dropNewest({ capacity: 1, scheduler })));
        platform.Zone = { current: root };
        source$.next('a');
        scheduler.turn();
        scheduler.turn();
        delete platform.Zone;
        expect([values, endings]).toEqual(act === 'next' ? [['a', 'b'], []] : [['a'], ['complete']]);
      },
    );

    it('subscribing again from within the completion gets a queue of its own', () => {
      const scheduler = new ManualScheduler();
      const dropping$ = of(1, 2).pipe(dropNewest({ capacity: 1, scheduler }));
      const { values, endings } = collect(concat(dropping$, dropping$));
      scheduler.flush();
      expect([values, endings]).toEqual([[1, 1], ['complete']]);
    });
  });

  describe('unsubscription', () => {
    it('law 34: frees source, queue and turn at once', () => {
      const scheduler = new ManualScheduler();
      const source$ = new Subject<number>();
      const { values, endings, subscription } = collect(source$.pipe(dropNewest({ capacity: 2, scheduler })));
      source$.next(1);
      expect([source$.observed, scheduler.pending]).toEqual([true, 1]);
      subscription.unsubscribe();
      expect([source$.observed, scheduler.pending]).toEqual([false, 0]);
      scheduler.flush();
      expect([values, endings]).toEqual([[], []]);
    });

    it('law 34: in the midst of a turn ends the turn there', () => {
      const scheduler = new ManualScheduler();
      const source$ = new Subject<number>();
      const { values, endings } = collect(source$.pipe(dropNewest({ capacity: 4, scheduler }), take(2)));
      for (const value of [1, 2, 3, 4]) {
        source$.next(value);
      }
      scheduler.flush();
      expect([values, endings, source$.observed]).toEqual([[1, 2], ['complete'], false]);
    });

    it('law 34: while the ending waits, nobody is told of it', () => {
      for (const source$ of [of(1), throwError(() => 'error')] as Observable<unknown>[]) {
        const scheduler = new ManualScheduler();
        const { values, endings, subscription } = collect(source$.pipe(dropNewest({ capacity: 1, scheduler })));
        subscription.unsubscribe();
        expect(scheduler.pending).toBe(0);
        scheduler.flush();
        expect([values, endings]).toEqual([[], []]);
      }
    });

    it('runs the source’s finalizers once, and when the source ends', () => {
      const scheduler = new ManualScheduler();
      let finalized = 0;
      const source$ = of(1).pipe(
        finalize(() => {
          finalized += 1;
        }),
      );
      const { subscription } = collect(source$.pipe(dropNewest({ capacity: 1, scheduler })));
      expect(finalized).toBe(1);
      scheduler.flush();
      subscription.unsubscribe();
      expect(finalized).toBe(1);
    });

    it('stops an endless synchronous source from onDrop', () => {
      const endless = endlessSource();
      const stop$ = new Subject<void>();
      const scheduler = new ManualScheduler();
      const drops: number[] = [];
      const onDrop = (value: number): void => {
        drops.push(value);
        stop$.next();
      };
      const result$ = endless.source$.pipe(dropNewest({ capacity: 3, scheduler, onDrop }), takeUntil(stop$));
      const { values, endings } = collect(result$);
      expect(endless).toMatchObject({ emitted: 4, stopped: 1 });
      scheduler.flush();
      expect([values, endings, drops]).toEqual([[], ['complete'], [3]]);
    });

    it('stops an endless synchronous source by an onDrop that throws', () => {
      const endless = endlessSource();
      const scheduler = new ManualScheduler();
      const onDrop = (): never => {
        throw new Error('enough');
      };
      const { values, endings } = collect(endless.source$.pipe(dropNewest({ capacity: 3, scheduler, onDrop })));
      expect(endless).toMatchObject({ emitted: 4, stopped: 1 });
      scheduler.flush();
      expect([values, endings]).toEqual([[0, 1, 2], [new Error('enough')]]);
    });

    it('stops an endless synchronous source by take, where the scheduler runs at once', () => {
      for (const scheduler of [queueScheduler, new AtOnceScheduler()]) {
        const endless = endlessSource();
        const { values, endings } = collect(endless.source$.pipe(dropNewest({ capacity: 1, scheduler }), take(3)));
        expect(endless).toMatchObject({ emitted: 3, stopped: 1 });
        expect([values, endings]).toEqual([[0, 1, 2], ['complete']]);
      }
    });

    it('law 34: a consumer that left before the source was subscribed to leaves no subscription behind', () => {
      const source$ = new Subject<number>();
      const dropping$ = source$.pipe(dropNewest({ capacity: 1, scheduler: new ManualScheduler() }));
      // combineLatest ends by its first part, and subscribes to the second all the same.
      const { endings } = collect(combineLatest([throwError(() => 'error'), dropping$]));
      expect(endings).toEqual(['error']);
      expect(source$.observed).toBe(false);
    });
  });

  describe('callbacks that throw', () => {
    const reported: unknown[] = [];

    beforeEach(() => {
      reported.length = 0;
      config.onUnhandledError = (error) => reported.push(error);
    });
    afterEach(() => {
      config.onUnhandledError = null;
    });

    it('what onDrop throws ends the stream with it, after what waits, and lets the source go at once', () => {
      for (const thrown of [new Error('no'), undefined, 'text']) {
        const scheduler = new ManualScheduler();
        const source$ = new Subject<string>();
        const onDrop = (): never => {
          throw thrown;
        };
        const { values, endings } = collect(source$.pipe(dropNewest({ capacity: 2, scheduler, onDrop })));
        for (const value of ['a', 'b', 'c', 'd']) {
          source$.next(value);
        }
        expect([source$.observed, endings]).toEqual([false, []]);
        scheduler.flush();
        expect([values, endings]).toEqual([['a', 'b'], [thrown]]);
      }
      expect(reported).toEqual([]);
    });

    it('a consumer that throws loses no later value, and the source’s stack sees nothing', () => {
      marbles(({ hot, flush }) => {
        const values: string[] = [];
        hot('-(ab)-c|')
          .pipe(dropNewest({ capacity: 2 }))
          .subscribe((value) => {
            values.push(value);
            throw new Error(value);
          });
        flush();
        expect(values).toEqual(['a', 'b', 'c']);
        expect(reported).toEqual([new Error('a'), new Error('b'), new Error('c')]);
      });
    });

    it('what a subscriber that is no ordinary observer throws is reported, and its turn goes on', () => {
      marbles(({ hot, flush }) => {
        const story: string[] = [];
        // RxJS takes what looks like its own Subscriber as it is, and contains nothing of it.
        const raw = Object.assign(new Subscription(), {
          next: (value: string): void => {
            story.push(value);
            throw new Error(value);
          },
          error: (): void => undefined,
          complete: (): void => {
            story.push('complete');
            throw new Error('complete');
          },
        });
        hot('-(ab)-|')
          .pipe(dropNewest({ capacity: 2 }))
          .subscribe(raw);
        flush();
        expect(story).toEqual(['a', 'b', 'complete']);
        expect(reported).toEqual([new Error('a'), new Error('b'), new Error('complete')]);
      });
    });

    it('an error without a handler is reported as RxJS does it', () => {
      marbles(({ hot, flush }) => {
        hot('-#')
          .pipe(dropNewest({ capacity: 2 }))
          .subscribe();
        flush();
        expect(reported).toEqual(['error']);
      });
    });
  });
});
