import { inject, Injectable, signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import type { BusPosition, BusStats } from 'sharing-bus';
import { catchError, EMPTY, exhaustMap, map, share, switchMap, timer } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';
import { PageToken } from '../permissions/PageToken.js';
import { LaneBook } from './LaneBook.js';

/** The response of `/api/stats`. */
export interface ServerStats extends BusStats {
  readonly position: BusPosition;
  /** Where the bus stood when this server started: after the events of earlier runs, if it keeps them. */
  readonly began: BusPosition;
  readonly permissions: {
    /** The permission requests that wait for the answer of a page. */
    readonly waiting: readonly string[];
    /** Whether the page that asks may answer. */
    readonly mayAnswer: boolean;
  };
}

/** The time between two polls, in milliseconds. */
const INTERVAL_MS = 250;

/** Polls the figures of the server. Not a second stream: a browser has six connections for all its pages of a host. */
@Injectable({ providedIn: 'root' })
export class Stats {
  readonly #token = inject(PageToken);
  /** Whether to poll. */
  readonly isWanted = signal(false);

  readonly #stats$ = toObservable(this.isWanted).pipe(
    switchMap((isWanted) => (isWanted ? timer(0, INTERVAL_MS) : EMPTY)),
    exhaustMap(() =>
      fromFetch('/api/stats', {
        headers: this.#token.headers(),
        selector: (response) => response.json() as Promise<ServerStats>,
      }).pipe(
        // The event stream reports a lost server. Here, the next poll tries again.
        catchError(() => EMPTY),
      ),
    ),
    share(),
  );

  readonly #book = new LaneBook();
  readonly latest = toSignal(this.#stats$);
  readonly lanes = toSignal(this.#stats$.pipe(map((stats) => this.#book.take(stats))), { initialValue: [] });
}
