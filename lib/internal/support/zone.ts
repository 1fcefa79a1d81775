import { Observable } from 'rxjs';
import { report } from './report.js';

/** The part of a zone of zone.js that is used. */
export interface Zone {
  run(work: () => void): unknown;
}

/** The zone of the caller. `undefined` without zone.js. */
export function currentZone(): Zone | undefined {
  const { Zone: zones } = globalThis as { Zone?: { readonly current?: Partial<Zone> } };
  const zone = zones?.current;
  // An application may have its own global of that name.
  return typeof zone?.run === 'function' ? (zone as Zone) : undefined;
}

/**
 * Calls `work` in `zone` if there is one. If `zone` is current already, it is not entered again. `work` must not throw.
 *
 * @param failed Called with an error that the zone itself throws.
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

/** Returns `source$` with observers that are called in the zone that is current now, if there is one. */
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
