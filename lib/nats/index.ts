/// <reference lib="esnext.disposable" preserve="true" />
export {
  ConnectionEndedError,
  EventTooLargeError,
  JetStreamSetupError,
  NotStoredError,
  OutboxFullError,
  StreamMismatchError,
  UpstreamClosedError,
} from './errors.js';
export { type CloseOptions, type JetStreamUpstream, jetStreamUpstream } from './JetStreamUpstream.js';
export type { JetStreamUpstreamOptions, EnsureStreamOptions } from './options.js';
export type { JetStreamStats, JetStreamStatus } from './status.js';
export { ensureStream } from './stream/streamConfig.js';
