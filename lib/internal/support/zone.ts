import { Observable } from 'rxjs';
import { report } from './report.js';

/** A zone of zone.js, as far as it is needed. */
export interface Zone {
  run(work: () => void): unknown;
}

/** The zone of the caller; `undefined` where there is no zone.js. */
export function currentZone(): Zone | undefined {
  const { Zone: zones } = globalThis as { Zone?: { readonly current?: Partial<Zone> } };
  const zone = zones?.current;
  // An application may have a global of that name itself.
  return typeof zone?.run === 'function' ? (zone as Zone) : undefined;
}

/**
 * Calls `work`, which never throws, in `zone`, where there is one. What is in it already does not enter it again.
 *
 * @param failed Told what the zone itself throws.
 */
export function runIn(zone: Zone | undefined, work: () => void, failed: (error: unknown) => void): void {
  if (zone === undefined || zone === currentZone()) {
    work();
    return;
  }
  try {
    zone.run(work);
  } catch (error) {
    failed(error);
  }
}

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
