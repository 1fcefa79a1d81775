import { defer, Observable, type ObservableInput, type ObservedValueOf, type Subscription } from 'rxjs';
import type { BusEvent } from '../protocol/BusEvent.js';
import type { Pull } from './Pull.js';

/** What is asked for one event after the other. */
interface Asked<E> {
  ask(pull: Pull<E>, inTurn: boolean): void;
  [Symbol.dispose](): void;
}

/**
 * Takes one event at a time from `receiver`, and the next when what `consume` made of it is through: what comes meanwhile waits in the
 * receiver's own queue.
 */
export function consumeEach<E, O extends ObservableInput<unknown>>(
  receiver: Asked<E>,
  consume: (busEvent: BusEvent<E>) => O,
): Observable<ObservedValueOf<O>> {
  return new Observable((subscriber) => {
    let inner: Subscription | undefined;
    const askForNext = (): void => {
      const pull: Pull<E> = {
        next: (busEvent) => {
          inner = defer(() => consume(busEvent) as ObservableInput<ObservedValueOf<O>>).subscribe({
            next: (result) => {
              subscriber.next(result);
            },
            error: (error: unknown) => {
              subscriber.error(error);
            },
            complete: askForNext,
          });
          if (subscriber.closed) {
            // It was unsubscribed from while it was being subscribed to.
            inner.unsubscribe();
          }
        },
        complete: () => {
          subscriber.complete();
        },
        error: (error) => {
          subscriber.error(error);
        },
      };
      // Never at once: neither the publisher nor the end of the last one runs the next.
      receiver.ask(pull, true);
    };
    subscriber.add(() => {
      inner?.unsubscribe();
      receiver[Symbol.dispose]();
    });
    askForNext();
  });
}
