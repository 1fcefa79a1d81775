import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { asapScheduler, NEVER, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type BusEvent, type Delivery, type Event, EventFilter, SharingBus } from '../../lib/index.js';
import { compact } from '../../lib/testing/compact.js';
import {
  busEvent,
  type BusRunHelpers,
  busHelpers,
  gap,
  publishTo,
  runMarbles,
  sessionRegistered,
} from '../../lib/testing/index.js';
import { uuid } from '../support/events.js';

const comparing = (): TestScheduler =>
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });

/** No two of them are alike. */
const unlike: [string, BusEvent<unknown> | Delivery<unknown>][] = [
  ['a word', busEvent('a')],
  ['another word', busEvent('b')],
  ['a word that looks like a gap', busEvent('gap(1)')],
  ['a number', busEvent(1)],
  ['its digit', busEvent('1')],
  ['nothing', busEvent(undefined)],
  ['an object', busEvent({ a: 1 })],
  ['another object', busEvent({ a: 2 })],
  ['a map', busEvent(new Map([[1, 2]]))],
  ['another map', busEvent(new Map([[1, 3]]))],
  ['another kind', busEvent('a', { kind: 'k' })],
  ['another origin', busEvent('a', { origin: 'k' })],
  ['a scroll', busEvent('a', { scrollId: uuid(1) })],
  ['a connector', busEvent('a', { connectorUid: uuid(1) })],
  ['a named connector', busEvent('a', { connectorId: '' })],
  ['a session', busEvent('a', { nativeSessionId: '' })],
  ['a time', busEvent('a', { at: 0 })],
  ['a gap', gap(1)],
  ['a longer gap', gap(2)],
  ['a gap of a kind', gap({ k: 1 })],
  ['a gap of another kind', gap({ l: 1 })],
];

