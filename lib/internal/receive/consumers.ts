import { noop, type Observer, Subscription } from 'rxjs';
import { report } from '../support/report.js';
import type { Delivery, Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';

/** Delivers to one consumer at a time. */
export interface ConsumerPort<T> {
  /** Delivers to `consumer` from now on. If there is another consumer, `consumer` gets an error. */
  serve(consumer: Observer<T>): void;
  /** Called when `consumer` leaves. */
  leave(consumer: Observer<T>): void;
}

/**
 * A plain function as a consumer. RxJS would wrap it in a Subscriber. Calls through that would cost more than the rest of a delivery, and
 * it would take three times the memory.
 *
 * Invariant: it behaves as that Subscriber does. An error is reported, since it has no handler, and every end unsubscribes.
 */
export class DirectConsumer<T> extends Subscription implements Observer<T> {
  next: (value: T) => void;
  /** A function, as in `EventsObservable`: this subscription may be behind a Proxy, too. */
  private port: (() => ConsumerPort<T>) | undefined;

  /** @param port Its `leave` is called once, when this ends. */
  constructor(next: (value: T) => void, port: () => ConsumerPort<T>) {
    super();
    this.next = next;
    this.port = port;
  }

  error(error: unknown): void {
    report(error);
    this.unsubscribe();
  }

  complete(): void {
    this.unsubscribe();
  }

  /** Whether `other` is a Proxy of this. If it is, a change of `next` shows in it. */
  isProxiedBy(other: Observer<T>): boolean {
    const { next } = this;
    this.next = () => undefined;
    const isProxiedBy = other.next === this.next;
    this.next = next;
    return isProxiedBy;
  }

  override unsubscribe(): void {
    const { port } = this;
    this.port = undefined;
    // It leaves before its teardowns run, and keeps no reference to the handler.
    port?.().leave(this);
    this.next = noop;
    super.unsubscribe();
  }
}

/** The event that a {@link DeliveryConsumer} is given, as far as its receiver is concerned. */
export interface CurrentEvent {
  /** Takes the gap before it. */
  takeGap(): Gap | undefined;
  /** Discards it, if the receiver was cleared while the gap was delivered. Returns whether it was discarded. */
  discardIfCleared(): boolean;
}

/** A consumer that also gets the gaps. */
export class DeliveryConsumer<E> implements Observer<BusEvent<E>> {
  readonly #out: Observer<Delivery<E>>;
  readonly #current: CurrentEvent;

  constructor(out: Observer<Delivery<E>>, current: CurrentEvent) {
    this.#out = out;
    this.#current = current;
  }

  next(event: BusEvent<E>): void {
    const gap = this.#current.takeGap();
    try {
      this.emitGap(gap);
    } finally {
      // A consumer that leaves while it gets the gap does not get the event.
      if (gap === undefined || !this.#current.discardIfCleared()) {
        this.#out.next({ type: 'event', event });
      }
    }
  }

  emitGap(gap: Gap | undefined): void {
    if (gap !== undefined) {
      this.#out.next(gap);
    }
  }

  error(error: unknown): void {
    this.#out.error(error);
  }

  complete(): void {
    this.#out.complete();
  }
}
