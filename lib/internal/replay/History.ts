import { type HistoryOptions, HISTORY_OPTIONS } from '../../options.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { passes } from '../../events/EventFilter.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { type Envelope, type Hole, Holes } from './Holes.js';
import { Postings } from './Postings.js';
import { answerOf } from '../support/promises.js';
import { requireCount, requireFunction, requireOptions } from '../support/require.js';
import type { Finding, RoutingKey } from '../dispatch/routingKeys.js';

/** What reads a history, and is at an event that was not read yet. */
export interface Reader<E> {
  /** The event that is next for it is retained no longer. */
  overtaken(busEvent: BusEvent<E>): void;
  /** Reads as much as there is room for: what is about to be published cannot wait here. */
  readOn(): void;
  /** `busEvent`, which is new, is not retained; it comes after the number `after`, with none between that is retained. */
  passedBy(busEvent: BusEvent<E>, after: number): void;
}

/**
 * The newest events of a bus, numbered without holes, and found by their keys.
 *
 * Invariants: the numbers `first` to `last` are those of the events retained, and those in the holes; a number is in the postings of its event's keys
 * as long as that is retained; a reader is noted at one number at most, which is retained. It is changed by jobs of the bus's order only:
 * nothing goes while somebody looks.
 */
export class History<E> {
  /** The number of the newest event; the first that was published has 1. */
  last = 0;
  /** The number of the oldest event of which anything is known, or of the next one. */
  first = 1;

  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #sizeOf: ((busEvent: BusEvent<E>) => number) | undefined;
  readonly #events: BoundedQueue<BusEvent<E>>;
  readonly #sizes: BoundedQueue<number>;
  #bytes = 0;
  readonly #postings = new Postings();
  readonly #holes = new Holes();
  readonly #readers = new Map<number, Set<Reader<E>>>();
  /** The readers that have not read all that they want. */
  readonly #open = new Set<Reader<E>>();
  #isClosed = false;

  /** @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown. */
  constructor(options: HistoryOptions<E>) {
    requireOptions('history', options, HISTORY_OPTIONS);
    const { capacity, maxBytes, sizeOf } = options;
    this.#capacity = requireCount('history.capacity', capacity);
    this.#maxBytes = maxBytes === undefined ? Infinity : requireCount('history.maxBytes', maxBytes);
    if (sizeOf !== undefined) {
      requireFunction('history.sizeOf', sizeOf);
    }
    this.#sizeOf = maxBytes === undefined ? undefined : (sizeOf ?? lengthOfJson);
    this.#events = new BoundedQueue(this.#capacity);
    this.#sizes = new BoundedQueue(this.#capacity);
  }

  /**
   * Retains `busEvent` with its number. Older ones may have to go for it: first, so that a reader that is overtaken by it and has nothing left to read can
   * get this one as it is published. One that is larger than all that may be retained is numbered and not retained, and the others stay.
   *
   * @returns A copy of its envelope that has the number.
   */
  append(busEvent: BusEvent<E>): BusEvent<E> {
    const { routing, origin, event } = busEvent;
    const size = this.#sizeFor(busEvent);
    // It is read before anything has happened: to read it may fail. Nothing else is copied where there is nothing else.
    const seq = this.last + 1;
    const isPlain = Object.keys(busEvent).length === 3;
    const numbered = isPlain ? { routing, origin, event, seq } : { ...busEvent, routing, origin, event, seq };
    if (size > this.#maxBytes) {
      this.#passBy(numbered, seq);
      return numbered;
    }
    this.#postings.add(numbered, seq);
    while (this.#events.size > 0 && (this.#events.size === this.#capacity || this.#bytes + size > this.#maxBytes)) {
      this.#forgetOldest();
    }
    this.#sizes.offer(size);
    this.#events.offer(numbered);
    this.#bytes += size;
    this.last = seq;
    return numbered;
  }

  /** Whether `busEvent` is larger than all that may be retained. */
  isTooLarge(busEvent: BusEvent<E>): boolean {
    return this.#sizeFor(busEvent) > this.#maxBytes;
  }

  /** The events from this number on that are not retained, though some before them are, or were. */
  holesFrom(seq: number): Iterable<Hole> {
    return this.#holes.from(seq);
  }

