import { type HoldUnboundOptions, HOLD_OPTIONS } from '../../options.js';
import type { BusEvent } from '../../events/BusEvent.js';
import type { InOrder } from '../dispatch/order.js';
import { Alarm } from '../support/Alarm.js';
import { MAX_COUNT, requireCount, requireOptions } from '../support/require.js';
import type { SteadyClock } from '../support/SteadyClock.js';

type Limits = Readonly<Record<keyof HoldUnboundOptions, number>>;

/** How many sessions can be full before one suffers from the others. */
const FULL_SESSIONS = 64;

/**
 * `options`, with what is left out.
 *
 * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown.
 */
export function checkedHold(options: HoldUnboundOptions): Limits {
  requireOptions('holdUnbound', options, HOLD_OPTIONS);
  const { capacity, maxAgeMs } = options;
  requireCount('holdUnbound.capacity', capacity);
  requireCount('holdUnbound.maxAgeMs', maxAgeMs);
  const { totalCapacity = Math.min(capacity * FULL_SESSIONS, MAX_COUNT) } = options;
  return { capacity, maxAgeMs, totalCapacity: requireCount('holdUnbound.totalCapacity', totalCapacity) };
}

/** A time, and how often the clock had been set. */
interface Moment {
  readonly since: number;
  readonly settings: number;
}

interface Held<E> extends Moment {
  readonly busEvent: BusEvent<E>;
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
 * Invariants: `#held` has all of them in the order of publishing, each session its own; a session without any is not kept. An alarm is set
 * while something is held, and only then, for one that is held or was.
 */
export class HeldEvents<E> {
  /** Events that had to go without a scroll. */
  released = 0;

  readonly #options: Limits;
  readonly #clock: SteadyClock;
  readonly #release: (busEvent: BusEvent<E>) => void;
  readonly #alarm: Alarm;
  readonly #held = new Set<Held<E>>();
  readonly #sessions = new Map<string, Map<string, Session<E>>>();
  /** Of what the alarm is set for. */
  #awaited: Moment = { since: 0, settings: 0 };

  /**
   * It is used by jobs of `inOrder` only.
   *
   * @param release Told of each event that has to go as it is, in the order of publishing.
   */
  constructor(options: Limits, clock: SteadyClock, inOrder: InOrder, release: (busEvent: BusEvent<E>) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#release = release;
    this.#alarm = new Alarm(clock, () => {
      const awaited = this.#awaited;
      inOrder.run(() => {
        this.#releaseOld(awaited);
        this.#watch();
      }, undefined);
    });
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
    const held = { busEvent, since: this.#clock.read(), settings: this.#clock.settings, session };
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

  /** Sees to it that somebody looks when the oldest is too old, and cancels that where nothing is held. */
  #watch(): void {
    const [oldest] = this.#held;
    if (oldest === undefined) {
      this.#alarm.stop();
    } else if (!this.#alarm.isSet) {
      this.#awaited = { since: oldest.since, settings: oldest.settings };
      this.#alarm.set(oldest.since + this.#options.maxAgeMs);
    }
  }

  /** Lets go what is too old, by the clock or by the alarm, which has rung and proves it of what is as old as `awaited`. */
  #releaseOld(awaited: Moment): void {
    const due = this.#clock.read() - this.#options.maxAgeMs;
    for (const { since, settings } of this.#held) {
      if (since > due && (since > awaited.since || settings > awaited.settings)) {
        return;
      }
      this.#letGo(this.#held);
    }
  }
}
