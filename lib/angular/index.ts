/// <reference lib="esnext.disposable" preserve="true" />
export type { EventStreamAddress, EventStreamSource, EventStreamTarget } from './eventStreamSignals.js';
export { type FoldEventStreamOptions, injectEventStream, type InjectEventStreamOptions } from './injectEventStream.js';
export { injectLagged } from './injectLagged.js';
export { injectLatest, type InjectLatestOptions } from './injectLatest.js';
export { injectReceiver, type InjectReceiverOptions } from './injectReceiver.js';
export { injectRecent, type InjectRecentOptions } from './injectRecent.js';
export type { BusSignals, EventStreamSignals, InjectorOption } from './signals.js';
