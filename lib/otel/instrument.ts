// Types only: nothing of OpenTelemetry is needed when this runs.
import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';
import type { BusStats, ReceiverStats } from '../stats.js';
import { type OptionNames, requireOptions, requireType } from '../internal/support/require.js';
import type { SharingBus } from '../SharingBus.js';

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** What the bus is called, as `messaging.destination.name`. Default: it has no name. */
  readonly destination?: string | undefined;
  /** Added to all that is reported. Default: none. */
  readonly attributes?: Attributes | undefined;
}

const OPTIONS: OptionNames<InstrumentOptions> = { destination: true, attributes: true };

/** What an instrument is made with, and what it shows of `S`. */
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
    description: 'Events that consumers were given.',
    attributes: { 'messaging.operation.name': 'deliver' },
    value: ({ delivered }) => delivered,
  },
  {
    ...counter,
    name: 'sharing_bus.dropped.messages',
    description: 'Events that receivers lost for want of room.',
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
    description: 'Events that waited in vain for the registration of their session.',
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
    description: 'Bindings of sessions to scrolls that had to go for others.',
    value: ({ evictedBindings }) => evictedBindings,
  },
];

const FIGURES_OF_A_NAME: readonly Figure<Receivers>[] = [
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.count',
    unit: '{receiver}',
    description: 'Receivers that have a slot.',
    value: (receivers) => receivers.length,
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.delivered',
    description: 'Events that the receivers which have a slot have delivered.',
    value: (receivers) => sum(receivers, ({ delivered }) => delivered),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.receiver.lagged',
    description: 'Events that the receivers which have a slot have lost.',
    value: (receivers) => sum(receivers, ({ lagged }) => lagged),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.queue.waiting',
    description: 'Events that wait.',
    value: (receivers) => sum(receivers, ({ waiting }) => waiting),
  },
  {
    ...upDownCounter,
    name: 'sharing_bus.queue.capacity',
    description: 'Events that may wait.',
    value: (receivers) => sum(receivers, ({ capacity }) => capacity),
  },
  {
    ...gauge,
    name: 'sharing_bus.queue.high_water_mark',
    description: 'The most events that have waited at a time in one receiver.',
    value: (receivers) => most(receivers, ({ highWaterMark }) => highWaterMark),
  },
  {
    ...gauge,
    name: 'sharing_bus.queue.oldest_age',
    unit: 's',
    description: 'For how long the oldest event has waited.',
    value: (receivers) => most(receivers, ({ oldestAgeMs }) => oldestAgeMs / 1000),
  },
];

/**
 * Exports `bus.stats()` by OpenTelemetry. It is asked once for each collection.
 *
 * **Details** Counters are of the whole bus, because these never go down: `messaging.client.sent.messages`,
 * `messaging.client.consumed.messages`, and `sharing_bus.{dropped,bound,unbound,released}.messages`,
 * `sharing_bus.evicted.bindings`; `sharing_bus.held.messages` goes up and down.
 *
 * What is of receivers is of those that have a slot now, added up by their name, with the name as
 * `messaging.destination.subscription.name`; those without a name are taken together, without that attribute.
 * `sharing_bus.receiver.{count,delivered,lagged}` and `sharing_bus.queue.{waiting,capacity}` go up and down, as receivers come
 * and go: what is counted by a receiver leaves with it. `sharing_bus.queue.high_water_mark` and `sharing_bus.queue.oldest_age`,
 * in seconds, are the greatest of the name. A name of which none is left is reported as 0 once more.
 *
 * **Errors** `TypeError` at the call for an option of the wrong type, or an unknown one.
 *
 * **Gotchas** Each name makes series of its own, so a name should hold no id. Two buses on one meter are told apart by their
 * `destination`, or other attributes; without, one hides the other. The meter holds the bus, also a closed one, until this is
 * stopped. Some SDKs repeat the last values afterwards.
 *
 * @example
 * ```ts
 * const stop = instrument(bus, metrics.getMeter('sharing-bus'), { destination: 'agents' });
 * ```
 *
 * @param bus Of any events; it may be closed.
 * @param meter Of any provider; the API is enough, version 1.3 or later.
 * @param options See {@link InstrumentOptions}.
 * @returns Stops it, and lets go of the bus. Again, it does nothing.
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
  // Not `bus`: the function that stops it would keep the bus alive.
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
    // An SDK repeats the last value of what it is told nothing more about.
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

/** The instruments of `figures`, with what each of them shows. */
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
