import type { Observer } from 'rxjs';
import type { BusEvent } from '../protocol/BusEvent.js';
import { Mailbox, report } from './Mailbox.js';
import { type PolicyQueue, TimedQueue, type Verdict } from './policies.js';
import type { Stage } from './Stage.js';

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
 * nothing waits. Events are numbered as they are taken in; those that wait are the last of the `taken`.
 */
export abstract class BurstMailbox<E> extends Mailbox<BusEvent<E>> {
  /** The function of a consumer that has no more than that: to fetch it from there takes longer than to call it. */
  protected handler: ((busEvent: BusEvent<E>) => void) | undefined;

  readonly #stage: Stage<E>;
  #next = 0;
  #end = 0;
  #taken = 0;
  readonly #makeQueue: (() => PolicyQueue<BusEvent<E>>) | undefined;
  #policyQueue: PolicyQueue<BusEvent<E>> | undefined;

  constructor(stage: Stage<E>, { capacity, makeQueue }: BurstMailboxOptions<E>) {
    super(capacity, stage);
    this.#stage = stage;
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

  /** Ends it with `error`: it gets nothing more. */
  abstract fail(error: unknown): void;

  override get waiting(): number {
    return this.#end - this.#next + this.queued;
  }

  override discard(): void {
    this.#policyQueue = undefined;
    this.#next = this.#end;
    super.discard();
  }

  /** Events that it has taken in. */
  protected get taken(): number {
    return this.#taken;
  }

  /** Of one that evicts its consumer: for how many milliseconds the oldest event has waited. */
  protected get oldestAge(): number | undefined {
    return this.#policyQueue instanceof TimedQueue ? this.#policyQueue.oldestAge : undefined;
  }

  /** The event that is the `index`th to come. */
  protected peek(index: number): BusEvent<E> {
    const lent = this.#end - this.#next;
    return (index < lent ? this.#stage.lent[this.#next + index] : this.queue?.at(index - lent)) as BusEvent<E>;
  }

  /**
   * Takes the run from `from` to before `to` of the burst that is about to be handed over, if it can.
   *
   * @returns Whether it has; if not, nothing has happened.
   */
  protected borrow(from: number, to: number): boolean {
    if (this.consumer === undefined || to - from > this.capacity || this.waiting > 0) {
      return false;
    }
    this.#next = from;
    this.#end = to;
    this.#taken += to - from;
    this.requestTurn();
    return true;
  }

  /** Takes `busEvent` and returns true; or loses it, or another one. What a policy's function throws makes it fail. */
  protected keep(busEvent: BusEvent<E>): boolean {
    if (this.#makeQueue === undefined) {
      const isTaken = this.offer(busEvent);
      this.#taken += isTaken ? 1 : 0;
      return isTaken;
    }
    this.#policyQueue ??= this.#makeQueue();
    this.queue = this.#policyQueue;
    let verdict: Verdict;
    try {
      verdict = this.#policyQueue.put(busEvent);
    } catch (error) {
      // A key or a barrier of the application's threw, as a predicate does.
      this.fail(error);
      return true;
    }
    this.#taken += verdict === 'taken' || verdict === 'displaced' ? 1 : 0;
    this.refused += verdict === 'taken' ? 0 : 1;
    if (this.consumer !== undefined) {
      this.requestTurn();
    }
    return verdict === 'taken';
  }

  protected override deliver(consumer: Observer<BusEvent<E>>, queued: number): void {
    const { lent } = this.#stage;
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
}
