import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BusEvent, EventFilter, matches } from '../../lib/index.js';
import { Postings } from '../../lib/internal/replay/Postings.js';
import { KEY_FIELDS, type RoutingKey } from '../../lib/internal/dispatch/routingKeys.js';
import { anyEvent } from '../support/arbitraries.js';
import { event } from '../support/events.js';

/** Small alphabets, as those of the events. */
const anyKey = fc.record({
  field: fc.constantFrom(...KEY_FIELDS.filter((field) => field !== 'any')),
  value: fc.constantFrom('', 'a', 'a:b', 'k', 'l', '__proto__', 'runtime', 'agent'),
  nativeSessionId: fc.constantFrom('', 'c', 'b:c'),
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

describe('Postings', () => {
  it('find what a walk over a plain list finds, while numbers come and go', () => {
    const steps = fc.array(fc.oneof(anyEvent, fc.constant('remove' as const)), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.array(anyKey, { maxLength: 8 }), fc.nat(40), (story, keys, from) => {
        const postings = new Postings();
        const list: { readonly seq: number; readonly busEvent: BusEvent<number> }[] = [];
        for (const [seq, step] of story.entries()) {
          if (step === 'remove') {
            const oldest = list.shift();
            if (oldest !== undefined) {
              postings.removeOldest();
            }
          } else {
            const busEvent = step as BusEvent<number>;
            list.push({ seq, busEvent });
            postings.add(busEvent, seq);
          }
        }
        for (const key of keys) {
          expect(postings.next(key, from)).toBe(
            list.find(({ seq, busEvent }) => seq >= from && has(busEvent, key))?.seq,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('law 4: never join the two parts of a session', () => {
    const postings = new Postings();
    const busEvent = event(1, { connectorId: 'a', nativeSessionId: 'b:c' });
    postings.add(busEvent, 1);
    const other = EventFilter.session('a:b', 'c');
    expect(matches(other, busEvent)).toBe(false);
    expect(postings.next({ field: 'session', value: 'a:b', nativeSessionId: 'c' }, 0)).toBeUndefined();
    expect(postings.next({ field: 'session', value: 'a', nativeSessionId: 'b:c' }, 0)).toBe(1);
  });
});
