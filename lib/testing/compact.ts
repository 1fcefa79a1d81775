import type { BusEvent, Delivery, Gap } from '../index.js';
import { DEFAULTS } from './busEvent.js';

/** An event that is more than a word: its payload, and what of its envelope differs from that of `busEvent(payload)`. */
export type CompactEvent = Readonly<Record<string, unknown>>;

/**
 * A delivery as a diff shows it well: a word for an event that is nothing but a word, `gap(3: chat 2, usage 1)` for a gap, else a
 * flat object. Two deliveries have one form if and only if they are equal.
 *
 * @param byKind Whether the kinds of a gap are told.
 */
export function compact<E>(delivery: BusEvent<E> | Delivery<E>, byKind: boolean): string | CompactEvent {
  if ('type' in delivery) {
    return delivery.type === 'gap' ? compactGap(delivery, byKind) : compactEvent(delivery.event);
  }
  return compactEvent(delivery);
}

function compactGap({ missed, byKind }: Gap, told: boolean): string {
  const kinds = Object.entries(byKind).map(([kind, count]) => `${kind} ${count}`);
  return told && kinds.length > 0 ? `gap(${missed}: ${kinds.sort().join(', ')})` : `gap(${missed})`;
}

function compactEvent<E>({ routing, origin, event }: BusEvent<E>): string | CompactEvent {
  const { scrollId, connectorUid, connectorId, nativeSessionId } = routing;
  const kind = routing.kind === DEFAULTS.kind ? undefined : routing.kind;
  const envelope = {
    kind,
    origin: origin === DEFAULTS.origin ? undefined : origin,
    scrollId,
    connectorUid,
    connectorId,
    nativeSessionId,
  };
  const told = Object.entries(envelope).filter(([, value]) => value !== undefined);
  // A word that looks like a gap must not be taken for one.
  const isWord = typeof event === 'string' && !event.startsWith('gap(');
  return told.length === 0 && isWord ? event : { event, ...Object.fromEntries(told) };
}
