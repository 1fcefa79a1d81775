import type { ScrollBinding } from '../../lib/events/BusEvent.js';
import type { LateBindOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  concat,
  from,
  map,
  mergeMap,
  type MonoTypeOperatorFunction,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
  toArray,
} from 'rxjs';
import {
  type BusEvent,
  type Event,
  type EventRouting,
  InvalidBusEventError,
  lateBindScrollId,
} from '../../lib/index.js';
import { collect, recordingLogger } from '../support/collect.js';
import { survivors } from '../support/collectGarbage.js';
import { event, registration, uuid } from '../support/events.js';
import { marbles } from '../support/marbles.js';

const ONE = uuid(10);
const TWO = uuid(11);
const PRESET = uuid(12);
const CONNECTED: Event = { type: 'Connected' };

/** An event of the session `c`, `s`, but for what `routing` says. */
function chunk(routing: Partial<EventRouting> = {}): BusEvent {
  return event<Event>(CONNECTED, { connectorId: 'c', nativeSessionId: 's', ...routing });
}

function bound(busEvent: BusEvent, scrollId: string): BusEvent {
  return { ...busEvent, routing: { ...busEvent.routing, scrollId } };
}

/** An object that throws whatever is asked of it. */
function unshowable(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Each of `sources` through the one `operator`. */
function through<T>(operator: MonoTypeOperatorFunction<T>, ...sources: Observable<T>[]): Observable<T>[] {
  return sources.map((source$) => source$.pipe(operator));
}

/** What comes out where `busEvents` go in. */
function enriched<E>(busEvents: readonly BusEvent<E>[], options?: LateBindOptions<E>): BusEvent<E>[] {
  return collect(from(busEvents).pipe(lateBindScrollId(options))).values;
}

function scrollIds<E>(busEvents: readonly BusEvent<E>[], options?: LateBindOptions<E>): (string | undefined)[] {
  return enriched(busEvents, options).map(({ routing }) => routing.scrollId);
}

describe('lateBindScrollId, in marbles', () => {
  const values = {
    a: chunk(),
    A: bound(chunk(), ONE),
    B: bound(chunk(), TWO),
    r: registration('c', 's', ONE),
    R: bound(registration('c', 's', ONE), ONE),
    q: registration('c', 's', TWO),
    Q: bound(registration('c', 's', TWO), TWO),
    x: chunk({ scrollId: 'nonsense' }),
  };

  it('law 7: the last registration of a pair wins for later events, and nothing is bound in retrospect', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-a-r-a-q-(aa)-r-a-|';
      const output = '-a-R-A-Q-(BB)-R-A-|';
      const subs = '  ^-----------------!';
      const source$ = hot(source, values);
      expectObservable(source$.pipe(lateBindScrollId())).toBe(output, values);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('mirrors a source that is empty, never ends, errs or completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      for (const [source, output, subs] of [
        ['|      ', '|      ', '(^!)     '],
        ['---|   ', '---|   ', '^--!     '],
        ['-      ', '-      ', '^        '],
        ['#      ', '#      ', '(^!)     '],
        ['-r-a#  ', '-R-A#  ', '^---!    '],
        ['(ra|)  ', '(RA|)  ', '(^!)     '],
        ['(ra#)  ', '(RA#)  ', '(^!)     '],
      ] as const) {
        const source$ = cold(source, values);
        expectObservable(source$.pipe(lateBindScrollId())).toBe(output, values);
        expectSubscriptions(source$.subscriptions).toBe(subs);
      }
      expectObservable(NEVER.pipe(lateBindScrollId())).toBe('-');
      expectObservable(throwError(() => 'error').pipe(lateBindScrollId())).toBe('#');
    });
  });

  it('law 17: a malformed event ends the stream with an error that names the field, and ends the source', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-r-a-x-a-|';
      const output = '-R-A-#    ';
      const subs = '  ^----!    ';
      const source$ = hot(source, values);
      const error = new InvalidBusEventError('routing.scrollId', 'must be a UUID, got "nonsense"');
      expectObservable(source$.pipe(lateBindScrollId())).toBe(output, values, error);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('unsubscribing early ends the source at once', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-r-a-a-a-|';
      const unsub = ' ----!     ';
      const output = '-R-A-     ';
      const subs = '  ^---!     ';
      const source$ = hot(source, values);
      expectObservable(source$.pipe(lateBindScrollId()), unsub).toBe(output, values);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('does not break the chain of unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-r-a-a-a-|';
      const unsub = ' ----!     ';
      const output = '-R-A-     ';
      const subs = '  ^---!     ';
      const source$ = hot(source, values);
      const result$ = source$.pipe(
        mergeMap((busEvent) => of(busEvent)),
        lateBindScrollId(),
        mergeMap((busEvent) => of(busEvent)),
      );
      expectObservable(result$, unsub).toBe(output, values);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });

  it('law 10: one operator on two sources keeps two caches', () => {
    marbles(({ hot, expectObservable }) => {
      const one = '     -r---a-|';
      const other = '   ---a-a-|';
      const outOne = '  -R---A-|';
      const outOther = '---a-a-|';
      const [one$ = NEVER, other$ = NEVER] = through(lateBindScrollId(), hot(one, values), hot(other, values));
      expectObservable(one$).toBe(outOne, values);
      expectObservable(other$).toBe(outOther, values);
    });
  });

  it('law 10: subscribed twice, each subscription has a cache of its own', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = '-r---a-|';
      const first = ' ^-------';
      const later = ' ---^----';
      const bind = '  -R---A-|';
      const late = '  -----a-|';
      const subs = ['^------!', '---^---!'];
      const source$ = hot(source, values);
      const result$ = source$.pipe(lateBindScrollId());
      expectObservable(result$, first).toBe(bind, values);
      expectObservable(result$, later).toBe(late, values);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    });
  });
});

