import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { History, Reader } from './History.js';
import { Marks, type Wait } from '../support/Marks.js';
import { passesUnseen } from './passesUnseen.js';
import { type Finding, finding } from '../dispatch/routingKeys.js';
import { kindOf, OTHERS, Tally } from '../support/Tally.js';

/** What a {@link CatchUp} reads for. */
export interface CatchUpOwner<E> {
  /** Whether another event may wait. */
  readonly hasRoom: boolean;
  /** The next event that matches. */
  takeRetained(busEvent: BusEvent<E>): void;
  /** `busEvent` matches, is retained no longer, and was not read in time. */
  loseRetained(busEvent: BusEvent<E>): void;
  /** Reads as much as it has room for. */
  readOn(): void;
  /** An event matches that cannot wait in the history: it is lost. Its gap follows. */
  countLost(): void;
  /** So many events of each kind are missing before the next one; at most so many if `isVague`. */
  noteGap(byKind: ReadonlyMap<string, number>, isVague: boolean): void;
  /** Everything was read, and this is stopped: the owner goes live, or ends if it was closed meanwhile. */
  caughtUp(wasClosed: boolean): void;
  /** A predicate threw `error`: nothing more comes. */
  fail(error: unknown): void;
}

/** What is missing in one place. */
interface Missing {
  readonly tally: Tally;
  isVague: boolean;
}

/**
 * A receiver's way through the history, from where it starts until it is live. Nothing is copied, and what has to go before it was read is
 * noted as missing. It runs in jobs of the bus's order only.
 *
 * Invariants: `next` is the number of the oldest event that matches and was not read; it is noted in the history, so that it cannot go without being
 * counted. There are no more places with something missing than rows of retained events.
 */
export class CatchUp<E> implements Reader<E> {
  /** Events that it was to start with, and that are not retained; at most so many, where a predicate would decide. */
  missed = 0;

  /** The flushes that wait until it has read up to some number. */
  #marks: Marks | undefined;
  #next: number | undefined;
  #isOver = false;
  readonly #history: History<E>;
  readonly #filter: EventFilter<E>;
  readonly #finding: Finding<E>;
  readonly #owner: CatchUpOwner<E>;
  #read: number;
  #end = Infinity;
  /** What is missing and was not told, by the number that it comes after. In order. */
  readonly #missing = new Map<number, Missing>();

  /** @param after The number of the last event that is not wanted. */
  constructor(history: History<E>, filter: EventFilter<E>, after: number, owner: CatchUpOwner<E>) {
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
    return this.#next === undefined ? this.#read : this.#next - 1;
  }

  /** Takes what the owner has room for. */
  fill(): void {
    while (!this.#isOver && this.#owner.hasRoom && this.#look()) {
      this.#owner.takeRetained(this.#take());
    }
  }

  /** Ends, where nothing is left to read. */
  endIfRead(): void {
    if (this.#isOver || this.#look()) {
      return;
    }
    const wasClosed = this.isClosed;
    // A predicate that threw, or left, has stopped it.
    if (this.stop()) {
      this.#owner.caughtUp(wasClosed);
    }
  }

  /** The wait until it has read what was published until now, and then for what `then` returns. */
  reached(then: () => Wait | undefined): Wait {
    return (this.#marks ??= new Marks()).reached(this.#last, then);
  }

  /** Lets those that wait for it go on. */
  release(): void {
    this.#marks?.passed(Infinity);
  }

  /** Tells what is missing before the next event, or, where none is known, all that is. */
  #tellMissing(): void {
    for (const [place, { tally, isVague }] of this.#missing) {
      if (this.#next !== undefined && place >= this.#next) {
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

  /** Whether it will not go on with what is published. */
  get isClosed(): boolean {
    return this.#end < Infinity;
  }

  /** Nothing is wanted of what is published from now on. */
  close(): void {
    this.#end = this.#history.last;
  }

  /** Nothing more is wanted. What is missing is noted. Returns whether it was not stopped before. */
  stop(): boolean {
    if (this.#isOver) {
      return false;
    }
    this.#isOver = true;
    if (this.#next !== undefined) {
      this.#history.unnote(this, this.#next);
      this.#next = undefined;
    }
    this.#history.leave(this);
    this.#tellMissing();
    this.release();
    return true;
  }

  overtaken(busEvent: BusEvent<E>): void {
    // Another one that was overtaken with it may have stopped it.
    if (this.#next !== undefined) {
      this.#read = this.#next;
      this.#next = undefined;
      this.#owner.loseRetained(busEvent);
      this.endIfRead();
    }
  }

  readOn(): void {
    if (!this.isClosed && !this.#isOver) {
      this.#owner.readOn();
    }
  }

  passedBy(busEvent: BusEvent<E>, after: number): void {
    if (this.isClosed || this.#isOver) {
      return;
    }
    this.#attempt(() => {
      const isMissing = passes(this.#filter, busEvent);
      // A predicate may have stopped it.
      if (isMissing && !this.isClosed && !this.#isOver) {
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

  /** The number of the last event that it reads, as far as it was published. */
  get #last(): number {
    return Math.min(this.#history.last, this.#end);
  }

  /** Looks for the next event, if none is known. Returns whether there is one. */
  #look(): boolean {
    if (this.#next === undefined) {
      this.#advance();
    }
    this.#tellMissing();
    if (this.#next !== undefined) {
      this.#marks?.passed(this.read);
    }
    return this.#next !== undefined;
  }

  /** Takes the next event, which there is. */
  #take(): BusEvent<E> {
    const seq = this.#next as number;
    const busEvent = this.#history.at(seq);
    this.#history.unnote(this, seq);
    this.#read = seq;
    this.#next = undefined;
    return busEvent;
  }

  #advance(): void {
    this.#attempt(() => {
      const seq = this.#history.find(this.#finding, this.#read + 1);
      if (seq !== undefined && seq <= this.#end) {
        this.#next = seq;
        this.#history.note(this, seq);
      } else {
        // What was looked at once need not be looked at again.
        this.#read = this.#last;
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
