// Types only: at run time, OpenTelemetry is not imported.
import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';
import type { BusStats, ReceiverStats } from '../stats.js';
import { type OptionNames, requireOptions, requireType } from '../internal/support/require.js';
import type { SharingBus } from '../SharingBus.js';

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** The name of the bus, reported as `messaging.destination.name`. Default: none. */
  readonly destination?: string | undefined;
  /** Attributes that are added to every reported value. Default: none. */
  readonly attributes?: Attributes | undefined;
}

const OPTIONS: OptionNames<InstrumentOptions> = { destination: true, attributes: true };

/** How to create an instrument, and how to compute its value from `S`. */
interface Figure<S> {
  readonly make: 'createObservableCounter' | 'createObservableUpDownCounter' | 'createObservableGauge';
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly value: (stats: S) => number;
  readonly attributes?: Attributes;
}

type Instrument = ReturnType<Meter['createObservableGauge']>;
type Receivers = readonly ReceiverStats<never>[];

const counter = { make: 'createObservableCounter', unit: '{message}' } as const;
const upDownCounter = { make: 'createObservableUpDownCounter', unit: '{message}' } as const;
const gauge = { make: 'createObservableGauge', unit: '{message}' } as const;

const FIGURES_OF_A_BUS: readonly Figure<BusStats<never>>[] = [
  {
    ...counter,
    name: 'messaging.client.sent.messages',
    description: 'Events that were published.',
    attributes: { 'messaging.operation.name': 'publish' },
    value: ({ published }) => published,
  },
  {
    ...counter,
    name: 'messaging.client.consumed.messages',
    description: 'Events that were delivered to consumers.',
    attributes: { 'messaging.operation.name': 'deliver' },
    value: ({ delivered }) => delivered,
  },
  {
    ...counter,
    name: 'sharing_bus.dropped.messages',
    description: 'Events that receivers lost.',
    value: ({ dropped }) => dropped,
  },
  {
    ...counter,
    name: 'sharing_bus.bound.messages',
    description: 'Events that went to the receivers with a scroll id.',
    value: ({ bound }) => bound,
  },
  {
    ...counter,
    name: 'sharing_bus.unbound.messages',
    description: 'Events that went to the receivers without a scroll id.',
    value: ({ unbound }) => unbound,
  },
  {
    ...counter,
    name: 'sharing_bus.released.messages',
    description: 'Events that were held for the registration of their session, and went on without a scroll id.',
    value: ({ released }) => released,
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.held.messages',
    description: 'Events that wait for the registration of their session.',
    value: ({ held }) => held,
  },
  {
    ...counter,
    name: 'sharing_bus.evicted.bindings',
    unit: '{binding}',
    description: 'Bindings of sessions to scrolls that were removed because there were too many.',
    value: ({ evictedBindings }) => evictedBindings,
  },
];

const FIGURES_OF_A_NAME: readonly Figure<Receivers>[] = [
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.count',
    unit: '{receiver}',
    description: 'Receivers that take events.',
    value: (receivers) => receivers.length,
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.delivered',
    description: 'Events that the receivers which take events now have delivered.',
    value: (receivers) => sum(receivers, ({ delivered }) => delivered),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.lagged',
    description: 'Events that the receivers which take events now have lost.',
    value: (receivers) => sum(receivers, ({ lagged }) => lagged),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.queue.waiting',
    description: 'Events that wait in queues.',
    value: (receivers) => sum(receivers, ({ waiting }) => waiting),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.queue.capacity',
    description: 'Events that may wait in queues.',
    value: (receivers) => sum(receivers, ({ capacity }) => capacity),
  },
  {
    ...gauge,
    name: 'sharing_bus.queue.high_water_mark',
    description: 'The most events that have waited in one receiver at one time.',
    value: (receivers) => most(receivers, ({ highWaterMark }) => highWaterMark),
  },
  {
    ...gauge,
    name: 'sharing_bus.queue.oldest_age',
    unit: 's',
    description: 'How long the oldest waiting event has waited.',
    value: (receivers) => most(receivers, ({ oldestAgeMs }) => oldestAgeMs / 1000),
  },
];

