import type { StreamState } from '@nats-io/jetstream';
import type { SchedulerLike } from 'rxjs';
import type { Delivery, Gap } from '../../receiver.js';
import type { UpstreamPage, UpstreamRead } from '../../upstream.js';
import { type StreamPlace, timeOf } from '../stream/lineage.js';
import { outcome } from '../outcome.js';
import { Pull, type Pulled } from './Pull.js';
import { infoOf } from '../stream/streamConfig.js';
import { gapSubject } from '../stream/subjects.js';
import { subjectsOf } from '../stream/subjectsOf.js';

/** Messages of one subject, or of all, in order. */
interface Part {
  readonly pulled: readonly Pulled[];
  /** All messages up to this place are among `pulled`. */
  readonly reached: number;
}

/** Beyond this number of subjects, all messages are read. Each subject has a consumer of its own: before 2.10, one cannot have several. */
const MOST_SUBJECTS = 4;

/**
 * Reads a page of kept events. Events that are gone are gaps.
 *
 * @param deliveryOf Returns what a message is; `undefined` for one that is nothing to the receiver.
 * @param gapOf Returns a gap of so many messages.
 */
export async function readPage<E>(
  place: StreamPlace,
  scheduler: SchedulerLike,
  heartbeatMs: number,
  request: UpstreamRead<E>,
  deliveryOf: (pulled: Pulled) => Delivery<E> | undefined,
  gapOf: (missed: number) => Omit<Gap, 'type'>,
): Promise<UpstreamPage<E>> {
  const { after, upTo, limit } = request;
  const toPage = (part: Part, goneUpTo: number | undefined): UpstreamPage<E> =>
    pageOf(part, after, goneUpTo, deliveryOf, gapOf);
  const read = (filter?: string): Promise<Part> => readPart(place, scheduler, heartbeatMs, request, filter);
  const subjects = subjectsOf(place.prefix, request.filter);
  if (subjects !== undefined && subjects.length <= MOST_SUBJECTS) {
    const before = await stateOf(place);
    // With holes between them, only reading all messages shows what is missing.
    if (!before.hasHoles) {
      // A gap that a publisher has told may have had events of any filter.
      const parts = [...subjects, gapSubject(place.prefix)].map((subject) => read(subject));
      const part = merged(await Promise.all(parts), upTo, limit);
      const { first, hasHoles } = await stateOf(place);
      // Nothing that was to be read has gone meanwhile.
      if (!hasHoles && (first === before.first || first <= after + 1)) {
        return toPage(part, Math.min(first - 1, upTo));
      }
    }
  }
  return toPage(await read(), undefined);
}

async function stateOf(place: StreamPlace): Promise<{ first: number; hasHoles: boolean }> {
  const { state } = await infoOf(place.access, place.stream);
  const { first_seq: first, num_deleted: deleted = 0 } = state as Partial<StreamState>;
  // The server leaves out what is 0, although the type of the client says otherwise.
  return { first: first ?? 0, hasHoles: deleted > 0 };
}

/** Puts the parts together, as far as all of them reach. */
function merged(parts: readonly Part[], upTo: number, limit: number): Part {
  const reached = Math.min(upTo, ...parts.map((part) => part.reached));
  const bySeq = new Map(parts.flatMap((part) => part.pulled).map((one) => [one.seq, one]));
  const pulled = [...bySeq.values()].filter(({ seq }) => seq <= reached).sort((one, other) => one.seq - other.seq);
  const last = pulled[limit - 1];
  return pulled.length <= limit || last === undefined
    ? { pulled, reached }
    : { pulled: pulled.slice(0, limit), reached: last.seq };
}

/** @param goneUpTo The place up to which nothing is kept. `undefined`: each place without a message is a loss. */
function pageOf<E>(
  { pulled, reached }: Part,
  after: number,
  goneUpTo: number | undefined,
  deliveryOf: (pulled: Pulled) => Delivery<E> | undefined,
  gapOf: (missed: number) => Omit<Gap, 'type'>,
): UpstreamPage<E> {
  const deliveries: Delivery<E>[] = [];
  let last = after;
  const missUpTo = (seq: number): void => {
    const missed = seq - last;
    if (missed > 0) {
      deliveries.push({ type: 'gap', ...gapOf(missed) });
    }
  };
  if (goneUpTo !== undefined) {
    missUpTo(goneUpTo);
  }
  for (const one of pulled) {
    if (goneUpTo === undefined) {
      missUpTo(one.seq - 1);
    }
    last = one.seq;
    const delivery = deliveryOf(one);
    if (delivery !== undefined) {
      deliveries.push(delivery);
    }
  }
  if (goneUpTo === undefined) {
    missUpTo(reached);
  }
  return { deliveries, reached: Math.max(reached, goneUpTo ?? 0) };
}

/** Reads at most `limit` messages of a subject, or of all. */
export async function readPart(
  place: StreamPlace,
  scheduler: SchedulerLike,
  heartbeatMs: number,
  { after, upTo, limit }: Pick<UpstreamRead, 'after' | 'upTo' | 'limit'>,
  filter: string | undefined,
): Promise<Part> {
  const pulled: Pulled[] = [];
  let reached = after;
  const { promise, finish } = outcome();
  const pull = await Pull.open({
    ...{ connection: place.connection, manager: place.access.manager, api: place.access.api, stream: place.stream },
    ...{ scheduler, heartbeatMs, start: { seq: after + 1 }, filter },
    next: (one) => {
      // More may come than is wanted.
      if (reached === upTo || pulled.length === limit) {
        return;
      }
      if (one.seq <= upTo) {
        pulled.push(one);
      }
      reached = one.left === 0 ? upTo : Math.min(one.seq, upTo);
      if (reached === upTo || pulled.length === limit) {
        finish();
      }
    },
    idle: () => {
      // What was to come may have been removed meanwhile.
      if (pull.hasCaughtUp) {
        reached = upTo;
        finish();
      }
    },
    failed: (reason) => {
      finish(new Error(`reading kept events: ${reason}`));
    },
  });
  try {
    if (pull.pending === 0) {
      return { pulled, reached: upTo };
    }
    pull.ask(limit);
    await promise;
    return { pulled, reached };
  } finally {
    pull.close();
  }
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
    idle: () => {
      if (pull.hasCaughtUp) {
        finish();
      }
    },
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
