import type { Attributes, Meter } from '@opentelemetry/api';
import { LossLedger } from './LossLedger.js';
import type { Series } from './Names.js';

/** What one export of a bus leaves to the next one with the same attributes, so that the values of both fit together. */
export interface Legacy {
  readonly ledger: LossLedger;
  /** The series that had receivers at the last collection. */
  readonly series: readonly Series[];
}

/** What the calls of `instrument` with one meter have in common, since an SDK keeps each series of a meter for good. */
export class MeterUse {
  /** The keys of all names that have ever had a series. */
  readonly names = new Set<string>();
  /** The keys of the buses that are exported now. */
  readonly #buses = new Set<string>();
  /** By key of the bus. */
  readonly #series = new Map<string, readonly Series[]>();
  /** The ledgers of each bus that is not exported now, by its key. */
  readonly #ledgers = new WeakMap<object, Map<string, LossLedger>>();

  /**
   * Begins to export `bus`. `key` is the one of its attributes.
   *
   * @returns `undefined` if a bus is exported with the same attributes.
   */
  begin(bus: object, key: string): Legacy | undefined {
    if (this.#buses.has(key)) {
      return undefined;
    }
    this.#buses.add(key);
    return {
      ledger: this.#ledgers.get(bus)?.get(key) ?? new LossLedger(),
      series: this.#series.get(key) ?? [],
    };
  }

  /** Ends what {@link begin} has begun. */
  end(bus: object, key: string, { ledger, series }: Legacy): void {
    this.#buses.delete(key);
    this.#series.set(key, series);
    const ledgers = this.#ledgers.get(bus) ?? new Map<string, LossLedger>();
    this.#ledgers.set(bus, ledgers.set(key, ledger));
  }
}

/** By meter: two calls of `instrument` know nothing of each other, and share the limit of the SDK. */
const USES = new WeakMap<Meter, MeterUse>();

export function useOf(meter: Meter): MeterUse {
  const use = USES.get(meter) ?? new MeterUse();
  USES.set(meter, use);
  return use;
}

/** A text that is the same for the same attributes, in whichever order they were given. */
export function keyOf(attributes: Attributes): string {
  const entries = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(entries);
}
