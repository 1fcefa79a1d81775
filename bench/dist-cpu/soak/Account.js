/**
 * The events that a receiver should get, counted without the library, and the events that it got.
 *
 * Invariant, when it has ended: each event that it wanted while it was on the bus was taken, lost or discarded.
 */
export class Account {
    behaviour;
    name;
    /** Whether it is on the bus now. */
    isIn = true;
    /** Published events that it wanted, while it was on the bus. */
    wanted = 0;
    /** Events that its consumer received. */
    taken = 0;
    /** Lost events, by its gaps. */
    missed = 0;
    /** Whether its consumer reads all gaps, to the end. */
    readsAllGaps = false;
    /** Events that waited when it was disposed. */
    discarded = 0;
    /** Lost events, by the library's count. */
    lagged = 0;
    constructor(behaviour, 
    /** Unique: it finds the receiver in the stats of the bus. */
    name) {
        this.behaviour = behaviour;
        this.name = name;
    }
    /** Counts an event. */
    take = () => {
        this.taken += 1;
    };
    /** Counts a gap. */
    miss = ({ missed, byKind }) => {
        this.missed += missed;
        const ofKinds = Object.values(byKind).reduce((sum, count) => sum + count, 0);
        if (ofKinds !== missed) {
            throw new Error(`${this.name}: a gap of ${missed} events has ${ofKinds} events by kind`);
        }
    };
    /** What is wrong with the account, when it has ended. */
    get problem() {
        const { wanted, taken, lagged, discarded, missed } = this;
        if (wanted !== taken + lagged + discarded) {
            return `${this.name}: wanted ${wanted}, but took ${taken} + lost ${lagged} + discarded ${discarded} = ${taken + lagged + discarded}`;
        }
        if (this.readsAllGaps && missed !== lagged) {
            return `${this.name}: lost ${lagged}, but its gaps add up to ${missed}`;
        }
        return undefined;
    }
}
