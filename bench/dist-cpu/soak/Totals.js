const COUNTS = ['wanted', 'taken', 'lagged', 'discarded', 'missed'];
/** The sums over accounts, for each behaviour. */
export class Totals {
    #byBehaviour = new Map();
    get all() {
        return [...this.#byBehaviour.values()];
    }
    add(account) {
        const { behaviour } = account;
        const total = this.#byBehaviour.get(behaviour) ?? {
            behaviour,
            receivers: 0,
            wanted: 0,
            taken: 0,
            lagged: 0,
            discarded: 0,
            missed: 0,
        };
        this.#byBehaviour.set(behaviour, total);
        total.receivers += 1;
        for (const name of COUNTS) {
            total[name] += account[name];
        }
    }
    sum(name) {
        return this.all.reduce((sum, total) => sum + total[name], 0);
    }
}
