import type { BusStats, DepartedLoss } from '../stats.js';
import { REST, type Series } from './Names.js';

/**
 * Counts the losses of one bus by series. Each loss is added once, to the series that the receiver's name has at that time. So a count never
 * falls, even if a receiver leaves or a name moves to another series.
 *
 * Invariant: after `update`, the counts add up to the losses of the whole bus.
 */
export class LossLedger {
  readonly #counts = new Map<Series, number>();
  /** Of each open receiver that has lost events: how many of them were added. */
  #added = new Map<number, number>();
  #sum = 0;

  /** The losses of each series that has any. */
  get counts(): ReadonlyMap<Series, number> {
    return this.#counts;
  }

  /**
   * @param stats The present counts of the bus.
   * @param departed What receivers have lost that have left since the previous call.
   * @param seriesOf The series of a receiver's name.
   */
  update(
    { dropped, receivers }: BusStats<never>,
    departed: readonly DepartedLoss[],
    seriesOf: (name: string | undefined) => Series,
  ): void {
    const lagging = receivers.filter(({ lagged }) => lagged > 0);
    for (const { id, name, lagged } of [...lagging, ...departed]) {
      this.#add(seriesOf(name), lagged - (this.#added.get(id) ?? 0));
    }
    this.#added = new Map(lagging.map(({ id, lagged }) => [id, lagged]));
    // The receivers of the others are not known: they had left before the ledger began, or there were too many to be kept.
    this.#add(REST, dropped - this.#sum);
  }

  #add(series: Series, count: number): void {
    if (count > 0) {
      this.#counts.set(series, (this.#counts.get(series) ?? 0) + count);
      this.#sum += count;
    }
  }
}
