import type { SchedulerLike } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { SteadyClock } from '../support/SteadyClock.js';
import { Action, InOrder, Turns, type TurnTaker } from './order.js';
import { NotedIds } from './NotedIds.js';
import { type BoundedReceiver, Room } from './Room.js';
import { Router } from './Router.js';
import { hasPredicate } from './routingKeys.js';
import type { Batch, Destination } from './Target.js';

const LITTLE_ROOM = 64;

/** The part of a receiver that the stage uses. */
export interface Staged<E> extends Destination<E>, BoundedReceiver {
  /** Whether it has lost an event and has not caught up since. Until then, it is left out of the {@link Room}. */
  readonly isLagging: boolean;
  /** Says whether an event may be offered later than it was published. */
  readonly policy: { readonly mayBeOfferedLate: boolean };
}

/** Events that an upstream has taken over and not brought yet. */
export interface Inflow {
  /** Whether there may be any. */
  readonly isWaiting: boolean;
  /** Whether an event or a gap that comes before them is being dispatched. */
  readonly isDispatching: boolean;
  /** Appends them to the stage, before it returns. */
  bring(): void;
}

/**
 * Keeps published events, once for all receivers, until one action offers them to the receivers and runs the receivers' turns.
 *
 * Invariants: the stage is empty whenever a consumer runs, a receiver joins or leaves, or `lagged` is read. It never holds more events than
 * any receiver that does not lag has room for. So no program can observe that events wait here. While the stage is not empty, an action is
 * scheduled.
 */
export class Stage<E> {
  /** What an upstream without a delay holds. A stage with such events is not empty either. */
  inflow: Inflow | undefined;

  readonly inOrder = new InOrder();
  readonly clock: SteadyClock;
  /** The time on the bus's scheduler, in milliseconds. */
  readonly now: () => number;
  /** Finds the receivers of an event when it is published, and offers the event later, with its batch. */
  private readonly router = new Router<E>();
  /** Finds the receivers of an event and offers it to them when it is published. */
  private readonly promptRouter = new Router<E>();
  /** The room of the receivers of `router` that do not lag. */
  private readonly room = new Room();
  private readonly turns = new Turns();
  /** UUIDs that events had, and that no receiver of `router` was listed by. */
  private readonly noted = new NotedIds();
  private readonly action: Action;
  private staged: Batch<E> = batchFrom(0, []);
  private promptCount = 0;
  private isBringing = false;
  private readonly bring = (inflow: Inflow): void => {
    this.isBringing = true;
    try {
      inflow.bring();
    } finally {
      this.isBringing = false;
    }
  };
  private readonly handOver = (lent: boolean): void => {
    const batch = this.staged;
    const { events } = batch;
    this.staged = batchFrom(batch.first + events.length, []);
    batch.lent = lent;
    this.room.routed += events.length;
    this.router.handOver(batch);
    if (!lent) {
      this.cancelIfIdle();
    }
  };

  constructor(scheduler: SchedulerLike) {
    this.clock = new SteadyClock(scheduler);
    this.now = this.clock.now;
    this.action = new Action(scheduler, () => {
      this.settle(true);
      this.turns.runAll();
      this.room.recount();
      return this.hasWork;
    });
  }

  /** Whether `text` is known to be a canonical UUID. */
  knows(field: 'scrollId' | 'connectorUid', text: string): boolean {
    return this.router.knows(field, text) || this.noted.has(text);
  }

  /** Remembers a canonical UUID for a while. */
  note(id: string): void {
    this.noted.add(id);
  }

