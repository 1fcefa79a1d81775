import { describe, expect, it } from '@jest/globals';
import { EventFilter } from '../../../lib/index.js';
import { explain } from '../../../lib/internal/receiving/explain.js';
import type { Verdict } from '../../../lib/internal/receiving/policies.js';
import type { Receiver } from '../../../lib/internal/receiving/Receiver.js';
import { event, uuid } from '../../support/events.js';

interface Told {
  readonly filter?: EventFilter<number> | undefined;
  readonly verdict?: Verdict;
  readonly isReplaying?: boolean;
  readonly evicts?: boolean;
}

/** Asks for an event of kind `test` at a receiver of which that is told. */
function explained(told: Told, isHeld = false): unknown {
  const receiver = {
    id: 3,
    name: 'page',
    waiting: 2,
    filter: EventFilter.all,
    isReplaying: false,
    evicts: false,
    foresee: () => told.verdict ?? 'taken',
    ...told,
  };
  const found = explain(receiver as unknown as Receiver<number>, event(1), isHeld);
  return found && [found.id, found.name, found.matches, found.drops, found.why];
}

const FILTERS: readonly [string, EventFilter<number>][] = [
  [`scrollId(${uuid(1)})`, EventFilter.scrollId(uuid(1).toUpperCase())],
  [`connectorUid(${uuid(2)})`, EventFilter.connectorUid(uuid(2))],
  ['connectorId("a b")', EventFilter.connectorId('a b')],
  ['session("a", "b")', EventFilter.session('a', 'b')],
  ['kind("a", "b")', EventFilter.kind('a', 'b')],
  ['origin("user")', EventFilter.origin('user')],
  ['or(kind("a"), origin("user"))', EventFilter.or(EventFilter.kind('a'), EventFilter.origin('user'))],
  ['not(all)', EventFilter.not(EventFilter.all)],
  [
    'not(and(kind("test"), origin("runtime")))',
    EventFilter.not(EventFilter.and(EventFilter.kind('test'), EventFilter.origin('runtime'))),
  ],
  ['where(isEven)', EventFilter.where(function isEven({ event: payload }) { return payload % 2 === 0; })],
]; // prettier-ignore

describe('explain', () => {
  it('says nothing of a receiver that is about to join', () => {
    expect(explained({ filter: undefined })).toBeUndefined();
  });

  it.each<[Verdict, boolean, string]>([
    ['taken', false, 'it would wait behind 2 others'],
    ['displaces', false, 'it would wait, and the oldest of the 2 that do would be dropped'],
    ['replaces', false, 'it would wait in the place of an older one of its key, which would be dropped'],
    ['refused', true, 'there is no room: 2 wait'],
  ])('says what becomes of an event that is %s', (verdict, drops, why) => {
    expect(explained({ verdict })).toEqual([3, 'page', true, drops, why]);
  });

  it('says where that would end the receiver', () => {
    expect(explained({ verdict: 'refused', evicts: true })).toEqual([
      3,
      'page',
      true,
      true,
      'there is no room: 2 wait, and the receiver would end',
    ]);
  });

  it.each(FILTERS)('names the filter that keeps an event out as one would write it: %s', (text, filter) => {
    expect(explained({ filter })).toEqual([3, 'page', false, false, `it is not for ${text}`]);
  });

  it('names the first part that keeps it out, where all of them would have to let it through', () => {
    const filter = EventFilter.and(
      EventFilter.all,
      EventFilter.kind('test'),
      EventFilter.kind('a'),
      EventFilter.kind('b'),
    );
    expect(explained({ filter })).toContain('it is not for kind("a")');
  });

  it('looks at the filter first, then at the hold, then at the history, then at the room', () => {
    const told: Told = { verdict: 'refused', isReplaying: true };
    expect([
      explained({ ...told, filter: EventFilter.kind('a') }, true),
      explained(told, true),
      explained(told),
    ]).toEqual([
      [3, 'page', false, false, 'it is not for kind("a")'],
      [3, 'page', true, false, 'it would be held until its session is registered'],
      [3, 'page', true, false, 'it would wait in the history: 2 wait before it'],
    ]);
  });

  it('shows what a predicate throws', () => {
    const filter = EventFilter.where<number>(() => {
      throw new Error('no');
    });
    expect(explained({ filter })).toContain(
      'a function of its options or its filter throws Error: no, which would end it',
    );
  });
});
