import type { Observer } from 'rxjs';
import type { Delivery, Gap } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';

/** What a {@link DeliveryConsumer} asks about the event that is handed over. */
export interface InHand {
  /** Takes what is missing before it. */
  takeGap(): Gap | undefined;
  /** Whether it was forgotten with those that waited, while the gap was told. */
  isForgotten(): boolean;
}

/** A consumer that is told what is missing, too. */
export class DeliveryConsumer<E> implements Observer<BusEvent<E>> {
  readonly #out: Observer<Delivery<E>>;
  readonly #inHand: InHand;

  constructor(out: Observer<Delivery<E>>, inHand: InHand) {
    this.#out = out;
    this.#inHand = inHand;
  }

  next(event: BusEvent<E>): void {
    const gap = this.#inHand.takeGap();
    try {
      this.tell(gap);
    } finally {
      // A consumer that leaves when the gap is told gets no more.
      if (gap === undefined || !this.#inHand.isForgotten()) {
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
