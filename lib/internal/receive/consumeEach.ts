import { defer, Observable, type ObservableInput, type ObservedValueOf } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import { outOfContext } from '../support/context.js';
import { currentZone, runIn } from '../support/zone.js';
import { report } from '../support/report.js';
import { dispose } from './ending.js';
import { ask } from './pull.js';
import type { Pull } from './Pulls.js';
import type { Receiver } from './Receiver.js';

/** One call of a `consume`. */
export interface Work<R> {
  /** Takes no event until what was returned is through; then it is `undefined`, so that no connection holds it. */
  receiver: R | undefined;
}

/** On whose behalf a bus is called: a `consume` may wait for what it calls itself. */
export class ConsumeCalls<R> {
  /** `undefined`: nobody knows. */
  current: Work<R> | undefined;

  /** Calls `act` on behalf of `work`. */
  as(work: Work<R> | undefined, act: () => void): void {
    const outer = this.current;
    this.current = work;
    try {
      act();
    } finally {
      this.current = outer;
    }
  }
}

/**
 * Takes one event at a time from `receiver`, and the next when what `consume` made of it is through: what comes meanwhile waits in the
 * receiver's own queue.
 */
export function consumeEach<E, O extends ObservableInput<unknown>>(
  receiver: Receiver<E>,
  consume: (busEvent: BusEvent<E>) => O,
  consuming: ConsumeCalls<Receiver<E>>,
): Observable<ObservedValueOf<O>> {
  return new Observable((subscriber) => {
    let work: Work<Receiver<E>> | undefined;
    const zone = currentZone();
    const inZone = (act: () => void): void => {
      runIn(zone, act, report);
    };
    const consumed$ = (busEvent: BusEvent<E>): Observable<ObservedValueOf<O>> =>
      new Observable((inner) => {
        // Before it begins: one that emits at once, and without end, must see that nobody listens any more.
        subscriber.add(inner);
        defer(() => consume(busEvent) as ObservableInput<ObservedValueOf<O>>).subscribe(inner);
      });
    // A signal that is aborted ends this at once, in the context of whatever aborts it.
    const end = (act: () => void): void => {
      outOfContext(() => {
        inZone(act);
      });
    };
    const workIsThrough = (): void => {
      if (work !== undefined) {
        work.receiver = undefined;
      }
    };
    const askForNext = (): void => {
      workIsThrough();
      const pull: Pull<E> = {
        next: (busEvent) => {
          work = { receiver };
          inZone(() => {
            consuming.as(work, () => {
              consumed$(busEvent).subscribe({
                next: (result) => {
                  // What is done with a result is not what the consume waits for.
                  consuming.as(undefined, () => {
                    subscriber.next(result);
                  });
                },
                error: (error: unknown) => {
                  subscriber.error(error);
                },
                complete: askForNext,
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
      // Never at once: neither the publisher nor the end of the last one runs the next.
      ask(receiver, pull, true);
    };
    subscriber.add(() => {
      workIsThrough();
      dispose(receiver);
    });
    askForNext();
  });
}
