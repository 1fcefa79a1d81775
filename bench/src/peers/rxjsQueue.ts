import { asapScheduler, filter, Subject } from 'rxjs';
import type { BusEvent } from '../library.js';
import { CAPACITY, type Peer, type Take } from './Peer.js';
import { predicateOf } from './predicate.js';

/** A simple bounded queue in RxJS: an array with `push` and `shift`, and a scheduled action for each queue. */
class FirstQueue {
  lagged = 0;
  readonly #waiting: BusEvent[] = [];
  #take: Take | undefined;
  #scheduled = false;

  constructor(take?: Take) {
    this.#take = take;
  }

  readonly offer = (busEvent: BusEvent): void => {
    if (this.#waiting.length >= CAPACITY) {
      this.lagged += 1;
      return;
    }
    this.#waiting.push(busEvent);
    this.#schedule();
  };

  consume(take: Take): void {
    this.#take = take;
    this.#schedule();
  }

  #schedule(): void {
    const take = this.#take;
    if (this.#scheduled || take === undefined) {
      return;
    }
    this.#scheduled = true;
    asapScheduler.schedule(() => {
      this.#scheduled = false;
      for (let count = this.#waiting.length; count > 0; count -= 1) {
        take(this.#waiting.shift() as BusEvent);
      }
    });
  }
}

/** A Subject, and a filter and such a queue for each member. */
export function rxjsQueue(): Peer {
  const published$ = new Subject<BusEvent>();
  return {
    delivers: 'later',
    join: (interest, take) => {
      const queue = new FirstQueue(take);
      const subscription = published$.pipe(filter(predicateOf(interest))).subscribe(queue.offer);
      return {
        get lagged() {
          return queue.lagged;
        },
        leave: () => {
          subscription.unsubscribe();
        },
        consume: (late) => {
          queue.consume(late);
        },
      };
    },
    publish: (busEvent) => {
      published$.next(busEvent);
    },
  };
}
