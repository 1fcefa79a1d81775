import type { ReceiverOptions } from '../BusReceiver.js';
import type { BusEvent } from '../protocol/BusEvent.js';
import { BoundedQueue } from './BoundedQueue.js';
import { requireCount } from './requireCount.js';
import { requireFunction } from './requireFunction.js';
import { show } from './show.js';

/**
 * What became of an event that was offered: it waits; it does not; it waits and an older one had to go; or it waits in the
 * place of an older one. In all but the first case, one event is lost.
 */
export type Verdict = 'taken' | 'refused' | 'displaced' | 'replaced';

/** A queue that loses in a way of its own. */
export abstract class PolicyQueue<T> extends BoundedQueue<T> {
  /** In the place of `offer`. */
  abstract put(value: T): Verdict;
}

/** Full, it drops the oldest. */
class DropOldestQueue<T> extends PolicyQueue<T> {
  put(value: T): Verdict {
    if (this.offer(value)) {
      return 'taken';
    }
    this.shift();
    this.offer(value);
    return 'displaced';
  }
}

/** A value replaces the one of its key that waits, unless a barrier came between; full, it drops the newest. */
class LatestQueue<T> extends PolicyQueue<T> {
  readonly #keyOf: (value: T) => unknown;
  readonly #isBarrier: (value: T) => boolean;
  /** The number of the value that may be replaced, by its key; values are counted from 0. */
  readonly #numbers = new Map<unknown, number>();
  readonly #keys: BoundedQueue<unknown>;
  #gone = 0;

  constructor(capacity: number, keyOf: (value: T) => unknown, isBarrier: (value: T) => boolean) {
    super(capacity);
    this.#keyOf = keyOf;
    this.#isBarrier = isBarrier;
    this.#keys = new BoundedQueue(capacity);
  }

  put(value: T): Verdict {
    // Both are asked first: what they throw leaves the queue as it was.
    const isBarrier = this.#isBarrier(value);
    const key = this.#keyOf(value);
    const number = isBarrier ? undefined : this.#numbers.get(key);
    if (number !== undefined) {
      this.replace(number - this.#gone, value);
      return 'replaced';
    }
    if (isBarrier) {
      // Also where it is refused: nothing is replaced across it.
      this.#numbers.clear();
    }
    if (!this.offer(value)) {
      return 'refused';
    }
    this.#keys.offer(key);
    if (!isBarrier) {
      this.#numbers.set(key, this.#gone + this.size - 1);
    }
    return 'taken';
  }

  override shift(): T {
    const key = this.#keys.shift();
    if (this.#numbers.get(key) === this.#gone) {
      this.#numbers.delete(key);
    }
    this.#gone += 1;
    return super.shift();
  }
}

/** Full, it takes those of some kinds into places of their own. */
class ReserveQueue<E> extends PolicyQueue<BusEvent<E>> {
  readonly #common: number;
  readonly #reserve: number;
  readonly #kinds: ReadonlySet<string>;
  /** Of each that waits, whether it has a reserved place. */
  readonly #reserved: BoundedQueue<boolean>;
  #reservedCount = 0;

  constructor(capacity: number, reserve: number, kinds: ReadonlySet<string>) {
    super(capacity + reserve);
    this.#common = capacity;
    this.#reserve = reserve;
    this.#kinds = kinds;
    this.#reserved = new BoundedQueue(this.capacity);
  }

  put(busEvent: BusEvent<E>): Verdict {
    const isCommon = this.size - this.#reservedCount < this.#common;
    if (!isCommon && !(this.#kinds.has(busEvent.routing.kind) && this.#reservedCount < this.#reserve)) {
      return 'refused';
    }
    this.#reservedCount += isCommon ? 0 : 1;
    this.#reserved.offer(!isCommon);
    this.offer(busEvent);
    return 'taken';
  }

  override shift(): BusEvent<E> {
    this.#reservedCount -= this.#reserved.shift() ? 1 : 0;
    return super.shift();
  }
}

/** Full, it refuses; it knows for how long the oldest has waited. */
export class TimedQueue<T> extends PolicyQueue<T> {
  readonly #times: BoundedQueue<number>;
  readonly #now: () => number;

  constructor(capacity: number, now: () => number) {
    super(capacity);
    this.#times = new BoundedQueue(capacity);
    this.#now = now;
  }

  /** Milliseconds since the oldest was put; 0 where none waits. */
  get oldestAge(): number {
    return this.size === 0 ? 0 : this.#now() - (this.#times.at(0) ?? 0);
  }

  put(value: T): Verdict {
    if (!this.offer(value)) {
      return 'refused';
    }
    this.#times.offer(this.#now());
    return 'taken';
  }

  override shift(): T {
    this.#times.shift();
    return super.shift();
  }
}

/**
 * Makes the queues of a receiver with these options; `undefined`: it drops the newest, which needs no queue of its own kind.
 *
 * @throws TypeError or RangeError for options that are none, or do not go together.
 */
export function queueMaker<E>(
  options: ReceiverOptions<E> & { readonly capacity: number },
  now: () => number,
): (() => PolicyQueue<BusEvent<E>>) | undefined {
  const { capacity, overflow = 'drop-newest', reserve, key, barrier = () => false } = options;
  if (reserve !== undefined && overflow !== 'drop-newest') {
    throw new TypeError(`reserve: goes with overflow 'drop-newest', got ${show(overflow)}`);
  }
  switch (overflow) {
    case 'drop-newest': {
      if (reserve === undefined) {
        return undefined;
      }
      if (typeof reserve !== 'object' || (reserve as unknown) === null) {
        throw new TypeError(`reserve: expected an object, got ${show(reserve)}`);
      }
      requireCount('reserve.capacity', reserve.capacity);
      if (!Array.isArray(reserve.kinds)) {
        throw new TypeError(`reserve.kinds: expected an array, got ${show(reserve.kinds)}`);
      }
      const { capacity: reserved } = reserve;
      const kinds = new Set(reserve.kinds);
      return () => new ReserveQueue<E>(capacity, reserved, kinds);
    }
    case 'drop-oldest':
      return () => new DropOldestQueue(capacity);
    case 'latest':
      requireFunction('key', key);
      requireFunction('barrier', barrier);
      return () => new LatestQueue(capacity, key as (busEvent: BusEvent<E>) => unknown, barrier);
    case 'evict':
      return () => new TimedQueue(capacity, now);
    default:
      throw new TypeError(`overflow: expected drop-newest, drop-oldest, latest or evict, got ${show(overflow)}`);
  }
}
