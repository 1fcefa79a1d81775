import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import type { BusPosition } from '../../receiver.js';
import type { Explanation, ReceiverStats } from '../../stats.js';
import type { Stage } from '../dispatch/Stage.js';
import type { History } from '../replay/History.js';
import { outOfContext } from '../support/context.js';
import type { Log } from '../support/logging.js';
import type { Wait } from '../support/Marks.js';
import type { Totals } from './Account.js';
import { abandon, disposeOn, finish } from './ending.js';
import { explain } from './explain.js';
import { Receiver } from './Receiver.js';
import { ReceiverHandle } from './ReceiverHandle.js';
import type { Host, ReceiverSettings } from './receiverParts.js';
import { replayFrom } from './replayFrom.js';
import { StallTimer } from './StallTimer.js';
import { untilConsumed } from './untilConsumed.js';
import { statsOf } from './views.js';

/**
 * The receivers of one bus.
 *
 * Invariants: it knows each receiver from its admission until it is over, and while a consumer gets what still waits in it. `live` is
 * how many of them have a slot.
 */
export class Receivers<E> implements Host<E, Receiver<E>> {
  readonly stage: Stage<E>;
  readonly totals: Totals = { delivered: 0, dropped: 0 };
  /** Receivers that have a slot. */
  live = 0;
  readonly #log: Log;
  readonly #history: History<E> | undefined;
  readonly #known = new Map<number, Receiver<E>>();
  #nextId = 0;
  #isClosed = false;
  /** Tells when a handle is collected. `undefined` on a platform that does not tell. */
  readonly #handles =
    typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Receiver<E>>(abandon);
  // Made once: closures for each receiver would hold its filter as long as its handle.
  readonly #finish = (receiver: Receiver<E>): void => {
    this.stage.leave(receiver);
    finish(receiver);
    receiver.account();
    if (receiver.phase === 'over') {
      this.drop(receiver);
    }
  };

  constructor(stage: Stage<E>, history: History<E> | undefined, log: Log) {
    this.stage = stage;
    this.#history = history;
    this.#log = log;
  }

  /** A new receiver, with a slot unless this is closed or its signal is aborted. */
  admit(filter: EventFilter<E>, settings: ReceiverSettings<E>): Receiver<E> {
    const { capacity, policy, name, stallAfterMs, signal, from } = settings;
    const receiver = new Receiver<E>(this.#nextId, capacity, policy, this);
    this.#nextId += 1;
    if (name !== undefined) {
      receiver.more.name = name;
    }
    if (this.#isClosed || signal?.aborted === true) {
      return receiver;
    }
    if (stallAfterMs !== undefined) {
      receiver.more.stallTimer = new StallTimer(this.stage.clock, stallAfterMs, () => {
        this.stage.settle();
        receiver.evict();
      });
    }
    receiver.phase = 'live';
    this.live += 1;
    disposeOn(signal, receiver);
    this.#known.set(receiver.id, receiver);
    this.stage.inOrder.run(() => {
      this.#join(receiver, filter, from);
    }, undefined);
    return receiver;
  }

  /** The application's end of `receiver`. When it is collected, the receiver is disposed. */
  handleOf(receiver: Receiver<E>): ReceiverHandle<E> {
    const handle = new ReceiverHandle(receiver);
    if (!receiver.hasEnded) {
      this.#handles?.register(handle, receiver, receiver);
    }
    return handle;
  }

  /** Closes the receiver `id`, if there is one. */
  close(id: number): void {
    this.#known.get(id)?.close();
  }

  /** Closes all of them. A receiver that is admitted later has no slot. */
  closeAll(): void {
    this.#isClosed = true;
    for (const receiver of this.#known.values()) {
      receiver.close();
    }
  }

  /** The counts of the receivers that have a slot. Brings {@link totals} up to date. */
  stats(): readonly ReceiverStats<E>[] {
    this.stage.settle();
    return [...this.#known.values()].flatMap((receiver) => {
      receiver.account();
      return statsOf(receiver) ?? [];
    });
  }

  /** What would happen to `busEvent` at each receiver that has a slot; see {@link explain}. */
  explain(busEvent: BusEvent<E>, isHeld: boolean): readonly Explanation[] {
    this.stage.settle();
    const isTooLarge = this.#history?.isTooLarge(busEvent) === true;
    return [...this.#known.values()].flatMap((receiver) => explain(receiver, busEvent, isHeld, isTooLarge) ?? []);
  }

  /**
   * What to wait for until the events that match `filter`, and were published before, are consumed.
   *
   * @param ids The receivers to wait for; `undefined` for all of them.
   */
  waitsFor(filter: EventFilter<E>, ids: ReadonlySet<number> | undefined): Promise<ReadonlyMap<Receiver<E>, Wait>> {
    return new Promise((resolve) => {
      // In its place: called while an event is routed, it is about what was published before, too.
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
    return this.#history?.position;
  }

  release(receiver: Receiver<E>): void {
    this.live -= 1;
    // While the history or a signal holds it, it must go with its handle.
    if (receiver.parts?.catchUp === undefined && receiver.parts?.ignoreSignal === undefined) {
      this.unwatch(receiver);
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
      // It may be logged in a publish that has nothing to do with it.
      outOfContext(() => {
        this.#log(level, `receiver ${id}${name} ${what}`);
      });
    }, undefined);
  }

  #join(receiver: Receiver<E>, filter: EventFilter<E>, from: ReceiverSettings<E>['from'] = 'now'): void {
    if (this.#history === undefined || from === 'now') {
      receiver.lastSeq = this.#history?.last ?? 0;
      this.stage.join(receiver, filter);
    } else if (!receiver.hasEnded) {
      replayFrom(receiver, filter, this.#history, from);
    }
  }
}
