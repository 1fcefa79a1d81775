import type { BusEvent, EventFilter } from '../library.js';

/** The most events that may wait for one member, in every peer with a bound. */
export const CAPACITY = 256;

export type Take = (busEvent: BusEvent) => void;

/** An event bus of any kind. */
export interface Peer {
  /** Whether consumers are called within `publish`. `either`: some of them are. */
  readonly delivers: 'at once' | 'later' | 'either';
  /** Adds a member. Without `take`, it has a queue and no consumer. */
  readonly join: (interest: EventFilter, take?: Take) => Member;
  readonly publish: (busEvent: BusEvent) => void;
}

export interface Member {
  /** Events that it has lost. */
  readonly lagged: number;
  readonly leave: () => void;
  /** Adds a consumer to a member without one. Absent in peers without a queue. */
  readonly consume?: (take: Take) => void;
}

/** The options of a peer. */
export interface PeerOptions {
  /** Whether to find members by scroll id, if the peer can. */
  readonly keyed: boolean;
  /** Called with the handle of each member, so that the handle is counted as memory. */
  readonly hold?: (handle: object) => void;
  /** The events that a bus of this library retains. Default: it has no history. */
  readonly history?: number;
}

/** The error for a feature that a peer does not have. */
export function unable(peer: string, what: string): Error {
  return new Error(`${peer} has no ${what}`);
}
