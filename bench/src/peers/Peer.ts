import type { BusEvent, EventFilter } from '../library.js';

/** Events that may wait for one member, of every peer that has a bound. */
export const CAPACITY = 256;

export type Take = (busEvent: BusEvent) => void;

/** Something that takes events from one side and gives them to many on the other. */
export interface Peer {
  /** Whether consumers are called within `publish`. `either`: some are. */
  readonly delivers: 'at once' | 'later' | 'either';
  /** Adds a member. Without `take` it has a queue and nobody who consumes from it. */
  readonly join: (interest: EventFilter, take?: Take) => Member;
  readonly publish: (busEvent: BusEvent) => void;
}

export interface Member {
  /** Events dropped for it. */
  readonly lagged: number;
  readonly leave: () => void;
  /** Gives a consumer to a member that has none. Only peers with a queue have it. */
  readonly consume?: (take: Take) => void;
}

/** How a peer is made. */
export interface PeerOptions {
  /** Members are found by scroll id where the peer has a way to do that. */
  readonly keyed: boolean;
  /** Called with what one holds in hand of a member, where the memory of it is measured. */
  readonly hold?: (handle: object) => void;
}

/** For what a peer has not got. */
export function unable(peer: string, what: string): Error {
  return new Error(`${peer} has no ${what}`);
}