  join(receiver: Staged<E>, filter: EventFilter<E>): void {
    this.settle();
    (isPrompt(receiver, filter) ? this.promptRouter : this.router).add(receiver, filter);
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

  /** Called when `receiver` has accepted events for a later turn. */
  queued(receiver: Staged<E>): void {
    if (receiver.router === this.router && !receiver.isLagging) {
      this.room.queued(receiver);
    }
  }

  /** Called when `receiver` begins to lag. */
  lags(receiver: Staged<E>): void {
    if (receiver.router === this.router) {
      this.room.leave(receiver);
    }
  }

  /** Called when `receiver` no longer lags. */
  caughtUp(receiver: Staged<E>): void {
    if (receiver.router === this.router) {
      this.room.join(receiver);
    }
  }

  /** Requests one turn for `taker`: in the running action if that has not begun its turns, otherwise in the next action. */
  request(taker: TurnTaker): void {
    this.turns.request(taker);
    if (!this.action.isRunning) {
      this.action.ensure();
    }
  }

  /** Cancels the turn of `taker`. */
  withdraw(taker: TurnTaker): void {
    this.turns.withdraw(taker);
    this.cancelIfIdle();
  }

  /** Whether the turn of `taker` runs now. Each event that it delivers frees a place. */
  isTurnOf(taker: TurnTaker): boolean {
    return this.turns.isTurnOf(taker);
  }

  /** Adds the next published event. */
  append(busEvent: BusEvent<E>): void {
    if (this.promptRouter.size > 0) {
      this.offerPromptly(busEvent);
    }
    if (this.router.size > 0) {
      this.stageEvent(busEvent);
    }
  }

  /**
   * Offers the staged events to their receivers.
   *
   * @param lent Whether receivers that accept them have their turn in the action that has begun.
   */
  settle(lent = false): void {
    const inflow = this.brings ? this.inflow : undefined;
    if (this.staged.events.length === 0 && inflow === undefined) {
      return;
    }
    if (!lent) {
      probeStack(...STACK_WORDS);
    }
    if (inflow !== undefined) {
      if (this.inOrder.isRunning) {
        this.bring(inflow);
      } else {
        // What predicates publish meanwhile is handed over when they have returned. It must be brought, too, before a program can look.
        do {
          this.inOrder.run(this.bring, inflow);
        } while (this.brings);
      }
      if (this.staged.events.length === 0) {
        if (!lent) {
          this.cancelIfIdle();
        }
        return;
      }
    }
    if (this.inOrder.isRunning) {
      this.handOver(lent);
    } else {
      this.inOrder.run(this.handOver, lent);
    }
  }

  /** Schedules an action that brings what the inflow holds. */
  expectInflow(): void {
    this.action.ensure();
  }

  private offerPromptly(busEvent: BusEvent<E>): void {
    const batch = batchFrom(this.promptCount, [busEvent]);
    this.promptCount += 1;
    if (this.promptRouter.find(busEvent, batch)) {
      this.promptRouter.handOver(batch);
    }
  }

  private stageEvent(busEvent: BusEvent<E>): void {
    const batch = this.staged;
    const { events } = batch;
    events.push(busEvent);
    try {
      if (!this.router.find(busEvent, batch)) {
        events.pop();
        return;
      }
    } catch (error) {
      removeLast(batch);
      throw error;
    }
    if (events.length === 1) {
      batch.since = this.now();
    }
    // What is brought is offered by the call of `settle` that brings it.
    if ((this.action.isRunning && !this.isBringing) || events.length > this.room.leastFree) {
      this.settle();
      this.room.recount();
    } else {
      this.action.ensure();
    }
  }

  /** Whether a call of `settle` has to bring what the inflow holds. */
  private get brings(): boolean {
    return this.inflow?.isWaiting === true && !this.inflow.isDispatching && !this.isBringing;
  }

  /** Whether there is work for an action. */
  private get hasWork(): boolean {
    return this.turns.awaiting > 0 || this.staged.events.length > 0 || this.inflow?.isWaiting === true;
  }

  private cancelIfIdle(): void {
    if (!this.hasWork) {
      this.action.cancel();
    }
  }
}

function batchFrom<E>(first: number, events: BusEvent<E>[]): Batch<E> {
  return { events, runs: [], first, lent: false, since: undefined };
}

/** Removes the last event, also from the runs. */
function removeLast<E>({ events, runs }: Batch<E>): void {
  events.pop();
  for (const run of runs) {
    run.to = Math.min(run.to, events.length);
  }
}

/**
 * Whether events are offered to `receiver` when they are published. A predicate is called in the place of its event in the order, since it
 * may itself publish or subscribe. A receiver with little room would make the stage offer the events of all others early.
 */
function isPrompt<E>({ capacity, policy }: Staged<E>, filter: EventFilter<E>): boolean {
  return !policy.mayBeOfferedLate || capacity < LITTLE_ROOM || hasPredicate(filter);
}

const STACK_WORDS: readonly number[] = Array.from({ length: 256 }, () => 0);

/** Uses some of the stack. If the stack is about to overflow, it does so here, and not while events are offered. */
function probeStack(..._words: readonly number[]): void {
  // The arguments have taken the space.
}
