import { noop, Observable, Subject, type Subscriber } from 'rxjs';
import { type BusEvent, withIds } from '../../events/BusEvent.js';
import { enrichCanonical, type Enrichment, foreseeEnriched } from '../../operators/lateBindScrollId.js';
import type { ScrollBinding, SharingBusOptions } from '../../options.js';
import type { Stage } from '../dispatch/Stage.js';
import type { History } from '../replay/History.js';
import type { Log } from '../support/logging.js';
import { show } from '../support/show.js';
import { checkedHold, HeldEvents } from './HeldEvents.js';

/** How many events were published, and what happened to them. */
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
 * publish -> Subject -> enrichCanonical (a scan over the bindings) -> with holdUnbound: held until its session is registered
 *         -> with a history: numbered -> stage: router -> each receiver's bounded queue -> events$
 * ```
 *
 * Invariant: events pass through it one at a time, in the order of publishing.
 */
export class Publisher<E> {
  private readonly published$ = new SoloSubject<BusEvent<E>>();
  private readonly options: SharingBusOptions<E>;
  private readonly history: History<E> | undefined;
  private readonly stage: Stage<E>;
  private readonly log: Log;
  private readonly held: HeldEvents<E> | undefined;
  /** The state of `scan`. `undefined` before the first event. */
  private enrichment: Enrichment<E> | undefined;
  private published = 0;
  private bound = 0;
  private unbound = 0;
  private hasPassed = false;
  private readonly connect: () => void;
  // Created once: a closure for each event would cost as much as its routing.
  private readonly enter = (busEvent: BusEvent<E>): void => {
    if (!this.pass(busEvent)) {
      // The pipe catches the errors of all code that it calls. It fails only if the stack overflows in it. It is then connected again.
      this.connect();
      this.pass(busEvent);
    }
  };

  /** @throws RangeError if a number is out of range, TypeError if an option has the wrong type. */
  constructor(options: SharingBusOptions<E>, history: History<E> | undefined, stage: Stage<E>, log: Log) {
    const { holdUnbound } = options;
    this.options = options;
    this.history = history;
    this.stage = stage;
    this.log = log;
    if (holdUnbound !== undefined) {
      this.held = new HeldEvents(checkedHold(holdUnbound), stage.clock, stage.inOrder, (busEvent) => {
        this.dispatchHeld(busEvent);
      });
    }
    const enriched$ = this.published$.asObservable().pipe(enrichCanonical(options));
    this.connect = () => {
      enriched$.subscribe({
        next: (enrichment) => {
          this.hasPassed = true;
          this.route(enrichment);
        },
        error: noop,
      });
    };
    this.connect();
  }

  get counts(): PublishedCounts {
    return {
      published: this.published,
      bound: this.bound,
      unbound: this.unbound,
      held: this.held?.size ?? 0,
      released: this.held?.released ?? 0,
      evictedBindings: this.enrichment?.evictions ?? 0,
    };
  }

  /** Publishes `busEvent`, which is canonical. */
  publish(busEvent: BusEvent<E>): void {
    this.published += 1;
    this.stage.clock.watch();
    this.stage.inOrder.run(this.enter, busEvent);
  }

  /** Returns `busEvent`, which is canonical, as it would reach the stage if it were published now. */
  foresee(busEvent: BusEvent<E>): BusEvent<E> {
    return foreseeEnriched(busEvent, this.enrichment?.bindings, this.options);
  }

  /** Whether `busEvent`, which is enriched, would be held until its session is registered. */
  holds(busEvent: BusEvent<E>): boolean {
    return this.held?.wants(busEvent) === true;
  }

  /** Dispatches all held events. */
  release(): void {
    this.stage.inOrder.run((held) => {
      held?.releaseAll();
    }, this.held);
  }

  /** Ends the publishing side: the Subject completes, and the history drops the events that no receiver is still reading. */
  close(): void {
    this.stage.inOrder.run((published$) => {
      published$.complete();
      this.history?.close();
    }, this.published$);
  }

  /** Sends `busEvent` through the pipe. Returns false if it did not come out. */
  private pass(busEvent: BusEvent<E>): boolean {
    this.hasPassed = false;
    this.published$.next(busEvent);
    return this.hasPassed;
  }

  private route(enrichment: Enrichment<E>): void {
    if (this.enrichment !== enrichment) {
      this.enrichment = enrichment;
    }
    const busEvent = enrichment.enriched as BusEvent<E>;
    // Between events, the state of `scan` must not keep an event.
    enrichment.enriched = undefined;
    try {
      const held = this.held;
      if (held === undefined) {
        this.dispatch(busEvent);
      } else if (held.wants(busEvent)) {
        held.hold(busEvent);
      } else {
        this.dispatch(busEvent);
        this.dispatchFollowers(held, enrichment.learned);
      }
    } catch (error) {
      this.logUnreadable(error);
    }
  }

  private dispatch(busEvent: BusEvent<E>): void {
    if (busEvent.routing.scrollId === undefined) {
      this.unbound += 1;
    } else {
      this.bound += 1;
    }
    this.stage.append(this.history === undefined ? busEvent : this.history.append(busEvent));
  }

  /** Dispatches the events that were held until the registration `learned`. */
  private dispatchFollowers(held: HeldEvents<E>, learned: ScrollBinding | undefined): void {
    if (learned !== undefined) {
      for (const busEvent of held.take(learned.connectorId, learned.sessionId)) {
        this.dispatchHeld(busEvent, learned.scrollId);
      }
    }
  }

  /** Catches the error of one event, since others follow, and the caller may be a timer or `close`. */
  private dispatchHeld(busEvent: BusEvent<E>, scrollId?: string): void {
    try {
      this.dispatch(scrollId === undefined ? busEvent : withIds(busEvent, scrollId, busEvent.routing.connectorUid));
    } catch (error) {
      this.logUnreadable(error);
    }
  }

  /** Receivers never throw. An envelope may, if its getters behave differently after `publish`. */
  private logUnreadable(error: unknown): void {
    this.log('warn', `an event could not be read again: ${show(error)}`);
  }
}

/**
 * A Subject with one observer, which subscribes to {@link asObservable}. `next` calls this observer directly.
 *
 * For each value, a Subject of RxJS copies its list of observers and iterates over the copy in a closure. That costs more than everything
 * else that the bus does for an event (docs/decisions.md, D-015).
 */
class SoloSubject<T> extends Subject<T> {
  private observer: Subscriber<T> | undefined;

  override asObservable(): Observable<T> {
    return new Observable((observer) => {
      this.observer = observer;
    });
  }

  override next(value: T): void {
    this.observer?.next(value);
  }

  override complete(): void {
    super.complete();
    this.observer?.complete();
    this.observer = undefined;
  }
}
