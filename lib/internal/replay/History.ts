import { type HistoryOptions, HISTORY_OPTIONS } from '../../options.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { passes } from '../../events/EventFilter.js';
import { newUuid } from '../../events/Uuid.js';
import type { BusPosition } from '../../receiver.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { ChunkedQueue } from './ChunkedQueue.js';
import { type Envelope, type Hole, Holes } from './Holes.js';
import { Postings, type Retained } from './Postings.js';
import { answerOf } from '../support/promises.js';
import { requireCount, requireFunction, requireOptions } from '../support/require.js';
import type { Finding, RoutingKey } from '../dispatch/routingKeys.js';

/** The checked limits of a history. */
export interface HistoryLimits<E> {
  readonly capacity: number;
  readonly maxBytes: number;
  /** Never throws. `undefined` if there is no limit of bytes. */
  readonly sizeOf: ((busEvent: BusEvent<E>) => number) | undefined;
}

/** @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown. */
export function checkedHistory<E>(options: HistoryOptions<E>): HistoryLimits<E> {
  requireOptions('history', options, HISTORY_OPTIONS);
  const { capacity, maxBytes, sizeOf = lengthOfJson } = options;
  requireCount('history.capacity', capacity);
  if (maxBytes !== undefined) {
    requireCount('history.maxBytes', maxBytes);
  }
  requireFunction('history.sizeOf', sizeOf);
  return {
    capacity,
    maxBytes: maxBytes ?? Infinity,
    sizeOf: maxBytes === undefined ? undefined : (busEvent) => sizeBy(sizeOf, busEvent),
  };
}

/** A reader of a history. */
export interface Reader<E> {
  /** Called when `busEvent`, its next event, has left the history. */
  overtaken(busEvent: BusEvent<E>): void;
  /** Reads as many events as there is room for, since the event that is about to be published cannot wait in the history. */
  readOn(): void;
  /** Called when `busEvent` is published and not retained. No retained event is between the number `after` and this event. */
  passedBy(busEvent: BusEvent<E>, after: number): void;
}

/**
 * Keeps the newest events of a bus, numbered without holes, and finds them by their keys.
 *
 * Invariants: each number from `first` to `last` belongs to a retained event or to a hole; a reader is noted at most at one number, whose event is retained. Only jobs of the bus's order change the history,
 * so no event leaves during a search.
 */
export class History<E> implements Retained {
  /** The number of the newest event. The first published event has 1; 0 before that. */
  last = 0;
  /** The number of the oldest retained event or hole, or of the next event if there is none. */
  first = 1;

  private readonly capacity: number;
  private readonly maxBytes: number;
  private readonly sizeOf: ((busEvent: BusEvent<E>) => number) | undefined;
  private readonly events: ChunkedQueue<BusEvent<E>>;
  /** The sizes of the retained events. `undefined` without `maxBytes`. */
  private readonly sizes: BoundedQueue<number> | undefined;
  private bytes = 0;
  private readonly postings: Postings;
  private readonly holes = new Holes();
  private readonly readers = new Map<number, Set<Reader<E>>>();
  /** The readers that are not finished. */
  private readonly unfinished = new Set<Reader<E>>();
  private isClosed = false;
  private drawnEpoch: string | undefined;

  /** @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown. */
  constructor(options: HistoryOptions<E>) {
    const { capacity, maxBytes, sizeOf } = checkedHistory(options);
    this.capacity = capacity;
    this.maxBytes = maxBytes;
    this.sizeOf = sizeOf;
    this.events = new ChunkedQueue(this.capacity);
    this.sizes = sizeOf === undefined ? undefined : new BoundedQueue(this.capacity);
    this.postings = new Postings(this, this.capacity);
  }

  /**
   * Tells this history from that of any other bus, and of this program's next run. It is drawn when it is first read: Cloudflare's workers
   * have no random numbers while a module is loaded.
   */
  get epoch(): string {
    return (this.drawnEpoch ??= newUuid());
  }

  /** The position of the newest event. */
  get position(): BusPosition {
    return { epoch: this.epoch, seq: this.last };
  }

  /**
   * Numbers and retains `busEvent`. Older events may leave for it. They leave first, so that a reader that loses its last event by this
   * goes live in time to get this one as it is published. An event that is larger than `maxBytes` is numbered but not retained, and the
   * others stay.
   *
   * @returns A copy of the envelope with the number.
   */
  append(busEvent: BusEvent<E>): BusEvent<E> {
    const size = this.sizeFor(busEvent);
    // The event is read before anything changes, since a getter may throw.
    const seq = this.last + 1;
    const numbered = withSeq(busEvent, seq);
    if (size > this.maxBytes) {
      this.passBy(numbered, seq);
      return numbered;
    }
    while (this.events.size > 0 && (this.events.size === this.capacity || this.bytes + size > this.maxBytes)) {
      this.forgetOldest();
    }
    this.sizes?.offer(size);
    this.events.add(numbered);
    this.bytes += size;
    this.last = seq;
    return numbered;
  }

  /** Whether `busEvent` is larger than `maxBytes`. */
  isTooLarge(busEvent: BusEvent<E>): boolean {
    return this.sizeFor(busEvent) > this.maxBytes;
  }

  /** The holes from the number `seq` on, in order. */
  holesFrom(seq: number): Iterable<Hole> {
    return this.holes.from(seq);
  }

  /** The retained event with the number `seq`. */
  at(seq: number): BusEvent<E> {
    return this.events.at(seq - this.first - this.holes.countBefore(seq));
  }

