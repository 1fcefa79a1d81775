import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { config } from 'rxjs';
import { type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { anyProgram, eventAbout, type FilterName, FILTERS, MANY_KINDS, type Plan, type Program } from './programs.js';
import { runProgram } from './runProgram.js';
import { PlannedError } from './shown.js';

// `npm run programs` runs many more, on the library as it is built.

/** Kinds of filters by which a receiver is found without being asked, and so can be left alone while it is full. */
const FOUND_BY_KEY: readonly FilterName[] = [
  'all',
  'and of nothing',
  'or of all',
  'kind',
  'and of one',
  'scrollId',
  'session',
  'connectorId',
  'connectorUid',
  'origin',
];
const ASKED: readonly FilterName[] = ['kinds', 'or', 'and', 'not', 'where of all'];
const NEIGHBOURS: readonly [string, (subscribe: () => BusReceiver<number>) => void][] = [
  ['no neighbour', () => undefined],
  [
    'a neighbour that waits',
    (subscribe): void => {
      subscribe();
    },
  ],
  [
    'a neighbour that is as busy',
    (subscribe): void => {
      subscribe().events$.subscribe();
    },
  ],
];

const OBSERVED: Plan = {
  filter: 'all',
  capacity: 1,
  policy: 'drop-newest',
  form: 'deliveries$',
  answers: [],
  asks: false,
  isThere: true,
  isLate: false,
  isConsumed: true,
  isWatched: false,
};
const NOTHING_ELSE = { hasHistory: false, isOutside: false, deeds: [], asides: [], budget: 0 } as const;

/** What chance seldom makes. */
const RARE: readonly Program[] = [
  // One that lags still has room for less than what is staged.
  {
    ...NOTHING_ELSE,
    plans: [{ ...OBSERVED, capacity: 64, isConsumed: false }],
    steps: [
      { do: 'burst', count: 65, topics: [0] },
      { do: 'pull', at: 0, count: 100 },
      { do: 'attach', at: 0 },
      { do: 'burst', count: 65, topics: [0] },
    ],
  },
  // One becomes full when its neighbour was refused more kinds already than are told apart.
  {
    ...NOTHING_ELSE,
    plans: [{ ...OBSERVED, form: 'deliveries' }, { ...OBSERVED, form: 'deliveries', capacity: 3 }, OBSERVED],
    steps: [
      { do: 'burst', count: 140, topics: [MANY_KINDS] },
      { do: 'turn' },
      { do: 'burst', count: 20, topics: [MANY_KINDS] },
    ],
  },
];

describe('a consumer that publishes for each event it is given', () => {
  const cases = [...FOUND_BY_KEY, ...ASKED].flatMap((filter) =>
    NEIGHBOURS.map(([name, add]): [FilterName, string, typeof add] => [filter, name, add]),
  );

  it.each(cases)(
    'law 21: loses what comes while its 256 places are taken, and nothing else; %s, %s',
    (filter, _, add) => {
      const scheduler = new ManualScheduler();
      const bus = new SharingBus<number>({ scheduler });
      const subscribe = (): BusReceiver<number> => bus.subscribeFiltered(FILTERS[filter].make(EventFilter));
      let published = 0;
      const publish = (): void => {
        bus.publish(eventAbout(0, published));
        published += 1;
      };
      const receiver = subscribe();
      add(subscribe);
      const given: number[] = [];
      const laggedWhenFull: number[] = [];
      receiver.events$.subscribe(({ event }) => {
        given.push(event);
        if (event < 256) {
          publish();
        }
        if (event === 0) {
          publish();
        }
        laggedWhenFull.push(receiver.lagged);
      });
      for (let n = 0; n < 256; n += 1) {
        publish();
      }
      scheduler.flush();

      // The second answer to the first event finds 256 that wait.
      const expected = Array.from({ length: 513 }, (_one, event) => event).filter((event) => event !== 257);
      expect([published, receiver.lagged]).toEqual([513, 1]);
      expect(given).toEqual(expected);
      expect(laggedWhenFull).toEqual(expected.map(() => 1));
      expect(bus.stats().receivers[0]).toMatchObject({ delivered: 512, lagged: 1, waiting: 0, highWaterMark: 256 });
    },
  );

  describe('in a random program', () => {
    let reported: unknown[] = [];

    beforeEach(() => {
      // RxJS reports in a timer what a handler threw. Promises are settled by setImmediate.
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      reported = [];
      config.onUnhandledError = (error) => reported.push(error);
    });

    afterEach(() => {
      config.onUnhandledError = null;
      jest.useRealTimers();
    });

    async function expectNoDifference(settings: { seed?: number; numRuns: number }): Promise<void> {
      let thrown = 0;
      const property = fc.asyncProperty(anyProgram, async (program) => {
        thrown += await runProgram({ SharingBus, EventFilter }, program);
      });
      await fc.assert(property, { ...settings, examples: RARE.map((program): [Program] => [program]) });
      jest.runAllTimers();
      expect(reported).toEqual(Array.from({ length: thrown }, () => new PlannedError()));
    }

    const laws = 'laws 13 to 16, 20 to 23, 25, 26, 28 and 30 to 33: is given, loses and is told what plain lists say';

    it.each([1, 2, 5, 12])(`${laws}; seed %i`, async (seed) => {
      await expectNoDifference({ seed, numRuns: 100 });
    });

    it(`${laws}; any seed`, async () => {
      await expectNoDifference({ numRuns: 150 });
    });
  });
});
