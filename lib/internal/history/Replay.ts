import type { BusEvent } from '../../protocol/BusEvent.js';
import { type EventFilter, passes } from '../../protocol/EventFilter.js';
import type { History, Reader } from './History.js';
import type { Marks } from '../support/Marks.js';
import { passesUnseen } from './passesUnseen.js';
import { type Finding, finding } from '../routing/routingKeys.js';
import { kindOf, OTHERS, Tally } from '../routing/Tally.js';

/** Whoever reads by a {@link Replay}. */
export interface ReplayOwner<E> {
  /** `busEvent` matches and was not read in time. The owner has to look for the next one. */
  overtaken(busEvent: BusEvent<E>): void;
  /** Reads as much as it has room for. */
  readOn(): void;
  /** An event matches that cannot wait in the history: it is lost. Where it is missing is told later. */
  countLost(): void;
  /** So many events of each kind are missing before the next one; at most so many where it is vague. */
  noteGap(byKind: ReadonlyMap<string, number>, isVague: boolean): void;
  /** A predicate threw `error`: nothing more comes. */
  fail(error: unknown): void;
}

/** What is missing in one place. */
interface Missing {
  readonly tally: Tally;
  isVague: boolean;
}

/**
 * One receiver's way through a history: nothing is copied, and what has to go before it was read is told.
 *
 * Invariants: `next` is the number of the oldest event that matches and was not read; it is noted there. Who leaves it without one, when it has
 * looked and there was one, looks again in the same job: what is not noted could go without being counted. There are no more places with
 * something missing than rows of retained events.
 */
export class Replay<E> implements Reader<E> {
  /** `undefined`: none is known. */
  next: number | undefined;
  /** Made for the first one who waits until it has read up to some number. */
  waits: Marks | undefined;
  /** Events that it was to start with, and that are not retained; at most so many, where a predicate would decide. */
  missed = 0;

  readonly #history: History<E>;
  readonly #filter: EventFilter<E>;
  readonly #finding: Finding<E>;
  readonly #owner: ReplayOwner<E>;
  #read: number;
  #end = Infinity;
  /** What is missing and was not told, by the number that it comes after. In order. */
  readonly #missing = new Map<number, Missing>();

  /** @param after The number of the last event that is not wanted. */
  constructor(history: History<E>, filter: EventFilter<E>, after: number, owner: ReplayOwner<E>) {
    this.#history = history;
    this.#filter = filter;
    this.#finding = finding(filter);
    this.#read = after;
    this.#owner = owner;
    for (const { after: place, count, envelope } of history.holesFrom(after + 1)) {
      const verdict = passesUnseen(filter, envelope);
      if (verdict !== false) {
        this.missed += count;
        this.#note(place, envelope?.routing.kind, count, verdict === undefined);
      }
    }
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

  /** Tells what is missing before the next event, or, where none is known, all that is. */
  tellMissing(): void {
    for (const [place, { tally, isVague }] of this.#missing) {
      if (this.next !== undefined && place >= this.next) {
        return;
      }
      this.#missing.delete(place);
      this.#owner.noteGap(tally.counts, isVague);
    }
  }

  /** What is missing need not be told. */
  forgetMissing(): void {
    this.#missing.clear();
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

  readOn(): void {
    if (!this.isFinite) {
      this.#owner.readOn();
    }
  }

  passedBy(busEvent: BusEvent<E>, after: number): void {
    if (this.isFinite) {
      return;
    }
    this.#attempt(() => {
      const isMissing = passes(this.#filter, busEvent);
      // A predicate may have stopped it.
      if (isMissing && !this.isFinite) {
        this.#note(after, kindOf(busEvent), 1, false);
        this.#owner.countLost();
      }
    });
  }

  #note(place: number, kind = OTHERS, count: number, isVague: boolean): void {
    let missing = this.#missing.get(place);
    if (missing === undefined) {
      missing = { tally: new Tally(), isVague };
      this.#missing.set(place, missing);
    }
    missing.tally.add(kind, count);
    missing.isVague ||= isVague;
  }

  #advance(): void {
    this.#attempt(() => {
      const seq = this.#history.find(this.#finding, this.#read + 1);
      if (seq !== undefined && seq <= this.#end) {
        this.next = seq;
        this.#history.note(this, seq);
      } else {
        // What was looked at once need not be looked at again.
        this.#read = this.last;
      }
    });
  }

  /** What a predicate throws is the owner's end. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.stop();
      this.#owner.fail(error);
    }
  }
}
