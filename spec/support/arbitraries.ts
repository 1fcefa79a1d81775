import fc from 'fast-check';
import { type BusEvent, EventFilter } from '../../lib/index.js';
import { uuid } from './events.js';

// Small alphabets, so that filters and events often meet.
const spelled = fc
  .tuple(
    fc.constantFrom(uuid(10), uuid(11)),
    fc.constantFrom(
      (id: string) => id,
      (id: string) => id.toUpperCase(),
      (id: string) => id.replaceAll('-', ''),
      (id: string) => `{${id}}`,
      (id: string) => `urn:uuid:${id}`,
    ),
  )
  .map(([id, spell]) => spell(id));
const connectorId = fc.constantFrom('', 'a', 'a:b');
const sessionId = fc.constantFrom('', 'c', 'b:c');
const kind = fc.constantFrom('k', 'l', '__proto__');
const origin = fc.constantFrom('runtime', 'agent');

const predicate = fc.constantFrom<(busEvent: BusEvent<number>) => boolean>(
  () => true,
  () => false,
  ({ event: payload }) => payload % 2 === 0,
  ({ routing }) => routing.scrollId !== undefined,
  ({ routing }) => routing.connectorId === 'a' || routing.kind === 'l',
);

/** Filters as an application may have them: from the constructors, from JSON, or made by hand. */
export const anyFilter = fc.letrec<{ filter: EventFilter<number>; leaf: EventFilter<number> }>((tie) => {
  const parts = fc.array(tie('filter'), { maxLength: 3 });
  return {
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 3, arbitrary: tie('leaf') },
      { weight: 1, arbitrary: parts.map((filters): EventFilter<number> => ({ type: 'and', filters })) },
      { weight: 1, arbitrary: parts.map((filters): EventFilter<number> => ({ type: 'or', filters })) },
      { weight: 1, arbitrary: parts.map((filters) => EventFilter.and(...filters)) },
      { weight: 1, arbitrary: parts.map((filters) => EventFilter.or(...filters)) },
      { weight: 1, arbitrary: tie('filter').map((filter): EventFilter<number> => ({ type: 'not', filter })) },
    ),
    leaf: fc.oneof(
      fc.constant<EventFilter<number>>({ type: 'all' }),
      spelled.map((id): EventFilter<number> => ({ type: 'scrollId', id })),
      spelled.map((id) => EventFilter.connectorUid(id)),
      connectorId.map((name) => EventFilter.connectorId(name)),
      fc.tuple(connectorId, sessionId).map(([name, id]) => EventFilter.session(name, id)),
      fc.array(kind, { maxLength: 3 }).map((kinds) => EventFilter.kind(...kinds)),
      fc.array(origin, { maxLength: 2 }).map((origins): EventFilter<number> => ({ type: 'origin', origins })),
      predicate.map((answer) => EventFilter.where(answer)),
    ),
  };
}).filter;

/** Events with ids in any spelling, and with any of the other fields absent, or present and empty. */
export const anyEvent = fc.record({
  routing: fc.record(
    {
      scrollId: fc.option(spelled, { nil: undefined }),
      connectorUid: spelled,
      connectorId: fc.option(connectorId, { nil: undefined }),
      nativeSessionId: fc.option(sessionId, { nil: undefined }),
      kind,
    },
    { requiredKeys: ['kind'] },
  ),
  origin,
  event: fc.nat(99),
});
