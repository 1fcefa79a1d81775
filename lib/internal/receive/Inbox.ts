import type { Observer } from 'rxjs';
import type { Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { kindOf } from '../support/Tally.js';
import { report } from '../support/report.js';
import { Ages } from './Ages.js';
import { DirectConsumer } from './consumers.js';
import { Gaps } from './Gaps.js';
import { type Loss, type OverflowPolicy, type OverflowQueue, refused, type Verdict } from './overflow.js';

/**
 * The events that wait in one receiver: a run of the burst that is being handed over, then a queue of its own. It numbers them, and records
 * which were lost and where. It schedules nothing, and calls only the consumer that {@link drain} is given.
 *
 * Invariants: a run is lent only while nothing waits. Events are numbered as they are accepted; those that wait are the last ones, and all but
 * the `unseen` of the others were delivered.
 */
export class Inbox<E> {
  /** Events that may wait, places of a reserve apart. */
  readonly capacity: number;
  /** What is lost where there is no room. */
  readonly policy: OverflowPolicy<E>;
  /** Events that were lost to overflow. */
  lost = 0;
  /** The most events that waited at a time. */
  highWaterMark = 0;
  /** The number in the history of the event that came out last before the present run, or where the receiver started; of no meaning without a history. */
  lastSeq = 0;

  /** The run that was lent: the places from `runNext` to before `runEnd` of the burst. Both are below zero once what waited was cleared. */
  private runNext = 0;
  private runEnd = 0;
  private taken = 0;
  /** Accepted, then cleared or displaced. */
  private unseen = 0;
  private queue: OverflowQueue<E> | undefined;
  private gaps: Gaps | undefined;
  private ages: Ages | undefined;

  constructor(capacity: number, policy: OverflowPolicy<E>) {
    this.capacity = capacity;
    this.policy = policy;
  }

  get waiting(): number {
    return this.runEnd - this.runNext + (this.queue?.size ?? 0);
  }

  get accepted(): number {
    return this.taken;
  }

  get hasRoom(): boolean {
    return this.waiting < this.capacity;
  }

  /** Whether something is next for a consumer: an event, or a gap. */
  get hasNext(): boolean {
    return this.waiting > 0 || this.gapIsNext;
  }

  /** The number of the event that comes out next, or will. */
  get nextNumber(): number {
    return this.taken - this.waiting;
  }

  /** Events that the consumer was given. */
  get delivered(): number {
    return this.taken - this.waiting - this.unseen;
  }

  /** How long the oldest event has waited at the time `now`, in milliseconds. 0 if none waits, or if it has its turn right now. */
  oldestAgeMs(now: number): number {
    const isHandedOver = this.runNext < this.runEnd;
    const since = isHandedOver || this.waiting === 0 ? undefined : this.ages?.since(this.nextNumber);
    return since === undefined ? 0 : Math.max(0, now - since);
  }

  /** What would become of `busEvent`, if it were put now. Throws what a policy's function throws. */
  foresee(busEvent: BusEvent<E>): Verdict {
    return this.isFullByRun ? 'refused' : this.ownQueue().foresee(busEvent);
  }

  /** The `index`th event to come out; `burst` is the one that is being handed over. */
  peek(index: number, burst: readonly BusEvent<E>[]): BusEvent<E> {
    const lent = this.runEnd - this.runNext;
    return (index < lent ? burst[this.runNext + index] : this.queue?.at(index - lent)) as BusEvent<E>;
  }

  /** Accepts the places from `from` to before `to` of the burst where they lie, if all of them fit and nothing waits. The caller drains it in this very action. */
  lend(from: number, to: number): boolean {
    const count = to - from;
    if (count > this.capacity || this.waiting > 0) {
      return false;
    }
    this.runNext = from;
    this.runEnd = to;
    this.taken += count;
    if (count > this.highWaterMark) {
      this.highWaterMark = count;
    }
    return true;
  }

  /** Accepts `busEvent`, or returns what was lost for it. Throws what a policy's function throws, and has done nothing then. */
  put(busEvent: BusEvent<E>): Loss<BusEvent<E>> | undefined {
    return this.isFullByRun ? refused(busEvent) : this.ownQueue().put(busEvent);
  }

  /** Counts what {@link put} did: apart from it, since a policy's function may have ended the receiver meanwhile. */
  count(loss: Loss<BusEvent<E>> | undefined, recordsGaps: boolean): void {
    if (loss === undefined) {
      this.taken += 1;
      return;
    }
    const { verdict, value, index } = loss;
    this.lost += 1;
    if (verdict === 'displaces') {
      // It had the number of the next one to come out.
      const number = this.nextNumber;
      this.taken += 1;
      this.unseen += 1;
      if (recordsGaps) {
        (this.gaps ??= new Gaps()).addEvent(number, kindOf(value));
      }
    } else if (recordsGaps) {
      const place = verdict === 'refused' ? this.taken : this.nextNumber + index;
      (this.gaps ??= new Gaps()).add(place, kindOf(value));
    }
  }

  /** Notes when those arrived that were accepted from the number `first` on. `isPassing`: they have their turn at once. */
  recordArrival(first: number, time: number, isPassing: boolean): void {
    const { waiting } = this;
    if (waiting > this.highWaterMark) {
      this.highWaterMark = waiting;
    }
    if (waiting > 0 && !(isPassing && this.ages === undefined)) {
      (this.ages ??= new Ages()).note(first, time, this.taken - waiting);
    }
  }

  /** Takes the next event out, which there is; while a run is lent, only {@link drain} does. */
  shift(): BusEvent<E> {
    const busEvent = this.ownQueue().shift();
    this.lastSeq = busEvent.seq ?? 0;
    return busEvent;
  }

  /** {@link lastSeq}, also while the run of `burst` is handed over. */
  lastSeqIn(burst: readonly BusEvent<E>[]): number {
    return (this.runNext > 0 ? burst[this.runNext - 1]?.seq : undefined) ?? this.lastSeq;
  }

  /** Forgets what waits, and what is missing. `burst` is the one that is being handed over. */
  clear(burst: readonly BusEvent<E>[]): void {
    this.lastSeq = this.lastSeqIn(burst);
    this.unseen += this.waiting;
    this.gaps = undefined;
    this.runNext = -1;
    this.runEnd = -1;
    this.queue = undefined;
  }

  /** Forgets the event in the consumer's hands, if what waited was cleared before the consumer saw it. Returns whether it did. */
  discardCurrentIfCleared(): boolean {
    const wasCleared = this.runEnd < 0;
    this.unseen += wasCleared ? 1 : 0;
    return wasCleared;
  }

  /** Hands the events that wait now to `consumer`: those of `burst`, then the queue. What arrives meanwhile waits for the next turn. */
  drain(consumer: Observer<BusEvent<E>>, burst: readonly BusEvent<E>[]): void {
    // To call the function costs less than to call a method of its consumer.
    const handler = consumer instanceof DirectConsumer ? (consumer as DirectConsumer<BusEvent<E>>).next : undefined;
    const queued = this.queue?.size ?? 0;
    const known = this.taken;
    while (this.runNext < this.runEnd) {
      try {
        // A consumer that leaves, or is left, has cleared this.
        while (this.runNext < this.runEnd) {
          const busEvent = burst[this.runNext] as BusEvent<E>;
          // Move on before calling: a publish from within the consumer must see the free place.
          this.runNext += 1;
          if (handler === undefined) {
            consumer.next(busEvent);
          } else {
            handler(busEvent);
          }
        }
      } catch (error) {
        report(error);
      }
    }
    if (this.runEnd > 0) {
      this.lastSeq = this.lastSeqIn(burst);
      this.runNext = 0;
      this.runEnd = 0;
    }
    this.drainQueue(consumer, queued, known);
  }

  private drainQueue(consumer: Observer<BusEvent<E>>, queued: number, known: number): void {
    let count = queued;
    while (this.isDue(count, known)) {
      try {
        while (this.isDue(count, known)) {
          count -= 1;
          consumer.next(this.shift());
        }
      } catch (error) {
        report(error);
      }
    }
  }

  /** Whether one of the `count` events is next that were there when the turn began, as the last of the `known` ones. */
  private isDue(count: number, known: number): boolean {
    // Others may have been displaced meanwhile.
    return count > 0 && (this.queue?.size ?? 0) > 0 && (!this.policy.displaces || this.nextNumber < known);
  }

  /** Whether events are missing right before the next one. */
  get gapIsNext(): boolean {
    return this.gaps?.has(this.nextNumber) === true;
  }

  get hasGaps(): boolean {
    return this.gaps !== undefined;
  }

  /** Takes what is missing before the event of this number. */
  takeGap(number: number): Gap | undefined {
    return this.gaps?.take(number);
  }

  /** `count` events of `kind` are missing behind those that wait. */
  miss(kind: string, count = 1): void {
    (this.gaps ??= new Gaps()).add(this.taken, kind, count);
  }

  /** `count` arriving events were lost; `byKind` if their gap is recorded. */
  countRefused(count: number, byKind?: ReadonlyMap<string, number>): void {
    this.lost += count;
    byKind?.forEach((missing, kind) => {
      this.miss(kind, missing);
    });
  }

  /** Of what is missing behind those that wait, nobody knows whether that is all. */
  markGapAtMost(): void {
    this.gaps?.blur(this.taken);
  }

  /** Nobody will ask what is missing. */
  forgetGaps(): void {
    this.gaps = undefined;
  }

  /** Whether what is left of a run takes the last place: the queue does not know of it. */
  private get isFullByRun(): boolean {
    return this.runNext < this.runEnd && this.waiting >= this.capacity;
  }

  private ownQueue(): OverflowQueue<E> {
    return (this.queue ??= this.policy.makeQueue(this.capacity));
  }
}
