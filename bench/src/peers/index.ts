import { ee3 } from './ee3.js';
import { ee3Queue } from './ee3Queue.js';
import { ee3SharedDrain } from './ee3SharedDrain.js';
import { effectPubSub } from './effectPubSub.js';
import { emittery } from './emittery.js';
import { mittEmitter } from './mitt.js';
import { nodeEvents } from './nodeEvents.js';
import type { Peer, PeerOptions } from './Peer.js';
import { rxjsFilter } from './rxjsFilter.js';
import { rxjsObserveOn } from './rxjsObserveOn.js';
import { rxjsQueue } from './rxjsQueue.js';
import { sharingBus } from './sharingBus.js';

interface PeerEntry {
  readonly make: (options: PeerOptions) => Peer;
  /** The name in tables and plots. */
  readonly title: string;
  /** Whether each member has a queue with a bound. */
  readonly bounded: boolean;
}

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
} satisfies Record<string, PeerEntry>;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

export function isPeerName(name: string): name is PeerName {
  return Object.hasOwn(PEERS, name);
}

export function makePeer(name: PeerName, options: PeerOptions): Peer {
  return PEERS[name].make(options);
}