/** What a failing comparison says, in the words of node:assert. */
function failureOf(test: (helpers: BusRunHelpers) => void): string {
  try {
    runMarbles(
      new TestScheduler((actual, expected) => {
        assert.deepEqual(actual, expected);
      }),
      test,
    );
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

describe('busEvent', () => {
  it('has a payload, a kind and an origin, and no ids', () => {
    expect(busEvent('a')).toStrictEqual({ routing: { kind: 'test' }, origin: 'runtime', event: 'a' });
  });

  it('takes each field of the envelope', () => {
    const routing = { kind: 'k', scrollId: uuid(1), connectorUid: uuid(2), connectorId: 'c', nativeSessionId: 's' };
    expect(busEvent(1, { ...routing, origin: 'agent', at: 5 })).toStrictEqual({
      routing,
      origin: 'agent',
      at: 5,
      event: 1,
    });
  });

  it('shares the payload by identity', () => {
    const payload = {};
    expect(busEvent(payload).event).toBe(payload);
  });
});

describe('sessionRegistered', () => {
  it('binds the session, on a bus that was told nothing else', () => {
    const bus = new SharingBus();
    bus.publish(sessionRegistered('c', 's', uuid(1)));
    bus.subscribeFiltered(EventFilter.scrollId(uuid(1)));
    const [explained] = bus.explain(busEvent({ type: 'Connected' }, { connectorId: 'c', nativeSessionId: 's' }));
    expect(explained?.matches).toBe(true);
    bus.close();
  });

  it('is of a connector and about a session, unless it is told otherwise', () => {
    const { routing, origin } = sessionRegistered('c', 's', uuid(1));
    expect({ routing, origin }).toStrictEqual({ routing: { kind: 'session-lifecycle' }, origin: 'connector' });
    const other = sessionRegistered('c', 's', uuid(1), { connectorId: 'c', kind: 'k', origin: 'user', at: 5 });
    expect(other.at).toBe(5);
    expect(other.routing).toStrictEqual({ kind: 'k', connectorId: 'c' });
    expect(other.origin).toBe('user');
  });
});

describe('gap', () => {
  it('counts what is missing, and adds up the kinds', () => {
    expect(gap(12)).toStrictEqual({ type: 'gap', missed: 12, byKind: {} });
    expect(gap({ chat: 2, usage: 1 })).toStrictEqual({ type: 'gap', missed: 3, byKind: { chat: 2, usage: 1 } });
  });
});

describe('publishTo', () => {
  it('publishes each event, and closes the bus with its source', () => {
    const bus = new SharingBus<string>();
    of(busEvent('a'), busEvent('b')).subscribe(publishTo(bus));
    expect(bus.stats().published).toBe(2);
    bus.subscribeAll();
    expect(bus.subscriberCount).toBe(0);
  });

  it('leaves the bus open with a source that goes on', () => {
    const bus = new SharingBus();
    NEVER.subscribe(publishTo(bus));
    bus.subscribeAll();
    expect(bus.subscriberCount).toBe(1);
    bus.close();
  });

  it('fails the test with a source that fails', () => {
    const error = new Error('of the source');
    const run = (): void => {
      runMarbles(comparing(), ({ testBus, busEvents }) => {
        busEvents('-a-#', undefined, error).subscribe(publishTo(testBus()));
      });
    };
    expect(run).toThrow(error);
  });
});

describe('busEvents', () => {
  it('has an event for each letter: its own, else one whose payload is the letter', () => {
    runMarbles(comparing(), ({ busEvents, expectObservable }) => {
      const values = { b: busEvent('bee', { kind: 'insect' }) };
      expectObservable(busEvents('     -a-(bc)-#', values, 'gone')).toBe(
        '                              -a-(bc)-#',
        { ...values, a: busEvent('a'), c: busEvent('c') },
        'gone',
      );
    });
  });

  it('makes the events of the letters, and of nothing else in the diagram', () => {
    const asked = new Set<string>();
    runMarbles(comparing(), ({ busEvents }) => {
      void busEvents(' -a 12ms (bc)-^-d-|', (letter) => {
        asked.add(letter);
        return busEvent(letter);
      });
    });
    expect([...asked]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is hot, and cold when it is told so', () => {
    runMarbles(comparing(), ({ busEvents, expectDeliveries, expectSubscriptions }) => {
      const late = '      --^-----!';
      const hot$ = busEvents('-a-b-|');
      expectDeliveries(hot$, late).toBe('---b-|');
      const cold$ = busEvents.cold('-a-|');
      expectDeliveries(cold$, late).toBe('---a-|');
      expectSubscriptions(cold$.subscriptions).toBe('--^--!');
      expectSubscriptions(hot$.subscriptions).toBe('--^--!');
    });
  });
});

describe('expectDeliveries', () => {
  it('takes a receiver, its deliveries, and streams of events', () => {
    runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      const input = '  -a-(bcd)--e-|';
      const withGap = '-a-(bc1)--e-|';
      const without = '-a-(bc)---e-|';
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2)).toBe(withGap);
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2).deliveries$).toBe(withGap);
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2).events$).toBe(without);
      expectDeliveries(bus.stream(EventFilter.all, { capacity: 2 })).toBe(without);
      busEvents(input).subscribe(publishTo(bus));
    });
  });

  it('subscribes where it is told to', () => {
    runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      expectDeliveries(bus.stream(), '--^---!').toBe('---b-c---');
      busEvents('                      -a-b-c-d-|').subscribe(publishTo(bus));
    });
  });

  it('compares an error, at its frame', () => {
    const boom = new Error('boom');
    runMarbles(comparing(), ({ busEvents, expectDeliveries }) => {
      expectDeliveries(busEvents('-a-#', {}, boom)).toBe('-a-#', {}, boom);
    });
  });

  it.each(unlike)('tells %s from all others', (what, delivery) => {
    const same = unlike.filter(([, other]) => isDeepStrictEqual(compact(delivery, true), compact(other, true)));
    expect(same.map(([name]) => name)).toEqual([what]);
  });

  it('compares gaps by their counts where no gap names its kinds, and with their kinds where one does', () => {
    const usage = { b: busEvent('b', { kind: 'usage' }), c: busEvent('c', { kind: 'chat' }) };
    const play = ({ testBus, busEvents, expectDeliveries }: BusRunHelpers, expected: object): void => {
      const bus = testBus();
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 1)).toBe('-(aG)--d----|', { G: gap(2), ...expected });
      busEvents('                                               -(abc)-d----|', usage).subscribe(publishTo(bus));
    };
    for (const expected of [{}, { G: gap({ chat: 1, usage: 1 }) }]) {
      runMarbles(comparing(), (helpers) => {
        play(helpers, expected);
      });
    }
    const failure = failureOf((helpers) => {
      play(helpers, { G: gap({ usage: 2 }) });
    });
    expect(failure).toContain("value: 'gap(2: chat 1, usage 1)'");
    expect(failure).toContain("value: 'gap(2: usage 2)'");
  });

  it('has gaps of its digits beside letters that are made, and a digit that is listed is what the list says', () => {
    const chat = (letter: string): BusEvent<string> => busEvent(letter, { kind: 'chat' });
    runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      const input = '    -(ab2)-c|';
      const delivered = '-(a2)--c|';
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 1)).toBe(delivered, chat);
      expectDeliveries(bus.stream()).toBe(input, { a: chat('a'), b: chat('b'), 2: chat('2'), c: chat('c') });
      busEvents(input, chat).subscribe(publishTo(bus));
    });
  });

  it('fails where a gap is missing, too short, too late, or not expected', () => {
    const play = (expected: string) =>
      failureOf(({ testBus, busEvents, expectDeliveries }) => {
        const bus = testBus();
        expectDeliveries(bus.subscribeFiltered(EventFilter.all, 1)).toBe(expected);
        busEvents('-(abc)-d----|').subscribe(publishTo(bus));
      });
    expect(play('  -a-----d----|')).toMatch(/^\+.*value: 'gap\(2\)'/m);
    expect(play('  -(a1)--d----|')).toMatch(/^-.*value: 'gap\(1\)'/m);
    expect(play('  -a-----(2d)-|')).toMatch(/^\+ +frame: 1,\n- +frame: 7,/m);
    expect(play('  -(a2)--d-(1|)')).toMatch(/^-.*value: 'gap\(1\)'/m);
    expect(() => play('-(a2)--d----|')).toThrow('it did not fail');
  });
});

