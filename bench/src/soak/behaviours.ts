import type { ReceiverOptions } from '../../../lib/options.js';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type BusReceiver, type Delivery, EventFilter, type SharingBus, SlowConsumerError } from '../library.js';
import type { Account } from './Account.js';
import { anyView, type Below, type Payload, type View } from './traffic.js';

/** What a behaviour is given. */
export interface Place {
  readonly bus: SharingBus<Payload>;
  readonly account: Account;
  readonly below: Below;
  /** Notes what `account` forgets and has lost, right before it leaves at once. */
  readonly leaves: () => void;
}

/** One that is in, until it leaves or is made to. */
export interface Seat {
  readonly wants: View['wants'];
  /** Makes it leave; what it forgets is noted. */
  readonly leave: () => void;
  /** Settled when its consumer is through. Where there is none, it is abandoned. */
  readonly consumed?: Promise<unknown>;
  /** What it has lost in the end, where somebody can still be asked. */
  readonly lagged?: () => number;
  /** Whether it takes nothing, so that it would never be through by itself. */
  readonly needsToBeTold?: boolean;
  /** Called when the bus has ended it of its own accord. */
  readonly ended?: () => void;
}

export type Join = (place: Place) => Seat;
type Consume = (receiver: BusReceiver<Payload>, place: Place) => Promise<unknown>;

/** What a handler of the soak throws. */
export class PlannedError extends Error {
  override readonly name = 'PlannedError';
  static thrown = 0;

  constructor() {
    super('planned');
    PlannedError.thrown += 1;
  }
}

const anyCapacity = (below: Below): number => [1, 8, 64, 256, 1024][below(5)] as number;

/** Takes its time, in any of the ways in which one does. */
async function pause(below: Below): Promise<void> {
  switch (below(8)) {
    case 0:
      return setTimeout(1);
    case 1:
      return setImmediate();
  }
}

function noteDelivery(delivery: Delivery<Payload>, { account }: Place): void {
  if (delivery.type === 'gap') {
    account.miss(delivery);
  } else {
    account.take();
  }
}

/** One with a handle; it leaves by `close` or at once, as it comes. */
function receiving(
  place: Place,
  consume: Consume,
  options: ReceiverOptions<Payload> = {},
  view: View = anyView(place.below),
): Seat {
  const { bus, account, below, leaves } = place;
  const capacity = options.capacity ?? anyCapacity(below);
  const receiver = bus.subscribeFiltered(view.filter, { ...options, capacity, name: account.name });
  return {
    wants: view.wants,
    consumed: consume(receiver, place),
    lagged: () => receiver.lagged,
    leave: () => {
      if (below(2) === 0) {
        receiver.close();
      } else {
        leaves();
        receiver[Symbol.dispose]();
      }
    },
  };
}

const byHandler: Consume = (receiver, { account }) =>
  new Promise((resolve) => {
    receiver.events$.subscribe({
      next: account.take,
      error: resolve,
      complete: () => {
        resolve(undefined);
      },
    });
  });

const byDeliveries: Consume = (receiver, place) =>
  new Promise((resolve) => {
    receiver.deliveries$.subscribe({
      next: (delivery) => {
        noteDelivery(delivery, place);
      },
      error: resolve,
      complete: () => {
        resolve(undefined);
      },
    });
  });

const byLoop: Consume = async (receiver, { account, below }) => {
  for await (const _ of receiver) {
    account.take();
    await pause(below);
  }
};

const byLoopOverDeliveries: Consume = async (receiver, place) => {
  for await (const delivery of receiver.deliveries) {
    noteDelivery(delivery, place);
    await pause(place.below);
  }
};

const byWebStream: Consume = async (receiver, { account, below }) => {
  for await (const _ of receiver.toReadableStream()) {
    account.take();
    await pause(below);
  }
};

/** Tells all gaps, unless it leaves at once. */
const withGaps =
  (options: ReceiverOptions<Payload>, consume: Consume): Join =>
  (place) => {
    place.account.isToldAll = true;
    return receiving(place, consume, options);
  };

/** Ends with the first event for which there is no room: which one that is, follows from what its handler has taken. */
const evicted: Join = (place) => {
  const { account, below } = place;
  const capacity = [64, 256, 512][below(3)] as number;
  const view = anyView(below);
  const seat = receiving(place, byDeliveries, { capacity, overflow: 'evict' }, view);
  account.isToldAll = true;
  return {
    ...seat,
    wants: (payload) => {
      if (!view.wants(payload)) {
        return false;
      }
      account.isIn = account.wanted - account.taken < capacity;
      return true;
    },
  };
};

