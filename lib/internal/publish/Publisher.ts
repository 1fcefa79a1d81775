import type { LateBindOptions, ScrollBinding, HoldUnboundOptions } from '../../options.js';
import { noop } from 'rxjs';
import { enrichCanonical, type Enrichment, foreseeEnriched, takeEnriched } from '../../operators/lateBindScrollId.js';
import { type BusEvent, withIds } from '../../events/BusEvent.js';
import type { History } from '../replay/History.js';
import type { Log } from '../support/logging.js';
import { show } from '../support/show.js';
import { checkedHold, HeldEvents } from './HeldEvents.js';
import type { InOrder } from '../dispatch/InOrder.js';
import { SoloSubject } from './SoloSubject.js';
import type { Stage } from '../dispatch/Stage.js';

/** Options of the way from `publish` to the stage. */
export interface PublisherOptions<E> extends LateBindOptions<E> {
  readonly holdUnbound?: HoldUnboundOptions | undefined;
}

/** What an {@link Publisher} needs of its bus. */
export interface PublisherHost<E> {
  readonly stage: Stage<E>;
  readonly inOrder: InOrder;
  readonly log: Log;
}

/**
 * The way of an event from `publish` to the stage: a Subject, the operator that gives it its scroll id, the place where it waits for that if it
 * may, the history that numbers it.
 *
 * Invariant: one event at a time is on its way, in the order of publishing.
 */
export class Publisher<E> {
  readonly #published$ = new SoloSubject<BusEvent<E>>();
  readonly #options: PublisherOptions<E>;
  readonly #history: History<E> | undefined;
  readonly #host: PublisherHost<E>;
  readonly #stage: Stage<E>;
  readonly #held: HeldEvents<E> | undefined;
  /** The state of the pipe, once an event has come through. */
  #enrichment: Enrichment<E> | undefined;
  #published = 0;
  #bound = 0;
  #unbound = 0;
  #hasPassed = false;
  readonly #connect: () => void;
  // Made once: a closure for each event would cost as much as its routing.
  readonly #enter = (busEvent: BusEvent<E>): void => {
    if (!this.#pass(busEvent)) {
      // The pipe contains all that it calls. It fails only where the stack ends in it, and is then made anew.
      this.#connect();
      this.#pass(busEvent);
    }
  };

  /** @throws RangeError if a number is out of range, TypeError if an option has the wrong type. */
  constructor(options: PublisherOptions<E>, history: History<E> | undefined, host: PublisherHost<E>) {
    const { holdUnbound } = options;
    const { stage, inOrder } = host;
    this.#options = options;
    this.#history = history;
    this.#host = host;
    this.#stage = stage;
    if (holdUnbound !== undefined) {
      this.#held = new HeldEvents(checkedHold(holdUnbound), stage.clock, inOrder, (busEvent) => {
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

  /** What has come in so far, and what became of it. */
  get counts(): {
    published: number;
    bound: number;
    unbound: number;
    held: number;
    released: number;
    evictedBindings: number;
  } {
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
    this.#host.inOrder.run(this.#enter, busEvent);
  }

  /** `busEvent`, which is canonical, as it would come to the stage if it were published now. */
  foresee(busEvent: BusEvent<E>): BusEvent<E> {
    return foreseeEnriched(busEvent, this.#enrichment?.bindings, this.#options);
  }

  /** Whether `busEvent`, which has its ids, would have to wait. */
  holds(busEvent: BusEvent<E>): boolean {
    return this.#held?.wants(busEvent) === true;
  }

  /** Lets everything go that waits. */
  release(): void {
    this.#host.inOrder.run((held) => {
      held?.releaseAll();
    }, this.#held);
  }

  /** Nothing may come in any more: the Subject completes, and the history keeps nothing that nobody reads. */
  close(): void {
    this.#host.inOrder.run((published$) => {
      published$.complete();
      this.#history?.close();
    }, this.#published$);
  }

  /** Returns whether `busEvent` has come out of the pipe. */
  #pass(busEvent: BusEvent<E>): boolean {
    this.#hasPassed = false;
    this.#published$.next(busEvent);
    return this.#hasPassed;
  }

  #route(enrichment: Enrichment<E>): void {
    if (this.#enrichment !== enrichment) {
      this.#enrichment = enrichment;
    }
    try {
      const busEvent = takeEnriched(enrichment);
      if (this.holds(busEvent)) {
        this.#held?.hold(busEvent);
        return;
      }
      this.#dispatch(busEvent);
      if (this.#held !== undefined && enrichment.learned !== undefined) {
        this.#bindHeld(this.#held, enrichment.learned);
      }
    } catch (error) {
      this.#tellUnreadable(error);
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

  /** Those that waited for the registration follow it. */
  #bindHeld(held: HeldEvents<E>, { connectorId, sessionId, scrollId }: ScrollBinding): void {
    for (const busEvent of held.take(connectorId, sessionId)) {
      this.#dispatchHeld(busEvent, scrollId);
    }
  }

  /** Contains what one of them throws: others follow it, and the timer or `close` may be who lets it go. */
  #dispatchHeld(busEvent: BusEvent<E>, scrollId?: string): void {
    try {
      this.#dispatch(scrollId === undefined ? busEvent : withIds(busEvent, scrollId, busEvent.routing.connectorUid));
    } catch (error) {
      this.#tellUnreadable(error);
    }
  }

  /** Receivers never throw; an envelope whose getters change their mind after publish may. */
  #tellUnreadable(error: unknown): void {
    this.#host.log('warn', `an event could not be read again: ${show(error)}`);
  }
}
