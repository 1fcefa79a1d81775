import type { BusEvent } from '../../protocol/BusEvent.js';
import type { EventFilter } from '../../protocol/EventFilter.js';
import type { History, Reader } from './History.js';
import type { Marks } from '../support/Marks.js';
import { type Finding, finding } from '../routing/routingKeys.js';

/** Whoever reads by a {@link Replay}. */
export interface ReplayOwner<E> {
  /** `busEvent` matches and was not read in time. The owner has to look for the next one. */
  overtaken(busEvent: BusEvent<E>): void;
  /** A predicate threw `error`: nothing more comes. */
  fail(error: unknown): void;
}

/**
 * One receiver's way through a history: nothing is copied, and what has to go before it was read is told.
 *
 * Invariants: `next` is the number of the oldest event that matches and was not read; it is noted there. Who leaves it without one, when it has
 * looked and there was one, looks again in the same job: what is not noted could go without being counted.
 */
export class Replay<E> implements Reader<E> {
  /** `undefined`: none is known. */
  next: number | undefined;
  /** Made for the first one who waits until it has read up to some number. */
  waits: Marks | undefined;

  readonly #history: History<E>;
  readonly #finding: Finding<E>;
  readonly #owner: ReplayOwner<E>;
  #read: number;
  #end = Infinity;

  /** @param after The number of the last event that is not wanted. */
  constructor(history: History<E>, filter: EventFilter<E>, after: number, owner: ReplayOwner<E>) {
    this.#history = history;
    this.#finding = finding(filter);
    this.#read = after;
    this.#owner = owner;
    history.open(this);
  }

  /** The number up to which everything was read. */
  get read(): number {
    return this.next === undefined ? this.#read : this.next - 1;
  }

  /** Looks for the next event, if none is known. Returns whether there is one. */
  look(): boolean {
    if (this.next === undefined) {
      this.#advance();
    }
    return this.next !== undefined;
  }

  /** Takes the next event, which there is. */
  take(): BusEvent<E> {
    const seq = this.next as number;
    const busEvent = this.#history.at(seq);
    this.#history.unnote(this, seq);
    this.#read = seq;
    this.next = undefined;
    return busEvent;
  }

  /** The number of the last event that it reads, as far as it was published. */
  get last(): number {
    return Math.min(this.#history.last, this.#end);
  }

  /** Whether it will not go on with what is published. */
  get isFinite(): boolean {
    return this.#end < Infinity;
  }

  /** Nothing is wanted of what comes from now on. */
  endHere(): void {
    this.#end = this.#history.last;
  }

  /** Nothing more is wanted. */
  stop(): void {
    if (this.next !== undefined) {
      this.#history.unnote(this, this.next);
      this.next = undefined;
    }
    this.#end = 0;
    this.#history.leave(this);
  }

  overtaken(busEvent: BusEvent<E>): void {
    // Another one that was overtaken with it may have stopped it.
    if (this.next !== undefined) {
      this.#read = this.next;
      this.next = undefined;
      this.#owner.overtaken(busEvent);
    }
  }

  #advance(): void {
    try {
      const seq = this.#history.find(this.#finding, this.#read + 1);
      if (seq !== undefined && seq <= this.#end) {
        this.next = seq;
        this.#history.note(this, seq);
      } else {
        // What was looked at once need not be looked at again.
        this.#read = this.last;
      }
    } catch (error) {
      this.stop();
      this.#owner.fail(error);
    }
  }
}
