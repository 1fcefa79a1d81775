import { defer, Observable, type ObservableInput, type Observer, type Subscription } from 'rxjs';

/**
 * A `defer` that is created anew at each `subscribe`. The plugin of zone.js for RxJS runs the code of an Observable in the zone in which
 * the Observable was created. That may not be the subscriber's zone.
 */
export class PerSubscription<T> extends Observable<T> {
  /** Not a `#` field, which cannot be read through a Proxy. */
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

/** The arguments of `subscribe` as one observer. */
export function observerOf<T>(
  observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
  error?: ((error: unknown) => void) | null,
  complete?: (() => void) | null,
): Partial<Observer<T>> {
  const isObserver = typeof observerOrNext !== 'function' && Boolean(observerOrNext);
  return (isObserver ? observerOrNext : { next: observerOrNext, error, complete }) as Partial<Observer<T>>;
}
