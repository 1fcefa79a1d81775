import type { BusEvent } from '../../events/BusEvent.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { MAX_COUNT } from '../support/require.js';

/** What is kept of an event that is not retained. */
export type Envelope = Pick<BusEvent<unknown>, 'routing' | 'origin'>;

/** Consecutive events that are not retained. */
export interface Hole {
  /** The number right before the run that contains them. */
  readonly after: number;
  /** The number of events. */
  readonly count: number;
  /** The envelope, if the hole is a single event. `undefined` if only the number of events is known. */
  readonly envelope: Envelope | undefined;
}

/** Consecutive numbers for which no event is retained. */
interface Run {
  readonly first: number;
  last: number;
  /** How many numbers there were in all earlier runs, including those that were removed. */
  readonly before: number;
}

interface Known extends Envelope {
  readonly seq: number;
}

/** The most envelopes that are kept, so that large events alone cannot fill the memory. */
const MOST_KNOWN = 1_024;

/**
 * The numbers inside a history whose events are not retained because they were too large.
 *
 * Invariants: at least one retained number is between two runs; the known envelopes are those of the newest numbers in all runs.
 */
export class Holes {
  private readonly runs = new BoundedQueue<Run>(MAX_COUNT);
  private readonly known = new BoundedQueue<Known>(MOST_KNOWN);

  /**
   * Adds `seq`, which must be greater than all earlier numbers.
   *
   * @returns The number right before the run that contains it.
   */
  add(seq: number, { routing, origin }: Envelope): number {
    if (this.known.size === MOST_KNOWN) {
      this.known.shift();
    }
    this.known.offer({ seq, routing, origin });
    const run = this.runs.at(this.runs.size - 1);
    if (run?.last === seq - 1) {
      run.last = seq;
      return run.first - 1;
    }
    this.runs.offer({ first: seq, last: seq, before: run === undefined ? 0 : upTo(run) });
    return seq - 1;
  }

  /** Removes the numbers before `seq`, which must be in no run or the first of one. */
  forgetBefore(seq: number): void {
    if (this.runs.size === 0) {
      return;
    }
    for (let gone = this.runFrom(seq); gone > 0; gone -= 1) {
      this.runs.shift();
    }
    for (let gone = leastPlace(this.known, (known) => known.seq >= seq); gone > 0; gone -= 1) {
      this.known.shift();
    }
  }

  /** How many numbers there are before `seq`, which must be in no run. */
  countBefore(seq: number): number {
    const place = this.runFrom(seq);
    return place === 0 ? 0 : upTo(this.runs.at(place - 1) as Run) - (this.runs.at(0) as Run).before;
  }

  /** The smallest number from `seq` on that is in no run. */
  skip(seq: number): number {
    const place = this.runFrom(seq);
    const run = place < this.runs.size ? this.runs.at(place) : undefined;
    return run !== undefined && run.first <= seq ? run.last + 1 : seq;
  }

  /** The smallest number from `seq` to before `end` that is in a run, or `end`. `seq` must be in no run. */
  nextHole(seq: number, end: number): number {
    const place = this.runFrom(seq);
    return place < this.runs.size ? Math.min(end, (this.runs.at(place) as Run).first) : end;
  }

  /** The holes from `seq` on, in order. */
  *from(seq: number): Generator<Hole> {
    let next = leastPlace(this.known, (known) => known.seq >= seq);
    for (let place = this.runFrom(seq); place < this.runs.size; place += 1) {
      const { first, last } = this.runs.at(place) as Run;
      const after = first - 1;
      // The known envelopes are the last ones, and the newest number always has one.
      const known = this.known.at(next) as Known;
      const count = Math.min(known.seq, last + 1) - Math.max(first, seq);
      if (count > 0) {
        yield { after, count, envelope: undefined };
      }
      for (; next < this.known.size && (this.known.at(next) as Known).seq <= last; next += 1) {
        yield { after, count: 1, envelope: this.known.at(next) };
      }
    }
  }

  /** The index of the first run that contains `seq` or follows it. */
  private runFrom(seq: number): number {
    // A fast path: most histories have no holes, and this is called for each event.
    return this.runs.size === 0 ? 0 : leastPlace(this.runs, ({ last }) => last >= seq);
  }
}

/** How many numbers there were up to the end of this run. */
function upTo({ first, last, before }: Run): number {
  return before + last - first + 1;
}

/** The smallest index in `queue` whose value passes. All values after it must pass, too. The size of the queue if none passes. */
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
