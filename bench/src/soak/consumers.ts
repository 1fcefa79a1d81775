import { setImmediate, setTimeout } from 'node:timers/promises';
import type { BusReceiver, Delivery } from '../library.js';
import type { Surroundings } from './Participant.js';
import type { Below, Payload } from './traffic.js';

/** A way to consume a receiver. The promise settles when the consumer has ended. */
export type Consume = (receiver: BusReceiver<Payload>, surroundings: Surroundings) => Promise<unknown>;

/** Thrown by handlers of the soak on purpose. */
export class PlannedError extends Error {
  override readonly name = 'PlannedError';
  static thrown = 0;

  constructor() {
    super('planned');
    PlannedError.thrown += 1;
  }
}

/** Waits for a timer, for a turn of the loop, or not at all. */
export async function pause(below: Below): Promise<void> {
  switch (below(8)) {
    case 0:
      return setTimeout(1);
    case 1:
      return setImmediate();
  }
}

/** Counts a delivery. */
export function countDelivery(delivery: Delivery<Payload>, { account }: Surroundings): void {
  if (delivery.type === 'gap') {
    account.miss(delivery);
  } else {
    account.take();
  }
}

export const byHandler: Consume = (receiver, { account }) =>
  new Promise((resolve) => {
    receiver.events$.subscribe({
      next: account.take,
      error: resolve,
      complete: () => {
        resolve(undefined);
      },
    });
  });

export const byDeliveries: Consume = (receiver, surroundings) =>
  new Promise((resolve) => {
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

export const byLoop: Consume = async (receiver, { account, below }) => {
  for await (const _ of receiver) {
    account.take();
    await pause(below);
  }
};

export const byLoopOverDeliveries: Consume = async (receiver, surroundings) => {
  for await (const delivery of receiver.deliveries) {
    countDelivery(delivery, surroundings);
    await pause(surroundings.below);
  }
};

export const byWebStream: Consume = async (receiver, { account, below }) => {
  for await (const _ of receiver.toReadableStream()) {
    account.take();
    await pause(below);
  }
};

export const byThrowingHandler: Consume = (receiver, { account, below }) =>
  new Promise((resolve) => {
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
