import type { Observer } from 'rxjs';
import type { BusEvent } from '../../protocol/BusEvent.js';
import { Ages } from './Ages.js';
import { Gaps } from './Gaps.js';
import { Mailbox, report } from './Mailbox.js';
import type { Loss, PolicyQueue, Verdict } from './policies.js';
import type { Stage } from '../publishing/Stage.js';
import { kindOf } from '../routing/Tally.js';

/** What a mailbox of a bus is made with, checked. */
export interface BurstMailboxOptions<E> {
  readonly capacity: number;
  /** Makes its queue; `undefined`: it drops the newest. */
  readonly makeQueue?: (() => PolicyQueue<BusEvent<E>>) | undefined;
}

/**
 * A mailbox that takes its events from bursts: where they lie, if its turn comes at once; else into a queue of its own, which may
 * have a policy.
 *
 * Invariants: what waits is the run from `next` to before `end` of the burst on the {@link Stage.lent}, then the queue. A run is taken only while
 * nothing waits. Events are numbered as they are taken in; those that wait are the last of the `taken`. Of those, all but the `unseen` were
 * delivered.
 */
export abstract class BurstMailbox<E> extends Mailbox<BusEvent<E>> {
  /** The function of a consumer that has no more than that: to fetch it from there takes longer than to call it. */
  protected handler: ((busEvent: BusEvent<E>) => void) | undefined;
  /** What is missing between the events that wait. */
  protected gaps: Gaps | undefined;
  /** The most events that waited at a time. */
  highWaterMark = 0;

  #next = 0;
  /** Below zero, once what waited was forgotten. */
  #end = 0;
  #taken = 0;
  /** Events that were taken in, and forgotten or displaced. */
  #unseen = 0;
  #ages: Ages | undefined;
  readonly #makeQueue: (() => PolicyQueue<BusEvent<E>>) | undefined;

  constructor(stage: Stage<E>, { capacity, makeQueue }: BurstMailboxOptions<E>) {
    super(capacity, stage);
    this.#makeQueue = makeQueue;
  }

  get hasConsumer(): boolean {
    return this.consumer !== undefined;
  }

  get hasEnded(): boolean {
    return this.ending !== undefined;
  }

  /** Whether it loses events in a way of its own. */
  get hasPolicy(): boolean {
    return this.#makeQueue !== undefined;
  }

  /** Where the bursts come from. */
  protected abstract get stage(): Stage<E>;

  /** Whether somebody may want to know what is missing, and where. */
  abstract get recordsGaps(): boolean;

  /** Ends it with `error`: it gets nothing more. */
  abstract fail(error: unknown): void;

  override get waiting(): number {
    return this.#end - this.#next + this.queued;
  }

  /** Events that its consumer was given. */
  get delivered(): number {
    return this.#taken - this.waiting - this.#unseen;
  }

  /** For how many milliseconds the oldest event has waited; 0 where none does, or where it has its turn right now. */
  get oldestAge(): number {
    const isHandedOver = this.#next < this.#end;
    const since = isHandedOver || this.queued === 0 ? undefined : this.#ages?.since(this.nextNumber);
    return since === undefined ? 0 : Math.max(0, this.stage.now() - since);
  }

