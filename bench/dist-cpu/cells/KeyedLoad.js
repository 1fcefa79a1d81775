import { BURST } from '../load/bursts.js';
import { expectEqual } from '../load/expect.js';
import { randomIntegers } from '../load/random.js';
import { expectHop } from './expectHop.js';
/**
 * Bursts of events, each for one member, with a count of the events of each member.
 *
 * Invariant: when a burst has settled, member i has received `owed[i]` events.
 */
export class KeyedLoad {
    published = 0;
    act;
    #owed;
    #peer;
    #tallies;
    #events;
    #random = randomIntegers(2);
    #first = 0;
    #countOfFirst = 0;
    #last = 0;
    constructor(peer, tallies, events) {
        this.act = peer.publish;
        this.#owed = new Float64Array(tallies.length);
        this.#peer = peer;
        this.#tallies = tallies;
        this.#events = events;
    }
    /** Makes the events before the burst. So they are in the processor's caches when they are published; the members may not be. */
    next = () => {
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
    afterBurst = () => {
        expectHop(this.#peer, this.#countOf(this.#first), this.#countOfFirst, this.#owed[this.#first] ?? 0);
    };
    isSettled = () => this.#countOf(this.#last) === this.#owed[this.#last];
    /** Checks that every member has received its events, and lost none. */
    check(members) {
        this.#tallies.forEach(({ count }, index) => {
            expectEqual(`delivered to member ${index}`, count(), this.#owed[index]);
            expectEqual(`lagged of member ${index}`, members[index]?.lagged, 0);
        });
    }
    #countOf(member) {
        return this.#tallies[member]?.count() ?? 0;
    }
}
