import type { Account } from './Account.js';

const COUNTS = ['wanted', 'taken', 'lagged', 'discarded', 'missed'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

/** The sums of all receivers with one behaviour. */
export interface Total extends Readonly<Counts> {
  readonly behaviour: string;
  readonly receivers: number;
}

/** The sums over accounts, for each behaviour. */
export class Totals {
  readonly #byBehaviour = new Map<string, { behaviour: string; receivers: number } & Counts>();

  get all(): readonly Total[] {
    return [...this.#byBehaviour.values()];
  }

  add(account: Account): void {
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

  sum(name: keyof Counts): number {
    return this.all.reduce((sum, total) => sum + total[name], 0);
  }
}
