import { describe, expect, it } from '@jest/globals';
import { concatMap, defer, EMPTY, interval, map, type Observable, of, range, Subject, take, throwError } from 'rxjs';
import { concatMapDropNewest } from '../../lib/index.js';
import { collect } from '../support/collect.js';
import { marbles } from '../support/marbles.js';

describe('concatMapDropNewest', () => {
  it('runs one inner observable at a time, and rejects the newest when too many wait', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const inner$ = cold('    ---(x|)');
      const source$ = hot('    -abcd-----------e-|');
      const dropped: unknown[] = [];
      const result$ = source$.pipe(
        concatMapDropNewest((value) => inner$.pipe(map((x) => value + x)), {
          capacity: 2,
          onDrop: (value, lagged) => dropped.push([value, lagged]),
        }),
      );
      expectObservable(result$).toBe('----p--q--r--------(s|)', { p: 'ax', q: 'bx', r: 'cx', s: 'ex' });
      expectSubscriptions(inner$.subscriptions).toBe(['-^--!', '----^--!', '-------^--!', '----------------^--!']);
      expectObservable(defer(() => of(dropped)).pipe(map((list) => list.length))).toBe('(0|)', [0, 1]);
    });
  });

  it('is concatMap where there is room', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = hot(' -ab-c---d-|');
      function project(value: string): Observable<string> {
        return cold('-x-y|').pipe(map((x) => value + x));
      }
      const bounded$ = source$.pipe(concatMapDropNewest(project, { capacity: 9 }));
      expectObservable(bounded$).toEqual(source$.pipe(concatMap(project)));
    });
  });

  it('counts each rejected value from 1, for each subscription', () => {
    const dropped: unknown[] = [];
    const source$ = range(1, 5).pipe(
      concatMapDropNewest(() => interval(1).pipe(take(1)), {
        capacity: 2,
        onDrop: (value, lagged) => dropped.push([value, lagged]),
      }),
    );
    source$.subscribe().unsubscribe();
    source$.subscribe().unsubscribe();
    expect(dropped).toEqual([
      [4, 1],
      [5, 2],
      [4, 1],
      [5, 2],
    ]);
  });

  it('takes 100,000 values whose inner observables complete at once, without a stack of them', () => {
    let count = 0;
    const indexes: number[] = [];
    range(0, 100_000)
      .pipe(
        concatMapDropNewest(
          (value, index) => {
            if (value % 25_000 === 0) {
              indexes.push(index);
            }
            return value % 2 === 0 ? of(value) : EMPTY;
          },
          { capacity: 1 },
        ),
      )
      .subscribe(() => (count += 1));
    expect([count, indexes]).toEqual([50_000, [0, 25_000, 50_000, 75_000]]);
  });

  it('drains a queue of inner observables that are through at once', () => {
    const gate$ = new Subject<string>();
    const source$ = new Subject<number>();
    const { values, endings } = collect(
      source$.pipe(concatMapDropNewest((value) => (value === 0 ? gate$ : of(String(value))), { capacity: 50_000 })),
    );
    range(0, 50_001).subscribe(source$);
    expect([values.length, endings]).toEqual([0, []]);
    gate$.complete();
    expect([values.length, endings]).toEqual([50_000, ['complete']]);
  });

  it('ends with the error of the source, of an inner observable, of project or of onDrop, and stops the others', () => {
    const inner$ = new Subject<number>();
    const ending = (act: (source$: Subject<number>) => void, project: () => Subject<number>): unknown => {
      const source$ = new Subject<number>();
      const { endings } = collect(
        source$.pipe(
          concatMapDropNewest(project, {
            capacity: 1,
            onDrop: () => {
              throw new Error('of onDrop');
            },
          }),
        ),
      );
      source$.next(1);
      act(source$);
      return [...endings, source$.observed, inner$.observed].map(String);
    };
    function innerOf(): Subject<number> {
      return inner$;
    }
    expect(
      ending((source$) => {
        source$.error(new Error('of the source'));
      }, innerOf),
    ).toEqual(['Error: of the source', 'false', 'false']);
    expect(
      ending((source$) => {
        source$.next(2);
        source$.next(3);
      }, innerOf),
    ).toEqual(['Error: of onDrop', 'false', 'false']);
    expect(
      ending(
        () => undefined,
        () => {
          throw new Error('of project');
        },
      ),
    ).toEqual(['Error: of project', 'false', 'false']);
    expect(
      ending(
        () => undefined,
        () => throwError(() => new Error('inner')) as unknown as Subject<number>,
      ),
    ).toEqual(['Error: inner', 'false', 'false']);
  });

  it('stops all when it is unsubscribed from, also a source that emits without a break', () => {
    let asked = 0;
    const { values } = collect(
      defer(() => {
        asked += 1;
        return range(0, 1e9);
      }).pipe(
        concatMapDropNewest((value) => of(value), { capacity: 1 }),
        take(3),
      ),
    );
    expect([asked, values]).toEqual([1, [0, 1, 2]]);
  });

  it('begins nothing for a value whose project has ended the stream', () => {
    const source$ = new Subject<number>();
    let begun = 0;
    const subscription = source$
      .pipe(
        concatMapDropNewest(
          () => {
            subscription.unsubscribe();
            return defer(() => {
              begun += 1;
              return EMPTY;
            });
          },
          { capacity: 1 },
        ),
      )
      .subscribe();
    source$.next(1);
    expect([begun, source$.observed]).toEqual([0, false]);
  });

  it('refuses bad arguments at the call', () => {
    function project(): typeof EMPTY {
      return EMPTY;
    }
    expect(() => concatMapDropNewest(project, { capacity: 0 })).toThrow(RangeError);
    expect(() => concatMapDropNewest(project, undefined as never)).toThrow('concatMapDropNewest: capacity');
    expect(() => concatMapDropNewest(5 as never, { capacity: 1 })).toThrow(TypeError);
    expect(() => concatMapDropNewest(project, { capacity: 1, onDrop: 5 as never })).toThrow(TypeError);
  });
});
