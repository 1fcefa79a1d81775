import { Observable, type Observer, type Subscription } from 'rxjs';
import { observerOf } from '../support/PerSubscription.js';
import { DirectConsumer, type ConsumerPort } from './consumers.js';

/** The observable of what a {@link ConsumerPort} delivers. */
export class EventsObservable<T> extends Observable<T> {
  /** Not a `#` field, which cannot be read through a Proxy. A function, since Vue wraps only the objects that it reads. */
  private readonly port: () => ConsumerPort<T>;

  constructor(port: () => ConsumerPort<T>) {
    super();
    this.port = port;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (typeof observerOrNext === 'function' && !error && !complete) {
      const consumer = new DirectConsumer(observerOrNext, this.port);
      this.port().serve(consumer);
      return consumer;
    }
    return new Observable<T>((subscriber) => {
      this.port().serve(subscriber);
      subscriber.add(() => {
        this.port().leave(subscriber);
      });
    }).subscribe(observerOf(observerOrNext, error, complete));
  }
}