describe('runMarbles', () => {
  const later = Promise.resolve();
  const asyncBodies: [string, (helpers: BusRunHelpers) => unknown][] = [
    ['an async function', async () => later],
    ['a promise that is rejected', () => Promise.reject(new Error('nobody may hear of this'))],
    [
      'a promise of another library',
      () => ({
        then: (settled: () => void) => {
          settled();
        },
      }),
    ],
  ];

  it.each(asyncBodies)('refuses %s, since its assertions would come after the end', async (_name, body) => {
    const compared = jest.fn<() => void>();
    let bus: SharingBus | undefined;
    const run = (): void => {
      runMarbles(new TestScheduler(compared), (helpers) => {
        bus = helpers.testBus<Event>();
        helpers.expectDeliveries(bus.subscribeAll()).toBe('-a');
        return body(helpers);
      });
    };
    expect(run).toThrow(TypeError);
    expect(run).toThrow('runMarbles: the test must not return a promise: virtual time ends when the test returns');
    expect(bus?.subscriberCount).toBe(0);
    // A rejection that nobody handles would end the process here.
    await new Promise(setImmediate);
  });

  it('does not compile with an async function', () => {
    const run = (): void => {
      // @ts-expect-error: it may return a promise.
      void runMarbles(comparing(), ({ time }) => (time('-|') > 0 ? undefined : later));
      // @ts-expect-error: it returns one.
      void runMarbles(comparing(), async () => later);
    };
    expect(run).toThrow(TypeError);
  });

  it('returns what the test returns', () => {
    const [one]: [1] = runMarbles(comparing(), (): [1] => [1]);
    const text: string = runMarbles(comparing(), ({ time }) => `${time('--|')} ms`);
    const unknown = runMarbles(comparing(), (): unknown => null);
    expect([one, text, unknown]).toEqual([1, '2 ms', null]);
  });

  it.each<[string, (helpers: BusRunHelpers) => unknown]>([
    ['expectDeliveries', ({ expectDeliveries }) => expectDeliveries(NEVER)],
    ['expectDeliveries', ({ expectDeliveries }) => expectDeliveries(NEVER).toBe],
    ['expectObservable', ({ expectObservable }) => expectObservable(NEVER)],
    ['expectSubscriptions', ({ cold, expectSubscriptions }) => expectSubscriptions(cold('-a').subscriptions)],
  ])('fails at its end where %s is left without toBe', (name, half) => {
    let ended = false;
    const failure = failureOf((helpers) => {
      const { testBus, expectDeliveries, expectObservable } = helpers;
      expectDeliveries(testBus().stream()).toBe('');
      expectObservable(of('a')).toEqual(of('a'));
      half(helpers);
      ended = true;
    });
    expect(failure).toBe(`${name}(...) compares nothing: call .toBe(...) on what it returns`);
    expect(ended).toBe(true);
  });

  it('points to the expectation that is left without toBe', () => {
    const halfSaid = ({ expectDeliveries }: BusRunHelpers): void => void expectDeliveries(NEVER);
    try {
      runMarbles(comparing(), halfSaid);
    } catch (error) {
      expect((error as Error).stack).toContain('halfSaid');
    }
    expect.assertions(1);
  });

  it('sees what is expected, and what is said, while the diagrams are played', () => {
    const play = (said: boolean) => (): void => {
      runMarbles(comparing(), ({ busEvents, expectDeliveries }) => {
        const early = expectDeliveries(busEvents('-a-|'));
        timer(1).subscribe(() => {
          early.toBe('-a-|');
          const late = expectDeliveries(NEVER);
          if (said) {
            late.toBe('');
          }
        });
      });
    };
    expect(play(true)).not.toThrow();
    expect(play(false)).toThrow('expectDeliveries(...) compares nothing');
  });

  it('tells of a failure before it tells of an expectation without toBe', () => {
    const error = new Error('of the test');
    const failing = failureOf(({ expectDeliveries }) => {
      void expectDeliveries(NEVER);
      throw error;
    });
    expect(failing).toBe('of the test');
    const diagram = failureOf(({ expectDeliveries }) => {
      expectDeliveries(NEVER).toBe('-a!');
    });
    expect(diagram).toContain('unsubscription marker "!"');
  });
});

