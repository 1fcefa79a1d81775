// Types only: at run time, OpenTelemetry is not imported here.
import type { Attributes, Meter } from '@opentelemetry/api';
import type { BusStats, ReceiverStats } from '../stats.js';

/** How to create an instrument, and how to compute its value from `S`. */
export interface Figure<S> {
  readonly make: 'createObservableCounter' | 'createObservableUpDownCounter' | 'createObservableGauge';
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly value: (stats: S) => number;
  readonly attributes?: Attributes;
}

type Instrument = ReturnType<Meter['createObservableGauge']>;
/** The receivers of one series. */
export type Receivers = readonly ReceiverStats<never>[];

const counter = { make: 'createObservableCounter', unit: '{message}' } as const;
const upDownCounter = { make: 'createObservableUpDownCounter', unit: '{message}' } as const;
const gauge = { make: 'createObservableGauge', unit: '{message}' } as const;

export const FIGURES_OF_A_BUS: readonly Figure<BusStats<never>>[] = [
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

/** Of the number of events that the receivers of a series have lost, whether they take events now or not. */
export const FIGURES_OF_LOSSES: readonly Figure<number>[] = [
  {
    ...counter,
    name: 'sharing_bus.receiver.dropped',
    description: 'Events that receivers have lost, including the receivers that have left.',
    value: (count) => count,
  },
];

/** Of the receivers of a series that take events now. */
export const FIGURES_OF_A_SERIES: readonly Figure<Receivers>[] = [
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

/** Creates the instruments of `figures`, each with its figure. */
export function instrumentsFor<S>(meter: Meter, figures: readonly Figure<S>[]): Map<Instrument, Figure<S>> {
  return new Map(
    figures.map((figure) => {
      const { make, name, unit, description } = figure;
      return [meter[make](name, { unit, description }), figure];
    }),
  );
}

function sum(receivers: Receivers, of: (receiver: ReceiverStats<never>) => number): number {
  return receivers.reduce((total, receiver) => total + of(receiver), 0);
}

function most(receivers: Receivers, of: (receiver: ReceiverStats<never>) => number): number {
  return receivers.reduce((greatest, receiver) => Math.max(greatest, of(receiver)), 0);
}
