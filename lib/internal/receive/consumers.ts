import { noop, type Observer, Subscription } from 'rxjs';
import { report } from '../support/report.js';
import type { Delivery, Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';

/** Where one consumer at a time is served. */
export interface ConsumerPort<T> {
  /** Serves `consumer`, unless another one is there; that is told it as an error. */
  serve(consumer: Observer<T>): void;
  /** `consumer` goes. */
  leave(consumer: Observer<T>): void;
}

/**
 * A plain function that consumes. To call it through the Subscriber that RxJS makes of it would cost more than all the rest of a
 * delivery, and take three times the memory.
 *
 * Invariant: it behaves as that Subscriber does: an error that has no handler is reported, and every ending unsubscribes.
 */
export class DirectConsumer<T> extends Subscription implements Observer<T> {
  next: (value: T) => void;
  /** As in `EventsObservable`: what is subscribed may be put behind a Proxy, too. */
  private seat: (() => ConsumerPort<T>) | undefined;

  /** @param seat Told once, when it goes. */
  constructor(next: (value: T) => void, seat: () => ConsumerPort<T>) {
    super();
    this.next = next;
    this.seat = seat;
  }

  error(error: unknown): void {
    report(error);
    this.unsubscribe();
  }

  complete(): void {
    this.unsubscribe();
  }

  /** Whether `other` is a Proxy of this: it shows what is written here. */
  isBehind(other: Observer<T>): boolean {
    const { next } = this;
    this.next = () => undefined;
    const isBehind = other.next === this.next;
    this.next = next;
    return isBehind;
  }

  override unsubscribe(): void {
    const { seat } = this;
    this.seat = undefined;
    // It leaves before its teardowns run, and holds nothing of what it served.
    seat?.().leave(this);
    this.next = noop;
    super.unsubscribe();
  }
}

/** What a {@link DeliveryConsumer} asks about the event that is handed over. */
export interface CurrentEvent {
  /** Takes what is missing before it. */
  takeGap(): Gap | undefined;
  /** Whether it was forgotten with those that waited, while the gap was told. */
  isForgotten(): boolean;
}

/** A consumer that is told what is missing, too. */
export class DeliveryConsumer<E> implements Observer<BusEvent<E>> {
  readonly #out: Observer<Delivery<E>>;
  readonly #current: CurrentEvent;

  constructor(out: Observer<Delivery<E>>, inHand: CurrentEvent) {
    this.#out = out;
    this.#current = inHand;
  }

  next(event: BusEvent<E>): void {
    const gap = this.#current.takeGap();
    try {
      this.tell(gap);
    } finally {
      // A consumer that leaves when the gap is told gets no more.
      if (gap === undefined || !this.#current.isForgotten()) {
        this.#out.next({ type: 'event', event });
      }
    }
  }

  tell(gap: Gap | undefined): void {
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
