import { defer, Observable, type ObservableInput, type ObservedValueOf } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import { outOfContext } from '../support/context.js';
import { currentZone, runIn } from '../support/zone.js';
import { report } from '../support/report.js';
import { dispose } from './ending.js';
import { pullNext } from './pull.js';
import type { Pull } from './Pulls.js';
import type { Receiver } from './Receiver.js';

/** One call of `consume`. */
export interface ConsumeCall<R> {
  /** Takes no event until the call has finished. `undefined` afterwards, so that a connection does not keep it alive. */
  receiver: R | undefined;
}

/** Tracks the call of `consume` that calls the bus, since a `consume` may wait for its own receiver. */
export class ConsumeCalls<R> {
  /** The call that runs now. `undefined` if none does, or if it is not known. */
  current: ConsumeCall<R> | undefined;

  /** Calls `act`, with `call` as the current one. */
  during(call: ConsumeCall<R> | undefined, act: () => void): void {
    const outer = this.current;
    this.current = call;
    try {
      act();
    } finally {
      this.current = outer;
    }
  }
}

/**
 * Takes one event at a time from `receiver`, and the next one when the result of `consume` has completed. Meanwhile, events wait in the
 * receiver's own queue.
 */
export function consumeEach<E, O extends ObservableInput<unknown>>(
  receiver: Receiver<E>,
  consume: (busEvent: BusEvent<E>) => O,
  consuming: ConsumeCalls<Receiver<E>>,
): Observable<ObservedValueOf<O>> {
  return new Observable((subscriber) => {
    let call: ConsumeCall<Receiver<E>> | undefined;
    const zone = currentZone();
    const inZone = (act: () => void): void => {
      runIn(zone, act, report);
    };
    const consumed$ = (busEvent: BusEvent<E>): Observable<ObservedValueOf<O>> =>
      new Observable((inner) => {
        // Added before the start: a source that emits synchronously, without end, must see that the subscriber has left.
        subscriber.add(inner);
        defer(() => consume(busEvent) as ObservableInput<ObservedValueOf<O>>).subscribe(inner);
      });
    // An aborted signal ends this at once, in the context of the code that aborts it.
    const end = (act: () => void): void => {
      outOfContext(() => {
        inZone(act);
      });
    };
    const finishCall = (): void => {
      if (call !== undefined) {
        call.receiver = undefined;
      }
    };
    const requestNext = (): void => {
      finishCall();
      const pull: Pull<E> = {
        next: (busEvent) => {
          call = { receiver };
          inZone(() => {
            consuming.during(call, () => {
              consumed$(busEvent).subscribe({
                next: (result) => {
                  // The subscriber of the results does not run on behalf of the call.
                  consuming.during(undefined, () => {
                    subscriber.next(result);
                  });
                },
                error: (error: unknown) => {
                  subscriber.error(error);
                },
                complete: requestNext,
              });
            });
          });
        },
        complete: () => {
          end(() => {
            subscriber.complete();
          });
        },
        error: (error) => {
          end(() => {
            subscriber.error(error);
          });
        },
      };
      // In a turn: neither the publisher nor the end of the previous call runs the next one.
      pullNext(receiver, pull, true);
    };
    subscriber.add(() => {
      finishCall();
      dispose(receiver);
    });
    requestNext();
  });
}
