import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BusEvent, EventFilter, matches } from '../../lib/index.js';
import { Postings } from '../../lib/internal/replay/Postings.js';
import { KEY_FIELDS, type RoutingKey } from '../../lib/internal/dispatch/routingKeys.js';
import { anyEvent } from '../support/arbitraries.js';
import { event } from '../support/events.js';

/** Small alphabets, as those of the events. */
const anyKey = fc
  .record({
    field: fc.constantFrom(...KEY_FIELDS.filter((field) => field !== 'any')),
    value: fc.constantFrom('', 'a', 'a:b', 'k', 'l', '__proto__', 'runtime', 'agent'),
    nativeSessionId: fc.constantFrom('', 'c', 'b:c'),
  })
  .map(({ field, value, nativeSessionId }): RoutingKey => {
    return field === 'session' ? { field, value, nativeSessionId } : { field, value };
  });

function has({ routing, origin }: BusEvent<number>, { field, value, nativeSessionId }: RoutingKey): boolean {
  switch (field) {
    case 'session':
      return routing.connectorId === value && routing.nativeSessionId === nativeSessionId;
    case 'origin':
      return origin === value;
    default:
      return routing[field as 'kind'] === value;
  }
}

/** Retained events, by number. Counts how often an event is looked at. */
class Shelf {
  last = 0;
  first = 1;
  looks = 0;
  readonly events = new Map<number, BusEvent<number>>();

  add(busEvent: BusEvent<number> | 'hole'): void {
    this.last += 1;
    if (busEvent !== 'hole') {
      this.events.set(this.last, busEvent);
    }
  }

  removeOldest(): void {
    this.events.delete(this.first);
    this.first = Math.min(this.first, this.last) + 1;
  }

  seek(from: number, to: number, test: (busEvent: BusEvent<number>, seq: number) => boolean): number | undefined {
    for (let seq = Math.max(from, this.first); seq <= to; seq += 1) {
      const busEvent = this.events.get(seq);
      this.looks += busEvent === undefined ? 0 : 1;
      if (busEvent !== undefined && test(busEvent, seq)) {
        return seq;
      }
    }
    return undefined;
  }
}

function shelfOf(count: number, eventOf: (seq: number) => BusEvent<number>): Shelf {
  const shelf = new Shelf();
  for (let seq = 1; seq <= count; seq += 1) {
    shelf.add(eventOf(seq));
  }
  return shelf;
}

describe('Postings', () => {
  it('find what a walk over a plain list finds, while numbers come and go and are asked for', () => {
    const search = fc.record({ key: anyKey, from: fc.nat(40) });
    const step = fc.oneof(anyEvent, fc.constant('hole' as const), fc.constant('remove' as const), search);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 10, 40, 10_000), (story, capacity) => {
        const shelf = new Shelf();
        const postings = new Postings(shelf, capacity);
        for (const one of story) {
          if (one === 'remove') {
            shelf.removeOldest();
            postings.forgetBefore(shelf.first);
          } else if (one === 'hole' || 'routing' in one) {
            shelf.add(one);
          } else {
            const from = Math.max(one.from, shelf.first);
            const expected = [...shelf.events].find(([seq, busEvent]) => seq >= from && has(busEvent, one.key))?.[0];
            expect(postings.next(one.key, from)).toBe(expected);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('law 4: never join the two parts of a session', () => {
    const busEvent = event(1, { connectorId: 'a', nativeSessionId: 'b:c' });
    const postings = new Postings(
      shelfOf(1, () => busEvent),
      10,
    );
    expect(matches(EventFilter.session('a:b', 'c'), busEvent)).toBe(false);
    for (let times = 0; times < 2; times += 1) {
      expect(postings.next({ field: 'session', value: 'a:b', nativeSessionId: 'c' }, 0)).toBeUndefined();
      expect(postings.next({ field: 'session', value: 'a', nativeSessionId: 'b:c' }, 0)).toBe(1);
    }
  });

  it('look at an event once for the first value of a field, once for all others, and not again', () => {
    const shelf = shelfOf(5_000, (seq) => event(seq, { kind: `k${seq % 10}`, connectorId: 'c' }));
    const postings = new Postings(shelf, 5_000);
    const searchAll = (kind: string): void => {
      let seq = postings.next({ field: 'kind', value: kind }, 1);
      while (seq !== undefined) {
        seq = postings.next({ field: 'kind', value: kind }, seq + 1);
      }
    };
    const looks = ['k1', 'k1', 'k2', 'k3', 'k1', 'none'].map((kind) => {
      searchAll(kind);
      return shelf.looks;
    });
    expect(looks).toEqual([5_000, 5_000, 10_000, 10_000, 10_000, 10_000]);
    shelf.add(event(0, { kind: 'k1' }));
    searchAll('k1');
    expect(shelf.looks).toBe(10_001);
  });

  it('look no further than to what they find', () => {
    const shelf = shelfOf(100, (seq) => event(seq, { kind: seq % 10 === 0 ? 'k' : 'l' }));
    const postings = new Postings(shelf, 100);
    const looks = ['k', 'k', 'l', 'k'].map((kind) => [postings.next({ field: 'kind', value: kind }, 1), shelf.looks]);
    expect(looks).toEqual([
      [10, 10],
      [10, 10],
      // From the first event of the segment again, for all kinds.
      [1, 11],
      [10, 20],
    ]);
  });

  it('have no key of an event that cannot be read again', () => {
    const bad = {
      ...event(1),
      get routing(): never {
        throw new Error('gone');
      },
    };
    const shelf = shelfOf(3, (seq) => (seq === 2 ? bad : event(seq, { kind: 'k' })));
    const postings = new Postings(shelf, 100);
    const numbers = [postings.next({ field: 'kind', value: 'k' }, 1), postings.next({ field: 'kind', value: 'k' }, 2)];
    expect(numbers).toEqual([1, 3]);
    expect(postings.next({ field: 'kind', value: 'l' }, 1)).toBeUndefined();
  });
});
