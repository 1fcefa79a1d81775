import { noop, Observable, Subject, type Subscriber } from 'rxjs';
import { type BusEvent, type ScrollBinding, withIds } from '../../events/BusEvent.js';
import {
  enrichCanonical,
  type Enricher,
  enricherOf,
  type Enrichment,
  foreseeEnriched,
} from '../../operators/lateBindScrollId.js';
import type { SharingBusOptions } from '../../options.js';
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

/** What orders the events in place of the bus. */
export interface Outlet<E> {
  /** Takes over an event. It comes back by {@link Publisher.arrive}. Throws to refuse it. */
  publish(busEvent: BusEvent<E>): void;
  /** Gives an event that has come back its number, and keeps it if that is wanted. */
  append(busEvent: BusEvent<E>, seq: number): BusEvent<E>;
  close(): void;
}

/**
 * The publishing side of a bus.
 *
 * ```text
 * publish -> Subject -> enrichCanonical (a scan over the bindings) -> with holdUnbound: held until its session is registered
 *         -> with an upstream: handed over to it; what it brings goes on from here, and is enriched by the same bindings
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
  private readonly outlet: Outlet<E> | undefined;
  private readonly enricher: Enricher<E>;
  /** The state of `scan`. */
  private readonly enrichment: Enrichment<E>;
  /** The event of the call of `publish` that runs now, until the outlet has taken it. */
  private awaited: BusEvent<E> | undefined;
  /** The event that goes through the pipe now. Known with an outlet only. */
  private entering: BusEvent<E> | undefined;
  /** The error by which the outlet has refused the awaited event. */
  private refusal: { readonly error: unknown } | undefined;
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
  constructor(
    options: SharingBusOptions<E>,
    history: History<E> | undefined,
    stage: Stage<E>,
    log: Log,
    outlet?: Outlet<E>,
  ) {
    const { holdUnbound } = options;
    this.options = options;
    this.history = history;
    this.stage = stage;
    this.log = log;
    this.outlet = outlet;
    this.enricher = enricherOf(options);
    this.enrichment = this.enricher.seed();
    if (holdUnbound !== undefined) {
      this.held = new HeldEvents(checkedHold(holdUnbound), stage.clock, stage.inOrder, (busEvent) => {
        this.dispatchHeld(busEvent);
      });
    }
    const enriched$ = this.published$.asObservable().pipe(enrichCanonical(this.enricher, () => this.enrichment));
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
      evictedBindings: this.enrichment.evictions,
    };
  }

  /** Publishes `busEvent`, which is canonical. */
  publish(busEvent: BusEvent<E>): void {
    this.published += 1;
    this.stage.clock.watch();
    if (this.outlet === undefined) {
      this.stage.inOrder.run(this.enter, busEvent);
    } else {
      this.handOver(busEvent);
    }
  }

  /** Dispatches an event that the upstream brings. Must be called in a job of the order, or while the stage brings its inflow. */
  arrive(busEvent: BusEvent<E>, seq: number, isOwn: boolean): void {
    if (isOwn) {
      this.dispatchAt(busEvent, seq);
      return;
    }
    const { enrichment } = this;
    // This may run while another event is enriched.
    const { learned: before } = enrichment;
    const enriched = this.enricher.enrich(enrichment, busEvent);
    const { learned } = enrichment;
    enrichment.learned = before;
    this.dispatchAt(enriched, seq);
    if (learned !== undefined && this.held !== undefined) {
      // A job of its own, since the upstream is not called while it brings an event.
      this.stage.inOrder.run(() => {
        this.dispatchFollowers(learned);
      }, undefined);
    }
  }

  /**
   * Learns a binding, and dispatches the events that were held for it.
   *
   * @throws TypeError if it is not a binding.
   */
  bind(binding: ScrollBinding): void {
    const learned = this.enricher.learn(this.enrichment, binding);
    if (learned === undefined) {
      throw new TypeError(`bind: expected { connectorId, sessionId, scrollId }, got ${show(binding)}`);
    }
    this.stage.inOrder.run(() => {
      this.dispatchFollowers(learned);
    }, undefined);
  }

  /** Returns `busEvent`, which is canonical, as it would reach the stage if it were published now. */
  foresee(busEvent: BusEvent<E>): BusEvent<E> {
    return foreseeEnriched(busEvent, this.enrichment.bindings, this.options);
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
      this.outlet?.close();
    }, this.published$);
  }

  /** Sends `busEvent` through the pipe. Returns false if it did not come out. */
  private pass(busEvent: BusEvent<E>): boolean {
    this.hasPassed = false;
    this.published$.next(busEvent);
    return this.hasPassed;
  }

  /** Publishes by way of the outlet. Throws the error by which it refuses the event, unless other events are before it in the order. */
  private handOver(busEvent: BusEvent<E>): void {
    const isAwaited = !this.stage.inOrder.isRunning;
    if (isAwaited) {
      this.awaited = busEvent;
    }
    this.stage.inOrder.run((entering) => {
      this.entering = entering;
      this.enter(entering);
      this.entering = undefined;
      // The same object may be published again in a callback. That is another event.
      this.awaited = undefined;
    }, busEvent);
    const { refusal } = this;
    if (isAwaited) {
      this.refusal = undefined;
      if (refusal !== undefined) {
        throw refusal.error;
      }
    }
  }

  /** Called with the error by which the outlet has refused an event. */
  private refused(error: unknown): void {
    this.published -= 1;
    if (this.entering !== undefined && this.entering === this.awaited) {
      this.refusal = { error };
      this.awaited = undefined;
    } else {
      this.log('warn', `the upstream refused an event: ${show(error)}`);
    }
  }

  private route(enrichment: Enrichment<E>): void {
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
        this.dispatchFollowers(enrichment.learned);
      }
    } catch (error) {
      this.logUnreadable(error);
    }
  }

  private dispatch(busEvent: BusEvent<E>): void {
    if (this.outlet === undefined) {
      this.count(busEvent);
      this.stage.append(this.history === undefined ? busEvent : this.history.append(busEvent));
      return;
    }
    try {
      this.outlet.publish(busEvent);
    } catch (error) {
      this.refused(error);
    }
  }

  /** Dispatches an event of the upstream. */
  private dispatchAt(busEvent: BusEvent<E>, seq: number): void {
    try {
      this.count(busEvent);
      this.stage.append((this.outlet as Outlet<E>).append(busEvent, seq));
    } catch (error) {
      this.logUnreadable(error);
    }
  }

  private count(busEvent: BusEvent<E>): void {
    if (busEvent.routing.scrollId === undefined) {
      this.unbound += 1;
    } else {
      this.bound += 1;
    }
  }

  /** Dispatches the events that were held until the registration `learned`. */
  private dispatchFollowers(learned: ScrollBinding | undefined): void {
    if (learned !== undefined && this.held !== undefined) {
      for (const busEvent of this.held.take(learned.connectorId, learned.sessionId)) {
        this.dispatchHeld(busEvent, learned.scrollId);
      }
    }
  }

  /** Catches the error of one event, since others follow, and the caller may be a timer or `close`. */
  private dispatchHeld(busEvent: BusEvent<E>, scrollId?: string): void {
    const { entering } = this;
    // What the outlet refuses now is not the event that is being published.
    this.entering = undefined;
    try {
      this.dispatch(scrollId === undefined ? busEvent : withIds(busEvent, scrollId, busEvent.routing.connectorUid));
    } catch (error) {
      this.logUnreadable(error);
    }
    this.entering = entering;
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
