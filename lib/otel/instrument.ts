import { type Attributes, type BatchObservableResult, diag, type Meter } from '@opentelemetry/api';
import { type Logger, loggingTo, requireLogger } from '../internal/support/logging.js';
import { answerOf } from '../internal/support/promises.js';
import {
  type OptionNames,
  requireCount,
  requireFunction,
  requireOptions,
  requireType,
} from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import type { SharingBus } from '../SharingBus.js';
import { BusExport, type ExportSettings } from './BusExport.js';
import { keyOf, useOf } from './meters.js';
import { REST } from './Names.js';

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** The name of the bus, reported as `messaging.destination.name`. Default: none. */
  readonly destination?: string | undefined;
  /** Attributes that are added to every reported value. Default: none. */
  readonly attributes?: Attributes | undefined;
  /**
   * The name under which receivers of this name are reported, for example to group names that contain ids. With `undefined`, they are
   * reported with the receivers that have no name. It must be pure and synchronous; it is called once for each name at each collection. If
   * it throws, or returns anything else, they are reported as `*`. Default: the name itself.
   */
  readonly receiverName?: ((name: string) => string | undefined) | undefined;
  /** The most names that are reported separately at one time, 1 to 2^31 - 1. Further names are added up as `*`. Default: 100. */
  readonly maxNames?: number | undefined;
  /**
   * The most names that are reported separately over the life of the meter, 1 to 2^31 - 1. The names of all buses on the meter count.
   * Further names are added up as `*`. Default: 1,000, or `maxNames` if that is more.
   */
  readonly maxNamesEver?: number | undefined;
  /**
   * Gets a warning when a limit of names is reached, when `receiverName` fails, and when two buses on one meter have the same attributes:
   * once each. Default: `diag` of `@opentelemetry/api`.
   */
  readonly logger?: Logger | undefined;
}

const OPTIONS: OptionNames<InstrumentOptions> = {
  destination: true,
  attributes: true,
  receiverName: true,
  maxNames: true,
  maxNamesEver: true,
  logger: true,
};

const DIAG: Logger = {
  warn: (...line) => {
    diag.warn(line.join(' '));
  },
};
const DEFAULT_MAX_NAMES = 100;
/** Half of what SDKs allow by default. The other half is for the two series that each bus has beside those of its names. */
const DEFAULT_MAX_NAMES_EVER = 1_000;

