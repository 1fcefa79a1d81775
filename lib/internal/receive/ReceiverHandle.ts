import { Observable, type Observer } from 'rxjs';
import type {
  BusPosition,
  BusReceiver,
  Delivery,
  EventDelivery,
  PulledDeliveries,
  RecvOptions,
  TryRecv,
} from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import type { ConsumerPort } from './consumers.js';
import { EventsObservable } from './EventsObservable.js';
import { Notices } from './Notices.js';
import {
  deliveryPull,
  eventPull,
  iteratorOver,
  leavePulling,
  type Pulled,
  type PullFactory,
  receive,
  streamOver,
  takeDelivery,
  tryReceive,
} from './pull.js';
import { dispose } from './ending.js';
import { leave, serve, serveDeliveries } from './serve.js';
import { positionOf } from './views.js';
import type { Receiver } from './Receiver.js';
import { PerSubscription } from '../support/PerSubscription.js';
import { keepSelf, selfOf, throughProxies } from '../support/throughProxies.js';
import { withoutUndefined } from '../support/withoutUndefined.js';

/** The views of a receiver that are used less often than `events$`. */
interface Views<E> {
  deliveries$?: Observable<Delivery<E>>;
  deliveries?: PulledDeliveries<E>;
  lagged$?: Observable<number>;
  closed$?: Observable<void>;
}

/**
 * The object that the application gets for a receiver.
 *
 * Invariant: every consumer, observer and pull holds a reference to the handle, and the bus does not. So it is garbage-collected when the
 * events can no longer be taken.
 */
export class ReceiverHandle<E> implements BusReceiver<E>, ConsumerPort<BusEvent<E>> {
  readonly #receiver: Receiver<E>;
  #events$: Observable<BusEvent<E>> | undefined;
  /** Created when one of them is first used. */
  #views: Views<E> | undefined;

  static isOwn(target: object): boolean {
    return #receiver in target;
  }

  constructor(receiver: Receiver<E>) {
    this.#receiver = receiver;
    // A bound function, since a closure would take twice the memory.
    keepSelf(this, itself.bind(this) as () => this);
  }

  /** Whether it belongs to the bus that owns `stage`. */
  isOf(stage: unknown): boolean {
    return this.#receiver.host.stage === stage;
  }

  get id(): number {
    return this.#receiver.id;
  }

  get name(): string | undefined {
    return this.#receiver.parts?.name;
  }

  get events$(): Observable<BusEvent<E>> {
    return (this.#events$ ??= new EventsObservable<BusEvent<E>>(selfOf<ReceiverHandle<E>>(this)));
  }

  get deliveries$(): Observable<Delivery<E>> {
    return ((this.#views ??= {}).deliveries$ ??= new PerSubscription(
      () =>
        new Observable<Delivery<E>>((subscriber) => {
          const consumer = serveDeliveries(this.#receiver, subscriber);
          subscriber.add(() => {
            this.leave(consumer);
          });
        }),
    ));
  }

  get lagged(): number {
    return this.#receiver.lagged;
  }

  get missed(): number {
    return this.#receiver.parts?.missed ?? 0;
  }

  get lagged$(): Observable<number> {
    return ((this.#views ??= {}).lagged$ ??= Notices.laggedOf(this.#receiver));
  }

  get deliveries(): PulledDeliveries<E> {
    return ((this.#views ??= {}).deliveries ??= this.#pullDeliveries());
  }

  get position(): BusPosition | undefined {
    const last = this.#receiver.host.position();
    return last && positionOf(this.#receiver, last);
  }

  get closed$(): Observable<void> {
    return ((this.#views ??= {}).closed$ ??= Notices.closedOf(this.#receiver));
  }

  recv(options?: RecvOptions): Promise<BusEvent<E> | undefined> {
    return receive(this.#receiver, eventPull<E>, this, undefined, options);
  }

  tryRecv(): TryRecv<EventDelivery<E>> {
    // Without gaps, the result is never a gap.
    return tryReceive(this.#receiver, false) as TryRecv<EventDelivery<E>>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BusEvent<E>> {
    return iteratorOver(this.#pulled(eventPull<E>));
  }

  toReadableStream(): ReadableStream<BusEvent<E>> {
    return streamOver(this.#pulled(eventPull<E>));
  }

  /** For RxJS's `from`. Without it, `from` would iterate, and an unsubscription would take effect at the next event only. */
  [Symbol.observable](): Observable<BusEvent<E>> {
    return this.events$;
  }

  /** The same, under the name that RxJS uses in engines without the symbol. */
  ['@@observable'](): Observable<BusEvent<E>> {
    return this.events$;
  }

  close(): void {
    this.#receiver.close();
  }

  /** Also called by the methods below, in engines that have their symbols. */
  dispose(): void {
    dispose(this.#receiver);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
    return Promise.resolve();
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    serve(this.#receiver, consumer);
  }

  leave(consumer: Observer<BusEvent<E>>): void {
    leave(this.#receiver, consumer);
  }

  #pullDeliveries(): PulledDeliveries<E> {
    const pulled = this.#pulled(deliveryPull<E>);
    const observe$ = (): Observable<Delivery<E>> => this.deliveries$;
    const pullable: PulledDeliveries<E> & { '@@observable': unknown } = {
      recv: (options) => receive(this.#receiver, deliveryPull<E>, this, undefined, options),
      take: (taker) => {
        takeDelivery(this.#receiver, taker, this);
      },
      tryRecv: () => tryReceive(this.#receiver, true),
      toReadableStream: () => streamOver(pulled),
      [Symbol.asyncIterator]: () => iteratorOver(pulled),
      [Symbol.observable]: observe$,
      '@@observable': observe$,
    };
    return withoutUndefined(pullable);
  }

  #pulled<T>(createPull: PullFactory<E, T>): Pulled<T> {
    return {
      take: (consumer) => receive(this.#receiver, createPull, this, consumer),
      leave: (consumer) => {
        leavePulling(this.#receiver, consumer);
      },
    };
  }
}

withoutUndefined(ReceiverHandle.prototype);
throughProxies(ReceiverHandle, { isOwn: (target) => ReceiverHandle.isOwn(target) });

function itself(this: unknown): unknown {
  return this;
}
