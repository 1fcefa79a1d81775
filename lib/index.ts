/// <reference lib="esnext.disposable" preserve="true" />
// The public names, in the order of the guide.
export { SharingBus } from './SharingBus.js';
export type { Logger } from './internal/support/logging.js';

export {
  type BusEvent,
  type EventKind,
  type EventOrigin,
  type EventRouting,
  InvalidBusEventError,
  type ScrollBinding,
} from './events/BusEvent.js';
export type * from './events/Event.js';
export { EventFilter, InvalidFilterError, matches, type PlainEventFilter } from './events/EventFilter.js';
export { InvalidUuidError, newUuid, parseUuid, type Uuid } from './events/Uuid.js';

export {
  type BusPosition,
  type BusReceiver,
  DeadlockError,
  type Delivery,
  type EventDelivery,
  type Gap,
  type Pullable,
  type PulledDeliveries,
  ReceiverBusyError,
  type RecvOptions,
  type Taker,
  SlowConsumerError,
  type TryRecv,
} from './receiver.js';
export type { BusStats, DepartedLoss, Explanation, KeptLosses, ReceiverStats } from './stats.js';
export type {
  BusEventSource,
  ConcatMapDropNewestOptions,
  ConnectOptions,
  ConsumeOptions,
  DropNewestOptions,
  FlushOptions,
  HistoryOptions,
  HoldUnboundOptions,
  LateBindOptions,
  NativeObservable,
  Overflow,
  OverflowOptions,
  ReceiverBaseOptions,
  ReceiverOptions,
  SharingBusOptions,
  StreamOptions,
} from './options.js';

export type { Upstream, UpstreamBus, UpstreamLink, UpstreamPage, UpstreamRead } from './upstream.js';

export { concatMapDropNewest } from './operators/concatMapDropNewest.js';
export { dropNewest } from './operators/dropNewest.js';
export { lateBindScrollId } from './operators/lateBindScrollId.js';