/**
 * Exports `bus.stats()` as OpenTelemetry metrics. Each collection of metrics calls `stats()` once.
 *
 * **Details** The counters are totals of the whole bus, which never decrease: `messaging.client.sent.messages`,
 * `messaging.client.consumed.messages`, `sharing_bus.{dropped,bound,unbound,released}.messages` and `sharing_bus.evicted.bindings`.
 * `sharing_bus.held.messages` can go up and down.
 *
 * The metrics of receivers cover the receivers that take events now, grouped by their name. The name is reported as
 * `messaging.destination.subscription.name`; receivers without a name form one group without that attribute.
 * `sharing_bus.receiver.{count,delivered,lagged}` and `sharing_bus.queue.{waiting,capacity}` are sums over the group. They go up and down
 * as receivers come and go: when a receiver leaves the bus, its counts leave the sum. `sharing_bus.queue.high_water_mark` and
 * `sharing_bus.queue.oldest_age` (in seconds) are maxima over the group. When the last receiver of a group has left, 0 is reported once.
 *
 * **Errors** Throws `TypeError` at the call if an option has the wrong type or is unknown.
 *
 * **Gotchas** Each receiver name creates its own time series, so do not put ids into names. To use one meter for two buses, give them
 * different values of `destination` or of another attribute; otherwise the values of one hide those of the other. The meter keeps a
 * reference to the bus, even after the bus is closed, until you call the returned function. Some SDKs repeat the last values afterwards.
 *
 * @example
 * ```ts
 * const stop = instrument(bus, metrics.getMeter('sharing-bus'), { destination: 'agents' });
 * ```
 *
 * @param bus A bus with any payload type. It may be closed already.
 * @param meter A meter of `@opentelemetry/api` 1.3 or later, of any provider.
 * @param options See {@link InstrumentOptions}.
 * @returns A function that stops the export and releases the bus. Calling it again has no effect.
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export function instrument(
  bus: Pick<SharingBus<never>, 'stats'>,
  meter: Meter,
  options: InstrumentOptions = {},
): () => void {
  requireOptions('instrument: options', options, OPTIONS);
  const { destination, attributes } = options;
  if (destination !== undefined) {
    requireType('instrument: destination', 'string', destination);
  }
  if (attributes !== undefined) {
    requireType('instrument: attributes', 'object', attributes);
  }
  const common = {
    ...attributes,
    'messaging.system': 'sharing_bus',
    ...(destination !== undefined && { 'messaging.destination.name': destination }),
  };
  const ofBus = instrumentsFor(meter, FIGURES_OF_A_BUS);
  const ofName = instrumentsFor(meter, FIGURES_OF_A_NAME);
  const instruments = [...ofBus.keys(), ...ofName.keys()];
  // A variable that can be cleared: the returned function must not keep the bus alive.
  let observed: typeof bus | undefined = bus;
  let known = new Map<string | undefined, Receivers>();

  const observe = (result: BatchObservableResult): void => {
    if (observed === undefined) {
      return;
    }
    const stats = observed.stats();
    for (const [each, { value, attributes: own }] of ofBus) {
      result.observe(each, value(stats), { ...common, ...own });
    }
    const byName = groupByName(stats.receivers);
    // An SDK repeats the last value of a series that is no longer reported, so a group that is empty now reports 0 once.
    for (const name of new Set([...known.keys(), ...byName.keys()])) {
      const withName = name === undefined ? common : { ...common, 'messaging.destination.subscription.name': name };
      for (const [each, { value }] of ofName) {
        result.observe(each, value(byName.get(name) ?? []), withName);
      }
    }
    known = byName;
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => {
    observed = undefined;
    known.clear();
    meter.removeBatchObservableCallback(observe, instruments);
  };
}

/** Creates the instruments of `figures`, each with its figure. */
function instrumentsFor<S>(meter: Meter, figures: readonly Figure<S>[]): Map<Instrument, Figure<S>> {
  return new Map(
    figures.map((figure) => {
      const { make, name, unit, description } = figure;
      return [meter[make](name, { unit, description }), figure];
    }),
  );
}

function groupByName(receivers: Receivers): Map<string | undefined, ReceiverStats<never>[]> {
  const byName = new Map<string | undefined, ReceiverStats<never>[]>();
  for (const receiver of receivers) {
    const group = byName.get(receiver.name);
    if (group === undefined) {
      byName.set(receiver.name, [receiver]);
    } else {
      group.push(receiver);
    }
  }
  return byName;
}

function sum(receivers: Receivers, of: (receiver: ReceiverStats<never>) => number): number {
  return receivers.reduce((total, receiver) => total + of(receiver), 0);
}

function most(receivers: Receivers, of: (receiver: ReceiverStats<never>) => number): number {
  return receivers.reduce((greatest, receiver) => Math.max(greatest, of(receiver)), 0);
}
