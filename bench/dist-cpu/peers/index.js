import { ee3 } from './ee3.js';
import { ee3Queue } from './ee3Queue.js';
import { ee3SharedDrain } from './ee3SharedDrain.js';
import { effectPubSub } from './effectPubSub.js';
import { emittery } from './emittery.js';
import { mittEmitter } from './mitt.js';
import { nodeEvents } from './nodeEvents.js';
import { rxjsFilter } from './rxjsFilter.js';
import { rxjsObserveOn } from './rxjsObserveOn.js';
import { rxjsQueue } from './rxjsQueue.js';
import { sharingBus } from './sharingBus.js';
/** The peers by their names in the ids of cells, in the order of tables and plots. */
export const PEERS = {
    bus: { make: sharingBus, title: 'sharing-bus', bounded: true },
    'rxjs-filter': { make: rxjsFilter, title: 'RxJS Subject + filter', bounded: false },
    'rxjs-observe-on': { make: rxjsObserveOn, title: 'RxJS + observeOn(asap)', bounded: false },
    'rxjs-queue': { make: rxjsQueue, title: 'RxJS + a simple bounded queue', bounded: true },
    ee3: { make: ee3, title: 'eventemitter3', bounded: false },
    'ee3-queue': { make: ee3Queue, title: 'eventemitter3 + queue by hand', bounded: true },
    'ee3-shared-drain': { make: ee3SharedDrain, title: 'eventemitter3 + queues, shared drain', bounded: true },
    mitt: { make: mittEmitter, title: 'mitt', bounded: false },
    'node-events': { make: nodeEvents, title: 'node:events', bounded: false },
    emittery: { make: emittery, title: 'emittery', bounded: false },
    effect: { make: effectPubSub, title: 'Effect PubSub.dropping', bounded: true },
};
export const PEER_NAMES = Object.keys(PEERS);
export function isPeerName(name) {
    return Object.hasOwn(PEERS, name);
}
export function makePeer(name, options) {
    return PEERS[name].make(options);
}
