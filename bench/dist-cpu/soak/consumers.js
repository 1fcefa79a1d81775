import { setImmediate, setTimeout } from 'node:timers/promises';
/** Thrown by handlers of the soak on purpose. */
export class PlannedError extends Error {
    name = 'PlannedError';
    static thrown = 0;
    constructor() {
        super('planned');
        PlannedError.thrown += 1;
    }
}
/** Waits for a timer, for a turn of the loop, or not at all. */
export async function pause(below) {
    switch (below(8)) {
        case 0:
            return setTimeout(1);
        case 1:
            return setImmediate();
    }
}
/** Counts a delivery. */
export function countDelivery(delivery, { account }) {
    if (delivery.type === 'gap') {
        account.miss(delivery);
    }
    else {
        account.take();
    }
}
export const byHandler = (receiver, { account }) => new Promise((resolve) => {
    receiver.events$.subscribe({
        next: account.take,
        error: resolve,
        complete: () => {
            resolve(undefined);
        },
    });
});
export const byDeliveries = (receiver, surroundings) => new Promise((resolve) => {
    receiver.deliveries$.subscribe({
        next: (delivery) => {
            countDelivery(delivery, surroundings);
        },
        error: resolve,
        complete: () => {
            resolve(undefined);
        },
    });
});
export const byLoop = async (receiver, { account, below }) => {
    for await (const _ of receiver) {
        account.take();
        await pause(below);
    }
};
export const byLoopOverDeliveries = async (receiver, surroundings) => {
    for await (const delivery of receiver.deliveries) {
        countDelivery(delivery, surroundings);
        await pause(surroundings.below);
    }
};
export const byWebStream = async (receiver, { account, below }) => {
    for await (const _ of receiver.toReadableStream()) {
        account.take();
        await pause(below);
    }
};
export const byThrowingHandler = (receiver, { account, below }) => new Promise((resolve) => {
    receiver.events$.subscribe({
        next: () => {
            account.take();
            if (below(100) === 0) {
                throw new PlannedError();
            }
        },
        error: resolve,
        complete: () => {
            resolve(undefined);
        },
    });
});
