import type { BusEvent, ScrollBinding } from '../../events/BusEvent.js';
import type { Uuid } from '../../events/Uuid.js';
import { sessionLane } from '../settings.js';

interface Registration {
  readonly seq: number;
  readonly scrollId: Uuid;
}

/**
 * Where sessions were registered, to give kept events the scroll id that they got when they were brought.
 *
 * Invariants: at most `capacity` sessions, those that were registered last; for each, its last 16 registrations, by place.
 */
export class Registrations {
  private readonly sessions = new Map<string, Registration[]>();

  constructor(private readonly capacity: number) {}

  clear(): void {
    this.sessions.clear();
  }

  /** @param binding Its scroll id is canonical. */
  learn({ connectorId, sessionId, scrollId }: ScrollBinding, seq: number): void {
    const key = sessionLane(connectorId, sessionId);
    const list = this.sessions.get(key) ?? [];
    this.sessions.delete(key);
    this.sessions.set(key, [...list.filter((one) => one.seq !== seq), { seq, scrollId }].sort(bySeq).slice(-16));
    if (this.sessions.size > this.capacity) {
      for (const oldest of this.sessions.keys()) {
        this.sessions.delete(oldest);
        break;
      }
    }
  }

  /** The event at the place `seq`, with the scroll id that its session had there. */
  bound<E>(busEvent: BusEvent<E>, seq: number): BusEvent<E> {
    const { routing } = busEvent;
    const { scrollId: own, connectorId, nativeSessionId } = routing;
    if (own !== undefined || connectorId === undefined || nativeSessionId === undefined) {
      return busEvent;
    }
    const registered = this.sessions.get(sessionLane(connectorId, nativeSessionId));
    const scrollId = registered?.filter((one) => one.seq < seq).at(-1)?.scrollId;
    return scrollId === undefined ? busEvent : withScroll(busEvent, scrollId);
  }
}

/** A copy of the envelope with this scroll id. */
export function withScroll<E>(busEvent: BusEvent<E>, scrollId: Uuid): BusEvent<E> {
  return { ...busEvent, routing: { ...busEvent.routing, scrollId } };
}

function bySeq(one: Registration, other: Registration): number {
  return one.seq - other.seq;
}
