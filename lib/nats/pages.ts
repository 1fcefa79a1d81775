import type { SchedulerLike } from 'rxjs';
import type { Gap, Delivery } from '../receiver.js';
import type { UpstreamPage, UpstreamRead } from '../upstream.js';
import { type StreamPlace, timeOf } from './lineage.js';
import { outcome } from './outcome.js';
import { Pull, type Pulled } from './Pull.js';

/**
 * Reads a page of kept events. Each hole among the places is a gap.
 *
 * @param deliveryOf Returns what a message is; `undefined` for one that is no event.
 */
export async function readPage<E>(
  place: StreamPlace,
  scheduler: SchedulerLike,
  heartbeatMs: number,
  { after, upTo, limit }: UpstreamRead<E>,
  deliveryOf: (pulled: Pulled) => Delivery<E> | undefined,
): Promise<UpstreamPage<E>> {
  const deliveries: Delivery<E>[] = [];
  let reached = after;
  const passTo = (seq: number): void => {
    const missed = seq - reached;
    if (missed > 0) {
      deliveries.push({ type: 'gap', missed, byKind: { '*': missed } } satisfies Gap);
      reached = seq;
    }
  };
  const { promise, finish } = outcome();
  let events = 0;
  const pull = await Pull.open({
    ...{ connection: place.connection, manager: place.access.manager, api: place.access.api, stream: place.stream },
    ...{ scheduler, heartbeatMs, start: { seq: after + 1 } },
    next: (pulled) => {
      const { seq, left } = pulled;
      // What is asked for and comes after the last one that is wanted.
      if (reached >= upTo || events === limit) {
        return;
      }
      passTo(Math.min(seq - 1, upTo));
      if (seq <= upTo) {
        reached = seq;
        const delivery = deliveryOf(pulled);
        if (delivery !== undefined) {
          deliveries.push(delivery);
          events += 1;
        }
      }
      if (left === 0) {
        passTo(upTo);
      }
      if (reached >= upTo || events === limit) {
        finish();
      } else if (pull.outstanding === 0) {
        pull.ask(Math.min(limit - events, upTo - reached));
      }
    },
    idle: () => undefined,
    failed: (reason) => {
      finish(new Error(`reading kept events: ${reason}`));
    },
  });
  try {
    if (pull.pending === 0) {
      passTo(upTo);
    } else {
      pull.ask(Math.min(limit, upTo - after));
      await promise;
    }
  } finally {
    pull.close();
  }
  return { deliveries, reached };
}

/** The place of the first message that was stored after `nanos`, nanoseconds since 1970; `none` if there is none. */
export async function firstAfter(
  place: StreamPlace,
  scheduler: SchedulerLike,
  heartbeatMs: number,
  nanos: string,
  none: number,
): Promise<number> {
  let first = none;
  const { promise, finish } = outcome();
  const pull = await Pull.open({
    ...{ connection: place.connection, manager: place.access.manager, api: place.access.api, stream: place.stream },
    ...{ scheduler, heartbeatMs, start: { time: timeOf(BigInt(nanos) + 1n) } },
    next: ({ seq }) => {
      first = seq;
      finish();
    },
    idle: () => undefined,
    failed: (reason) => {
      finish(new Error(`looking for the first new event: ${reason}`));
    },
  });
  try {
    if (pull.pending > 0) {
      pull.ask(1);
      await promise;
    }
  } finally {
    pull.close();
  }
  return first;
}
