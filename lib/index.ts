/// <reference lib="esnext.disposable" preserve="true" />
export {
  type BusPosition,
  type BusReceiver,
  DeadlockError,
  type Overflow,
  type OverflowOptions,
  type Pullable,
  type ReceiverBaseOptions,
  ReceiverBusyError,
  type ReceiverOptions,
  type RecvOptions,
  SlowConsumerError,
  type TryRecv,
} from './BusReceiver.js';
export type { BusStats, Explanation, ReceiverStats } from './BusStats.js';
export type { Delivery, EventDelivery, Gap } from './Delivery.js';
export type { ConsumeOptions, FlushOptions, SharingBusOptions, StreamOptions } from './BusOptions.js';
export { SharingBus } from './SharingBus.js';
export type { HistoryOptions } from './internal/history/History.js';
export type { HoldUnboundOptions } from './internal/publishing/HeldEvents.js';
export type { BusEventSource, ConnectOptions, NativeObservable } from './internal/publishing/connectTo.js';

export { concatMapDropNewest, type ConcatMapDropNewestOptions } from './operators/concatMapDropNewest.js';

export { dropNewest, type DropNewestOptions } from './operators/dropNewest.js';
export { lateBindScrollId, type LateBindOptions, type ScrollBinding } from './operators/lateBindScrollId.js';
export type { Logger } from './internal/support/logging.js';

export {
  type BusEvent,
  type EventKind,
  type EventOrigin,
  type EventRouting,
  InvalidBusEventError,
} from './protocol/BusEvent.js';
export type * from './protocol/Event.js';
export { EventFilter, InvalidFilterError, matches, type PlainEventFilter } from './protocol/EventFilter.js';
export { InvalidUuidError, newUuid, parseUuid, type Uuid } from './protocol/Uuid.js';
