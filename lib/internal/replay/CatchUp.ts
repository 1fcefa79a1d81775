import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { History, Reader } from './History.js';
import { Marks, type Wait } from '../support/Marks.js';
import { passesUnseen } from './passesUnseen.js';
import type { Reading } from './Reading.js';
import type { InOrder } from '../dispatch/order.js';
import { type Finding, finding } from '../dispatch/routingKeys.js';
import { kindOf, OTHERS, Tally } from '../support/Tally.js';

/** The receiver for which a {@link CatchUp} reads. */
export interface CatchUpOwner<E> {
  /** Whether its queue has room for another event. */
  readonly hasRoom: boolean;
  /** Whether it records gaps. */
  readonly recordsGaps: boolean;
  /** How many events it has accepted so far. */
  readonly accepted: number;
  /** How many events it has lost. */
  lost: number;
  readonly policy: { readonly endsWhenFull: boolean };
  /** Accepts the next matching event and returns true, or loses it or another one. */
  accept(busEvent: BusEvent<E>): boolean;
  /** Called after it has lost an event: it begins to lag. */
  lose(): void;
  /** Ends it, since it was too slow. */
  evict(): void;
  /** Records a gap before the next event: `count` events of `kind`. */
  miss(kind: string, count?: number): void;
  /** The counts of the gap before the next event are upper bounds. */
  markGapAtMost(): void;
  /** Called when it has accepted what there was room for; `first` is the number of the first of these events. */
  hasRead(first: number): void;
  /** Called when everything was read and the catch-up has stopped. The owner goes live, or ends if it was closed meanwhile. */
  caughtUp(wasClosed: boolean): void;
  /** Called when a predicate threw `error`. No more events follow. */
  fail(error: unknown): void;
}

/** The events that are missing at one place. */
interface Missing {
  readonly tally: Tally;
  isVague: boolean;
}

/**
 * Reads the history for a receiver, from its start position until it is live. Events are not copied. Events that leave the history before
 * they were read are recorded as missing. All methods run in jobs of the bus's order.
 *
 * Invariants: `next` is the number of the oldest matching event that was not read; it is noted in the history, so that it cannot leave
 * without being counted. There are at most as many places with missing events as rows of retained events.
 */
export class CatchUp<E> implements Reader<E>, Reading {
  /** Number of matching events after the start position that are not retained. An upper bound if a predicate would decide. */
  missed = 0;

  /** Waits for a number to be read; used by flushes. */
  #marks: Marks | undefined;
  #next: number | undefined;
  #isOver = false;
  readonly #history: History<E>;
  readonly #filter: EventFilter<E>;
  readonly #finding: Finding<E>;
  readonly #owner: CatchUpOwner<E>;
  #read: number;
  #end = Infinity;
  /** Missing events that were not reported yet, by the number of the event that they follow, in order. */
  readonly #missing = new Map<number, Missing>();

  /** @param after The number of the last event before the start position. */
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

  get readUpTo(): number {
    return this.#next === undefined ? this.#read : this.#next - 1;
  }

  read(): void {
    const { accepted } = this.#owner;
    while (!this.#isOver && this.#owner.hasRoom && this.#look()) {
      if (!this.#owner.accept(this.#take())) {
        this.#owner.lose();
      }
    }
    this.#owner.hasRead(accepted);
    this.#endIfRead();
  }

  readInOrder(inOrder: InOrder): void {
    inOrder.run(() => {
      if (!this.#isOver) {
        this.read();
      }
    }, undefined);
  }

  #endIfRead(): void {
    if (this.#isOver || this.#look()) {
      return;
    }
    const wasClosed = this.isClosed;
    // False if a predicate has stopped it, by throwing or by ending the receiver.
    if (this.stop()) {
      this.#owner.caughtUp(wasClosed);
    }
  }

  reached(then: () => Wait | undefined): Wait {
    return (this.#marks ??= new Marks()).reached(this.#last, then);
  }

  release(): void {
    this.#marks?.passed(Infinity);
  }

  /** Reports the missing events before the next event. If no next event is known, reports all of them. */
  #tellMissing(): void {
    for (const [place, { tally, isVague }] of this.#missing) {
      if (this.#next !== undefined && place >= this.#next) {
        return;
      }
      this.#missing.delete(place);
      if (this.#owner.recordsGaps) {
        tally.counts.forEach((count, kind) => {
          this.#owner.miss(kind, count);
        });
        if (isVague) {
          this.#owner.markGapAtMost();
        }
      }
    }
  }

  forgetMissing(): void {
    this.#missing.clear();
  }

  /** Whether it ignores events that are published from now on. */
  get isClosed(): boolean {
    return this.#end < Infinity;
  }

  close(): void {
    this.#end = this.#history.last;
  }

  /** Stops reading and reports missing events. Returns false if it was stopped before. */
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
    // Another reader of the same event may have stopped this one.
    if (this.#next !== undefined) {
      this.#read = this.#next;
      this.#next = undefined;
      if (this.#owner.recordsGaps) {
        this.#owner.miss(kindOf(busEvent));
      }
      this.#countLost();
      this.#endIfRead();
    }
  }

  readOn(): void {
    if (!this.isClosed && !this.#isOver) {
      this.read();
    }
  }

  passedBy(busEvent: BusEvent<E>, after: number): void {
    if (this.isClosed || this.#isOver) {
      return;
    }
    this.#attempt(() => {
      const isMissing = passes(this.#filter, busEvent);
      // The predicate may have stopped this.
      if (isMissing && !this.isClosed && !this.#isOver) {
        this.#note(after, kindOf(busEvent), 1, false);
        this.#countLost();
      }
    });
  }

  #countLost(): void {
    this.#owner.lost += 1;
    if (this.#owner.policy.endsWhenFull) {
      this.#owner.evict();
    }
    this.#owner.lose();
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

  /** The number of the last published event that it has to read. */
  get #last(): number {
    return Math.min(this.#history.last, this.#end);
  }

  /** Finds the next event unless it is known. Returns whether there is one. */
  #look(): boolean {
    if (this.#next === undefined) {
      this.#advance();
    }
    this.#tellMissing();
    if (this.#next !== undefined) {
      this.#marks?.passed(this.readUpTo);
    }
    return this.#next !== undefined;
  }

  /** Returns the next event, which exists, and marks it as read. */
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
        // Events that were searched once need not be searched again.
        this.#read = this.#last;
      }
    });
  }

  /** Calls `act`. An error of a predicate ends the owner. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.stop();
      this.#owner.fail(error);
    }
  }
}