  /** The event of this number, which is retained. */
  at(seq: number): BusEvent<E> {
    return this.#events.at(seq - this.first - this.#holes.countBefore(seq)) as BusEvent<E>;
  }

  /**
   * The number of the oldest retained event that is wanted, from the number `from` on; `undefined` if there is no such event.
   *
   * @throws What a predicate in the filter throws.
   */
  find({ keys, rest }: Finding<E>, from: number): number | undefined {
    let seq = this.#next(keys, from);
    while (seq !== undefined && rest !== undefined && !passes(rest, this.at(seq))) {
      seq = this.#next(keys, seq + 1);
    }
    return seq;
  }

  /** `reader` begins to read. */
  open(reader: Reader<E>): void {
    this.#open.add(reader);
  }

  /** `reader` reads no more, and is noted nowhere. */
  leave(reader: Reader<E>): void {
    this.#open.delete(reader);
    this.#forgetUnread();
  }

  /** Nothing will be published any more, and no reader will be opened. */
  close(): void {
    this.#isClosed = true;
    this.#forgetUnread();
  }

  /** Tells `reader` when the event of this number is retained no longer. */
  note(reader: Reader<E>, seq: number): void {
    let readers = this.#readers.get(seq);
    if (readers === undefined) {
      readers = new Set();
      this.#readers.set(seq, readers);
    }
    readers.add(reader);
  }

  /** Does not any more. */
  unnote(reader: Reader<E>, seq: number): void {
    const readers = this.#readers.get(seq);
    readers?.delete(reader);
    if (readers?.size === 0) {
      this.#readers.delete(seq);
    }
  }

  #sizeFor(busEvent: BusEvent<E>): number {
    return this.#sizeOf === undefined ? 0 : sizeBy(this.#sizeOf, busEvent);
  }

  /** Numbers `busEvent`, and does not retain it. */
  #passBy(busEvent: BusEvent<E>, seq: number): void {
    const envelope = envelopeOf(busEvent);
    for (const reader of this.#open) {
      reader.readOn();
    }
    const after = this.#holes.add(seq, envelope);
    this.last = seq;
    for (const reader of this.#open) {
      reader.passedBy(busEvent, after);
    }
  }

  #next(keys: readonly RoutingKey[], wanted: number): number | undefined {
    const from = this.#holes.skip(Math.max(wanted, this.first));
    let least: number | undefined;
    for (const key of keys) {
      const seq = key.field === 'any' ? from : this.#postings.next(key, from);
      if (seq !== undefined && seq <= this.last && (least === undefined || seq < least)) {
        least = seq;
      }
    }
    return least;
  }

  #forgetUnread(): void {
    if (this.#isClosed && this.#open.size === 0) {
      while (this.#events.size > 0) {
        this.#forgetOldest();
      }
      this.#forgetBefore(this.last + 1);
    }
  }

  #forgetBefore(seq: number): void {
    this.first = seq;
    this.#holes.forgetBefore(seq);
  }

  #forgetOldest(): void {
    const seq = this.#holes.skip(this.first);
    const busEvent = this.#events.shift();
    const size = this.#sizes.shift();
    // Fractions do not add up to nothing.
    this.#bytes = this.#events.size === 0 ? 0 : this.#bytes - size;
    this.#postings.removeOldest();
    this.#forgetBefore(seq + 1);
    const readers = this.#readers.get(seq);
    this.#readers.delete(seq);
    readers?.forEach((reader) => {
      reader.overtaken(busEvent);
    });
  }
}

/** A copy of what filters compare: nothing of an event that is not retained is held, and what it says of itself is not asked again. */
function envelopeOf({ routing, origin }: BusEvent<unknown>): Envelope {
  const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
  return { routing: { scrollId, connectorUid, connectorId, nativeSessionId, kind }, origin };
}

function lengthOfJson(busEvent: unknown): number {
  return JSON.stringify(busEvent).length;
}

/** What cannot tell its size takes none: to retain it is no reason to lose it. */
function sizeBy<E>(sizeOf: (busEvent: BusEvent<E>) => number, busEvent: BusEvent<E>): number {
  try {
    // A bigint or a text, which is not what its type says, would spoil the sum.
    const told: unknown = answerOf('sizeOf', sizeOf(busEvent));
    const size = Number(told);
    return size > 0 ? size : 0;
  } catch {
    return 0;
  }
}
