import { type HoldUnboundOptions, HOLD_OPTIONS } from '../../options.js';
import type { BusEvent } from '../../events/BusEvent.js';
import type { InOrder } from '../dispatch/order.js';
import { Alarm } from '../support/Alarm.js';
import { MAX_COUNT, requireCount, requireOptions } from '../support/require.js';
import type { SteadyClock } from '../support/SteadyClock.js';

type Limits = Readonly<Record<keyof HoldUnboundOptions, number>>;

/** The default of `totalCapacity` lets this many sessions be full before one affects the others. */
const FULL_SESSIONS = 64;

/**
 * Validates `options` and fills in the default.
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

/** A time, with the number of times that the clock had been set until then. */
interface Moment {
  readonly since: number;
  readonly settings: number;
}

/** An event that is held, since the time of the moment. */
interface Held<E> extends Moment {
  readonly busEvent: BusEvent<E>;
  readonly session: Session<E>;
}

/** A session that has held events. */
interface Session<E> {
  readonly connectorId: string;
  readonly sessionId: string;
  /** In the order of publishing. */
  readonly held: Set<Held<E>>;
}

/**
 * Holds events of sessions that have no scroll id yet.
 *
 * Invariants: `#held` contains all held events in the order of publishing, and each session contains its own; a session without held events
 * is removed. The alarm is set if and only if events are held; it is set for an event that is or was held.
 */
export class HeldEvents<E> {
  /** Number of events that were released without a scroll id. */
  released = 0;

  readonly #options: Limits;
  readonly #clock: SteadyClock;
  readonly #release: (busEvent: BusEvent<E>) => void;
  readonly #alarm: Alarm;
  readonly #held = new Set<Held<E>>();
  readonly #sessions = new Map<string, Map<string, Session<E>>>();
  /** The moment of the event for which the alarm is set. */
  #awaited: Moment = { since: 0, settings: 0 };

  /**
   * All methods must be called in jobs of `inOrder`.
   *
   * @param release Called with each event that is released without a scroll id, in the order of publishing.
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

  /** Whether `busEvent` has to wait for the registration of its session. */
  wants({ routing: { scrollId, connectorId, nativeSessionId } }: BusEvent<E>): boolean {
    return scrollId === undefined && connectorId !== undefined && nativeSessionId !== undefined;
  }

  /** Holds `busEvent`, for which `wants` is true. May release an older event for it. */
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

  /** Removes and returns the events of a session that has a scroll id now, in the order of publishing. */
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

  /** Releases all events. */
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

  /** Releases the oldest of `events`. */
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

  /** Sets the alarm for the oldest event unless it is set already. Stops it if nothing is held. */
  #watch(): void {
    const [oldest] = this.#held;
    if (oldest === undefined) {
      this.#alarm.stop();
    } else if (!this.#alarm.isSet) {
      this.#awaited = { since: oldest.since, settings: oldest.settings };
      this.#alarm.set(oldest.since + this.#options.maxAgeMs);
    }
  }

  /** Releases the events that are too old, by the clock, or because the alarm has rung: this proves it for events as old as `awaited`. */
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
