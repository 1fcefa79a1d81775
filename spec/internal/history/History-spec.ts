import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type BusEvent, EventFilter, matches, SharingBus } from '../../../lib/index.js';
import { History, type Reader } from '../../../lib/internal/replay/History.js';
import { Postings } from '../../../lib/internal/replay/Postings.js';
import { finding } from '../../../lib/internal/dispatch/routingKeys.js';
import { canonicalBusEvent } from '../../../lib/events/BusEvent.js';
import { canonicalFilter } from '../../../lib/events/EventFilter.js';
import { anyEvent, anyFilter } from '../../support/arbitraries.js';
import { event, uuid } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

function historyOf(capacity: number, count = 0): History<number> {
  const history = new History<number>({ capacity });
  for (let n = 1; n <= count; n += 1) {
    history.append(event(n));
  }
  return history;
}

function reader(): Reader<number> & { readonly lost: number[]; readonly passed: unknown[] } {
  const lost: number[] = [];
  const passed: unknown[] = [];
  return {
    lost,
    passed,
    overtaken: (busEvent) => lost.push(busEvent.seq ?? 0),
    readOn: () => passed.push('reads on'),
    passedBy: ({ seq }, after) => passed.push([seq, after]),
  };
}

describe('History', () => {
  it('numbers without holes, and retains the newest', () => {
    const history = historyOf(3, 5);
    expect([history.first, history.last]).toEqual([3, 5]);
    expect([3, 4, 5].map((seq) => history.at(seq))).toMatchObject([3, 4, 5].map((n) => ({ seq: n, event: n })));
    expect([historyOf(3).first, historyOf(3).last]).toEqual([1, 0]);
  });

  it('law 19: finds what a walk with matches() finds', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 30 }),
        anyFilter,
        fc.integer({ min: 1, max: 12 }),
        (events, filter, capacity) => {
          const history = new History<number>({ capacity });
          const retained = events
            .map((one) => history.append(canonicalBusEvent(one as BusEvent<number>)))
            .slice(-capacity);
          const canonical = canonicalFilter(filter);
          for (let from = 0; from <= events.length + 1; from += 1) {
            expect(history.find(finding(canonical), from)).toBe(
              retained.find((one) => (one.seq ?? 0) >= from && matches(filter, one))?.seq,
            );
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('tells who is noted at what goes, once, and nobody who is not any more', () => {
    const history = historyOf(3, 3);
    const [first, second, gone] = [reader(), reader(), reader()];
    history.note(first, 1);
    history.note(second, 2);
    history.note(gone, 2);
    history.unnote(gone, 2);
    history.unnote(gone, 2);
    history.append(event(4));
    expect([first.lost, second.lost, gone.lost]).toEqual([[1], [], []]);
    history.append(event(5));
    history.append(event(6));
    expect([first.lost, second.lost, gone.lost]).toEqual([[1], [2], []]);
  });

  it('tells it before the event has its number, so that a reader can join for that one', () => {
    const history = historyOf(1, 1);
    const lasts: number[] = [];
    history.note({ ...reader(), overtaken: () => lasts.push(history.last) }, 1);
    history.append(event(2));
    expect(lasts).toEqual([1]);
  });

  it('asks for sizes only where they matter, in JSON unless it is told otherwise', () => {
    const sizeOf = jest.fn(() => 1);
    new History<number>({ capacity: 2, sizeOf }).append(event(1));
    expect(sizeOf).not.toHaveBeenCalled();
    const history = new History<string>({ capacity: 9, maxBytes: 250 });
    ['a', 'b'.repeat(100), 'c'.repeat(100), 'd'.repeat(300)].forEach((text, index) => {
      history.append(event(text));
      expect(history.first).toBe([1, 1, 3, 3][index]);
    });
  });

  it('takes what cannot tell its size for nothing, and never loses count of the others', () => {
    const sizes: unknown[] = [0.1, 0.2, NaN, -1, '7', Infinity, 0.3];
    const history = new History<number>({
      capacity: 99,
      maxBytes: 1,
      sizeOf: ({ event: index }) => {
        if (index === 4) {
          throw new Error('no');
        }
        return sizes[index] as number;
      },
    });
    const firsts = sizes.map((_, index) => {
      history.append(event(index));
      return history.first;
    });
    expect(firsts).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect([6, 7].map((from) => history.find(finding(EventFilter.all), from))).toEqual([7, 7]);
  });

  it.each([5n, '5'])('adds up sizes that are told as %p, too', (size) => {
    const history = new History<number>({ capacity: 99, maxBytes: 10, sizeOf: () => size as unknown as number });
    const firsts = [1, 2, 3, 4].map((payload) => {
      history.append(event(payload));
      return history.first;
    });
    expect(firsts).toEqual([1, 1, 2, 3]);
  });

  it('stays as it is where an event cannot be read', () => {
    const history = historyOf(3, 2);
    const broken = {
      routing: { kind: 'k' },
      get origin(): string {
        throw new Error('gone');
      },
      event: 3,
    };
    expect(() => history.append(broken)).toThrow('gone');
    history.append(event(3));
    expect([history.last, history.at(3).event, history.at(1).event]).toEqual([3, 3, 1]);
  });

  it('stays as it is where an event cannot be read any further, at whichever read that is', () => {
    for (let failing = 1; failing <= 3; failing += 1) {
      const history = historyOf(3, 3);
      let reads = 0;
      const routing = {
        get kind(): string {
          reads += 1;
          if (reads === failing) {
            throw new Error('gone');
          }
          return 'k';
        },
      };
      try {
        history.append({ routing, origin: 'agent', event: 4 });
      } catch {
        history.append(event(4));
      }
      history.append(event(5));
      expect([history.first, history.last, history.at(4).event, history.at(5).event]).toEqual([3, 5, 4, 5]);
      expect(() => {
        history.close();
      }).not.toThrow();
    }
  });

  it('law 24: refuses options that are none, showing them', () => {
    const make = (history: unknown) => () => new SharingBus<number>({ history: history as { capacity: number } });
    expect(make({})).toThrow('history.capacity must be an integer from 1 to 2147483647, got undefined');
    expect(make({ capacity: 0 })).toThrow(RangeError);
    expect(make({ capacity: 1, maxBytes: 0.5 })).toThrow(
      'history.maxBytes must be an integer from 1 to 2147483647, got 0.5',
    );
    expect(make({ capacity: 1, sizeOf: 'long' })).toThrow(TypeError);
    expect(make(null)).toThrow(TypeError);
  });

  it('law 34: forgets all when it is closed and the last one has read', () => {
    const history = historyOf(5, 5);
    const [one, other] = [reader(), reader()];
    history.open(one);
    history.open(other);
    history.leave(one);
    history.close();
    expect([history.first, history.last]).toEqual([1, 5]);
    history.leave(other);
    expect([history.first, history.last, other.lost]).toEqual([6, 5, []]);
    const large = new History<number>({ capacity: 5, maxBytes: 1, sizeOf: ({ event: payload }) => payload });
    [2, 1, 2, 2].forEach((payload) => {
      large.append(event(payload));
    });
    large.close();
    expect([large.first, large.last, [...large.holesFrom(1)]]).toEqual([5, 4, []]);
  });

  it('asks those who read to read on before it passes one by, and tells them where it is missing', () => {
    const history = new History<number>({ capacity: 5, maxBytes: 1, sizeOf: ({ event: payload }) => payload });
    const [one, gone] = [reader(), reader()];
    history.open(one);
    history.open(gone);
    history.leave(gone);
    [1, 2, 3, 1, 4].forEach((payload) => {
      history.append(event(payload));
    });
    expect([one.passed, one.lost, gone.passed]).toEqual([
      ['reads on', [2, 1], 'reads on', [3, 1], 'reads on', [5, 4]],
      [],
      [],
    ]);
    expect([history.first, history.last, history.at(4).event]).toEqual([2, 5, 1]);
    expect(
      [...history.holesFrom(3)].map(({ after, count, envelope }) => [after, count, envelope?.routing.kind]),
    ).toEqual([
      [1, 1, 'test'],
      [4, 1, 'test'],
    ]);
  });

  it('law 34: keeps no list of what is gone', () => {
    const history = new History<number>({ capacity: 2 });
    const removed = jest.spyOn(Map.prototype, 'delete');
    for (let n = 0; n < 40; n += 1) {
      history.append(event(n, { scrollId: `s${n}`, connectorId: `c${n}`, nativeSessionId: 'n', kind: `k${n}` }));
    }
    // For each of the 38 that went: of the scroll, the connector, the session, that session's connector, and the kind.
    const lists = removed.mock.calls.filter(([key]) => typeof key === 'string');
    removed.mockRestore();
    expect(lists).toHaveLength(38 * 5);
  });

  it('resumes one scroll in as many steps among a hundred thousand events as among a thousand', () => {
    const looks = jest.spyOn(History.prototype, 'at');
    const searches = jest.spyOn(Postings.prototype, 'next');
    for (const size of [1_000, 100_000]) {
      const scheduler = new ManualScheduler();
      const bus = new SharingBus<number>({ scheduler, history: { capacity: size } });
      const crowd = event(0, { scrollId: uuid(1), kind: 'chat' });
      const rare = event(1, { scrollId: uuid(2), kind: 'chat' });
      for (let n = 1; n <= size; n += 1) {
        bus.publish((n * 4) % size === 0 ? rare : crowd);
      }
      const filter: EventFilter<number> = EventFilter.and(EventFilter.kind('chat'), EventFilter.scrollId(uuid(2)));
      for (const place of ['start', { epoch: bus.position?.epoch ?? '', seq: size / 2 }] as const) {
        looks.mockClear();
        searches.mockClear();
        const seen: (number | undefined)[] = [];
        bus.stream(filter, { capacity: 2, from: place }).subscribe(({ seq }) => seen.push(seq));
        scheduler.flush();
        expect(seen).toEqual([1, 2, 3, 4].slice(place === 'start' ? 0 : 2).map((quarter) => (quarter * size) / 4));
        // One look to see whether it matches, and one to take it; a search for each, and one for the end.
        expect(looks.mock.calls).toHaveLength(2 * seen.length);
        expect(searches.mock.calls).toHaveLength(seen.length + 1);
      }
    }
    looks.mockRestore();
    searches.mockRestore();
  });
});
