import { type Overflow, type ReceiverOptions, RESERVE_OPTIONS } from '../../options.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { answerOf } from '../support/promises.js';
import { requireCount, requireFunction, requireOptions } from '../support/require.js';
import { show } from '../support/show.js';

/**
 * What happens to an arriving value.
 *
 * - `taken`: it waits. No value is lost.
 * - `refused`: it is lost.
 * - `displaces`: it waits, and the value that has waited longest is lost.
 * - `replaces`: it waits in the place of an older value, which is lost.
 */
export type Verdict = 'taken' | 'refused' | 'displaces' | 'replaces';

/** The value that was lost when another one arrived, or when it arrived itself. */
export interface Loss<T> {
  readonly verdict: Exclude<Verdict, 'taken'>;
  readonly value: T;
  /** Where it waited: 0 for the next value. Without meaning for a refused value. */
  readonly index: number;
}

/** A bounded queue with the rule of one policy. */
interface LossyQueue<T> {
  /** Number of values that wait. */
  readonly size: number;

  /** The `index`th value that waits; 0 is the next one. */
  at(index: number): T | undefined;

  /** Takes the next value out. There must be one. */
  shift(): T;

  /** What {@link put} would do with `value` now. */
  foresee(value: T): Verdict;

  /** Adds `value` by the rule of the policy. Returns the loss, if there is one. Called instead of `offer`. */
  put(value: T): Loss<T> | undefined;
}

export type OverflowQueue<E> = LossyQueue<BusEvent<E>>;

/** All properties of one policy. */
export interface OverflowPolicy<E> {
  makeQueue(capacity: number): OverflowQueue<E>;
  /** Whether the receiver ends when an event is lost. */
  readonly endsWhenFull: boolean;
  /** Whether the event that has waited longest is lost when there is no room. */
  readonly displaces: boolean;
  /** Whether events may be delivered in another order than that of publishing. */
  readonly reorders: boolean;
  /**
   * Whether an event may be offered later than it was published, and not at all while the receiver is full. It may if the result depends on
   * nothing but the number of waiting events. Then events may be lent, one refusal refuses the rest of a run, and a full receiver is parked.
   */
  readonly mayBeOfferedLate: boolean;
}

/** The loss when the arriving `value` is refused. */
export function refused<T>(value: T): Loss<T> {
  return { verdict: 'refused', value, index: 0 };
}

/** `drop-newest`: if the queue is full when a value arrives, the arriving value is lost. Waiting values are never lost. */
class DropNewestQueue<T> extends BoundedQueue<T> implements LossyQueue<T> {
  foresee(): Verdict {
    return this.size < this.capacity ? 'taken' : 'refused';
  }

  put(value: T): Loss<T> | undefined {
    return this.offer(value) ? undefined : refused(value);
  }
}

/** `drop-oldest`: if the queue is full when a value arrives, the value that has waited longest is lost. The arriving value waits. */
class DropOldestQueue<T> extends BoundedQueue<T> implements LossyQueue<T> {
  foresee(): Verdict {
    return this.size < this.capacity ? 'taken' : 'displaces';
  }

  put(value: T): Loss<T> | undefined {
    if (this.offer(value)) {
      return undefined;
    }
    const oldest = this.shift();
    this.offer(value);
    return { verdict: 'displaces', value: oldest, index: 0 };
  }
}

/**
 * `latest`: if a value with the same key waits, the arriving value takes its place and the older value is lost, even if there is room. If
 * no such value waits and the queue is full, the arriving value is lost.
 *
 * A barrier neither replaces a value nor is replaced, and values that arrived before it are no longer replaced. If the queue is full when
 * a barrier arrives, the barrier is lost.
 */
class LatestQueue<T> implements LossyQueue<T> {
  private readonly waiting: BoundedQueue<T>;
  private readonly keyOf: (value: T) => unknown;
  private readonly isBarrier: (value: T) => boolean;
  /** For each key, the number of the value that may be replaced. Values are numbered from 0. */
  private readonly numbers = new Map<unknown, number>();
  private readonly keys: BoundedQueue<unknown>;
  /** Number of values that were taken out. */
  private removed = 0;

  constructor(capacity: number, keyOf: (value: T) => unknown, isBarrier: (value: T) => boolean) {
    this.waiting = new BoundedQueue(capacity);
    this.keyOf = keyOf;
    this.isBarrier = isBarrier;
    this.keys = new BoundedQueue(capacity);
  }

  get size(): number {
    return this.waiting.size;
  }

  at(index: number): T | undefined {
    return this.waiting.at(index);
  }

  foresee(value: T): Verdict {
    // Both are called, as in `put`: either may throw.
    const isBarrier = answerOf('barrier', this.isBarrier(value));
    const key = answerOf('key', this.keyOf(value));
    if (!isBarrier && this.numbers.has(key)) {
      return 'replaces';
    }
    return this.size < this.waiting.capacity ? 'taken' : 'refused';
  }

  put(value: T): Loss<T> | undefined {
    // Both are called first, so that an error leaves the queue unchanged.
    const isBarrier = answerOf('barrier', this.isBarrier(value));
    const key = answerOf('key', this.keyOf(value));
    const number = isBarrier ? undefined : this.numbers.get(key);
    if (number !== undefined) {
      const index = number - this.removed;
      const older = this.at(index) as T;
      this.waiting.replace(index, value);
      return { verdict: 'replaces', value: older, index };
    }
    if (isBarrier) {
      // Even if the barrier is refused: no value is replaced across it.
      this.numbers.clear();
    }
    if (!this.waiting.offer(value)) {
      return refused(value);
    }
    this.keys.offer(key);
    if (!isBarrier) {
      this.numbers.set(key, this.removed + this.size - 1);
    }
    return undefined;
  }

