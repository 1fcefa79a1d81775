#!/usr/bin/env bash
# @opentelemetry/sdk-metrics 2.12.1 with @opentelemetry/api 1.9.1. An observable instrument reports the same three numbers of current
# sets of attributes at each collection, and the sets change over time: each collection has 100 sets that were not there before, each
# with the value 7. The SDK keeps 2,000 sets for an instrument and puts all others into one series, `otel.metric.overflow`.
#
# Expected: the exported values add up to 700 at each collection. The overflow series holds the sum of what it stands for, as it does for
# a counter that is incremented directly. Or the places of sets that are no longer reported become free.
# Observed: from the collection on that reaches the limit, the values of the reported sets add up to 7 instead of 700: the overflow series
# holds the last value that was observed, and no place ever becomes free, with either temporality. Nothing is logged.
#
# Needs bash and Node with npm. Exits with 0 if the behaviour is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/api@1.9.1

cat >try.js <<'PROGRAM'
import { diag } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class Reader extends MetricReader {
  onForceFlush() {}
  onShutdown() {}
}

const logged = [];
const log = (...line) => logged.push(line);
diag.setLogger({ error: log, warn: log, info: log, debug: () => {}, verbose: () => {} });

for (const [name, temporality] of Object.entries({ cumulative: AggregationTemporality.CUMULATIVE, delta: AggregationTemporality.DELTA })) {
  const reader = new Reader({ aggregationTemporalitySelector: () => temporality });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('try');
  let round = 0;
  meter.createObservableGauge('level').addCallback((result) => {
    for (let one = 0; one < 100; one += 1) {
      result.observe(7, { name: `${round}-${one}` });
    }
  });
  const sums = [];
  for (; round < 22; round += 1) {
    const { resourceMetrics } = await reader.collect();
    const points = resourceMetrics.scopeMetrics[0].metrics[0].dataPoints;
    const current = points.filter(({ attributes }) => attributes['otel.metric.overflow'] || attributes.name.startsWith(`${round}-`));
    sums.push(current.reduce((sum, { value }) => sum + value, 0));
  }
  console.log(name, sums[0], sums[10], sums[20], sums[21]);
}
console.log('lines logged', logged.length);
PROGRAM
output=$(node try.js)
printf '@opentelemetry/sdk-metrics 2.12.1, sum of 100 observed values of 7, at collections 1, 11, 21 and 22:\n%s\n' "$output"
[[ $output == $'cumulative 700 700 7 7\ndelta 700 700 7 7\nlines logged 0' ]]
