import { Effect, Exit, PubSub, Scope } from 'effect';
import { CAPACITY, unable } from './Peer.js';
import { predicateOf } from './predicate.js';
/**
 * Effect's PubSub with the dropping strategy. All members share one ring, so an event is dropped for all of them or for none. Each member
 * is a fiber that takes all events and calls its predicate. A waiting fiber is resumed within the publish.
 */
export function effectPubSub() {
    const pubsub = Effect.runSync(PubSub.dropping(CAPACITY));
    let dropped = 0;
    return {
        delivers: 'either',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('effect', 'queue of one member');
            }
            const wanted = predicateOf(interest);
            const scope = Effect.runSync(Scope.make());
            const subscription = Effect.runSync(Scope.provide(PubSub.subscribe(pubsub), scope));
            const consume = Effect.map(PubSub.takeAll(subscription), (events) => {
                for (const busEvent of events) {
                    if (wanted(busEvent)) {
                        take(busEvent);
                    }
                }
            });
            Effect.runFork(Effect.forever(consume));
            return {
                get lagged() {
                    return dropped;
                },
                leave: () => {
                    Effect.runSync(Scope.close(scope, Exit.void));
                },
            };
        },
        publish: (busEvent) => {
            if (!PubSub.publishUnsafe(pubsub, busEvent)) {
                dropped += 1;
            }
        },
    };
}
