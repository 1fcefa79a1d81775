/// <reference lib="esnext.disposable" preserve="true" />
export { instrument, type InstrumentOptions } from './instrument.js';
