import type { BusEvent } from '../library.js';
import { BURST, type Load } from '../load/bursts.js';
import { expectEqual } from '../load/expect.js';
import { randomIntegers } from '../load/random.js';
import type { Tally } from '../load/Tally.js';
import type { Member, Peer } from '../peers/Peer.js';
import { expectHop } from './expectHop.js';

/** The events of a load. */
export interface KeyedEvents {
  /** Each event is for one of the first so many members, picked at random. */
  readonly targets: number;
  /** Makes an event for this member. */
  readonly make: (member: number) => BusEvent;
}

/**
 * Bursts of events, each for one member, with a count of the events of each member.
 *
 * Invariant: when a burst has settled, member i has received `owed[i]` events.
 */
export class KeyedLoad implements Load<BusEvent> {
  published = 0;
  readonly act: (busEvent: BusEvent) => void;
  readonly #owed: Float64Array;
  readonly #peer: Peer;
  readonly #tallies: readonly Tally[];
  readonly #events: KeyedEvents;
  readonly #random = randomIntegers(2);
  #first = 0;
  #countOfFirst = 0;
  #last = 0;

  constructor(peer: Peer, tallies: readonly Tally[], events: KeyedEvents) {
    this.act = peer.publish;
    this.#owed = new Float64Array(tallies.length);
    this.#peer = peer;
    this.#tallies = tallies;
    this.#events = events;
  }

  /** Makes the events before the burst. So they are in the processor's caches when they are published; the members may not be. */
  readonly next = (): readonly BusEvent[] => {
    const picks = Array.from({ length: BURST }, () => this.#random() % this.#events.targets);
    this.#first = picks[0] ?? 0;
    this.#countOfFirst = this.#countOf(this.#first);
    this.#last = picks.at(-1) ?? 0;
    this.published += BURST;
    const owed = this.#owed;
    return picks.map((member) => {
      owed[member] = (owed[member] ?? 0) + 1;
      return this.#events.make(member);
    });
  };

  readonly afterBurst = (): void => {
    expectHop(this.#peer, this.#countOf(this.#first), this.#countOfFirst, this.#owed[this.#first] ?? 0);
  };

  readonly isSettled = (): boolean => this.#countOf(this.#last) === this.#owed[this.#last];

  /** Checks that every member has received its events, and lost none. */
  check(members: readonly Member[]): void {
    this.#tallies.forEach(({ count }, index) => {
      expectEqual(`delivered to member ${index}`, count(), this.#owed[index]);
      expectEqual(`lagged of member ${index}`, members[index]?.lagged, 0);
    });
  }

  #countOf(member: number): number {
    return this.#tallies[member]?.count() ?? 0;
  }
}
