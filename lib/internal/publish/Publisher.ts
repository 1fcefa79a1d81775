import { noop, Observable, Subject, type Subscriber } from 'rxjs';
import { type BusEvent, withIds } from '../../events/BusEvent.js';
import { enrichCanonical, type Enrichment, foreseeEnriched } from '../../operators/lateBindScrollId.js';
import type { ScrollBinding, SharingBusOptions } from '../../options.js';
import type { Stage } from '../dispatch/Stage.js';
import type { History } from '../replay/History.js';
import type { Log } from '../support/logging.js';
import { show } from '../support/show.js';
import { checkedHold, HeldEvents } from './HeldEvents.js';

/** How many events have been published, and what became of them. */
export interface PublishedCounts {
  readonly published: number;
  readonly bound: number;
  readonly unbound: number;
  readonly held: number;
  readonly released: number;
  readonly evictedBindings: number;
}

/**
 * The publishing side of a bus.
 *
 * ```text
 * publish -> Subject -> enrichCanonical (a scan over the bindings) -> held until its session is registered, if it may be
 *         -> numbered by the history, if there is one -> stage: router -> each receiver's bounded queue -> events$
 * ```
 *
 * Invariant: one event at a time is on its way, in the order of publishing.
 */
export class Publisher<E> {
  readonly #published$ = new SoloSubject<BusEvent<E>>();
  readonly #options: SharingBusOptions<E>;
  readonly #history: History<E> | undefined;
  readonly #stage: Stage<E>;
  readonly #log: Log;
  readonly #held: HeldEvents<E> | undefined;
  /** What `scan` holds, once an event has come through. */
  #enrichment: Enrichment<E> | undefined;
  #published = 0;
  #bound = 0;
  #unbound = 0;
  #hasPassed = false;
  readonly #connect: () => void;
  // Made once: a closure for each event would cost as much as its routing.
  readonly #enter = (busEvent: BusEvent<E>): void => {
    if (!this.#pass(busEvent)) {
      // The pipe contains all that it calls. It fails only if the stack ends in it, and is then made anew.
      this.#connect();
      this.#pass(busEvent);
    }
  };

  /** @throws RangeError if a number is out of range, TypeError if an option has the wrong type. */
  constructor(options: SharingBusOptions<E>, history: History<E> | undefined, stage: Stage<E>, log: Log) {
    const { holdUnbound } = options;
    this.#options = options;
    this.#history = history;
    this.#stage = stage;
    this.#log = log;
    if (holdUnbound !== undefined) {
      this.#held = new HeldEvents(checkedHold(holdUnbound), stage.clock, stage.inOrder, (busEvent) => {
        this.#dispatchHeld(busEvent);
      });
    }
    const enriched$ = this.#published$.asObservable().pipe(enrichCanonical(options));
    this.#connect = () => {
      enriched$.subscribe({
        next: (enrichment) => {
          this.#hasPassed = true;
          this.#route(enrichment);
        },
        error: noop,
      });
    };
    this.#connect();
  }

  get counts(): PublishedCounts {
    return {
      published: this.#published,
      bound: this.#bound,
      unbound: this.#unbound,
      held: this.#held?.size ?? 0,
      released: this.#held?.released ?? 0,
      evictedBindings: this.#enrichment?.evictions ?? 0,
    };
  }

  /** Takes `busEvent`, which is canonical. */
  publish(busEvent: BusEvent<E>): void {
    this.#published += 1;
    this.#stage.clock.watch();
    this.#stage.inOrder.run(this.#enter, busEvent);
  }

  /** `busEvent`, which is canonical, as it would come to the stage if it were published now. */
  foresee(busEvent: BusEvent<E>): BusEvent<E> {
    return foreseeEnriched(busEvent, this.#enrichment?.bindings, this.#options);
  }

  /** Whether `busEvent`, which has its ids, would have to wait for a registration. */
  holds(busEvent: BusEvent<E>): boolean {
    return this.#held?.wants(busEvent) === true;
  }

  /** Dispatches every event that waits for a registration. */
  release(): void {
    this.#stage.inOrder.run((held) => {
      held?.releaseAll();
    }, this.#held);
  }

  /** Ends the publishing side: the Subject completes, and the history drops the events that no receiver is still reading. */
  close(): void {
    this.#stage.inOrder.run((published$) => {
      published$.complete();
      this.#history?.close();
    }, this.#published$);
  }

  /** Sends `busEvent` through the pipe. Returns whether it has come out. */
  #pass(busEvent: BusEvent<E>): boolean {
    this.#hasPassed = false;
    this.#published$.next(busEvent);
    return this.#hasPassed;
  }

  #route(enrichment: Enrichment<E>): void {
    if (this.#enrichment !== enrichment) {
      this.#enrichment = enrichment;
    }
    const busEvent = enrichment.enriched as BusEvent<E>;
    // Between events, scan holds bindings only.
    enrichment.enriched = undefined;
    try {
      const held = this.#held;
      if (held === undefined) {
        this.#dispatch(busEvent);
      } else if (held.wants(busEvent)) {
        held.hold(busEvent);
      } else {
        this.#dispatch(busEvent);
        this.#dispatchFollowers(held, enrichment.learned);
      }
    } catch (error) {
      this.#logUnreadable(error);
    }
  }

  #dispatch(busEvent: BusEvent<E>): void {
    if (busEvent.routing.scrollId === undefined) {
      this.#unbound += 1;
    } else {
      this.#bound += 1;
    }
    this.#stage.append(this.#history === undefined ? busEvent : this.#history.append(busEvent));
  }

  /** Events that waited for a registration follow it. */
  #dispatchFollowers(held: HeldEvents<E>, learned: ScrollBinding | undefined): void {
    if (learned !== undefined) {
      for (const busEvent of held.take(learned.connectorId, learned.sessionId)) {
        this.#dispatchHeld(busEvent, learned.scrollId);
      }
    }
  }

  /** Contains what one event throws: others follow it, and a timer or `close` may have let it go. */
  #dispatchHeld(busEvent: BusEvent<E>, scrollId?: string): void {
    try {
      this.#dispatch(scrollId === undefined ? busEvent : withIds(busEvent, scrollId, busEvent.routing.connectorUid));
    } catch (error) {
      this.#logUnreadable(error);
    }
  }

  /** Receivers never throw. An envelope whose getters change their mind after `publish` may. */
  #logUnreadable(error: unknown): void {
    this.#log('warn', `an event could not be read again: ${show(error)}`);
  }
}

/**
 * A Subject of one observer, which subscribes to {@link asObservable}; `next` calls it without looking for others.
 *
 * A Subject copies its list of observers and walks it inside of a closure, at each value. That alone costs more than all else that the
 * bus does for an event (docs/decisions.md, D-015).
 */
class SoloSubject<T> extends Subject<T> {
  #observer: Subscriber<T> | undefined;

  override asObservable(): Observable<T> {
    return new Observable((observer) => {
      this.#observer = observer;
    });
  }

  override next(value: T): void {
    this.#observer?.next(value);
  }

  override complete(): void {
    super.complete();
    this.#observer?.complete();
    this.#observer = undefined;
  }
}
