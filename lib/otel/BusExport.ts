import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';
import { show } from '../internal/support/show.js';
import type { SharingBus } from '../SharingBus.js';
import type { BusStats, KeptLosses } from '../stats.js';
import { FIGURES_OF_A_BUS, FIGURES_OF_A_SERIES, FIGURES_OF_LOSSES, instrumentsFor } from './figures.js';
import { LossLedger } from './LossLedger.js';
import { keyOf, type Legacy } from './meters.js';
import { Names, REST, type Series } from './Names.js';

type Bus = Pick<SharingBus<never>, 'stats' | 'keepLosses'>;

/** The checked options of `instrument`. */
export interface ExportSettings {
  /** The attributes of all values. */
  readonly common: Attributes;
  /** The name under which receivers of this name are reported; `undefined`: with those without a name. Never throws. */
  readonly groupOf: (name: string) => string | undefined;
  readonly maxNames: number;
  readonly maxNamesEver: number;
  /** Logs a warning, unless one of the same topic was logged. Never throws. */
  readonly warn: (topic: string, line: () => string) => void;
}

/** What the collections of metrics report about one bus. */
export class BusExport {
  readonly bus: Bus;
  readonly #settings: ExportSettings;
  readonly #ofBus;
  readonly #ofSeries;
  readonly #ofLosses;
  readonly #kept: KeptLosses;
  readonly #ledger: LossLedger;
  readonly #names: Names;
  /** The series that had receivers at the previous collection. */
  #previous: readonly Series[];

  /**
   * @param ever The keys of all names that have ever had a series on this meter.
   * @param legacy What the previous export with these attributes has left.
   */
  constructor(bus: Bus, meter: Meter, settings: ExportSettings, ever: Set<string>, legacy: Legacy | undefined) {
    this.bus = bus;
    this.#settings = settings;
    this.#ofBus = instrumentsFor(meter, FIGURES_OF_A_BUS);
    this.#ofSeries = instrumentsFor(meter, FIGURES_OF_A_SERIES);
    this.#ofLosses = instrumentsFor(meter, FIGURES_OF_LOSSES);
    this.#kept = bus.keepLosses();
    this.#ledger = legacy?.ledger ?? new LossLedger();
    this.#previous = legacy?.series ?? [];
    const { maxNames, maxNamesEver, warn } = settings;
    this.#names = new Names({
      maxNames,
      maxNamesEver,
      ever,
      keyOf: (name) => keyOf(this.#attributesOf(name)),
      refused: (name, limit) => {
        const most = limit === 'maxNames' ? `${maxNames} at one time` : `${maxNamesEver} over the life of the meter`;
        warn(limit, () => `more receiver names than ${most}: ${show(name)} is reported as "${REST}" (option ${limit})`);
      },
    });
  }

  get instruments() {
    return [...this.#ofBus.keys(), ...this.#ofSeries.keys(), ...this.#ofLosses.keys()];
  }

  /** One collection. The application may stop the export in `groupOf` or in its logger; what was read is still reported. */
  observe(result: BatchObservableResult): void {
    const stats = this.bus.stats();
    const departed = this.#kept.take();
    for (const [instrument, { value, attributes }] of this.#ofBus) {
      result.observe(instrument, value(stats), { ...this.#settings.common, ...attributes });
    }
    const groupOf = once((name) => (name === undefined ? undefined : this.#settings.groupOf(name)));
    this.#names.keep(new Set(stats.receivers.map(({ name }) => groupOf(name))));
    const seriesOf = once((name) => this.#names.place(groupOf(name)));
    const series = this.#observeReceivers(result, stats, seriesOf);
    const seriesOfLoss = once((name) => this.#names.placeOfLoss(groupOf(name)));
    this.#ledger.update(stats, departed, seriesOfLoss);
    this.#observeLosses(result, series);
  }

  stop(): Legacy {
    this.#kept.stop();
    return { ledger: this.#ledger, series: this.#previous };
  }

  /** Returns the series that have receivers. */
  #observeReceivers(
    result: BatchObservableResult,
    { receivers }: BusStats<never>,
    seriesOf: (name: string | undefined) => Series,
  ): readonly Series[] {
    const bySeries = groupBy(receivers, ({ name }) => seriesOf(name));
    const series = [...bySeries.keys()];
    // An SDK repeats the last value of a series that is no longer reported, so a series that is empty now reports 0 once.
    for (const one of new Set([...this.#previous, ...series])) {
      const attributes = this.#attributesOf(one);
      for (const [instrument, { value }] of this.#ofSeries) {
        result.observe(instrument, value(bySeries.get(one) ?? []), attributes);
      }
    }
    this.#previous = series;
    return series;
  }

  /** Reports all series that have lost events, at every collection, since an SDK need not repeat what is no longer reported. */
  #observeLosses(result: BatchObservableResult, series: readonly Series[]): void {
    const { counts } = this.#ledger;
    for (const one of new Set([...series, ...counts.keys()])) {
      const attributes = this.#attributesOf(one);
      for (const [instrument, { value }] of this.#ofLosses) {
        result.observe(instrument, value(counts.get(one) ?? 0), attributes);
      }
    }
  }

  #attributesOf(series: Series): Attributes {
    const { common } = this.#settings;
    return series === undefined ? common : { ...common, 'messaging.destination.subscription.name': series };
  }
}

/** Remembers the results of `of`. */
function once<V>(of: (name: string | undefined) => V): (name: string | undefined) => V {
  const results = new Map<string | undefined, V>();
  return (name) => {
    const result = results.has(name) ? (results.get(name) as V) : of(name);
    results.set(name, result);
    return result;
  };
}

function groupBy<T>(values: readonly T[], seriesOf: (value: T) => Series): Map<Series, T[]> {
  const groups = new Map<Series, T[]>();
  for (const value of values) {
    const series = seriesOf(value);
    const group = groups.get(series) ?? [];
    group.push(value);
    groups.set(series, group);
  }
  return groups;
}
