import { EventFilter, SlowConsumerError } from '../library.js';
import { byDeliveries, byHandler, byLoopOverDeliveries, countDelivery, pause } from './consumers.js';
import { anyView } from './traffic.js';
const anyCapacity = (below) => [1, 8, 64, 256, 1024][below(5)];
/** A participant with a handle. It leaves by `close` or by `dispose`, at random. */
export function receiving(surroundings, consume, options = {}, view = anyView(surroundings.below)) {
    const { bus, account, below, beforeLeaving } = surroundings;
    const capacity = options.capacity ?? anyCapacity(below);
    const receiver = bus.subscribeFiltered(view.filter, { ...options, capacity, name: account.name });
    return {
        wants: view.wants,
        consumed: consume(receiver, surroundings),
        lagged: () => receiver.lagged,
        leave: () => {
            if (below(2) === 0) {
                receiver.close();
            }
            else {
                beforeLeaving();
                receiver[Symbol.dispose]();
            }
        },
    };
}
/** A participant that reads all gaps, unless it leaves at once. */
export const withGaps = (options, consume) => (surroundings) => {
    surroundings.account.readsAllGaps = true;
    return receiving(surroundings, consume, options);
};
/** Ends at the first event without room. The count of events that its handler has taken says which event that is. */
export const evicted = (surroundings) => {
    const { account, below } = surroundings;
    const capacity = [64, 256, 512][below(3)];
    const view = anyView(below);
    const participant = receiving(surroundings, byDeliveries, { capacity, overflow: 'evict' }, view);
    account.readsAllGaps = true;
    return {
        ...participant,
        wants: (payload) => {
            if (!view.wants(payload)) {
                return false;
            }
            account.isIn = account.wanted - account.taken < capacity;
            return true;
        },
    };
};
/** Takes nothing until it leaves. */
export const stalled = ({ bus, account, below, beforeLeaving }) => {
    const { filter, wants } = anyView(below);
    const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
    const participant = { wants, lagged: () => receiver.lagged };
    let finish;
    const consumed = new Promise((resolve) => {
        finish = resolve;
    });
    return {
        ...participant,
        consumed,
        neverEnds: true,
        leave: () => {
            beforeLeaving();
            receiver[Symbol.dispose]();
            finish();
        },
    };
};
/** Takes nothing until the bus ends it. Then it takes the events that wait. */
export const stalledForTooLong = ({ bus, account, below, beforeLeaving }) => {
    const { filter, wants } = anyView(below);
    const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), stallAfterMs: 2, name: account.name });
    account.readsAllGaps = true;
    let finish;
    const consumed = new Promise((resolve) => {
        finish = resolve;
    });
    const drain = async () => {
        try {
            for await (const delivery of receiver.deliveries) {
                countDelivery(delivery, { bus, account, below, beforeLeaving });
            }
        }
        catch (error) {
            if (error instanceof SlowConsumerError) {
                return;
            }
            throw error;
        }
        throw new Error(`${account.name} has ended without a SlowConsumerError`);
    };
    return {
        wants,
        consumed,
        lagged: () => receiver.lagged,
        neverEnds: true,
        ended: () => {
            finish(drain());
        },
        leave: () => {
            beforeLeaving();
            receiver[Symbol.dispose]();
            finish(undefined);
        },
    };
};
/** Its predicate throws after a while, during a burst. */
export const predicateThrows = (surroundings) => {
    const { account, below } = surroundings;
    const last = 1 + below(5000);
    let asked = 0;
    const filter = EventFilter.where(() => {
        asked += 1;
        if (asked > last) {
            throw new PlannedPredicateError();
        }
        return true;
    });
    const wants = () => {
        account.isIn = account.wanted < last;
        return account.isIn;
    };
    return receiving(surroundings, byHandler, {}, { filter, wants });
};
class PlannedPredicateError extends Error {
    name = 'PlannedPredicateError';
}
/** Leaves when its signal aborts. */
export const aborting = (surroundings) => {
    const controller = new AbortController();
    const participant = receiving(surroundings, byLoopOverDeliveries, { signal: controller.signal });
    return {
        ...participant,
        leave: () => {
            surroundings.beforeLeaving();
            controller.abort();
        },
    };
};
/** No one keeps its handle. The garbage collector frees it. */
export const abandoned = ({ bus, account, below }) => {
    const { filter, wants } = anyView(below);
    bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
    return { wants, leave: () => undefined };
};
/** A stream with a `consume`. */
export const consuming = ({ bus, account, below, beforeLeaving }) => {
    const { filter, wants } = anyView(below);
    const capacity = anyCapacity(below);
    const consume = async () => {
        account.take();
        await pause(below);
    };
    let finish;
    const consumed = new Promise((resolve) => {
        finish = resolve;
    });
    const subscription = bus.stream(filter, { capacity, consume, name: account.name }).subscribe({
        complete: () => {
            finish();
        },
    });
    return {
        wants,
        consumed,
        leave: () => {
            beforeLeaving();
            subscription.unsubscribe();
            finish();
        },
    };
};
/** A loop that breaks after some events. */
export const breaking = (surroundings) => {
    const { account, below, beforeLeaving } = surroundings;
    const last = 1 + below(200);
    return receiving(surroundings, async (receiver) => {
        for await (const _ of receiver) {
            account.take();
            await pause(below);
            if (account.taken >= last && account.isIn) {
                beforeLeaving();
                break;
            }
        }
    });
};
