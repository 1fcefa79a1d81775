import type { BusEvent } from '../../events/BusEvent.js';
import type { Burst, Target } from './Target.js';

/** Successive events of a batch that were found to be for one target. */
export interface Run<E> {
  readonly target: Target<E>;
  readonly from: number;
  to: number;
}

/**
 * A burst in the making, and whom its events were found to be for.
 *
 * Both are in one object, so that whatever becomes of a hand-over, no run is ever applied to the events of another batch.
 */
export class Batch<E> implements Burst<E> {
  readonly events: BusEvent<E>[];
  /** In the order of their first events. */
  readonly runs: Run<E>[] = [];
  readonly first: number;
  lent = false;
  readonly #now: () => number;
  #since: number | undefined;

  /** @param now The time on the bus's scheduler. */
  constructor(first: number, now: () => number, ...events: BusEvent<E>[]) {
    this.first = first;
    this.#now = now;
    this.events = events;
  }

  /** The time of its first event: the clock is read at the first call. */
  get since(): number {
    return (this.#since ??= this.#now());
  }

  /** Notes the time, of a batch that is not handed over at once. */
  stamp(): void {
    this.#since = this.#now();
  }

  /** Takes the last event out again, with all that was noted of it. */
  pop(): void {
    this.events.pop();
    for (const run of this.runs) {
      run.to = Math.min(run.to, this.events.length);
    }
  }
}
