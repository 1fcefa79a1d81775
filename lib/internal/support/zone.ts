import { Observable } from 'rxjs';
import { report } from './report.js';

/** The part of a zone of zone.js that is used. */
export interface Zone {
  run<T>(work: () => T): T;
}

/** What zone.js has, and what an application's own global of the same name may lack. */
interface MaybeZone extends Partial<Zone> {
  /** The value of a property of the zone or of the nearest zone around it. */
  get?(key: string): unknown;
  /** The nearest zone that has this property. */
  getZoneWith?(key: string): Partial<Zone> | null;
}

interface WithZones {
  readonly Zone?: { readonly current?: MaybeZone; readonly root?: MaybeZone };
}

/** The zones of zone.js for tests, by the property that identifies them: what they contain runs in their time. */
const TEST_ZONES = ['ProxyZoneSpec', 'FakeAsyncTestZoneSpec'];

/** The zone of the caller. `undefined` without zone.js. */
export function currentZone(): Zone | undefined {
  return zoneOf((globalThis as WithZones).Zone?.current);
}

/**
 * The zone for the library's own timers, requests and turns: the root, which no application waits for; or the zone of the test that runs,
 * since only its `tick` runs them then. `undefined` without zone.js.
 */
export function outerZone(): Zone | undefined {
  const { Zone: zones } = globalThis as WithZones;
  const current = zones?.current;
  if (current === undefined) {
    return undefined;
  }
  const ofTest = TEST_ZONES.map((key) => current.getZoneWith?.(key)).find(Boolean);
  return zoneOf(ofTest ?? zones?.root);
}

/** Calls `work` in the {@link outerZone}, if there is one. */
export function outsideOfZone<T>(work: () => T): T {
  const zone = outerZone();
  return zone === undefined ? work() : zone.run(work);
}

/** Identifies the fake timers of `fakeAsync`. `undefined` outside of such a test. */
export function fakeAsyncTimers(): unknown {
  return (globalThis as WithZones).Zone?.current?.get?.('FakeAsyncTestZoneSpec');
}

function zoneOf(zone: Partial<Zone> | undefined): Zone | undefined {
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
