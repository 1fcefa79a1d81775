import type { BusEvent, EventRouting } from '../events/BusEvent.js';
import type { EventFilter } from '../events/EventFilter.js';
import { mayMatch } from './candidates.js';
import { moreOf } from './drafts.js';
import type { Words } from './Words.js';

/** A row of the table `event`. */
export interface EventRow {
  readonly seq: number;
  readonly at: number;
  readonly scroll: number | null;
  readonly connector_uid: number | null;
  readonly connector: number | null;
  readonly session: number | null;
  readonly kind: number;
  readonly origin: number;
  readonly more: string | null;
  readonly payload: string;
}

/** The event of a row; `undefined` if it cannot match `filter`. */
export function eventOf<E>(
  row: EventRow,
  words: Words,
  filter: EventFilter<E>,
  isExact: boolean,
  parse: (text: string) => E,
): BusEvent<E> | undefined {
  const routing = routingOf(row, words);
  const origin = words.textOf(row.origin);
  if (!isExact && !mayMatch(filter, routing, origin)) {
    return undefined;
  }
  const more = moreOf(row.more);
  const event = parse(row.payload);
  return more === undefined
    ? { routing, origin, event, at: row.at, seq: row.seq }
    : { ...more[0], routing: { ...more[1], ...routing }, origin, event, at: row.at, seq: row.seq };
}

function routingOf(row: EventRow, words: Words): EventRouting {
  const { scroll, connector_uid: connectorUid, connector, session } = row;
  const kind = words.textOf(row.kind);
  // The two usual forms are written out: adding fields one by one takes much longer.
  if (scroll !== null && connector !== null && session !== null) {
    const scrollId = words.textOf(scroll);
    const connectorId = words.textOf(connector);
    const nativeSessionId = words.session(session).native;
    return connectorUid === null
      ? { scrollId, connectorId, nativeSessionId, kind }
      : { scrollId, connectorUid: words.textOf(connectorUid), connectorId, nativeSessionId, kind };
  }
  return {
    ...(scroll !== null && { scrollId: words.textOf(scroll) }),
    ...(connectorUid !== null && { connectorUid: words.textOf(connectorUid) }),
    ...(connector !== null && { connectorId: words.textOf(connector) }),
    ...(session !== null && { nativeSessionId: words.session(session).native }),
    kind,
  };
}
