import type { SchedulerLike, Subscription } from 'rxjs';
import type { BusEvent } from '../../protocol/BusEvent.js';
import type { InOrder } from './InOrder.js';
import { MAX_COUNT, requireCount } from '../support/requireCount.js';
import { type OptionNames, requireOptions } from '../support/requireOptions.js';
import { scheduleOutOfContext } from '../support/scheduleOutOfContext.js';

/** How many events may be held, and for how long. */
export interface HoldUnboundOptions {
  /** Events of one session that may wait for its registration, 1 to 2^31 - 1. */
  readonly capacity: number;
  /** How long one may wait, in milliseconds on the bus's scheduler, 1 to 2^31 - 1. */
  readonly maxAgeMs: number;
  /** Events of all sessions that may wait, 1 to 2^31 - 1. Default: 64 times `capacity`. */
  readonly totalCapacity?: number | undefined;
}

const HOLD_OPTIONS: OptionNames<HoldUnboundOptions> = { capacity: true, maxAgeMs: true, totalCapacity: true };

type Limits = Readonly<Record<keyof HoldUnboundOptions, number>>;

/** How many sessions can be full before one suffers from the others. */
const FULL_SESSIONS = 64;

/**
 * `options`, with what is left out.
 *
 * @throws TypeError or RangeError for what is none, and for what is no count.
 */
export function checkedHold(options: HoldUnboundOptions): Limits {
  requireOptions('holdUnbound', options, HOLD_OPTIONS);
  const { capacity, maxAgeMs } = options;
  requireCount('holdUnbound.capacity', capacity);
  requireCount('holdUnbound.maxAgeMs', maxAgeMs);
  const { totalCapacity = Math.min(capacity * FULL_SESSIONS, MAX_COUNT) } = options;
  return { capacity, maxAgeMs, totalCapacity: requireCount('holdUnbound.totalCapacity', totalCapacity) };
}

interface Held<E> {
  readonly busEvent: BusEvent<E>;
  since: number;
  readonly session: Session<E>;
}

interface Session<E> {
  readonly connectorId: string;
  readonly sessionId: string;
  /** In the order of publishing. */
  readonly held: Set<Held<E>>;
}

/**
 * Events of sessions that have no scroll yet.
 *
 * Invariants: `#held` has all of them in the order of publishing, each session its own; a session without any is not kept. An action is scheduled
 * while something is held, and only then.
 */
export class HeldEvents<E> {
  /** Events that had to go without a scroll. */
  released = 0;

  readonly #options: Limits;
  readonly #scheduler: SchedulerLike;
  readonly #now: () => number;
  readonly #inOrder: InOrder;
  readonly #release: (busEvent: BusEvent<E>) => void;
  readonly #held = new Set<Held<E>>();
  readonly #sessions = new Map<string, Map<string, Session<E>>>();
  #action: Subscription | undefined;

  /**
   * It is used by jobs of `inOrder` only.
   *
   * @param release Told of each event that has to go as it is, in the order of publishing.
   */
  constructor(
    options: Limits,
    scheduler: SchedulerLike,
    now: () => number,
    inOrder: InOrder,
    release: (busEvent: BusEvent<E>) => void,
  ) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#now = now;
    this.#inOrder = inOrder;
    this.#release = release;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Whether `busEvent` is one that waits for its session's registration. */
  wants({ routing: { scrollId, connectorId, nativeSessionId } }: BusEvent<E>): boolean {
    return scrollId === undefined && connectorId !== undefined && nativeSessionId !== undefined;
  }

  /** Keeps `busEvent`, which it wants; others may have to go for it. */
  hold(busEvent: BusEvent<E>): void {
    const { connectorId, nativeSessionId } = busEvent.routing;
    const session = this.#sessionOf(connectorId as string, nativeSessionId as string);
    const held = { busEvent, since: this.#now(), session };
    this.#held.add(held);
    session.held.add(held);
    if (session.held.size > this.#options.capacity) {
      this.#letGo(session.held);
    } else if (this.#held.size > this.#options.totalCapacity) {
      this.#letGo(this.#held);
    }
    this.#watch();
  }

  /** Takes out the events of a session that has a scroll now. */
  take(connectorId: string, sessionId: string): readonly BusEvent<E>[] {
    const session = this.#sessions.get(connectorId)?.get(sessionId);
    if (session === undefined) {
      return [];
    }
    const held = [...session.held];
    held.forEach((one) => {
      this.#remove(one);
    });
    this.#watch();
    return held.map(({ busEvent }) => busEvent);
  }

  /** Lets all of them go. */
  releaseAll(): void {
    while (this.#held.size > 0) {
      this.#letGo(this.#held);
    }
    this.#watch();
  }

  #sessionOf(connectorId: string, sessionId: string): Session<E> {
    let sessions = this.#sessions.get(connectorId);
    if (sessions === undefined) {
      sessions = new Map();
      this.#sessions.set(connectorId, sessions);
    }
    let session = sessions.get(sessionId);
    if (session === undefined) {
      session = { connectorId, sessionId, held: new Set() };
      sessions.set(sessionId, session);
    }
    return session;
  }

  /** Lets the oldest of `events` go. */
  #letGo(events: ReadonlySet<Held<E>>): void {
    const [oldest] = events as ReadonlySet<Held<E>> & Iterable<Held<E>>;
    if (oldest !== undefined) {
      this.#remove(oldest);
      this.released += 1;
      this.#release(oldest.busEvent);
    }
  }

  #remove(held: Held<E>): void {
    const { connectorId, sessionId, held: siblings } = held.session;
    this.#held.delete(held);
    siblings.delete(held);
    if (siblings.size === 0) {
      const sessions = this.#sessions.get(connectorId);
      sessions?.delete(sessionId);
      if (sessions?.size === 0) {
        this.#sessions.delete(connectorId);
      }
    }
  }

  /** Sees to it that somebody looks when the oldest is too old, and nobody where there is none. */
  #watch(): void {
    const [oldest] = this.#held;
    if (oldest === undefined) {
      this.#action?.unsubscribe();
      this.#action = undefined;
    } else if (this.#action?.closed !== false) {
      // One that is closed will not run: a throw in somebody's action beside it on the scheduler cancels it.
      const now = this.#now();
      if (oldest.since > now) {
        // A clock that was set back makes them wait for their age once more, and not for longer.
        this.#held.forEach((held) => {
          held.since = Math.min(held.since, now);
        });
      }
      const left = Math.max(this.#options.maxAgeMs - (now - oldest.since), 1);
      const release = (): void => {
        this.#action = undefined;
        this.#inOrder.run(() => {
          this.#releaseOld();
          this.#watch();
        }, undefined);
      };
      this.#action = scheduleOutOfContext(this.#scheduler, release, left);
    }
  }

  #releaseOld(): void {
    const due = this.#now() - this.#options.maxAgeMs;
    for (const { since } of this.#held) {
      if (since > due) {
        return;
      }
      this.#letGo(this.#held);
    }
  }
}
