import { defer, Observable, type ObservableInput, type ObservedValueOf } from 'rxjs';
import type { BusEvent } from '../../protocol/BusEvent.js';
import { outOfContext } from '../support/outOfContext.js';
import { currentZone, runIn } from '../support/zone.js';
import { report } from '../support/report.js';
import type { Pull } from './Pulls.js';

/** What is asked for one event after the other. */
interface Asked<E> {
  ask(pull: Pull<E>, inTurn: boolean): unknown;
  dispose(): void;
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
    const zone = currentZone();
    const inZone = (work: () => void): void => {
      runIn(zone, work, report);
    };
    const consumed$ = (busEvent: BusEvent<E>): Observable<ObservedValueOf<O>> =>
      new Observable((inner) => {
        // Before it begins: one that emits at once, and without end, must see that nobody listens any more.
        subscriber.add(inner);
        defer(() => consume(busEvent) as ObservableInput<ObservedValueOf<O>>).subscribe(inner);
      });
    // A signal that is aborted ends this at once, in the context of whatever aborts it.
    const end = (work: () => void): void => {
      outOfContext(() => {
        inZone(work);
      });
    };
    const askForNext = (): void => {
      const pull: Pull<E> = {
        next: (busEvent) => {
          inZone(() => {
            consumed$(busEvent).subscribe({
              next: (result) => {
                subscriber.next(result);
              },
              error: (error: unknown) => {
                subscriber.error(error);
              },
              complete: askForNext,
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
      receiver.ask(pull, true);
    };
    subscriber.add(() => {
      receiver.dispose();
    });
    askForNext();
  });
}