describe('testBus, in runMarbles', () => {
  it('is in virtual time: the timers of its options, too', () => {
    runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus({ holdUnbound: { capacity: 4, maxAgeMs: 5 } });
      const values = { a: busEvent('a', { connectorId: 'c', nativeSessionId: 's' }) };
      expectDeliveries(bus.stream()).toBe(' ------a-|', values);
      busEvents('                          -a------|', values).subscribe(publishTo(bus));
    });
  });

  it('hops between two timers of one frame, as in production', () => {
    runMarbles(comparing(), ({ testBus, expectDeliveries }) => {
      const bus = testBus();
      timer(2).subscribe(() => {
        bus.publish(busEvent('a'));
      });
      timer(2).subscribe(() => {
        bus.publish(busEvent('b'));
      });
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 1)).toBe('--(ab)');
    });
  });

  it('is closed when the test is over, and then nothing waits on it', () => {
    const seen: string[] = [];
    const bus = runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const made = testBus();
      expectDeliveries(made.stream()).toBe('-a-b');
      made.stream().subscribe({ next: ({ event }) => seen.push(event), complete: () => seen.push('|') });
      made.subscribeAll();
      const { next } = publishTo(made);
      busEvents('-a-b|').subscribe({ next });
      return made;
    });
    expect(seen).toEqual(['a', 'b', '|']);
    expect(bus.subscriberCount).toBe(0);
    bus.publish(busEvent('c'));
    expect(bus.stats().published).toBe(2);
  });

  it('is closed when the test fails', () => {
    let bus: SharingBus | undefined;
    const error = new Error('of the test');
    const run = (): void => {
      runMarbles(comparing(), ({ testBus }) => {
        bus = testBus<Event>();
        bus.subscribeAll();
        throw error;
      });
    };
    expect(run).toThrow(error);
    expect(bus?.subscriberCount).toBe(0);
  });

  it('is not made where asapScheduler waits in real time', async () => {
    const waiting = new Promise((resolve) => asapScheduler.schedule(resolve));
    let ran = false;
    const run = (): void => {
      runMarbles(comparing(), () => {
        ran = true;
      });
    };
    expect(run).toThrow(
      'asapScheduler has work from before this test; let it run first, or, if a test has failed and left it, call asapScheduler.flush()',
    );
    expect(ran).toBe(false);
    await waiting;
    run();
    expect(ran).toBe(true);
  });

  it('of a test that failed holds up no later test', () => {
    const failure = failureOf(({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      expectDeliveries(bus.subscribeAll()).toBe('-b');
      const { next } = publishTo(bus);
      busEvents('-a').subscribe({ next });
    });
    expect(failure).toContain("value: 'b'");
    runMarbles(comparing(), ({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      expectDeliveries(bus.subscribeAll()).toBe('-a|');
      busEvents('-a|').subscribe(publishTo(bus));
    });
  });
});