  seek(from: number, to: number, test: (busEvent: BusEvent<E>, seq: number) => boolean): number | undefined {
    let start = this.holes.skip(Math.max(from, this.first));
    while (start <= to) {
      // Up to the next hole, numbers and places differ by the same offset.
      const end = this.holes.nextHole(start, to + 1);
      const offset = this.first + this.holes.countBefore(start);
      const found = this.events.seek(start - offset, end - offset, test, offset);
      if (found + offset < end) {
        return found + offset;
      }
      start = this.holes.skip(end);
    }
    return undefined;
  }

  /**
   * Finds the oldest matching retained event from the number `from` on. Returns its number, or `undefined` if there is none.
   *
   * @throws What a predicate in the filter throws.
   */
  find({ keys, rest }: Finding<E>, from: number): number | undefined {
    let seq = this.leastOf(keys, from);
    while (seq !== undefined && rest !== undefined && !passes(rest, this.at(seq))) {
      seq = this.leastOf(keys, seq + 1);
    }
    return seq;
  }

  /** Adds a reader. */
  open(reader: Reader<E>): void {
    this.unfinished.add(reader);
  }

  /** Removes a reader, which must not be noted. */
  leave(reader: Reader<E>): void {
    this.unfinished.delete(reader);
    this.forgetUnread();
  }

  /** Call this when nothing will be published or opened any more. The events are released when no reader is left. */
  close(): void {
    this.isClosed = true;
    this.forgetUnread();
  }

  /** Notes that `seq` is next for `reader`, which is then told if that event leaves the history. */
  note(reader: Reader<E>, seq: number): void {
    let readers = this.readers.get(seq);
    if (readers === undefined) {
      readers = new Set();
      this.readers.set(seq, readers);
    }
    readers.add(reader);
  }

  /** Takes back {@link note}. */
  unnote(reader: Reader<E>, seq: number): void {
    const readers = this.readers.get(seq);
    readers?.delete(reader);
    if (readers?.size === 0) {
      this.readers.delete(seq);
    }
  }

  private sizeFor(busEvent: BusEvent<E>): number {
    return this.sizeOf === undefined ? 0 : this.sizeOf(busEvent);
  }

  /** Publishes `busEvent` with its number without retaining it. */
  private passBy(busEvent: BusEvent<E>, seq: number): void {
    const envelope = envelopeOf(busEvent);
    for (const reader of this.unfinished) {
      reader.readOn();
    }
    const after = this.holes.add(seq, envelope);
    this.last = seq;
    for (const reader of this.unfinished) {
      reader.passedBy(busEvent, after);
    }
  }

  private leastOf(keys: readonly RoutingKey[], wanted: number): number | undefined {
    const from = this.holes.skip(Math.max(wanted, this.first));
    let least: number | undefined;
    for (const key of keys) {
      const seq = key.field === 'any' ? from : this.postings.next(key, from);
      if (seq !== undefined && seq <= this.last && (least === undefined || seq < least)) {
        least = seq;
      }
    }
    return least;
  }

  private forgetUnread(): void {
    if (this.isClosed && this.unfinished.size === 0) {
      while (this.events.size > 0) {
        this.forgetOldest();
      }
      this.forgetBefore(this.last + 1);
      this.postings.clear();
    }
  }

  private forgetBefore(seq: number): void {
    this.first = seq;
    this.holes.forgetBefore(seq);
    this.postings.forgetBefore(seq);
  }

  private forgetOldest(): void {
    const seq = this.holes.skip(this.first);
    const busEvent = this.events.shift();
    const size = this.sizes?.shift() ?? 0;
    // Sums of fractions are inexact, so an empty history is reset to 0.
    this.bytes = this.events.size === 0 ? 0 : this.bytes - size;
    this.forgetBefore(seq + 1);
    if (this.readers.size > 0) {
      this.overtake(seq, busEvent);
    }
  }

  private overtake(seq: number, busEvent: BusEvent<E>): void {
    const readers = this.readers.get(seq);
    this.readers.delete(seq);
    readers?.forEach((reader) => {
      reader.overtaken(busEvent);
    });
  }
}

/** A copy of the envelope with the number `seq`. A plain envelope is copied field by field, which is faster. */
export function withSeq<E>(busEvent: BusEvent<E>, seq: number): BusEvent<E> {
  const { routing, origin, event, at } = busEvent;
  const known = at === undefined ? { routing, origin, event, seq } : { routing, origin, event, at, seq };
  const isPlain = countFields(busEvent) === (at === undefined ? 3 : 4);
  return isPlain ? known : { ...busEvent, ...known };
}

/** Whether it has as many fields as an envelope must have. Without an array of their names, as `Object.keys` makes it. */
function countFields(busEvent: BusEvent<unknown>): number {
  let fields = 0;
  for (const _ in busEvent) {
    fields += 1;
  }
  return fields;
}

/** A copy of the fields that filters compare. So an event that is not retained can be released, and its getters are not called again. */
function envelopeOf({ routing, origin }: BusEvent<unknown>): Envelope {
  const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
  return { routing: { scrollId, connectorUid, connectorId, nativeSessionId, kind }, origin };
}

function lengthOfJson(busEvent: unknown): number {
  return JSON.stringify(busEvent).length;
}

/** The size of an event, or 0 if `sizeOf` fails: an event is not lost because its size is unknown. */
function sizeBy<E>(sizeOf: (busEvent: BusEvent<E>) => number, busEvent: BusEvent<E>): number {
  try {
    // A function in plain JavaScript may return a bigint or a string, which would spoil the sum.
    const result: unknown = answerOf('sizeOf', sizeOf(busEvent));
    const size = Number(result);
    return size > 0 ? size : 0;
  } catch {
    return 0;
  }
}
