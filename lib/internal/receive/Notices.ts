import { defer, distinctUntilChanged, type Observable, of, startWith, Subject } from 'rxjs';
import { report } from '../support/report.js';
import { inCallersZone } from '../support/zone.js';

/** What the observers of a receiver are told of. */
export interface Noticed {
  readonly lagged: number;
  /** Whether no event will come, and nobody waits for one. */
  readonly isOver: boolean;
  /** Whether it has no slot. */
  readonly hasDeparted: boolean;
  /** The first observer of the count has come. */
  beginNotices(): Notices;
}

/** What a receiver's observers of `lagged$` and `closed$` are told, in its turns. */
export class Notices {
  /** Whether `lagged$` was observed, and has not ended. */
  isCounting = false;
  private readonly lagged$ = new Subject<number>();
  private readonly closed$ = new Subject<void>();

  /** Whether somebody waits to hear that the receiver has no slot any more. */
  get isClosedObserved(): boolean {
    return this.closed$.observed;
  }

  /** `lagged` now, then as it grows. */
  static laggedOf(receiver: Noticed): Observable<number> {
    return defer(() => {
      const { lagged } = receiver;
      if (receiver.isOver) {
        return of(lagged);
      }
      const notices = receiver.beginNotices();
      notices.isCounting = true;
      return inCallersZone(notices.lagged$.pipe(startWith(lagged), distinctUntilChanged()));
    });
  }

  /** Emits once, when the receiver has no slot any more. */
  static closedOf(receiver: Noticed): Observable<void> {
    return defer(() => (receiver.hasDeparted ? of(undefined) : inCallersZone(receiver.beginNotices().closed$)));
  }

  /** Tells what is new; in a turn. */
  tell(receiver: Noticed): void {
    if (this.isCounting) {
      this.tellLagged(receiver);
      if (receiver.isOver) {
        this.isCounting = false;
        // An observer may have caused more since it was told.
        this.tellLagged(receiver);
        this.lagged$.complete();
      }
    }
    if (receiver.hasDeparted && !this.closed$.closed) {
      this.closed$.next();
      this.closed$.complete();
    }
  }

  private tellLagged(receiver: Noticed): void {
    try {
      this.lagged$.next(receiver.lagged);
    } catch (error) {
      report(error);
    }
  }
}