describe('busHelpers', () => {
  it('work with a TestScheduler outside of its run mode, in its frames of ten', () => {
    const testScheduler = comparing();
    const { testBus, busEvents, expectDeliveries, ...helpers } = busHelpers(testScheduler);
    const bus = testBus();
    expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2)).toBe('-(ab1)-d---');
    busEvents('-(abc)-d---').subscribe(publishTo(bus));
    const frames: number[] = [];
    bus.stream().subscribe(() => frames.push(testScheduler.now()));
    testScheduler.flush();
    expect(frames).toEqual([10, 10, 10, 70]);
    helpers[Symbol.dispose]();
    expect(bus.subscriberCount).toBe(0);
  });

  it('work with the helpers of a run', () => {
    comparing().run((ofRxjs) => {
      const { testBus, busEvents, expectDeliveries } = busHelpers(ofRxjs);
      const bus = testBus();
      expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2)).toBe('-(ab1)--d----|');
      busEvents('                                               -(abc)--d----|').subscribe(publishTo(bus));
    });
  });

  it('fail when they are disposed where expectDeliveries is left without toBe', () => {
    const testScheduler = comparing();
    const { testBus, expectDeliveries, ...helpers } = busHelpers(testScheduler);
    const bus = testBus();
    const expectation = expectDeliveries(bus.subscribeAll());
    testScheduler.flush();
    const dispose = (): void => {
      helpers[Symbol.dispose]();
    };
    expect(dispose).toThrow('expectDeliveries(...) compares nothing: call .toBe(...) on what it returns');
    expect(bus.subscriberCount).toBe(0);
    expectation.toBe('');
    expect(dispose).not.toThrow();
  });
});

describe('a pipeline in virtual time', () => {
  const bursts = fc.array(fc.nat(6), { minLength: 1, maxLength: 8 });
  const capacity = fc.integer({ min: 1, max: 4 });

  it('drops what it drops in real time (law 27)', async () => {
    await fc.assert(
      fc.asyncProperty(bursts, capacity, async (sizes, room) => {
        const letters = sizes.map((size, burst) => Array.from({ length: size }, (_, n) => `${burst}.${n}`));
        const watch = (bus: SharingBus<string>): unknown[] => {
          const got: unknown[] = [];
          const receiver = bus.subscribeFiltered(EventFilter.all, room);
          receiver.deliveries$.subscribe((delivery) => got.push(compact(delivery, true)));
          receiver.lagged$.subscribe({ complete: () => got.push(`lagged ${receiver.lagged}`) });
          return got;
        };

        const virtual = runMarbles(comparing(), ({ testBus, hot }) => {
          const bus = testBus();
          const got = watch(bus);
          hot(`-${'a'.repeat(letters.length)}|`).subscribe({
            next: () => {
              letters.shift()?.forEach((letter) => {
                bus.publish(busEvent(letter));
              });
            },
            complete: () => {
              bus.close();
            },
          });
          return got;
        });

        const bus = new SharingBus<string>({ scheduler: asapScheduler });
        const real = watch(bus);
        for (const [burst, size] of sizes.entries()) {
          for (let n = 0; n < size; n += 1) {
            bus.publish(busEvent(`${burst}.${n}`));
          }
          await bus.flush();
        }
        await bus[Symbol.asyncDispose]();
        expect(virtual).toEqual(real);
      }),
    );
  });
});