/**
 * Exports `bus.stats()` as OpenTelemetry metrics. Each collection of metrics calls `stats()` once.
 *
 * **Details** These counters are totals of the whole bus, which never decrease: `messaging.client.sent.messages`,
 * `messaging.client.consumed.messages`, `sharing_bus.{dropped,bound,unbound,released}.messages` and `sharing_bus.evicted.bindings`.
 * `sharing_bus.held.messages` can go up and down.
 *
 * The metrics of receivers are grouped by name, which is reported as `messaging.destination.subscription.name`. Receivers without a name
 * form one group without that attribute. `sharing_bus.receiver.{count,delivered,lagged}` and `sharing_bus.queue.{waiting,capacity}` are
 * sums over the receivers of a group that take events now. They go up and down as receivers come and go: when a receiver leaves the bus,
 * its counts leave the sum. `sharing_bus.queue.high_water_mark` and `sharing_bus.queue.oldest_age` (in seconds) are maxima over the same
 * receivers. When the last receiver of a group has left, 0 is reported once. `sharing_bus.receiver.dropped` counts the events that the
 * receivers of a group have lost, also those that have left. It never decreases. Its sum over all groups is `sharing_bus.dropped.messages`.
 *
 * At most `maxNames` names have a group of their own at one time. When the last receiver of a name has left, another name can have its
 * place. SDKs keep every series that they have ever seen, and by default stop to tell series apart after 2,000. So at most `maxNamesEver`
 * names have a group over the life of the meter. All other names form one group with the name `*`. Each sum over all groups is exact,
 * however many names there are.
 *
 * **Errors** Throws `TypeError` at the call if an option has the wrong type or is unknown, and `RangeError` if a number is out of range.
 *
 * **Gotchas** To use one meter for two buses, give them different values of `destination` or of another attribute; otherwise the values of
 * one hide those of the other. Do not remove the name by a view of the SDK, which does not add up: use `receiverName`. If receivers had
 * left before this call, their losses are counted as `*`. The meter keeps a reference to the bus, even after the bus is closed, until you
 * call the returned function. Some SDKs repeat the last values afterwards.
 *
 * @example
 * ```ts
 * const stop = instrument(bus, metrics.getMeter('sharing-bus'), {
 *   destination: 'agents',
 *   receiverName: (name) => name.replace(/:.*$/, ''), // 'page:7f3a' is reported as 'page'
 * });
 * ```
 *
 * @param bus A bus with any payload type. It may be closed already.
 * @param meter A meter of `@opentelemetry/api` 1.3 or later, of any provider.
 * @param options See {@link InstrumentOptions}.
 * @returns A function that stops the export and releases the bus. Calling it again has no effect.
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export function instrument(
  bus: Pick<SharingBus<never>, 'stats' | 'keepLosses'>,
  meter: Meter,
  options: InstrumentOptions = {},
): () => void {
  const settings = checked(bus, meter, options);
  const { common, warn } = settings;
  const use = useOf(meter);
  const key = keyOf(common);
  const legacy = use.begin(bus, key);
  if (legacy === undefined) {
    warn('attributes', () => `two buses on one meter have the attributes ${key}: one hides the other`);
  }
  // A variable that can be cleared: the returned function must not keep the bus alive.
  let busExport: BusExport | undefined = new BusExport(bus, meter, settings, use.names, legacy);
  const { instruments } = busExport;
  const observe = (result: BatchObservableResult): void => busExport?.observe(result);
  meter.addBatchObservableCallback(observe, instruments);
  return () => {
    if (busExport === undefined) {
      return;
    }
    const left = busExport.stop();
    if (legacy !== undefined) {
      use.end(busExport.bus, key, left);
    }
    busExport = undefined;
    meter.removeBatchObservableCallback(observe, instruments);
  };
}

function checked(
  bus: Partial<Pick<SharingBus<never>, 'stats' | 'keepLosses'>> | null | undefined,
  meter: Partial<Meter> | null | undefined,
  options: InstrumentOptions,
): ExportSettings {
  requireFunction('instrument: bus.stats', bus?.stats);
  requireFunction('instrument: bus.keepLosses', bus?.keepLosses);
  requireFunction('instrument: meter.addBatchObservableCallback', meter?.addBatchObservableCallback);
  requireOptions('instrument: options', options, OPTIONS);
  const { destination, attributes, receiverName, maxNames = DEFAULT_MAX_NAMES, logger = DIAG } = options;
  const { maxNamesEver = Math.max(DEFAULT_MAX_NAMES_EVER, maxNames) } = options;
  if (destination !== undefined) {
    requireType('instrument: destination', 'string', destination);
  }
  if (attributes !== undefined) {
    requireType('instrument: attributes', 'object', attributes);
  }
  if (receiverName !== undefined) {
    requireFunction('instrument: receiverName', receiverName);
  }
  requireCount('instrument: maxNames', maxNames);
  requireCount('instrument: maxNamesEver', maxNamesEver);
  requireLogger('instrument: logger', logger);
  const common = {
    ...attributes,
    'messaging.system': 'sharing_bus',
    ...(destination !== undefined && { 'messaging.destination.name': destination }),
  };
  const warn = warningTo(logger);
  const groupOf = receiverName === undefined ? (name: string) => name : groupingBy(receiverName, warn);
  return { common, groupOf, maxNames, maxNamesEver, warn };
}

/** Logs at most one line for each topic. */
function warningTo(logger: Logger): ExportSettings['warn'] {
  const log = loggingTo(logger);
  const topics = new Set<string>();
  return (topic, line) => {
    if (!topics.has(topic)) {
      topics.add(topic);
      log('warn', `instrument: ${line()}`);
    }
  };
}

/** Calls `receiverName`, which may fail. */
function groupingBy(
  receiverName: NonNullable<InstrumentOptions['receiverName']>,
  warn: ExportSettings['warn'],
): ExportSettings['groupOf'] {
  return (name) => {
    try {
      const group = answerOf('receiverName', receiverName(name));
      if (group !== undefined) {
        requireType('the result of receiverName', 'string', group);
      }
      return group;
    } catch (error) {
      warn('receiverName', () => `receiverName failed for ${show(name)}, reported as "${REST}": ${show(error)}`);
      return REST;
    }
  };
}
