import { distinctUntilChanged, type Observable, startWith, Subject } from 'rxjs';
import { inCallersZone } from './inCallersZone.js';
import { report } from './Mailbox.js';

/** A count that grows, as its observers see it: the present count, then what it is whenever they are told. */
export class GrowingCount {
  readonly #read: () => number;
  readonly #growing$ = new Subject<number>();

  constructor(read: () => number) {
    this.#read = read;
  }

  observe(): Observable<number> {
    return inCallersZone(this.#growing$.pipe(startWith(this.#read()), distinctUntilChanged()));
  }

  tell(): void {
    try {
      this.#growing$.next(this.#read());
    } catch (error) {
      report(error);
    }
  }

  /** It will not grow any more. */
  end(): void {
    // An observer may have caused more since it was told.
    this.tell();
    this.#growing$.complete();
  }
}
