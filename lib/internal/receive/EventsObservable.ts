import { defer, Observable, type ObservableInput, type Observer, type Subscription } from 'rxjs';
import { DirectConsumer, type ConsumerPort } from './consumers.js';

/** The stream of what is handed over at a {@link ConsumerPort}. */
export class EventsObservable<T> extends Observable<T> {
  /** No private field: a Proxy has none. It leaves functions as they are. */
  private readonly seat: () => ConsumerPort<T>;

  constructor(seat: () => ConsumerPort<T>) {
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

/**
 * A `defer` that is made where it is subscribed to, too. The plugin of zone.js for RxJS has the code of an Observable run in the zone
 * that it was made in, which need not be the subscriber's.
 */
export class PerSubscription<T> extends Observable<T> {
  /** No private field: a Proxy has none. */
  private readonly make$: () => ObservableInput<T>;

  constructor(make$: () => ObservableInput<T>) {
    super();
    this.make$ = make$;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    return defer(this.make$).subscribe(observerOf(observerOrNext, error, complete));
  }
}

/** What `subscribe` was given, as one observer. */
export function observerOf<T>(
  observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
  error?: ((error: unknown) => void) | null,
  complete?: (() => void) | null,
): Partial<Observer<T>> {
  const isObserver = typeof observerOrNext !== 'function' && Boolean(observerOrNext);
  return (isObserver ? observerOrNext : { next: observerOrNext, error, complete }) as Partial<Observer<T>>;
}
