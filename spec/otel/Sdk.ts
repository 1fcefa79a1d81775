import {
  type AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

export type Points = readonly { readonly attributes: object; readonly value: unknown }[];

/** A real SDK, and what it exports. */
export class Sdk {
  readonly #exporter: InMemoryMetricExporter;
  readonly provider: MeterProvider;

  constructor(temporality: AggregationTemporality) {
    this.#exporter = new InMemoryMetricExporter(temporality);
    // It exports when it is flushed; its own interval is longer than any spec.
    const reader = new PeriodicExportingMetricReader({ exporter: this.#exporter, exportIntervalMillis: 3_600_000 });
    this.provider = new MeterProvider({ readers: [reader] });
  }

  /** What one collection exports, by the names of the instruments. */
  async collect() {
    this.#exporter.reset();
    await this.provider.forceFlush();
    const metrics = this.#exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
  }

  /** What one collection exports of one instrument. */
  async points(name: string): Promise<Points> {
    const points: Points = (await this.collect()).get(name)?.dataPoints ?? [];
    return points.map(({ attributes, value }) => ({ attributes, value }));
  }
}