  shift(): T {
    const key = this.keys.shift();
    if (this.numbers.get(key) === this.removed) {
      this.numbers.delete(key);
    }
    this.removed += 1;
    return this.waiting.shift();
  }
}

/**
 * `drop-newest` with a reserve: if the common places are taken when an event arrives, an event of a reserved kind may use a reserved place.
 * If it cannot, because of its kind or because the reserve is full, the arriving event is lost.
 */
class ReserveQueue<E> implements LossyQueue<BusEvent<E>> {
  private readonly waiting: BoundedQueue<BusEvent<E>>;
  private readonly common: number;
  private readonly reserve: number;
  private readonly kinds: ReadonlySet<string>;
  /** For each waiting event, whether it has a reserved place. */
  private readonly reserved: BoundedQueue<boolean>;
  private reservedCount = 0;

  constructor(capacity: number, reserve: number, kinds: ReadonlySet<string>) {
    this.waiting = new BoundedQueue(capacity + reserve);
    this.common = capacity;
    this.reserve = reserve;
    this.kinds = kinds;
    this.reserved = new BoundedQueue(capacity + reserve);
  }

  get size(): number {
    return this.waiting.size;
  }

  at(index: number): BusEvent<E> | undefined {
    return this.waiting.at(index);
  }

  foresee({ routing }: BusEvent<E>): Verdict {
    const mayUseReserve = this.kinds.has(routing.kind) && this.reservedCount < this.reserve;
    return this.hasCommonPlace || mayUseReserve ? 'taken' : 'refused';
  }

  put(busEvent: BusEvent<E>): Loss<BusEvent<E>> | undefined {
    if (this.foresee(busEvent) === 'refused') {
      return refused(busEvent);
    }
    const isReserved = !this.hasCommonPlace;
    this.reservedCount += isReserved ? 1 : 0;
    this.reserved.offer(isReserved);
    this.waiting.offer(busEvent);
    return undefined;
  }

  shift(): BusEvent<E> {
    this.reservedCount -= this.reserved.shift() ? 1 : 0;
    return this.waiting.shift();
  }

  private get hasCommonPlace(): boolean {
    return this.size - this.reservedCount < this.common;
  }
}

const DROP_NEWEST: OverflowPolicy<never> = {
  makeQueue: (capacity) => new DropNewestQueue(capacity),
  endsWhenFull: false,
  displaces: false,
  reorders: false,
  mayBeOfferedLate: true,
};

/** `evict`: if the queue is full when an event arrives, that event is lost and the receiver ends. Waiting events are still delivered. */
const EVICT: OverflowPolicy<never> = { ...DROP_NEWEST, endsWhenFull: true, mayBeOfferedLate: false };

const DROP_OLDEST: OverflowPolicy<never> = {
  makeQueue: (capacity) => new DropOldestQueue(capacity),
  endsWhenFull: false,
  displaces: true,
  reorders: false,
  mayBeOfferedLate: false,
};

/**
 * Returns the policy for these options.
 *
 * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or does not belong to the policy.
 */
export function overflowPolicy<E>({
  overflow = 'drop-newest',
  reserve,
  key,
  barrier,
}: ReceiverOptions<E>): OverflowPolicy<E> {
  requirePolicy('reserve', reserve, 'drop-newest', overflow);
  requirePolicy('key', key, 'latest', overflow);
  requirePolicy('barrier', barrier, 'latest', overflow);
  switch (overflow) {
    case 'drop-newest':
      return reserve === undefined ? shared(DROP_NEWEST) : reserving(reserve);
    case 'drop-oldest':
      return shared(DROP_OLDEST);
    case 'latest':
      return latest(key, barrier);
    case 'evict':
      return shared(EVICT);
    default:
      throw new TypeError(`overflow: expected drop-newest, drop-oldest, latest or evict, got ${show(overflow)}`);
  }
}

/** All event types can share a policy that does not read its events. */
function shared<E>(policy: OverflowPolicy<never>): OverflowPolicy<E> {
  return policy as OverflowPolicy<unknown> as OverflowPolicy<E>;
}

function reserving<E>(reserve: NonNullable<ReceiverOptions['reserve']>): OverflowPolicy<E> {
  requireOptions('reserve', reserve, RESERVE_OPTIONS);
  const places = requireCount('reserve.capacity', reserve.capacity);
  if (!Array.isArray(reserve.kinds)) {
    throw new TypeError(`reserve.kinds: expected an array, got ${show(reserve.kinds)}`);
  }
  const kinds = new Set(reserve.kinds);
  return {
    makeQueue: (capacity) => new ReserveQueue<E>(capacity, places, kinds),
    endsWhenFull: false,
    displaces: false,
    reorders: false,
    mayBeOfferedLate: false,
  };
}

function latest<E>(
  key: ((busEvent: BusEvent<E>) => unknown) | undefined,
  barrier: (busEvent: BusEvent<E>) => boolean = () => false,
): OverflowPolicy<E> {
  requireFunction("overflow 'latest': key", key);
  requireFunction('barrier', barrier);
  return {
    makeQueue: (capacity) => new LatestQueue(capacity, key as (busEvent: BusEvent<E>) => unknown, barrier),
    endsWhenFull: false,
    displaces: false,
    reorders: true,
    mayBeOfferedLate: false,
  };
}

/** @throws TypeError if the option `what`, which belongs to `policy`, is given with another policy. */
function requirePolicy(what: string, value: unknown, policy: Overflow, overflow: Overflow): void {
  if (value !== undefined && overflow !== policy) {
    throw new TypeError(`${what}: expected overflow '${policy}', got ${show(overflow)}`);
  }
}
