import { Observable, type Observer, type Subscription } from 'rxjs';
import { DirectConsumer, type Seat } from './DirectConsumer.js';
import { observerOf } from './PerSubscription.js';

/** The stream of what is handed over at a {@link Seat}. */
export class HandOver<T> extends Observable<T> {
  /** No private field: a Proxy has none. It leaves functions as they are. */
  private readonly seat: () => Seat<T>;

  constructor(seat: () => Seat<T>) {
    super();
    this.seat = seat;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (typeof observerOrNext === 'function' && !error && !complete) {
      const consumer = new DirectConsumer(observerOrNext, this.seat);
      this.seat().serve(consumer);
      return consumer;
    }
    return new Observable<T>((subscriber) => {
      this.seat().serve(subscriber);
      subscriber.add(() => {
        this.seat().leave(subscriber);
      });
    }).subscribe(observerOf(observerOrNext, error, complete));
  }
}
