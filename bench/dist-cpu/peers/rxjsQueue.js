import { asapScheduler, filter, Subject } from 'rxjs';
import { CAPACITY } from './Peer.js';
import { predicateOf } from './predicate.js';
/** A simple bounded queue in RxJS: an array with `push` and `shift`, and a scheduled action for each queue. */
class FirstQueue {
    lagged = 0;
    #waiting = [];
    #take;
    #scheduled = false;
    constructor(take) {
        this.#take = take;
    }
    offer = (busEvent) => {
        if (this.#waiting.length >= CAPACITY) {
            this.lagged += 1;
            return;
        }
        this.#waiting.push(busEvent);
        this.#schedule();
    };
    consume(take) {
        this.#take = take;
        this.#schedule();
    }
    #schedule() {
        const take = this.#take;
        if (this.#scheduled || take === undefined) {
            return;
        }
        this.#scheduled = true;
        asapScheduler.schedule(() => {
            this.#scheduled = false;
            for (let count = this.#waiting.length; count > 0; count -= 1) {
                take(this.#waiting.shift());
            }
        });
    }
}
/** A Subject, and a filter and such a queue for each member. */
export function rxjsQueue() {
    const published$ = new Subject();
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
