// The counts of a bus as OpenTelemetry metrics, read when your exporter collects them.
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { EventFilter, SharingBus } from 'sharing-bus';
import { instrument } from 'sharing-bus/otel';

// Your program has these already: an exporter for your collector, and a MeterProvider.
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });

const bus = new SharingBus<string>();
const stop = instrument(bus, provider.getMeter('sharing-bus'), {
  destination: 'agents',
  receiverName: (name) => name.replace(/:.*$/, ''), // "page:7f3a" and "page:81c0" are "page".
});

bus.subscribeFiltered(EventFilter.all, { name: 'screen', capacity: 2 });
const pages = ['page:7f3a', 'page:81c0'].map((name) => bus.subscribeFiltered(EventFilter.all, { name, capacity: 4 }));
for (const event of ['one', 'two', 'three', 'four', 'five']) {
  bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event });
}
pages.forEach((page) => {
  page.dispose(); // Gone before anything is collected. What they have lost is not.
});

await provider.forceFlush();
// Some of the metrics. Where OpenTelemetry has a name by its conventions for messaging, it is used.
for (const { metrics } of exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)) {
  for (const { descriptor, dataPoints } of metrics) {
    for (const { value, attributes } of dataPoints) {
      const receiver = attributes['messaging.destination.subscription.name'] ?? 'the bus';
      if (/sent|dropped|waiting/.test(descriptor.name)) {
        console.log(`${descriptor.name} of ${String(receiver)}: ${JSON.stringify(value)}`);
      }
    }
  }
}
stop();
await provider.shutdown();
bus.close();

// Prints:
// messaging.client.sent.messages of the bus: 5
// sharing_bus.dropped.messages of the bus: 5
// sharing_bus.queue.waiting of screen: 2
// sharing_bus.receiver.dropped of screen: 3
// sharing_bus.receiver.dropped of page: 2
