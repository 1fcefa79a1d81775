/// <reference lib="esnext.disposable" preserve="true" />
export { EventStreamError } from './EventStreamError.js';
export type {
  EventStreamAccess,
  EventStreamOptions,
  EventStreamReceiverOptions,
  EventStreamServerOptions,
  EventStreamVerdict,
} from './EventStreamOptions.js';
export { EventStreams } from './EventStreams.js';
export {
  type EventStreamFetch,
  type EventStreamHeaders,
  type EventStreamRequest,
  type EventStreamStatus,
  type FromEventStreamOptions,
} from './FromEventStreamOptions.js';
export { fromEventStream } from './fromEventStream.js';
export { iterateEventStream } from './iterateEventStream.js';
export type { NodeRequest, NodeResponse, NodeSocket } from './nodeHttp.js';
export { toEventStream } from './toEventStream.js';
