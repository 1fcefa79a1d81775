import { EventFilter, type ReceiverOptions, SlowConsumerError } from '../library.js';
import { byDeliveries, byHandler, byLoopOverDeliveries, type Consume, countDelivery, pause } from './consumers.js';
import type { Join, Participant, Surroundings } from './Participant.js';
import { anyView, type Below, type Payload, type View } from './traffic.js';

const anyCapacity = (below: Below): number => [1, 8, 64, 256, 1024][below(5)] as number;

/** A participant with a handle. It leaves by `close` or by `dispose`, at random. */
export function receiving(
  surroundings: Surroundings,
  consume: Consume,
  options: ReceiverOptions<Payload> = {},
  view: View = anyView(surroundings.below),
): Participant {
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
      } else {
        beforeLeaving();
        receiver[Symbol.dispose]();
      }
    },
  };
}

/** A participant that reads all gaps, unless it leaves at once. */
export const withGaps =
  (options: ReceiverOptions<Payload>, consume: Consume): Join =>
  (surroundings) => {
    surroundings.account.readsAllGaps = true;
    return receiving(surroundings, consume, options);
  };

/** Ends at the first event without room. The count of events that its handler has taken says which event that is. */
export const evicted: Join = (surroundings) => {
  const { account, below } = surroundings;
  const capacity = [64, 256, 512][below(3)] as number;
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
export const stalled: Join = ({ bus, account, below, beforeLeaving }) => {
  const { filter, wants } = anyView(below);
  const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
  const participant = { wants, lagged: () => receiver.lagged };
  let finish: () => void;
  const consumed = new Promise<void>((resolve) => {
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
export const stalledForTooLong: Join = ({ bus, account, below, beforeLeaving }) => {
  const { filter, wants } = anyView(below);
  const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), stallAfterMs: 2, name: account.name });
  account.readsAllGaps = true;
  let finish: (drained: Promise<unknown> | undefined) => void;
  const consumed = new Promise<unknown>((resolve) => {
    finish = resolve;
  });
  const drain = async (): Promise<void> => {
    try {
      for await (const delivery of receiver.deliveries) {
        countDelivery(delivery, { bus, account, below, beforeLeaving });
      }
    } catch (error) {
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
export const predicateThrows: Join = (surroundings) => {
  const { account, below } = surroundings;
  const last = 1 + below(5000);
  let asked = 0;
  const filter = EventFilter.where<Payload>(() => {
    asked += 1;
    if (asked > last) {
      throw new PlannedPredicateError();
    }
    return true;
  });
  const wants = (): boolean => {
    account.isIn = account.wanted < last;
    return account.isIn;
  };
  return receiving(surroundings, byHandler, {}, { filter, wants });
};

class PlannedPredicateError extends Error {
  override readonly name = 'PlannedPredicateError';
}

/** Leaves when its signal aborts. */
export const aborting: Join = (surroundings) => {
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
export const abandoned: Join = ({ bus, account, below }) => {
  const { filter, wants } = anyView(below);
  bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
  return { wants, leave: () => undefined };
};

/** A stream with a `consume`. */
export const consuming: Join = ({ bus, account, below, beforeLeaving }) => {
  const { filter, wants } = anyView(below);
  const capacity = anyCapacity(below);
  const consume = async (): Promise<void> => {
    account.take();
    await pause(below);
  };
  let finish: () => void;
  const consumed = new Promise<void>((resolve) => {
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
export const breaking: Join = (surroundings) => {
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
