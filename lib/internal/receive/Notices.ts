import { defer, distinctUntilChanged, type Observable, of, startWith, Subject } from 'rxjs';
import { report } from '../support/report.js';
import { inCallersZone } from '../support/zone.js';
import type { Phase } from './Phase.js';

/** The part of a receiver that {@link Notices} reads. */
export interface NoticeSource {
  readonly lagged: number;
  readonly phase: Phase;
  /** Called when `lagged$` or `closed$` is subscribed to. Creates the notices at the first call. */
  beginNotices(): Notices;
}

/** Emits `lagged$` and `closed$` of a receiver, in its turns. */
export class Notices {
  /** Whether `lagged$` was subscribed to and has not ended. */
  isLagObserved = false;
  private readonly lagged$ = new Subject<number>();
  private readonly closed$ = new Subject<void>();

  /** Whether `closed$` has a subscriber. */
  get isClosedObserved(): boolean {
    return this.closed$.observed;
  }

  /** An observable that emits `lagged` at once and when it has grown. */
  static laggedOf(receiver: NoticeSource): Observable<number> {
    return defer(() => {
      const { lagged } = receiver;
      if (receiver.phase === 'over') {
        return of(lagged);
      }
      const notices = receiver.beginNotices();
      notices.isLagObserved = true;
      return inCallersZone(notices.lagged$.pipe(startWith(lagged), distinctUntilChanged()));
    });
  }

  /** An observable that emits once, when the receiver no longer has a slot. */
  static closedOf(receiver: NoticeSource): Observable<void> {
    return defer(() => (receiver.phase === 'live' ? inCallersZone(receiver.beginNotices().closed$) : of(undefined)));
  }

  /** Emits what has changed. Called in a turn. */
  emit(receiver: NoticeSource): void {
    if (this.isLagObserved) {
      this.emitLagged(receiver);
      if (receiver.phase === 'over') {
        this.isLagObserved = false;
        // An observer may have caused further losses meanwhile.
        this.emitLagged(receiver);
        this.lagged$.complete();
      }
    }
    if (receiver.phase !== 'live' && !this.closed$.closed) {
      this.closed$.next();
      this.closed$.complete();
    }
  }

  private emitLagged(receiver: NoticeSource): void {
    try {
      this.lagged$.next(receiver.lagged);
    } catch (error) {
      report(error);
    }
  }
}
