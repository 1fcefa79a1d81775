import type { Batch, Run } from './Batch.js';
import { Dictionary } from '../support/Dictionary.js';
import { Listing } from './Listing.js';
import type { Target } from './Target.js';

/**
 * The targets by the values of one field.
 *
 * Invariants: an entry is a target, or a listing of several that is not empty. `knownTarget` is a present entry.
 */
export class KeyIndex<E> {
  readonly #entries = new Dictionary<Target<E>>();
  /** What was looked up last. */
  #known: string | undefined;
  #knownTarget: Target<E> | undefined;
  /** The place of the last run that was found here, and the number of its batch. */
  #run = 0;
  #batch = -1;

  /** Values that somebody is listed by. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether somebody is listed by `value`. */
  has(value: string): boolean {
    return this.#lookUp(value) !== undefined;
  }

  add(value: string, target: Target<E>): void {
    const entry = this.#entries.get(value);
    if (entry instanceof Listing) {
      entry.add(target);
      return;
    }
    this.#forget();
    if (entry === undefined) {
      this.#entries.set(value, target);
    } else {
      const listing = new Listing<E>();
      listing.add(entry);
      listing.add(target);
      this.#entries.set(value, listing);
    }
  }

  remove(value: string, target: Target<E>): void {
    this.#forget();
    const entry = this.#entries.get(value);
    if (entry instanceof Listing) {
      entry.remove(target);
      if (entry.size > 0) {
        return;
      }
    }
    this.#entries.delete(value);
  }

  /**
   * Adds the last event of `batch` to the runs of the target that is listed by `value`.
   *
   * @returns Whether there is one.
   */
  find(value: string, batch: Batch<E>): boolean {
    const target = this.#lookUp(value);
    if (target === undefined) {
      return false;
    }
    const { first, runs } = batch;
    const at = batch.events.length - 1;
    if (this.#batch === first) {
      const run = runs[this.#run] as Run<E>;
      if (run.target === target && run.to === at) {
        run.to += 1;
        return true;
      }
    }
    this.#batch = first;
    this.#run = runs.length;
    runs.push({ target, from: at, to: at + 1 });
    return true;
  }

  #lookUp(value: string): Target<E> | undefined {
    if (value !== this.#known) {
      this.#known = value;
      this.#knownTarget = this.#entries.get(value);
    }
    return this.#knownTarget;
  }

  #forget(): void {
    this.#known = undefined;
    this.#knownTarget = undefined;
  }
}
