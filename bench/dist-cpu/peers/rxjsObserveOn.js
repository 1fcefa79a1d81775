import { asapScheduler, filter, observeOn, Subject } from 'rxjs';
import { unable } from './Peer.js';
import { predicateOf } from './predicate.js';
/** A Subject, and a filter and `observeOn(asapScheduler)` for each member: consumers are called later, without a bound. */
export function rxjsObserveOn() {
    const published$ = new Subject();
    return {
        delivers: 'later',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('rxjs-observe-on', 'queue of its own');
            }
            const subscription = published$.pipe(filter(predicateOf(interest)), observeOn(asapScheduler)).subscribe(take);
            return {
                lagged: 0,
                leave: () => {
                    subscription.unsubscribe();
                },
            };
        },
        publish: (busEvent) => {
            published$.next(busEvent);
        },
    };
}
