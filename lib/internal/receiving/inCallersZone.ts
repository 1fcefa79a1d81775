import { Observable } from 'rxjs';
import { currentZone, runIn, type Zone } from '../support/zone.js';
import { report } from '../support/report.js';

/** `source$`, whose observers are called in the zone that is current now, where there is one. */
export function inCallersZone<T>(source$: Observable<T>): Observable<T> {
  const zone = currentZone();
  return zone === undefined ? source$ : keptIn(zone, source$);
}

function keptIn<T>(zone: Zone, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const inZone = (work: () => void): void => {
      runIn(zone, work, report);
    };
    return source$.subscribe({
      next: (value) => {
        inZone(() => {
          subscriber.next(value);
        });
      },
      error: (error: unknown) => {
        inZone(() => {
          subscriber.error(error);
        });
      },
      complete: () => {
        inZone(() => {
          subscriber.complete();
        });
      },
    });
  });
}
