import { Observable, Subject, type Subscriber } from 'rxjs';

/**
 * A Subject of one observer: {@link asObservable} is where it sits, and `next` calls it without looking for others.
 *
 * A Subject copies its list of observers and walks it inside of a closure, at each value. That alone costs more than all else
 * that the bus does for an event.
 */
export class SoloSubject<T> extends Subject<T> {
  #observer: Subscriber<T> | undefined;

  override asObservable(): Observable<T> {
    return new Observable((observer) => {
      this.#observer = observer;
    });
  }

  override next(value: T): void {
    this.#observer?.next(value);
  }

  override complete(): void {
    super.complete();
    this.#observer?.complete();
    this.#observer = undefined;
  }
}
