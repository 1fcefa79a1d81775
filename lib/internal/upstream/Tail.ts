import type { BusEvent } from '../../events/BusEvent.js';
import type { Delivery, Gap } from '../../receiver.js';
import type { UpstreamPage } from '../../upstream.js';
import type { HistoryLimits } from '../replay/History.js';
import { BoundedQueue } from '../support/BoundedQueue.js';

/** A gap with its place. */
interface PlacedGap {
  readonly gap: Gap;
  /** The place before it. */
  readonly after: number;
  readonly seq: number;
}

type Entry<E> = BusEvent<E> | PlacedGap;

/** How many entries one page looks at. */
const PAGE = 256;

/**
 * Keeps the newest events that an upstream has brought, in memory. A receiver that reads from the upstream, which takes time, ends here: so
 * it goes live however fast events come.
 *
 * Invariant: the places of the entries do not decrease; everything that was dispatched after the place `floor` is here.
 */
export class Tail<E> {
  floor = 0;
  private readonly entries: BoundedQueue<Entry<E>>;
  private readonly sizes: BoundedQueue<number>;
  private readonly maxBytes: number;
  private readonly sizeOf: (busEvent: BusEvent<E>) => number;
  private bytes = 0;

  /** @param limits `undefined` if nothing is to be kept. */
  constructor(limits: HistoryLimits<E> | undefined) {
    this.entries = new BoundedQueue(limits?.capacity ?? 0);
    this.sizes = new BoundedQueue(limits?.capacity ?? 0);
    this.maxBytes = limits?.maxBytes ?? Infinity;
    this.sizeOf = limits?.sizeOf ?? (() => 0);
  }

  /** Forgets everything up to the place `seq`. */
  reset(seq: number): void {
    this.entries.clear();
    this.sizes.clear();
    this.bytes = 0;
    this.floor = seq;
  }

  addEvent(busEvent: BusEvent<E>, seq: number): void {
    this.add(busEvent, seq, this.sizeOf(busEvent));
  }

  addGap(gap: Gap, after: number, seq: number): void {
    this.add({ gap, after, seq }, seq, 0);
  }

  /** The entries after the place `after`, which is at least `floor`, and up to `upTo`. */
  page(after: number, upTo: number): UpstreamPage<E> {
    const deliveries: Delivery<E>[] = [];
    let reached = after;
    for (let at = this.indexAfter(after); at < this.entries.size; at += 1) {
      const entry = this.entries.at(at) as Entry<E>;
      const seq = entry.seq as number;
      if (seq > upTo) {
        break;
      }
      // A gap may have the place of the entry before it, and the next page begins after that place.
      if (deliveries.length >= PAGE && seq > reached) {
        return { deliveries, reached };
      }
      deliveries.push('gap' in entry ? gapAfter(after, entry) : { type: 'event', event: entry });
      reached = seq;
    }
    return { deliveries, reached: upTo };
  }

  private add(entry: Entry<E>, seq: number, size: number): void {
    while (
      this.entries.size > 0 &&
      (this.entries.size === this.entries.capacity || this.bytes + size > this.maxBytes)
    ) {
      this.floor = this.entries.shift().seq as number;
      const gone = this.sizes.shift();
      // Sums of fractions are inexact, so an empty tail is reset to 0.
      this.bytes = this.entries.size === 0 ? 0 : this.bytes - gone;
    }
    if (this.entries.capacity === 0 || size > this.maxBytes) {
      this.floor = seq;
      return;
    }
    this.entries.offer(entry);
    this.sizes.offer(size);
    this.bytes += size;
  }

  /** The index of the first entry after the place `seq`. */
  private indexAfter(seq: number): number {
    let [low, high] = [0, this.entries.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.entries.at(middle) as Entry<E>).seq as number) > seq) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}

/** A gap that began before the place `after` has at most its events behind that place. */
function gapAfter(place: number, { gap, after }: PlacedGap): Gap {
  return after < place ? { ...gap, atMost: true } : gap;
}