/** Takes nothing, until it is made to leave. */
const stalled: Join = ({ bus, account, below, leaves }) => {
  const { filter, wants } = anyView(below);
  const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
  const seat = { wants, lagged: () => receiver.lagged };
  let through: () => void;
  const consumed = new Promise<void>((resolve) => {
    through = resolve;
  });
  return {
    ...seat,
    consumed,
    needsToBeTold: true,
    leave: () => {
      leaves();
      receiver[Symbol.dispose]();
      through();
    },
  };
};

/** Takes nothing, is ended for it, and then takes what waits. */
const stalledForTooLong: Join = ({ bus, account, below, leaves }) => {
  const { filter, wants } = anyView(below);
  const receiver = bus.subscribeFiltered(filter, { capacity: anyCapacity(below), stallAfterMs: 2, name: account.name });
  account.isToldAll = true;
  let through: (drained: Promise<unknown> | undefined) => void;
  const consumed = new Promise<unknown>((resolve) => {
    through = resolve;
  });
  const drain = async (): Promise<void> => {
    try {
      for await (const delivery of receiver.deliveries) {
        noteDelivery(delivery, { bus, account, below, leaves });
      }
    } catch (error) {
      if (error instanceof SlowConsumerError) {
        return;
      }
      throw error;
    }
    throw new Error(`${account.name} has not ended for being too slow`);
  };
  return {
    wants,
    consumed,
    lagged: () => receiver.lagged,
    needsToBeTold: true,
    ended: () => {
      through(drain());
    },
    leave: () => {
      leaves();
      receiver[Symbol.dispose]();
      through(undefined);
    },
  };
};

const throwing: Consume = (receiver, { account, below }) =>
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

/** Its predicate throws after a while, in the midst of a burst. */
const predicateThrows: Join = (place) => {
  const { account, below } = place;
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
  return receiving(place, byHandler, {}, { filter, wants });
};

class PlannedPredicateError extends Error {
  override readonly name = 'PlannedPredicateError';
}

/** Leaves by a signal. */
const aborting: Join = (place) => {
  const controller = new AbortController();
  const seat = receiving(place, byLoopOverDeliveries, { signal: controller.signal });
  return {
    ...seat,
    leave: () => {
      place.leaves();
      controller.abort();
    },
  };
};

/** Is dropped without being closed, and freed some time. */
const abandoned: Join = ({ bus, account, below }) => {
  const { filter, wants } = anyView(below);
  bus.subscribeFiltered(filter, { capacity: anyCapacity(below), name: account.name });
  return { wants, leave: () => undefined };
};

/** A stream that works on one event at a time. */
const consuming: Join = ({ bus, account, below, leaves }) => {
  const { filter, wants } = anyView(below);
  const capacity = anyCapacity(below);
  const consume = async (): Promise<void> => {
    account.take();
    await pause(below);
  };
  let through: () => void;
  const consumed = new Promise<void>((resolve) => {
    through = resolve;
  });
  const subscription = bus.stream(filter, { capacity, consume, name: account.name }).subscribe({
    complete: () => {
      through();
    },
  });
  return {
    wants,
    consumed,
    leave: () => {
      leaves();
      subscription.unsubscribe();
      through();
    },
  };
};

/** A loop that ends of its own accord, and a new one comes. */
const breaking: Join = (place) => {
  const { account, below, leaves } = place;
  const last = 1 + below(200);
  return receiving(place, async (receiver) => {
    for await (const _ of receiver) {
      account.take();
      await pause(below);
      if (account.taken >= last && account.isIn) {
        leaves();
        break;
      }
    }
  });
};

/** Whoever is there, by what it does. */
export const BEHAVIOURS: Readonly<Record<string, Join>> = {
  'fast: a handler': (place) => receiving(place, byHandler),
  'fast, with gaps': withGaps({}, byDeliveries),
  'fast, evicted when full': evicted,
  'slow: for await': (place) => receiving(place, byLoop),
  'slow, with gaps': withGaps({}, byLoopOverDeliveries),
  'slow: a web stream': (place) => receiving(place, byWebStream),
  'slow: a stream that consumes': consuming,
  'slow, drop-oldest, with gaps': withGaps({ overflow: 'drop-oldest' }, byLoopOverDeliveries),
  'slow, latest, with gaps': withGaps(
    {
      overflow: 'latest',
      key: ({ event }) => event.session,
      barrier: ({ event }) => event.isRegistration,
    },
    byLoopOverDeliveries,
  ),
  'slow, with a reserve and gaps': withGaps(
    { capacity: 32, reserve: { capacity: 8, kinds: ['session-lifecycle'] } },
    byLoopOverDeliveries,
  ),
  'fast, drop-oldest, with gaps': withGaps({ overflow: 'drop-oldest' }, byDeliveries),
  stalled: stalled,
  'stalled for too long': stalledForTooLong,
  'a handler that throws': (place) => receiving(place, throwing),
  'a predicate that throws': predicateThrows,
  'aborted by a signal': aborting,
  'a loop that breaks off': breaking,
  abandoned: abandoned,
};