describe('lateBindScrollId', () => {
  it('law 1: late binding comes first, the registration second, and overrides', () => {
    const again = registration('c', 's', TWO, { connectorId: 'c', nativeSessionId: 's' });
    const ofAnother = registration('d', 't', TWO, { connectorId: 'c', nativeSessionId: 's' });
    expect(scrollIds([registration('c', 's', ONE), again, chunk()])).toEqual([ONE, TWO, TWO]);
    expect(scrollIds([registration('c', 's', ONE), ofAnother, chunk()])).toEqual([ONE, TWO, ONE]);
  });

  it('law 1, 12: the lookup of a registration’s own routing is a use, and comes before its learning', () => {
    const busEvents = [
      registration('c', 's', ONE),
      registration('c', 'other', ONE),
      registration('c', 'third', ONE, { connectorId: 'c', nativeSessionId: 's' }),
      chunk(),
      chunk({ nativeSessionId: 'other' }),
    ];
    expect(scrollIds(busEvents, { maxBindings: 2 })).toEqual([ONE, ONE, ONE, ONE, undefined]);
  });

  it('law 2: a preset scroll id is neither replaced nor learned', () => {
    const busEvents = [chunk({ scrollId: PRESET }), chunk(), registration('c', 's', ONE), chunk({ scrollId: PRESET })];
    expect(scrollIds([...busEvents, chunk()])).toEqual([PRESET, undefined, ONE, PRESET, ONE]);
  });

  it('law 2: a scroll id that is present and undefined is absent', () => {
    expect(scrollIds([registration('c', 's', ONE), chunk({ scrollId: undefined })])).toEqual([ONE, ONE]);
  });

  it('law 3: both ids must be present', () => {
    const busEvents = [
      registration('c', 's', ONE),
      registration('undefined', 's', TWO),
      registration('c', 'undefined', TWO),
      event(CONNECTED, { connectorId: 'c' }),
      event(CONNECTED, { nativeSessionId: 's' }),
      chunk({ connectorId: undefined }),
      chunk({ nativeSessionId: undefined }),
      event(CONNECTED),
    ];
    expect(scrollIds(busEvents).slice(3)).toEqual(Array(5).fill(undefined));
  });

  it('law 3: an empty string is present', () => {
    const busEvents = [
      registration('', '', ONE),
      registration('c', '', TWO),
      registration('', 's', PRESET),
      chunk({ connectorId: '', nativeSessionId: '' }),
      chunk({ nativeSessionId: '' }),
      chunk({ connectorId: '' }),
      chunk(),
    ];
    expect(scrollIds(busEvents).slice(3)).toEqual([ONE, TWO, PRESET, undefined]);
  });

  it('law 4: the key is the exact pair, whatever the characters', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ':', '/', '\0', '\u001f', ',', '"', '\\', '|'),
      maxLength: 4,
    });
    const part = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a:b', 'b:c'));
    fc.assert(
      fc.property(part, part, part, part, (connectorId, sessionId, otherConnector, otherSession) => {
        const [, found] = scrollIds([
          registration(connectorId, sessionId, ONE),
          chunk({ connectorId: otherConnector, nativeSessionId: otherSession }),
        ]);
        const same = connectorId === otherConnector && sessionId === otherSession;
        expect(found).toBe(same ? ONE : undefined);
      }),
      { examples: [['a', 'b:c', 'a:b', 'c']], numRuns: 300 },
    );
  });

  it('law 4: pairs that split one text at different places never meet', () => {
    for (const separator of [':', '/', '\0', '\u001f', '|', ',', '","', ' ', '\n']) {
      const busEvents = [
        registration('a', `b${separator}c`, ONE),
        registration(`a${separator}b`, 'c', TWO),
        chunk({ connectorId: 'a', nativeSessionId: `b${separator}c` }),
        chunk({ connectorId: `a${separator}b`, nativeSessionId: 'c' }),
      ];
      expect(scrollIds(busEvents)).toEqual([ONE, TWO, ONE, TWO]);
    }
  });

  it('law 5: a registration is learned from its payload, whatever its routing says', () => {
    const elsewhere = { connectorId: 'other', nativeSessionId: 'else' };
    expect(scrollIds([registration('c', 's', ONE), chunk()])).toEqual([ONE, ONE]);
    expect(scrollIds([registration('c', 's', ONE, elsewhere), chunk(), chunk(elsewhere)])).toEqual([
      ONE,
      ONE,
      undefined,
    ]);
  });

  it('law 6: a registration sets its own scroll id, also over another that was preset', () => {
    const busEvents = [registration('c', 's', ONE, { scrollId: PRESET }), chunk()];
    expect(scrollIds(busEvents)).toEqual([ONE, ONE]);
  });

  it.each<readonly [what: string, scrollId: unknown, shown: string]>([
    ['nonsense', 'nonsense', '"nonsense"'],
    ['empty', '', '""'],
    ['spaced', ` ${TWO}`, `" ${TWO}"`],
    ['a number', 7, '7'],
    ['null', null, 'null'],
    ['missing', undefined, 'undefined'],
    ['an object', { id: TWO }, JSON.stringify({ id: TWO })],
  ])(
    'law 8: a registration whose scroll id is %s warns once, teaches nothing, and goes on',
    (_what, scrollId, shown) => {
      const { lines, logger } = recordingLogger();
      const refused = registration('c', 's', scrollId as string, { connectorId: 'c', nativeSessionId: 's' });
      const preset = registration('c', 's', scrollId as string, { scrollId: PRESET });
      const unknown = registration('d', 't', scrollId as string, { connectorId: 'd', nativeSessionId: 't' });
      const busEvents = [registration('c', 's', ONE), refused, chunk(), preset, chunk(), unknown];
      expect(scrollIds(busEvents, { logger })).toEqual([ONE, ONE, ONE, PRESET, ONE, undefined]);
      const warning = (connector: string, session: string): string =>
        `warn: sharing-bus: a registration was refused: connector "${connector}", session "${session}", scroll id ${shown}`;
      expect(lines).toEqual([warning('c', 's'), warning('c', 's'), warning('d', 't')]);
    },
  );

  it('law 8: a registration whose ids are no strings is refused as well', () => {
    const { lines, logger } = recordingLogger();
    const busEvents = [
      registration(7 as unknown as string, 's', ONE),
      registration('c', undefined as unknown as string, ONE),
      chunk(),
    ];
    expect(scrollIds(busEvents, { logger })).toEqual([undefined, undefined, undefined]);
    expect(lines).toEqual([
      `warn: sharing-bus: a registration was refused: connector 7, session "s", scroll id "${ONE}"`,
      `warn: sharing-bus: a registration was refused: connector "c", session undefined, scroll id "${ONE}"`,
    ]);
  });

  it('law 8: a bindingOf replaces the built-in one, and what it says is read by the same rules', () => {
    interface Opened {
      readonly opens?: ScrollBinding;
      readonly type?: string;
    }
    const { lines, logger } = recordingLogger();
    const options: LateBindOptions<Opened> = { bindingOf: ({ opens }) => opens, logger };
    const session = { connectorId: 'c', nativeSessionId: 's' };
    const opened = event<Opened>({ opens: { connectorId: 'c', sessionId: 's', scrollId: ONE.toUpperCase() } });
    const built = registration('c', 's', TWO) as BusEvent<Opened>;
    const bad = event<Opened>(
      { opens: { connectorId: 'c', sessionId: 's', scrollId: 7 as unknown as string } },
      session,
    );
    const busEvents = [built, event<Opened>({}, session), opened, event<Opened>({}, session), built, bad];
    expect(scrollIds(busEvents, options)).toEqual([undefined, undefined, ONE, ONE, undefined, ONE]);
    expect(lines).toEqual(['warn: sharing-bus: a registration was refused: connector "c", session "s", scroll id 7']);
  });

  it('law 8: a bindingOf that returns null or what holds no ids registers nothing', () => {
    for (const answer of [null, undefined, 7, {}, [], false]) {
      const bindingOf = (): ScrollBinding => answer as ScrollBinding;
      expect(scrollIds([chunk(), chunk({ scrollId: PRESET })], { bindingOf })).toEqual([undefined, PRESET]);
    }
  });

  it('law 8: payloads of any kind pass the built-in rule', () => {
    const given = [
      undefined,
      null,
      0,
      '',
      'SessionRegistered',
      [],
      () => 1,
      { type: ['SessionRegistered'] },
      Symbol('x'),
    ];
    const { lines, logger } = recordingLogger();
    const { values } = collect(from(given.map((one) => event<unknown>(one))).pipe(lateBindScrollId({ logger })));
    expect(values.map((busEvent) => busEvent.event)).toEqual(given);
    expect(lines).toEqual([]);
  });

  it('law 9: what comes out is canonical, from routing and from registrations in any spelling', () => {
    for (const spell of [
      (id: string) => id.toUpperCase(),
      (id: string) => id.replaceAll('-', ''),
      (id: string) => `{${id}}`,
      (id: string) => `urn:uuid:${id.toUpperCase()}`,
    ]) {
      const given = [
        registration('c', 's', spell(ONE)),
        chunk({ connectorUid: spell(TWO) }),
        chunk({ scrollId: spell(PRESET), connectorUid: spell(TWO) }),
      ];
      const routings = enriched(given).map(({ routing }) => [routing.scrollId, routing.connectorUid]);
      expect(routings).toEqual([
        [ONE, undefined],
        [ONE, TWO],
        [PRESET, TWO],
      ]);
      expect(enriched(given)[0]?.event).toBe(given[0]?.event);
    }
  });

  it('law 11: what goes in is never changed, and an envelope is copied only where it must change', () => {
    const session = Object.freeze({ kind: 'k', connectorId: 'c', nativeSessionId: 's' });
    const given = [
      event(CONNECTED, session),
      registration('c', 's', ONE),
      { ...event(CONNECTED), routing: session },
      chunk({ scrollId: PRESET }),
      registration('c', 's', ONE, { scrollId: ONE }),
      event(CONNECTED, { connectorId: 'unknown', nativeSessionId: 's' }),
    ].map((busEvent) => Object.freeze({ ...busEvent, event: Object.freeze(busEvent.event), sequence: 1 }));
    const before = structuredClone(given);
    const values = enriched<Event>(given);
    expect(given).toEqual(before);
    expect(values.map((busEvent, i) => busEvent === given[i])).toEqual([true, false, false, true, true, true]);
    expect(values.every((busEvent, i) => busEvent.event === given[i]?.event)).toBe(true);
    expect(values[2]).toEqual({ ...given[2], routing: { ...session, scrollId: ONE } });
  });

  it('law 12: exactly past maxBindings the least recently used binding goes, and is logged with the count', () => {
    const { lines, logger } = recordingLogger();
    const of3 = ['1', '2', '3'].map((session) => registration('c', session, ONE));
    const seen = scrollIds(
      [
        ...of3,
        chunk({ nativeSessionId: '1' }), // a use: 2 is the oldest now
        chunk({ nativeSessionId: 'unknown' }), // a miss is none
        registration('c', '4', TWO), // 2 goes
        chunk({ nativeSessionId: '2' }),
        registration('c', '3', TWO), // again, a use: 1 is the oldest now
        chunk({ nativeSessionId: '4', scrollId: PRESET }), // preset: no lookup, no use
        registration('d', '1', TWO), // 1 goes
        chunk({ nativeSessionId: '1' }),
        registration('d', '2', TWO), // 4 goes
        ...['3', '4'].map((session) => chunk({ nativeSessionId: session })),
      ],
      { maxBindings: 3, logger },
    );
    expect(seen.slice(3)).toEqual([ONE, undefined, TWO, undefined, TWO, PRESET, TWO, undefined, TWO, TWO, undefined]);
    expect(lines).toEqual(
      ['2', '1', '4'].map(
        (session, i) =>
          `info: sharing-bus: the binding of connector "c", session "${session}" was evicted; evicted so far: ${i + 1}`,
      ),
    );
  });

  it('law 12: agrees with a Map whose entries are put last at each use', () => {
    const connectorId = fc.constantFrom('', 'a', 'a:b');
    const sessionId = fc.constantFrom('', 'b:c', 'c');
    const step = fc.oneof(
      fc.record({
        does: fc.constant('register' as const),
        connectorId,
        sessionId,
        scrollId: fc.constantFrom(ONE, TWO, 'nonsense'),
      }),
      fc.record({ does: fc.constant('look up' as const), connectorId, sessionId, preset: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (maxBindings, steps) => {
        const model = new Map<string, string>();
        const evicted: string[] = [];
        let refused = 0;
        const expected = steps.map((one) => {
          const key = JSON.stringify([one.connectorId, one.sessionId]);
          const known = model.get(key);
          if (one.does === 'register') {
            if (one.scrollId === 'nonsense') {
              refused += 1;
              return undefined;
            }
            model.delete(key);
            model.set(key, one.scrollId);
            if (model.size > maxBindings) {
              const [oldest = ''] = model.keys();
              model.delete(oldest);
              evicted.push(oldest);
            }
            return one.scrollId;
          }
          if (one.preset) {
            return PRESET;
          }
          if (known !== undefined) {
            model.delete(key);
            model.set(key, known);
          }
          return known;
        });
        const { lines, logger } = recordingLogger();
        const busEvents = steps.map((one) =>
          one.does === 'register'
            ? registration(one.connectorId, one.sessionId, one.scrollId)
            : chunk({
                connectorId: one.connectorId,
                nativeSessionId: one.sessionId,
                ...(one.preset && { scrollId: PRESET }),
              }),
        );
        expect(scrollIds(busEvents, { maxBindings, logger })).toEqual(expected);
        expect(lines.filter((line) => line.startsWith('info'))).toEqual(
          evicted.map((key, i) => {
            const [connector, session] = JSON.parse(key) as [string, string];
            return `info: sharing-bus: the binding of connector "${connector}", session "${session}" was evicted; evicted so far: ${i + 1}`;
          }),
        );
        expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(refused);
      }),
      { numRuns: 300 },
    );
  });

  it('law 12: maxBindings is 65,536 where it is left out', () => {
    const { lines, logger } = recordingLogger();
    const busEvents = Array.from({ length: 65_536 }, (_, i) => registration('c', String(i), ONE));
    scrollIds(busEvents, { logger });
    expect(lines).toEqual([]);
    scrollIds([...busEvents, registration('c', 'one more', ONE)], { logger, maxBindings: undefined });
    expect(lines).toHaveLength(1);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '1', null])('law 12: maxBindings %s is refused at the call', (count) => {
    expect(() => lateBindScrollId({ maxBindings: count as number })).toThrow(
      new RangeError(
        `lateBindScrollId: maxBindings must be an integer from 1 to 2147483647, got ${
          typeof count === 'string' ? JSON.stringify(count) : String(count)
        }`,
      ),
    );
    expect(() => lateBindScrollId({ maxBindings: count as number })).toThrow(RangeError);
  });

  it('refuses a bindingOf that is none, at the call', () => {
    expect(() => lateBindScrollId({ bindingOf: {} as unknown as () => undefined })).toThrow(
      new TypeError('lateBindScrollId: bindingOf must be a function, got {}'),
    );
  });

  it('options that are present and undefined are left out', () => {
    const options = { bindingOf: undefined, maxBindings: undefined, logger: undefined };
    expect(scrollIds([registration('c', 's', ONE), chunk()], options)).toEqual([ONE, ONE]);
  });

  it('law 34: keeps no event between events, only bindings', async () => {
    const source$ = new Subject<BusEvent<object>>();
    const subscription = source$.pipe(lateBindScrollId()).subscribe();
    const send = (): WeakRef<object>[] =>
      [{}, { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: ONE }].map((payload) => {
        source$.next(event(payload));
        return new WeakRef(payload);
      });
    const refs = send();
    expect(await survivors(refs)).toBe(0);
    expect(source$.observed).toBe(true);
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
  });

  it('stops an endless synchronous source by take', () => {
    let emitted = 0;
    let stopped = 0;
    const endless$ = new Observable<BusEvent>((subscriber) => {
      subscriber.add(() => {
        stopped += 1;
      });
      while (!subscriber.closed && emitted < 10_000) {
        emitted += 1;
        subscriber.next(chunk());
      }
    });
    const { values, endings } = collect(endless$.pipe(lateBindScrollId(), take(3)));
    expect([values.length, endings, emitted, stopped]).toEqual([3, ['complete'], 3, 1]);
  });

  it('subscribing again from within the completion begins with an empty cache', () => {
    const bound$ = of(chunk(), registration('c', 's', ONE), chunk()).pipe(
      lateBindScrollId(),
      map(({ routing }) => routing.scrollId),
    );
    expect(collect(concat(bound$, bound$).pipe(toArray())).values).toEqual([
      [undefined, ONE, ONE, undefined, ONE, ONE],
    ]);
  });

  describe('re-entrant sources', () => {
    it('a consumer that emits sees each event once, bound by what was learned before', () => {
      const source$ = new Subject<BusEvent>();
      const seen: (string | undefined)[] = [];
      source$.pipe(lateBindScrollId()).subscribe(({ routing, event: payload }) => {
        seen.push(`${payload.type} ${routing.scrollId ?? 'unbound'}`);
        if (payload.type === 'SessionRegistered') {
          source$.next(chunk());
        }
      });
      for (const busEvent of [chunk(), registration('c', 's', ONE), registration('c', 's', TWO)]) {
        source$.next(busEvent);
      }
      expect(seen).toEqual([
        'Connected unbound',
        `SessionRegistered ${ONE}`,
        `Connected ${ONE}`,
        `SessionRegistered ${TWO}`,
        `Connected ${TWO}`,
      ]);
    });

    it('a bindingOf that emits neither loses nor doubles an event', () => {
      const source$ = new Subject<BusEvent<string>>();
      const bindingOf = (payload: string): ScrollBinding | undefined => {
        if (payload === 'outer') {
          source$.next(event('inner', { connectorId: 'c', nativeSessionId: 's' }));
        }
        return payload === 'inner' ? undefined : { connectorId: 'c', sessionId: 's', scrollId: ONE };
      };
      const { values } = collect(source$.pipe(lateBindScrollId({ bindingOf })));
      source$.next(event('outer'));
      source$.next(event('inner', { connectorId: 'c', nativeSessionId: 's' }));
      expect(values.map((busEvent) => [busEvent.event, busEvent.routing.scrollId])).toEqual([
        ['inner', undefined],
        ['outer', ONE],
        ['inner', ONE],
      ]);
    });

    it('a logger that emits neither loses nor doubles an event', () => {
      const source$ = new Subject<BusEvent>();
      const lines: string[] = [];
      const emitting = (line: unknown): void => {
        lines.push(String(line));
        if (lines.length < 3) {
          source$.next(chunk());
        }
      };
      const logger = { warn: emitting, info: emitting };
      const { values } = collect(source$.pipe(lateBindScrollId({ maxBindings: 1, logger })));
      source$.next(registration('c', 's', ONE)); // no line
      source$.next(registration('c', 's', 'nonsense', { kind: 'refused' })); // a warning
      source$.next(registration('d', 't', TWO, { kind: 'evicting' })); // an eviction
      expect(values.map(({ routing }) => [routing.kind, routing.scrollId])).toEqual([
        ['session-lifecycle', ONE],
        ['test', ONE],
        ['refused', undefined],
        ['test', undefined],
        ['evicting', TWO],
      ]);
      expect(lines).toHaveLength(2);
    });
  });

  describe('callbacks that throw', () => {
    it('law 16: a throw from bindingOf is logged, and the event goes on as one that registers nothing', () => {
      const { lines, logger } = recordingLogger();
      const bindingOf = (payload: string): ScrollBinding | undefined => {
        if (payload === 'throw') {
          throw new Error('no');
        }
        return payload === 'register' ? { connectorId: 'c', sessionId: 's', scrollId: ONE } : undefined;
      };
      const session = { connectorId: 'c', nativeSessionId: 's' };
      const busEvents = [
        event('throw', session),
        event('register'),
        event('throw', session),
        event('throw', { ...session, scrollId: PRESET }),
        event('x', session),
      ];
      expect(scrollIds(busEvents, { bindingOf, logger })).toEqual([undefined, ONE, ONE, PRESET, ONE]);
      expect(lines).toEqual(Array(3).fill('warn: sharing-bus: bindingOf threw Error: no; nothing is registered'));
    });

    it('law 16: so is a throw from reading what bindingOf returned', () => {
      const { lines, logger } = recordingLogger();
      const bindingOf = (): ScrollBinding => ({
        connectorId: 'c',
        sessionId: 's',
        get scrollId(): string {
          throw 'unreadable';
        },
      });
      expect(scrollIds([event('x', { scrollId: PRESET })], { bindingOf, logger })).toEqual([PRESET]);
      expect(lines).toHaveLength(1);
    });

    it('law 16: a logger that throws stops nothing, and is told so where it still can be', () => {
      const lines: unknown[] = [];
      const logger = {
        info: (): never => {
          throw new Error('full');
        },
        warn: (line: unknown): number => lines.push(line),
      };
      const busEvents = [registration('c', 's', ONE), registration('c', 't', TWO), chunk({ nativeSessionId: 't' })];
      expect(scrollIds(busEvents, { maxBindings: 1, logger })).toEqual([ONE, TWO, TWO]);
      expect(lines).toEqual([
        'sharing-bus: the logger threw Error: full at the line: the binding of connector "c", session "s" was evicted; evicted so far: 1',
      ]);
    });

    it('law 16: what bindingOf throws is contained also where it cannot be shown, and the event is late-bound', () => {
      const bindingOf = (payload: string): ScrollBinding => {
        if (payload === 'throw') {
          throw unshowable();
        }
        return { connectorId: 'c', sessionId: 's', scrollId: ONE };
      };
      const busEvents = [event('register'), event('throw', { connectorId: 'c', nativeSessionId: 's' })];
      expect(scrollIds(busEvents, { bindingOf })).toEqual([ONE, ONE]);
    });

    it('law 16: what the logger throws is contained also where it cannot be shown', () => {
      const fail = (): never => {
        throw unshowable();
      };
      const busEvents = [registration('c', 's', ONE), registration('c', 't', TWO), registration('c', 'u', 'nonsense')];
      const logger = { warn: fail, info: fail };
      const { values, endings } = collect(from(busEvents).pipe(lateBindScrollId({ maxBindings: 1, logger })));
      expect(values.map(({ routing }) => routing.scrollId)).toEqual([ONE, TWO, undefined]);
      expect(endings).toEqual(['complete']);
    });

    it('an envelope whose getters change their mind goes on unbound, with a warning', () => {
      const { lines, logger } = recordingLogger();
      let reads = 0;
      const moody = {
        ...chunk(),
        get routing(): EventRouting {
          reads += 1;
          if (reads > 1) {
            throw new Error('not again');
          }
          return { kind: 'k' };
        },
      };
      const { values, endings } = collect(of<BusEvent[]>(moody, chunk()).pipe(lateBindScrollId({ logger })));
      expect(values).toHaveLength(2);
      expect(values[0]).toBe(moody);
      expect(endings).toEqual(['complete']);
      expect(lines).toEqual(['warn: sharing-bus: an event could not be read again: Error: not again']);
    });
  });
});
