import { throwError } from 'rxjs';

/** Reports what a handler threw as RxJS does: later, on nobody's stack. */
export function report(error: unknown): void {
  throwError(() => error).subscribe();
}
