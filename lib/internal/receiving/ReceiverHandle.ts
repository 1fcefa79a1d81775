import { Observable, type Observer } from 'rxjs';
import type { BusReceiver, Pullable } from '../../BusReceiver.js';
import type { Delivery } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import type { Seat } from './DirectConsumer.js';
import { HandOver } from './HandOver.js';
import { iteratorOver, pullableOver, streamOver } from './pullOver.js';
import type { Pull } from './Pull.js';
import type { Receiver } from './Receiver.js';

/** What is seldom asked for beside `events$`. */
interface Views<E> {
  deliveries$?: Observable<Delivery<E>>;
  deliveries?: Pullable<Delivery<E>>;
  lagged$?: Observable<number>;
}

/**
 * The application's end of a receiver.
 *
 * Invariant: whoever consumes, watches or pulls holds this, and the bus does not: so it is collected when nobody can come for
 * the events any more.
 */
export class ReceiverHandle<E> implements BusReceiver<E>, Seat<BusEvent<E>> {
  readonly #receiver: Receiver<E>;
  #events$: Observable<BusEvent<E>> | undefined;
  /** Made when one of them is asked for. */
  #views: Views<E> | undefined;

  constructor(receiver: Receiver<E>) {
    this.#receiver = receiver;
  }

  get id(): number {
    return this.#receiver.id;
  }

  get name(): string | undefined {
    return this.#receiver.name;
  }

  get events$(): Observable<BusEvent<E>> {
    return (this.#events$ ??= new HandOver<BusEvent<E>>(this));
  }

  get deliveries$(): Observable<Delivery<E>> {
    return ((this.#views ??= {}).deliveries$ ??= new Observable<Delivery<E>>((subscriber) => {
      const consumer = this.#receiver.serveDeliveries(subscriber);
      subscriber.add(() => {
        this.leave(consumer);
      });
    }));
  }

  get lagged(): number {
    return this.#receiver.lagged;
  }

  get missed(): number {
    return this.#receiver.missed;
  }

  get lagged$(): Observable<number> {
    return ((this.#views ??= {}).lagged$ ??= this.#receiver.observeLagged());
  }

  get deliveries(): Pullable<Delivery<E>> {
    return ((this.#views ??= {}).deliveries ??= pullableOver({
      recv: () =>
        new Promise<Delivery<E> | undefined>((resolve, reject) => {
          this.#receiver.ask({
            next: (event) => {
              resolve({ type: 'event', event });
            },
            gap: resolve,
            complete: resolve,
            error: reject,
            holder: this,
          });
        }),
      [Symbol.dispose]: () => {
        this[Symbol.dispose]();
      },
    }));
  }

  recv(): Promise<BusEvent<E> | undefined> {
    return new Promise((resolve, reject) => {
      this.#receiver.ask({
        next: resolve,
        complete: resolve,
        error: reject,
        holder: this,
      });
    });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BusEvent<E>> {
    return iteratorOver<BusEvent<E>>(this);
  }

  toReadableStream(): ReadableStream<BusEvent<E>> {
    return streamOver<BusEvent<E>>(this);
  }

  close(): void {
    this.#receiver.close();
  }

  [Symbol.dispose](): void {
    this.#receiver[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    this.#receiver.serve(consumer);
  }

  leave(consumer: Observer<BusEvent<E>>): void {
    this.#receiver.leave(consumer);
  }

  /** Tells `pull` what is next: now, where something waits, or else in a turn. */
  ask(pull: Pull<E>): void {
    this.#receiver.ask(pull);
  }

  /** Calls `act` when it has no slot any more. The bus holds `act`, so `act` must not hold this. */
  onDepart(act: () => void): void {
    this.#receiver.onDepart = act;
  }

  /** What it ended with, where that was not told yet. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#receiver.failure;
  }

  /** Whether all that was published until now, and is for this, was told: as an event, or as missing. */
  get hasToldAll(): boolean {
    return this.#receiver.hasToldAll;
  }
}
