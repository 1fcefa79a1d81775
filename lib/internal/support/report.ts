import { throwError } from 'rxjs';

/** Reports an error that a handler threw, as RxJS does: in a later task, by `config.onUnhandledError` or as an uncaught error. */
export function report(error: unknown): void {
  throwError(() => error).subscribe();
}
