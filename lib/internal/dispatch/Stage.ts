import type { SchedulerLike } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { Batch } from './Batch.js';
import type { InOrder } from './InOrder.js';
import { type Holder, Room } from './Room.js';
import { Router } from './Router.js';
import { hasPredicate } from './routingKeys.js';
import { SteadyClock } from '../support/SteadyClock.js';
import type { Destination } from './Target.js';
import { Turns } from './Turns.js';

const NOTHING: readonly never[] = [];
const LITTLE_ROOM = 64;

/** A receiver, as the stage knows it. */
export interface Staged<E> extends Destination<E>, Holder {
  /** Whether it was refused something, and has not caught up since. It has left the {@link Room} while it is. */
  readonly isLagging: boolean;
  /** What is lost where there is no room: it says whether an event may be offered late. */
  readonly policy: { readonly mayBeOfferedLate: boolean };
}

/**
 * Where published events wait, once for all receivers, until the hand-over; and the turns in which that is done.
 *
 * Invariants: it is empty whenever a consumer runs, a receiver joins or leaves, or `lagged` is read, and never holds more than a
 * receiver that does not lag has room for: so nobody can tell that an event waited here. While it is not empty, an action is
 * scheduled.
 */
export class Stage<E> extends Turns {
  /** The events that the present action hands over, for those that took of them where they are. */
  lent: readonly BusEvent<E>[] = NOTHING;

  readonly inOrder: InOrder;
  /** Finds the receivers of an event when it is published, and hands it over with its batch. */
  readonly #router = new Router<E>();
  /** Does both when it is published. */
  readonly #promptRouter = new Router<E>();
  /** Of the receivers of the first router that do not lag. */
  readonly #room = new Room();
  #staged: Batch<E>;
  #prompted = 0;
  /** Of the scheduler. */
  readonly clock: SteadyClock;
  /** The time, in milliseconds. */
  readonly now: () => number;
  readonly #route = (lent: boolean): void => {
    const batch = this.#staged;
    this.#staged = new Batch(batch.first + batch.events.length, this.now);
    batch.lent = lent;
    if (lent) {
      this.lent = batch.events;
    }
    this.#room.count(batch.events.length);
    this.#router.handOver(batch);
    this.cancelUnwanted();
  };

  constructor(scheduler: SchedulerLike, inOrder: InOrder) {
    super(scheduler);
    this.inOrder = inOrder;
    this.clock = new SteadyClock(scheduler);
    this.now = this.clock.now;
    this.#staged = new Batch(0, this.now);
  }

  /** Whether `id` is the canonical id of somebody's scroll or connector. */
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

  append(busEvent: BusEvent<E>): void {
    if (this.#promptRouter.size > 0) {
      this.#offerPromptly(busEvent);
    }
    if (this.#router.size > 0) {
      this.#stage(busEvent);
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
      this.#route(lent);
    } else {
      this.inOrder.run(this.#route, lent);
    }
  }

  protected override get isWanted(): boolean {
    return super.isWanted || this.#staged.events.length > 0;
  }

  protected override begin(): void {
    this.settle(true);
  }

  protected override end(): void {
    this.lent = NOTHING;
    this.#room.recount();
  }

  #offerPromptly(busEvent: BusEvent<E>): void {
    const batch = new Batch<E>(this.#prompted, this.now, busEvent);
    this.#prompted += 1;
    if (this.#promptRouter.find(busEvent, batch)) {
      this.#promptRouter.handOver(batch);
    }
  }

  #stage(busEvent: BusEvent<E>): void {
    const batch = this.#staged;
    const { events } = batch;
    events.push(busEvent);
    try {
      if (!this.#router.find(busEvent, batch)) {
        events.pop();
        return;
      }
    } catch (error) {
      batch.pop();
      throw error;
    }
    if (events.length === 1) {
      batch.stamp();
    }
    if (this.isRunning || events.length > this.#room.least) {
      this.settle();
      this.#room.recount();
    } else {
      this.ensureAction();
    }
  }
}

/**
 * A predicate is asked in the place of its event, whatever it does besides. One that has little room would have all the others'
 * events routed early.
 */
function isPrompt<E>({ capacity, policy }: Staged<E>, filter: EventFilter<E>): boolean {
  return !policy.mayBeOfferedLate || capacity < LITTLE_ROOM || hasPredicate(filter);
}

const STACK_WORDS: readonly number[] = Array.from({ length: 256 }, () => 0);

/** Where the stack is about to end, it ends here, and not during a hand-over. */
function probeStack(..._words: readonly number[]): void {
  // The words were on it.
}
