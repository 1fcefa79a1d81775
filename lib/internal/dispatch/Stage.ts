import type { SchedulerLike } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { SteadyClock } from '../support/SteadyClock.js';
import { Action, InOrder, Turns, type TurnTaker } from './order.js';
import { type Holder, Room } from './Room.js';
import { Router } from './Router.js';
import { hasPredicate } from './routingKeys.js';
import type { Batch, Destination } from './Target.js';

const NOTHING: readonly never[] = [];
const LITTLE_ROOM = 64;

/** A receiver, as the stage knows it. */
export interface Staged<E> extends Destination<E>, Holder {
  /** Whether it was refused something, and has not caught up since. It has left the {@link Room} while it is. */
  readonly isLagging: boolean;
  /** What is lost when there is no room. It says whether an event may be offered late. */
  readonly policy: { readonly mayBeOfferedLate: boolean };
}

/**
 * Where published events wait, once for all receivers, until one action hands them over and gives the receivers their turns.
 *
 * Invariants: it is empty whenever a consumer runs, a receiver joins or leaves, or `lagged` is read, and never holds more than a
 * receiver that does not lag has room for. So no program can tell that an event waited here. While it is not empty, an action is
 * scheduled.
 */
export class Stage<E> {
  /** The events that the present action hands over, for receivers that took of them where they are. */
  lent: readonly BusEvent<E>[] = NOTHING;

  readonly inOrder = new InOrder();
  readonly clock: SteadyClock;
  /** The time on the bus's scheduler, in milliseconds. */
  readonly now: () => number;
  /** Finds the receivers of an event when it is published, and hands it over with its batch. */
  readonly #router = new Router<E>();
  /** Does both when the event is published. */
  readonly #promptRouter = new Router<E>();
  /** Of the receivers of the first router that do not lag. */
  readonly #room = new Room();
  readonly #turns = new Turns();
  readonly #action: Action;
  #staged: Batch<E> = batchFrom(0, []);
  #prompted = 0;
  readonly #handOver = (lent: boolean): void => {
    const batch = this.#staged;
    const { events } = batch;
    this.#staged = { events: [], runs: [], first: batch.first + events.length, lent: false, since: undefined };
    batch.lent = lent;
    if (lent) {
      this.lent = events;
    }
    this.#room.routed += events.length;
    this.#router.handOver(batch);
    if (!lent) {
      this.#cancelUnwanted();
    }
  };

  constructor(scheduler: SchedulerLike) {
    this.clock = new SteadyClock(scheduler);
    this.now = this.clock.now;
    this.#action = new Action(scheduler, () => {
      this.settle(true);
      this.#turns.take();
      this.lent = NOTHING;
      this.#room.recount();
      return this.#isWanted;
    });
  }

  /** Whether `id` is the canonical id of a scroll or connector that a receiver asks for. */
  knows(id: string): boolean {
    return this.#router.knows(id);
  }

  join(receiver: Staged<E>, filter: EventFilter<E>): void {
    this.settle();
    (isPrompt(receiver, filter) ? this.#promptRouter : this.#router).add(receiver, filter);
    if (!receiver.isLagging) {
      this.caughtUp(receiver);
    }
  }

  leave(receiver: Staged<E>): void {
    this.settle();
    if (!receiver.isLagging) {
      this.lags(receiver);
    }
    receiver.router?.remove(receiver);
  }

  /** `receiver` took events that it does not deliver at once. */
  keeps(receiver: Staged<E>): void {
    if (receiver.router === this.#router && !receiver.isLagging) {
      this.#room.shrink(receiver);
    }
  }

  /** `receiver` begins to lag. */
  lags(receiver: Staged<E>): void {
    if (receiver.router === this.#router) {
      this.#room.leave(receiver);
    }
  }

  /** `receiver` does not lag any more. */
  caughtUp(receiver: Staged<E>): void {
    if (receiver.router === this.#router) {
      this.#room.join(receiver);
    }
  }

  /** Asks for one turn of `taker`, in this action if its turns are not over, else in the next one. */
  request(taker: TurnTaker): void {
    this.#turns.request(taker);
    if (!this.#action.isRunning) {
      this.#action.ensure();
    }
  }

  /** Takes back what `taker` asked for. */
  withdraw(taker: TurnTaker): void {
    this.#turns.withdraw(taker);
    this.#cancelUnwanted();
  }

  /** Whether this is the turn of `taker`, which gives places free as it goes. */
  isTurnOf(taker: TurnTaker): boolean {
    return this.#turns.isTurnOf(taker);
  }

  /** Takes the next published event. */
  append(busEvent: BusEvent<E>): void {
    if (this.#promptRouter.size > 0) {
      this.#offerPromptly(busEvent);
    }
    if (this.#router.size > 0) {
      this.#keep(busEvent);
    }
  }

  /**
   * Offers what is staged.
   *
   * @param lent Whether receivers that take of it have their turn in the action that has begun.
   */
  settle(lent = false): void {
    if (this.#staged.events.length === 0) {
      return;
    }
    if (!lent) {
      probeStack(...STACK_WORDS);
    }
    if (this.inOrder.isRunning) {
      this.#handOver(lent);
    } else {
      this.inOrder.run(this.#handOver, lent);
    }
  }

  #offerPromptly(busEvent: BusEvent<E>): void {
    const batch = batchFrom(this.#prompted, [busEvent]);
    this.#prompted += 1;
    if (this.#promptRouter.find(busEvent, batch)) {
      this.#promptRouter.handOver(batch);
    }
  }

  #keep(busEvent: BusEvent<E>): void {
    const batch = this.#staged;
    const { events } = batch;
    events.push(busEvent);
    try {
      if (!this.#router.find(busEvent, batch)) {
        events.pop();
        return;
      }
    } catch (error) {
      takeBackLast(batch);
      throw error;
    }
    if (events.length === 1) {
      batch.since = this.now();
    }
    if (this.#action.isRunning || events.length > this.#room.least) {
      this.settle();
      this.#room.recount();
    } else {
      this.#action.ensure();
    }
  }

  /** Whether there is anything to do in an action. */
  get #isWanted(): boolean {
    return this.#turns.awaiting > 0 || this.#staged.events.length > 0;
  }

  #cancelUnwanted(): void {
    if (!this.#isWanted) {
      this.#action.cancel();
    }
  }
}

function batchFrom<E>(first: number, events: BusEvent<E>[]): Batch<E> {
  return { events, runs: [], first, lent: false, since: undefined };
}

/** Takes the last event out again, with all that was noted of it. */
function takeBackLast<E>({ events, runs }: Batch<E>): void {
  events.pop();
  for (const run of runs) {
    run.to = Math.min(run.to, events.length);
  }
}

/**
 * Whether events are offered to `receiver` when they are published. A predicate is asked in the place of its event, whatever it does
 * besides. A receiver with little room would have the events of all others handed over early.
 */
function isPrompt<E>({ capacity, policy }: Staged<E>, filter: EventFilter<E>): boolean {
  return !policy.mayBeOfferedLate || capacity < LITTLE_ROOM || hasPredicate(filter);
}

const STACK_WORDS: readonly number[] = Array.from({ length: 256 }, () => 0);

/** If the stack is about to end, it ends here, and not during a hand-over. */
function probeStack(..._words: readonly number[]): void {
  // The words were on it.
}
