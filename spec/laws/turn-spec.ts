import { describe, expect, it } from '@jest/globals';
import { config } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

const SCROLL = '01890000-0000-7000-8000-000000000001';
const FILTERS: readonly EventFilter<number>[] = [
  EventFilter.all,
  EventFilter.kind('k'),
  EventFilter.scrollId(SCROLL),
  EventFilter.session('c', 's'),
  EventFilter.or(EventFilter.kind('k', 'other'), EventFilter.scrollId(SCROLL)),
  EventFilter.where(() => true),
];

describe('a handler that publishes', () => {
  const eventOf = (event: number): BusEvent<number> => ({
    routing: { kind: 'k', scrollId: SCROLL, connectorId: 'c', nativeSessionId: 's' },
    origin: 'agent',
    event,
  });

  it.each([{ overflow: 'drop-oldest' }, { overflow: 'drop-newest' }] as const)(
    'and throws has in its turn what waited when that began, and nothing else: $overflow (law 26)',
    ({ overflow }) => {
      const scheduler = new ManualScheduler();
      const bus = new SharingBus<number>({ scheduler });
      const turns: number[][] = [];
      config.onUnhandledError = () => undefined;
      bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow }).events$.subscribe(({ event }) => {
        turns.at(-1)?.push(event);
        if (event === 1) {
          [3, 4, 5].forEach((answer) => {
            bus.publish(eventOf(answer));
          });
          throw new Error('no');
        }
      });
      [1, 2].forEach((event) => {
        bus.publish(eventOf(event));
      });
      // Routed before their turn: they are in the queue, and not in a run of the burst.
      bus.stats();
      for (let turn = 0; turn < 3; turn += 1) {
        turns.push([]);
        scheduler.turn();
      }
      expect(turns).toEqual(overflow === 'drop-oldest' ? [[1], [4, 5], []] : [[1, 2], [3], []]);
    },
  );

  describe.each([1, 3, 100, 256])('with %d places', (capacity) => {
    it.each(FILTERS)('is refused an event only where all of them are taken: $type (law 21)', (filter) => {
      for (const neighbours of [0, 2]) {
        const scheduler = new ManualScheduler();
        const bus = new SharingBus<number>({ scheduler });
        const others = Array.from({ length: neighbours }, () => bus.subscribeFiltered(filter, capacity));
        const receiver: BusReceiver<number> = bus.subscribeFiltered(filter, capacity);
        let left = capacity;
        let got = 0;
        receiver.events$.subscribe(() => {
          got += 1;
          // Each of the first burst is answered by one event, and the very first by two.
          for (let answers = left === capacity ? 2 : 1; answers > 0 && left > 0; answers -= 1) {
            bus.publish(eventOf(0));
          }
          left -= 1;
        });

        for (let count = 0; count < capacity; count += 1) {
          bus.publish(eventOf(count));
        }
        scheduler.flush();

        expect({ got, lagged: receiver.lagged }).toEqual({ got: 2 * capacity, lagged: 1 });
        expect(others.map(({ lagged }) => lagged)).toEqual(others.map(() => capacity + 1));
      }
    });
  });
});
