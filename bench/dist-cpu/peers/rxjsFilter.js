import { filter, Subject } from 'rxjs';
import { unable } from './Peer.js';
import { predicateOf } from './predicate.js';
/** A Subject, and a filter for each member: no queue, consumers are called on the publisher's stack. */
export function rxjsFilter() {
    const published$ = new Subject();
    return {
        delivers: 'at once',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('rxjs-filter', 'queue');
            }
            const subscription = published$.pipe(filter(predicateOf(interest))).subscribe(take);
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
