import type { SchedulerLike } from 'rxjs';
import type { BusEvent } from '../protocol/BusEvent.js';
import type { EventFilter } from '../protocol/EventFilter.js';
import type { InOrder } from './InOrder.js';
import { type Holder, Room } from './Room.js';
import { Router } from './Router.js';
import { hasPredicate } from './routingKeys.js';
import type { Destination } from './Target.js';
import { Turns } from './Turns.js';

/** A receiver, as the stage knows it. */
export interface Staged<E> extends Destination<E>, Holder {
  /** Whether it was refused something, and has not caught up since. It has left the {@link Room} while it is. */
  readonly isLagging: boolean;
}

/**
 * Where published events wait, once for all receivers, until the hand-over; and the turns in which that is done.
 *
 * Invariants: it is empty whenever a consumer runs, a receiver joins or leaves, or `lagged` is read, and never holds more than a
 * receiver that does not lag has room for: so nobody can tell that an event waited here. While it is not empty, an action is
 * scheduled.
 */
export class Stage<E> extends Turns {
  readonly room = new Room();
  /** The burst that the present action hands over, for those that took of it where it is. */
  lent: readonly BusEvent<E>[] = [];

  readonly #inOrder: InOrder;
  /** Finds the receivers of an event when it is published, and hands it over with its burst. */
  readonly #router = new Router<E>();
  /** Those with a predicate are asked when the event is published: what it does besides, it does in the event's place. */
  readonly #asking = new Router<E>();
  #staged: BusEvent<E>[] = [];
  readonly #route = (lent: boolean): void => {
    const burst = this.#staged;
    this.#staged = [];
    if (lent) {
      this.lent = burst;
    }
    this.room.count(burst.length);
    this.#router.handOver(burst, lent);
    this.cancelUnwanted();
  };

  constructor(scheduler: SchedulerLike, inOrder: InOrder) {
    super(scheduler);
    this.#inOrder = inOrder;
  }

  /** Whether `id` is the canonical id of somebody's scroll or connector. */
  knows(id: string): boolean {
    return this.#router.knows(id);
  }

  join(receiver: Staged<E>, filter: EventFilter<E>): void {
    this.settle();
    this.room.join(receiver);
    (hasPredicate(filter) ? this.#asking : this.#router).add(receiver, filter);
  }

  leave(receiver: Staged<E>): void {
    this.settle();
    if (receiver.router !== undefined) {
      if (!receiver.isLagging) {
        this.room.leave(receiver);
      }
      receiver.router.remove(receiver);
    }
  }

  append(busEvent: BusEvent<E>): void {
    if (this.#asking.size > 0 && this.#asking.find(busEvent, 0)) {
      this.#asking.handOver([busEvent], false);
    }
    const staged = this.#staged;
    if (this.#router.size === 0 || !this.#router.find(busEvent, staged.length)) {
      return;
    }
    staged.push(busEvent);
    if (this.isRunning || staged.length > this.room.least) {
      this.settle();
      this.room.recount();
    } else if (staged.length === 1) {
      this.ensureAction();
    }
  }

  /**
   * Offers what is staged.
   *
   * @param lent Whether those who take of it have their turn in the action that has begun.
   */
  settle(lent = false): void {
    if (this.#staged.length === 0) {
      return;
    }
    if (this.#inOrder.isRunning) {
      this.#route(lent);
    } else {
      this.#inOrder.run(this.#route, lent);
    }
  }

  protected override get isWanted(): boolean {
    return super.isWanted || this.#staged.length > 0;
  }

  protected override begin(): void {
    this.settle(true);
  }

  protected override end(): void {
    this.lent = [];
    this.room.recount();
  }
}
