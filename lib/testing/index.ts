/// <reference lib="esnext.disposable" preserve="true" />
export { busEvent, type BusEventFields } from './busEvent.js';
export { gap } from './gap.js';
export { sessionRegistered } from './sessionRegistered.js';

export type { BusEvents, MakeMarbleEvents, MarbleEvents } from './busEvents.js';
export { type BusHelpers, busHelpers } from './busHelpers.js';
export type { DeliveryExpectation, DeliverySource, ExpectDeliveries } from './expectDeliveries.js';
export type { MarbleValues } from './marbleValues.js';
export { publishTo } from './publishTo.js';
export { type BusRunHelpers, runMarbles } from './runMarbles.js';
