import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import type { BusPosition } from '../../receiver.js';
import type { Explanation, KeptLosses, ReceiverStats } from '../../stats.js';
import type { Stage } from '../dispatch/Stage.js';
import { outOfContext } from '../support/context.js';
import type { Log } from '../support/logging.js';
import type { Wait } from '../support/Marks.js';
import { show } from '../support/show.js';
import { Losses, type Totals } from './Account.js';
import { abandon, disposeOn, finish } from './ending.js';
import { explain } from './explain.js';
import { Receiver } from './Receiver.js';
import { ReceiverHandle } from './ReceiverHandle.js';
import type { Host, ReceiverSettings } from './receiverParts.js';
import { missRest, type Past } from './replayFrom.js';
import { StallTimer } from './StallTimer.js';
import { untilConsumed } from './untilConsumed.js';
import { statsOf } from './views.js';

/**
 * The receivers of one bus.
 *
 * Invariants: a receiver is known from its admission until it is over, and while a consumer gets the events that still wait in it. `live`
 * is the number of receivers that have a slot.
 */
export class Receivers<E> implements Host<E, Receiver<E>> {
  readonly stage: Stage<E>;
  readonly totals: Totals = { delivered: 0, dropped: 0 };
  /** Number of receivers that have a slot. */
  live = 0;
  /** Whether receivers that are admitted have no slot. */
  isClosed = false;
  /** The error that ends receivers that are admitted then. */
  failure: { readonly error: unknown } | undefined;
  readonly #log: Log;
  readonly #past: Past<E> | undefined;
  readonly #known = new Map<number, Receiver<E>>();
  #nextId = 0;
  /** Calls back when a handle was garbage-collected. `undefined` on a platform that cannot tell. */
  readonly #handles =
    typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Receiver<E>>(abandon);
  // Created once: a closure for each receiver would keep its filter alive as long as its handle.
  readonly #finish = (receiver: Receiver<E>): void => {
    this.stage.leave(receiver);
    finish(receiver);
    receiver.account();
    if (receiver.phase === 'over') {
      this.drop(receiver);
    }
  };

  constructor(stage: Stage<E>, past: Past<E> | undefined, log: Log) {
    this.stage = stage;
    this.#past = past;
    this.#log = log;
  }

  /** Creates a receiver. It has a slot, unless the bus is closed or its signal is aborted. */
  admit(filter: EventFilter<E>, settings: ReceiverSettings<E>): Receiver<E> {
    const { capacity, policy, name, stallAfterMs, signal, from } = settings;
    const receiver = new Receiver<E>(this.#nextId, capacity, policy, this);
    this.#nextId += 1;
    if (name !== undefined) {
      receiver.more.name = name;
    }
    if (this.isClosed || signal?.aborted === true) {
      if (signal?.aborted !== true && this.#past !== undefined) {
        missRest(receiver, filter, from, this.#past);
      }
      if (this.failure !== undefined && signal?.aborted !== true) {
        receiver.more.failure = this.failure;
      }
      return receiver;
    }
    if (stallAfterMs !== undefined) {
      receiver.more.stallTimer = new StallTimer(this.stage.clock, stallAfterMs, () => {
        this.stage.settle();
        receiver.evict();
      });
    }
    disposeOn(signal, receiver);
    receiver.phase = 'live';
    this.live += 1;
    this.#known.set(receiver.id, receiver);
    this.stage.inOrder.run(() => {
      this.#join(receiver, filter, from);
    }, undefined);
    return receiver;
  }

  /** The application's side of `receiver`. When it is garbage-collected, the receiver is disposed. */
  handleOf(receiver: Receiver<E>): ReceiverHandle<E> {
    const handle = new ReceiverHandle(receiver);
    if (!receiver.hasEnded) {
      this.#handles?.register(handle, receiver, receiver);
    }
    return handle;
  }

  /** Closes the receiver with this id, if there is one. */
  close(id: number): void {
    this.#known.get(id)?.close();
  }

  /** Closes all receivers. If there is a failure, they end with the error, after what waits. */
  closeAll(failure?: { readonly error: unknown }): void {
    if (failure === undefined) {
      for (const receiver of this.#known.values()) {
        receiver.close();
      }
    } else {
      this.#log('warn', `the upstream has ended: ${show(failure.error)}`);
      this.stage.inOrder.run(() => {
        this.stage.settle();
        for (const receiver of this.#known.values()) {
          if (!receiver.hasEnded) {
            receiver.fail(failure.error);
          }
        }
      }, undefined);
    }
  }

  /** The counts of the receivers that have a slot. Brings {@link totals} up to date. */
  stats(): readonly ReceiverStats<E>[] {
    this.#settleAccounts();
    return [...this.#known.values()].flatMap((receiver) => statsOf(receiver) ?? []);
  }

  /** Keeps, from now on, the losses of receivers that have no slot, by receiver. */
  keepLosses(): KeptLosses {
    // What is settled now was lost before.
    this.#settleAccounts();
    const losses = new Losses();
    (this.totals.keepers ??= new Set()).add(losses);
    return {
      take: () => {
        this.#settleAccounts();
        return losses.take();
      },
      stop: () => {
        this.totals.keepers?.delete(losses);
        losses.take();
      },
    };
  }

  /** What each receiver that has a slot would do with `busEvent`; see {@link explain}. */
  explain(busEvent: BusEvent<E>, isHeld: boolean): readonly Explanation[] {
    this.stage.settle();
    const isTooLarge = this.#past?.isTooLarge(busEvent) === true;
    return [...this.#known.values()].flatMap((receiver) => explain(receiver, busEvent, isHeld, isTooLarge) ?? []);
  }

  /**
   * The waits until all events that match `filter`, and were published before the call, are consumed.
   *
   * @param ids The receivers to wait for; `undefined` for all of them.
   */
  waitsFor(filter: EventFilter<E>, ids: ReadonlySet<number> | undefined): Promise<ReadonlyMap<Receiver<E>, Wait>> {
    return new Promise((resolve) => {
      // A job: if this is called while an event is routed, it includes that event and the events published before the call.
      this.stage.inOrder.run(() => {
        // What a predicate throws rejects the inner promise.
        const waits = new Promise<ReadonlyMap<Receiver<E>, Wait>>((found) => {
          this.stage.settle();
          const receivers = [...this.#known.values()].filter(({ id }) => ids?.has(id) ?? true);
          found(
            new Map(
              receivers.flatMap((receiver): [Receiver<E>, Wait][] => {
                const wait = untilConsumed(receiver, filter);
                return wait === undefined ? [] : [[receiver, wait]];
              }),
            ),
          );
        });
        resolve(waits);
      }, undefined);
    });
  }

  position(): BusPosition | undefined {
    return this.#past?.position;
  }

  /** The receivers that have a slot, or whose consumer gets what still waits. */
  all(): Iterable<Receiver<E>> {
    return this.#known.values();
  }

  release(receiver: Receiver<E>): void {
    this.live -= 1;
    this.#past?.left?.(receiver);
    // If the history or a signal refers to it, it must still be disposed with its handle.
    if (receiver.parts?.catchUp === undefined && receiver.parts?.ignoreSignal === undefined) {
      this.unwatch(receiver);
    }
    // Not before the slot is free: on a scheduler without a hop, the observer is called here.
    if (receiver.parts?.notices?.isClosedObserved === true) {
      this.stage.request(receiver);
    }
    this.stage.inOrder.run(this.#finish, receiver);
  }

  keep(receiver: Receiver<E>): void {
    this.#known.set(receiver.id, receiver);
  }

  drop(receiver: Receiver<E>): void {
    this.#known.delete(receiver.id);
  }

  unwatch(receiver: Receiver<E>): void {
    this.#handles?.unregister(receiver);
  }

  logOf({ id, parts }: Receiver<E>, level: 'info' | 'warn', what: string): void {
    const name = parts?.name === undefined ? '' : ` (${parts.name})`;
    this.stage.inOrder.run(() => {
      // The job may run in an unrelated call of `publish`.
      outOfContext(() => {
        this.#log(level, `receiver ${id}${name} ${what}`);
      });
    }, undefined);
  }

  /** Brings {@link totals} up to date. */
  #settleAccounts(): void {
    this.stage.settle();
    for (const receiver of this.#known.values()) {
      receiver.account();
    }
  }

  #join(receiver: Receiver<E>, filter: EventFilter<E>, from: ReceiverSettings<E>['from'] = 'now'): void {
    if (this.#past === undefined || from === 'now') {
      // What an upstream brings now comes before this receiver.
      this.stage.settle();
      receiver.lastSeq = this.#past?.last ?? 0;
      this.stage.join(receiver, filter);
    } else if (!receiver.hasEnded) {
      this.#past.replay(receiver, filter, from);
    }
    if (receiver.phase === 'live') {
      this.#past?.joined?.(receiver, filter);
    }
  }
}
