import type { BusEvent } from '../../events/BusEvent.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { MAX_COUNT } from '../support/require.js';

/** What is known of an event that is not retained. */
export type Envelope = Pick<BusEvent<unknown>, 'routing' | 'origin'>;

/** Events in a row that are not retained. */
export interface Hole {
  /** The number right before the row that they are in. */
  readonly after: number;
  readonly count: number;
  /** Of the one event that it is; `undefined`: nothing is known but how many they are. */
  readonly envelope: Envelope | undefined;
}

/** Numbers in a row for which no event is retained. */
interface Run {
  readonly first: number;
  last: number;
  /** How many there were in all runs before it, also in those that are forgotten. */
  readonly before: number;
}

interface Known extends Envelope {
  readonly seq: number;
}

/** Envelopes that are kept at most: large events alone must not fill the memory. */
const MOST_KNOWN = 1_024;

/**
 * The numbers of a history for which it retains no event, though it goes further back.
 *
 * Invariants: runs have a number between them; those known are the newest in any run.
 */
export class Holes {
  readonly #runs = new BoundedQueue<Run>(MAX_COUNT);
  readonly #known = new BoundedQueue<Known>(MOST_KNOWN);

  /**
   * Adds `seq`, which is greater than any before.
   *
   * @returns The number right before the row that it is in.
   */
  add(seq: number, { routing, origin }: Envelope): number {
    if (this.#known.size === MOST_KNOWN) {
      this.#known.shift();
    }
    this.#known.offer({ seq, routing, origin });
    const run = this.#runs.at(this.#runs.size - 1);
    if (run?.last === seq - 1) {
      run.last = seq;
      return run.first - 1;
    }
    this.#runs.offer({ first: seq, last: seq, before: run === undefined ? 0 : upTo(run) });
    return seq - 1;
  }

  /** Forgets the numbers before `seq`, which is in no run, or the first of one. */
  forgetBefore(seq: number): void {
    if (this.#runs.size === 0) {
      return;
    }
    for (let gone = this.#runFrom(seq); gone > 0; gone -= 1) {
      this.#runs.shift();
    }
    for (let gone = leastPlace(this.#known, (known) => known.seq >= seq); gone > 0; gone -= 1) {
      this.#known.shift();
    }
  }

  /** How many numbers there are before `seq`, which is in no run. */
  countBefore(seq: number): number {
    const place = this.#runFrom(seq);
    return place === 0 ? 0 : upTo(this.#runs.at(place - 1) as Run) - (this.#runs.at(0) as Run).before;
  }

  /** The least number from `seq` on that is in no run. */
  skip(seq: number): number {
    const place = this.#runFrom(seq);
    const run = place < this.#runs.size ? this.#runs.at(place) : undefined;
    return run !== undefined && run.first <= seq ? run.last + 1 : seq;
  }

  /** What there is from `seq` on, in order. */
  *from(seq: number): Generator<Hole> {
    let next = leastPlace(this.#known, (known) => known.seq >= seq);
    for (let place = this.#runFrom(seq); place < this.#runs.size; place += 1) {
      const { first, last } = this.#runs.at(place) as Run;
      const after = first - 1;
      // Those that are known are the last ones; that of the newest number of all always is.
      const known = this.#known.at(next) as Known;
      const count = Math.min(known.seq, last + 1) - Math.max(first, seq);
      if (count > 0) {
        yield { after, count, envelope: undefined };
      }
      for (; next < this.#known.size && (this.#known.at(next) as Known).seq <= last; next += 1) {
        yield { after, count: 1, envelope: this.#known.at(next) };
      }
    }
  }

  /** The place of the first run that `seq` is in, or before. */
  #runFrom(seq: number): number {
    // Most histories have none, and ask for each event.
    return this.#runs.size === 0 ? 0 : leastPlace(this.#runs, ({ last }) => last >= seq);
  }
}

/** How many numbers there were up to its end. */
function upTo({ first, last, before }: Run): number {
  return before + last - first + 1;
}

/** The least place in `queue` whose value passes, as all behind it do; its size, where none does. */
function leastPlace<T>(queue: BoundedQueue<T>, passes: (value: T) => boolean): number {
  let [low, high] = [0, queue.size];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(queue.at(middle) as T)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
