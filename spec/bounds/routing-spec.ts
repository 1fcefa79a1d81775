import { describe, expect, it } from '@jest/globals';
import { type BusEvent, EventFilter, type EventRouting, SharingBus } from '../../lib/index.js';
import { collectPayloads } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { removedKeys } from './removedKeys.js';

// How often a predicate is called tells how many events the bus has looked at for its receiver.

/** The keys that a filter may be found by, the most selective first. */
const FIELDS = ['session', 'scrollId', 'connectorUid', 'connectorId', 'kind', 'origin'] as const;
type Field = (typeof FIELDS)[number];

const HERE: Partial<EventRouting> = {
  connectorId: 'c',
  nativeSessionId: 's',
  scrollId: uuid(10),
  connectorUid: uuid(10),
  kind: 'k',
};
const FILTERS: Readonly<Record<Field, EventFilter<number>>> = {
  session: EventFilter.session('c', 's'),
  scrollId: EventFilter.scrollId(uuid(10)),
  connectorUid: EventFilter.connectorUid(uuid(10)),
  connectorId: EventFilter.connectorId('c'),
  kind: EventFilter.kind('k'),
  origin: EventFilter.origin('runtime'),
};
const PARTS = FIELDS.map((field) => FILTERS[field]);
const here = event(1, HERE);

/** What an event has in the place of a key that it lacks. */
const OTHERS: Readonly<Record<Field, Partial<EventRouting>>> = {
  session: { nativeSessionId: 'other' },
  scrollId: { scrollId: uuid(11) },
  connectorUid: { connectorUid: uuid(11) },
  connectorId: { connectorId: 'other' },
  kind: { kind: 'other' },
  origin: {},
};

/** As `here`, without the key of `field`. */
function elsewhere(field: Field): BusEvent<number> {
  return { ...event(2, { ...HERE, ...OTHERS[field] }), origin: field === 'origin' ? 'agent' : 'runtime' };
}

/** A predicate that counts its calls, and answers no. */
function counting(): { readonly where: EventFilter<number>; calls: number } {
  const state = {
    where: EventFilter.where<number>(() => {
      state.calls += 1;
      return false;
    }),
    calls: 0,
  };
  return state;
}

describe('how many events a predicate is called for', () => {
  it.each(FIELDS)('with a filter on a %s beside it: those that pass that filter, each once', (field) => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const counter = counting();
    bus.subscribeFiltered(EventFilter.and(counter.where, FILTERS[field]));
    for (let count = 0; count < 5; count += 1) {
      bus.publish(elsewhere(field));
    }
    expect(counter.calls).toBe(0);
    bus.publish(here);
    expect(counter.calls).toBe(1);
  });

  it('no event that lacks the id', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const counter = counting();
    for (const field of ['session', 'scrollId', 'connectorUid', 'connectorId'] as const) {
      bus.subscribeFiltered(EventFilter.and(counter.where, FILTERS[field]));
    }
    bus.publish(event(1));
    bus.publish(event(1, { nativeSessionId: 's' }));
    expect(counter.calls).toBe(0);
  });

  it('with several filters beside it: those that pass the most selective one, wherever that stands', () => {
    FIELDS.forEach((better, index) => {
      for (const worse of FIELDS.slice(index + 1)) {
        for (const parts of [
          [FILTERS[worse], FILTERS[better]],
          [FILTERS[better], FILTERS[worse]],
        ]) {
          const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
          const counter = counting();
          bus.subscribeFiltered(EventFilter.and(counter.where, ...parts));
          bus.publish(elsewhere(better));
          expect([better, worse, counter.calls]).toEqual([better, worse, 0]);
          bus.publish(here);
          expect([better, worse, counter.calls]).toEqual([better, worse, 1]);
        }
      }
    });
  });

  it('with an or beside it: an or is as selective as its least selective part', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const counter = counting();
    // The connector is found first, and the or is not looked at for another one.
    bus.subscribeFiltered(
      EventFilter.and(EventFilter.or(FILTERS.session, FILTERS.origin), counter.where, FILTERS.connectorId),
    );
    bus.publish(elsewhere('connectorId'));
    expect(counter.calls).toBe(0);
    bus.publish(here);
    expect(counter.calls).toBe(1);
  });

  it('with an or of several keys beside it: an event that has all of them once', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const counter = counting();
    bus.subscribeFiltered(EventFilter.and(counter.where, EventFilter.or(...PARTS)));
    [here, here, here].forEach((busEvent) => {
      bus.publish(busEvent);
    });
    expect(counter.calls).toBe(3);
  });

  it('none, where another part of an or lets every event through, or a part of an and lets none through', () => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const counter = counting();
    bus.subscribeFiltered(EventFilter.or(counter.where, EventFilter.all));
    bus.subscribeFiltered(EventFilter.and(counter.where, EventFilter.kind()));
    bus.publish(here);
    expect(counter.calls).toBe(0);
  });

  it.each([1_000, 100_000])('in a history of %i events: those that have the key, each once', (size) => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler, history: { capacity: size } });
    const crowd = event(0, { scrollId: uuid(1), kind: 'chat' });
    const rare = event(1, { scrollId: uuid(2), kind: 'chat' });
    for (let seq = 1; seq <= size; seq += 1) {
      bus.publish((seq * 4) % size === 0 ? rare : crowd);
    }
    let calls = 0;
    const filter = EventFilter.and<number>(
      EventFilter.kind('chat'),
      EventFilter.where(() => (calls += 1) > 0),
      EventFilter.scrollId(uuid(2)),
    );
    for (const [from, count] of [
      ['start', 4],
      [{ epoch: bus.position?.epoch ?? '', seq: size / 2 }, 2],
    ] as const) {
      calls = 0;
      const { values } = collectPayloads(bus.stream(filter, { capacity: 2, from }));
      scheduler.flush();
      expect([values.length, calls]).toEqual([count, count]);
    }
  });
});

describe('law 34: what the router keeps', () => {
  it.each<[string, EventFilter<number>, readonly string[]]>([
    ['a scroll', FILTERS.scrollId, [uuid(10)]],
    ['a connector', FILTERS.connectorId, ['c']],
    ['a session', FILTERS.session, ['c', 's']],
    ['several kinds', EventFilter.kind('k', 'l'), ['k', 'l']],
    ['a part', EventFilter.and<number>(FILTERS.kind, EventFilter.not(FILTERS.origin)), ['k']],
  ])('no entry of %s that no receiver asks for any more', (_what, filter, keys) => {
    const bus = new SharingBus<number>({ scheduler: new ManualScheduler() });
    const receivers = [1, 2, 3].map(() => bus.subscribeFiltered(filter));
    const removed = receivers.map((receiver) =>
      removedKeys(() => {
        receiver[Symbol.dispose]();
      }),
    );
    expect(removed).toEqual([[], [], keys]);
  });

  it('no connector of which it has no binding any more', () => {
    const bus = new SharingBus<unknown>({ maxBindings: 2 });
    const removed = ['a', 'b', 'b', 'c', 'd'].map((connectorId, index) =>
      removedKeys(() => {
        bus.publish(registration(connectorId, `s${index}`, uuid(index)));
      }),
    );
    expect(removed).toEqual([[], [], ['a', 's0'], ['s1'], ['b', 's2']]);
  });
});
