import { Injectable, signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import type { BusPosition, BusStats } from 'sharing-bus';
import { catchError, EMPTY, exhaustMap, map, share, switchMap, timer } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';
import { LaneBook } from './LaneBook.js';

/** What `/api/stats` answers. */
export interface ServerStats extends BusStats {
  readonly position: BusPosition;
}

const EVERY = 250;

/** Asks the server for its figures a few times a second: a browser has six connections for all its pages, and a stream holds one. */
@Injectable({ providedIn: 'root' })
export class Stats {
  /** Nobody is asked while there is nobody to answer. */
  readonly isWanted = signal(false);

  readonly #stats$ = toObservable(this.isWanted).pipe(
    switchMap((isWanted) => (isWanted ? timer(0, EVERY) : EMPTY)),
    exhaustMap(() =>
      fromFetch('/api/stats', { selector: (response) => response.json() as Promise<ServerStats> }).pipe(
        // The stream tells that the server is gone; here, it is asked again.
        catchError(() => EMPTY),
      ),
    ),
    share(),
  );

  readonly #book = new LaneBook();
  readonly latest = toSignal(this.#stats$);
  readonly lanes = toSignal(this.#stats$.pipe(map((stats) => this.#book.take(stats))), { initialValue: [] });
}
