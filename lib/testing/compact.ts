import type { BusEvent, Delivery, Gap } from '../index.js';
import { DEFAULTS } from './busEvent.js';

/**
 * An event that cannot be shown as one word: its payload, and the fields in which its envelope differs from that of `busEvent(payload)`.
 */
export type CompactEvent = Readonly<Record<string, unknown>>;

/**
 * Converts a delivery to a form that reads well in a diff: the payload itself for `busEvent` of a word, `gap(3: chat 2, usage 1)` for a
 * gap, else a flat object. Two deliveries have the same form if and only if they are equal.
 *
 * @param byKind Whether the form of a gap includes its kinds.
 */
export function compact<E>(delivery: BusEvent<E> | Delivery<E>, byKind: boolean): string | CompactEvent {
  if ('type' in delivery) {
    return delivery.type === 'gap' ? compactGap(delivery, byKind) : compactEvent(delivery.event);
  }
  return compactEvent(delivery);
}

function compactGap({ missed, byKind }: Gap, showKinds: boolean): string {
  const kinds = Object.entries(byKind).map(([kind, count]) => `${kind} ${count}`);
  return showKinds && kinds.length > 0 ? `gap(${missed}: ${kinds.sort().join(', ')})` : `gap(${missed})`;
}

function compactEvent<E>({ routing, origin, event, at }: BusEvent<E>): string | CompactEvent {
  const { scrollId, connectorUid, connectorId, nativeSessionId } = routing;
  const kind = routing.kind === DEFAULTS.kind ? undefined : routing.kind;
  const envelope = {
    kind,
    origin: origin === DEFAULTS.origin ? undefined : origin,
    scrollId,
    connectorUid,
    connectorId,
    nativeSessionId,
    at,
  };
  const shown = Object.entries(envelope).filter(([, value]) => value !== undefined);
  // A word that looks like a gap must not be mistaken for one.
  const isWord = typeof event === 'string' && !event.startsWith('gap(');
  return shown.length === 0 && isWord ? event : { event, ...Object.fromEntries(shown) };
}