  /** What would become of `busEvent`, if it were offered now. */
  foresee(busEvent: BusEvent<E>): Verdict {
    if (this.#makeQueue !== undefined) {
      return this.policyQueue(this.#makeQueue).foresee(busEvent);
    }
    return this.waiting < this.capacity ? 'taken' : 'refused';
  }

  override discard(): void {
    this.#unseen += this.waiting;
    this.gaps = undefined;
    this.#next = -1;
    this.#end = -1;
    super.discard();
  }

  /** Forgets the event in hand, which the consumer was not given yet, where those that waited are forgotten. Returns whether it did. */
  protected forgetInHand(): boolean {
    const hasForgotten = this.#end < 0;
    this.#unseen += hasForgotten ? 1 : 0;
    return hasForgotten;
  }

  /** Events that it has taken in. */
  protected get taken(): number {
    return this.#taken;
  }

  /** The number of the event that is the next to come, or will be. */
  protected get nextNumber(): number {
    return this.#taken - this.waiting;
  }

  /** The event that is the `index`th to come. */
  protected peek(index: number): BusEvent<E> {
    const lent = this.#end - this.#next;
    return (index < lent ? this.stage.lent[this.#next + index] : this.queue?.at(index - lent)) as BusEvent<E>;
  }

  /**
   * Takes the run from `from` to before `to` of the burst that is about to be handed over, if it can.
   *
   * @returns Whether it has; if not, nothing has happened.
   */
  protected borrow(from: number, to: number): boolean {
    const count = to - from;
    if (this.consumer === undefined || count > this.capacity || this.waiting > 0) {
      return false;
    }
    this.#next = from;
    this.#end = to;
    this.#taken += count;
    if (count > this.highWaterMark) {
      this.highWaterMark = count;
    }
    this.requestTurn();
    return true;
  }

  /** Takes `busEvent` and returns true; or loses it, or another one. What a policy's function throws makes it fail. */
  protected keep(busEvent: BusEvent<E>): boolean {
    if (this.ending !== undefined) {
      return true;
    }
    if (this.#makeQueue === undefined) {
      const isTaken = this.waiting < this.capacity;
      // Counted first: a scheduler may run the turn that is asked for before it returns.
      this.#taken += isTaken ? 1 : 0;
      this.offer(busEvent);
      return isTaken;
    }
    const queue = this.policyQueue(this.#makeQueue);
    let loss: Loss<BusEvent<E>> | undefined;
    try {
      loss = queue.put(busEvent);
    } catch (error) {
      // A key or a barrier of the application's threw, as a predicate does.
      this.fail(error);
      return true;
    }
    if (this.hasEnded) {
      // One of them has left the receiver: the event is forgotten with the others.
      return true;
    }
    if (loss === undefined) {
      this.#taken += 1;
    } else {
      this.noteLoss(loss);
    }
    if (this.consumer !== undefined) {
      this.requestTurn();
    }
    return loss === undefined;
  }

  /**
   * Notes since when those wait that were taken last: from the one of this number on.
   *
   * @param isPassing Whether they have their turn at once. Then their age is 0, unless others have waited longer.
   */
  protected noteKept(first: number, since: number, isPassing: boolean): void {
    const { waiting } = this;
    if (waiting > this.highWaterMark) {
      this.highWaterMark = waiting;
    }
    if (waiting > 0 && !(isPassing && this.#ages === undefined)) {
      (this.#ages ??= new Ages()).note(first, since, this.#taken - waiting);
    }
  }

  /** Notes that `count` events of `kind` are missing behind those that wait. */
  protected noteMissing(kind: string, count = 1): void {
    (this.gaps ??= new Gaps()).add(this.#taken, kind, count);
  }

  protected override deliver(consumer: Observer<BusEvent<E>>, queued: number): void {
    const { lent } = this.stage;
    const { handler } = this;
    const known = this.#taken;
    while (this.#next < this.#end) {
      try {
        // A consumer that leaves, or is left, in the midst of it has emptied the mailbox.
        while (this.#next < this.#end) {
          const busEvent = lent[this.#next] as BusEvent<E>;
          // Move on before calling: a publish from within the consumer must see the freed place.
          this.#next += 1;
          if (handler === undefined) {
            consumer.next(busEvent);
          } else {
            handler(busEvent);
          }
        }
      } catch (error) {
        report(error);
      }
    }
    if (queued > 0 && this.#makeQueue === undefined) {
      super.deliver(consumer, queued);
    } else {
      // Others may have been displaced meanwhile: what counts is which events were there when the turn began.
      for (let next = known - queued; next < known && this.queued > 0; next = this.#taken - this.queued) {
        super.deliver(consumer, 1);
      }
    }
  }

  private policyQueue(make: () => PolicyQueue<BusEvent<E>>): PolicyQueue<BusEvent<E>> {
    // What has a policy takes nothing but by this.
    return (this.queue ??= make()) as PolicyQueue<BusEvent<E>>;
  }

  private noteLoss({ verdict, value, index }: Loss<BusEvent<E>>): void {
    this.refused += 1;
    const kind = this.recordsGaps ? kindOf(value) : undefined;
    if (verdict === 'displaces') {
      // It was the one that had the number of the next one.
      const number = this.#taken - this.queued;
      this.#taken += 1;
      this.#unseen += 1;
      if (kind !== undefined) {
        (this.gaps ??= new Gaps()).addEvent(number, kind);
      }
    } else if (kind !== undefined) {
      (this.gaps ??= new Gaps()).add(verdict === 'refused' ? this.#taken : this.nextNumber + index, kind);
    }
  }
}
