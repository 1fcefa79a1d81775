import type { BusEvent } from '../../protocol/BusEvent.js';
import type { EventFilter } from '../../protocol/EventFilter.js';
import type { History } from '../history/History.js';
import { Marks, type Wait } from '../support/Marks.js';
import { PulledMailbox } from './PulledMailbox.js';
import { Replay, type ReplayOwner } from '../history/Replay.js';
import { OTHERS } from '../routing/Tally.js';

/**
 * A mailbox that may begin with what was published before it was there.
 *
 * Invariants: while it replays, it takes of the history what it has room for, and is offered nothing. It reads in jobs of the bus's order only:
 * nothing may be published while a predicate of its filter is asked.
 */
export abstract class ReplayedMailbox<E> extends PulledMailbox<E> implements ReplayOwner<E> {
  /** Events that it was to start with, and could not. */
  abstract missed: number;
  /** Which events it wants. */
  filter: EventFilter<E> | undefined;

  /** While it reads what was published before it is there. */
  #replay: Replay<E> | undefined;

  /** Whether it still reads what was published before it is there. */
  get isReplaying(): boolean {
    return this.#replay !== undefined;
  }

  /** The number up to which it has read what was published before; `undefined`: it does not read. */
  protected get read(): number | undefined {
    return this.#replay?.read;
  }

  /** Starts with what `history` retains of the events after the number `after`, then joins the others. */
  replay(history: History<E>, filter: EventFilter<E>, after: number): void {
    this.#replay = new Replay(history, filter, after, this);
    this.missed += this.#replay.missed;
    this.filter = filter;
    this.#read();
  }

  /** Events are missing at its start: `count` of them, or at most so many where it is vague. */
  startWithGap(count: number, isVague: boolean): void {
    this.missed = count;
    this.noteGap(new Map([[OTHERS, count]]), isVague);
  }

  /** What it has not read is forgotten with what waits. */
  override discard(): void {
    this.#replay?.forgetMissing();
    super.discard();
  }

  overtaken(busEvent: BusEvent<E>): void {
    const replay = this.#replay as Replay<E>;
    this.lose(busEvent);
    this.#lookAhead(replay);
  }

  noteGap(byKind: ReadonlyMap<string, number>, isVague: boolean): void {
    if (!this.recordsGaps) {
      return;
    }
    byKind.forEach((count, kind) => {
      this.noteMissing(kind, count);
    });
    if (isVague) {
      this.gaps?.blur(this.taken);
    }
  }

  readOn(): void {
    this.#read();
  }

  /** One more is lost for want of room. */
  abstract countLost(): void;

  /** Takes `busEvent` and returns true, or loses it or another one. */
  protected abstract put(busEvent: BusEvent<E>): boolean;

  /** It has lost something. */
  protected abstract lag(): void;

  /** The history retains `busEvent` no longer, which is for this and was not read. */
  protected abstract lose(busEvent: BusEvent<E>): void;

  /** Notes what was taken, if anything was, from the event of the number `first` on; `isPassing`: which has its turn at once. */
  protected abstract noteRun(first: number, since: number, isPassing: boolean): void;

  /** Everything was read: from now on, it is offered what is published. */
  protected abstract join(filter: EventFilter<E>): void;

  /** Whether it gets nothing any more of what is published. */
  protected get isLeaving(): boolean {
    return this.hasEnded || this.#replay?.isFinite === true;
  }

  /** Reads what was published until now, in its turn after that, and ends with it; `prepare` is called between. */
  protected finishReplay(prepare: () => void): void {
    this.#replay?.endHere();
    prepare();
    // In a turn of its own it reads when that is over. Until then its queue holds something, or it would not replay any more.
    if (!this.stage.isTurnOf(this)) {
      this.#read();
    }
  }

  /** Reads nothing more. */
  protected stopReplay(): void {
    const replay = this.#replay;
    this.#replay = undefined;
    replay?.stop();
    replay?.tellMissing();
    replay?.waits?.passed(Infinity);
  }

  /** The wait until what was published until now was read, and then for what `then` says. */
  protected replayed(then: () => Wait | undefined): Wait {
    const replay = this.#replay as Replay<E>;
    return (replay.waits ??= new Marks()).reached(replay.last, then);
  }

  /** Tells those who wait for it that it has read up to this number. */
  protected tellRead(present: number): void {
    this.#replay?.waits?.passed(present);
  }

  /** Reads on, in its place. */
  protected refill(): void {
    if (this.#replay !== undefined) {
      this.stage.inOrder.run(() => {
        this.#read();
      }, undefined);
    }
  }

  /** In a job: takes of the history as much as there is room for. When all was read, it joins the others, or ends. */
  #read(): void {
    const replay = this.#replay;
    if (replay === undefined) {
      return;
    }
    const { taken } = this;
    // A predicate that throws, or a key, ends it in the midst.
    while (this.#replay === replay && this.waiting < this.capacity && this.#look(replay)) {
      if (!this.put(replay.take())) {
        this.lag();
      }
    }
    this.noteRun(taken, this.stage.now(), false);
    this.#lookAhead(replay);
    if (this.isAsked && this.waiting > 0) {
      this.requestTurn();
    }
  }

  /** In a job: notes what is next, or has read everything. */
  #lookAhead(replay: Replay<E>): void {
    // A predicate that throws, when the next one is looked for, ends it.
    if (this.#replay !== replay || this.#look(replay) || !this.isReplaying) {
      return;
    }
    const { isFinite } = replay;
    this.stopReplay();
    if (isFinite) {
      this.end('complete');
    } else {
      this.join(this.filter as EventFilter<E>);
    }
  }

  /** Whether something is left to read. What lies before it is read, also where it is not for this. */
  #look(replay: Replay<E>): boolean {
    const isThere = replay.look();
    replay.tellMissing();
    if (isThere) {
      this.tellRead(replay.read);
    }
    return isThere;
  }
}
