import type { BusEvent, Delivery } from 'sharing-bus';

/** Whole numbers from 1 that were seen. It keeps only those above the first one that is absent. */
export class Seen {
  /** All numbers up to this one were seen. */
  low = 0;
  readonly #above = new Set<number>();

  /** @returns Whether it is seen for the first time. */
  add(number: number): boolean {
    if (number <= this.low || this.#above.has(number)) {
      return false;
    }
    this.#above.add(number);
    while (this.#above.delete(this.low + 1)) {
      this.low += 1;
    }
    return true;
  }

  /** All numbers up to `low` were seen. */
  raise(low: number): void {
    for (let number = this.low + 1; number <= low; number += 1) {
      this.add(number);
    }
  }

  /** How many different numbers were seen. */
  get size(): number {
    return this.low + this.#above.size;
  }

  /** How many of the numbers from 1 to `last` were not seen. */
  absent(last: number): number {
    return Math.max(0, last - this.low) - [...this.#above].filter((number) => number <= last).length;
  }
}

/** The number that the journal of the agents gave to an event: 1 for the first, without holes. It is in the payload. */
export function entryOf({ event }: BusEvent): number {
  const { entry } = event as { readonly entry?: unknown };
  if (typeof entry !== 'number' || !Number.isSafeInteger(entry) || entry < 1) {
    throw new TypeError(`an event without its number in the journal: ${JSON.stringify(event)}`);
  }
  return entry;
}

/** What is kept in order: the events of one session, or else of one connector. */
export function sessionOf({ routing }: BusEvent): string {
  const { connectorId, connectorUid, nativeSessionId } = routing;
  return JSON.stringify(nativeSessionId === undefined ? [connectorUid] : [connectorId, nativeSessionId]);
}

/** What one reader has got, from its first delivery on. */
export class Account {
  /** Events, doubled ones too. */
  events = 0;
  /** Events that came a second time. */
  doubled = 0;
  /** Events that came after a later one of their session. */
  outOfOrder = 0;
  /** Events that gaps have told. */
  missing = 0;
  /** The place of the last delivery. */
  place = 0;
  readonly #seen = new Seen();
  /** The last entry of each session. */
  readonly #last = new Map<string, number>();

  /** @param place The place of a gap. An event has its own. */
  take(delivery: Delivery, place?: number): void {
    if (delivery.type === 'gap') {
      this.missing += delivery.missed;
      this.place = place ?? this.place;
      return;
    }
    const { event } = delivery;
    const entry = entryOf(event);
    this.events += 1;
    this.place = event.seq ?? NaN;
    if (!this.#seen.add(entry)) {
      this.doubled += 1;
      return;
    }
    const session = sessionOf(event);
    const last = this.#last.get(session) ?? 0;
    if (entry < last) {
      this.outOfOrder += 1;
    } else {
      this.#last.set(session, entry);
    }
  }

  /** How many of the first `published` entries of the journal have not come. */
  lostOf(published: number): number {
    return this.#seen.absent(published);
  }
}
