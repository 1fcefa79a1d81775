import type { Observer } from 'rxjs';
import type { Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { kindOf } from '../support/Tally.js';
import { report } from '../support/report.js';
import { Ages } from './Ages.js';
import { DirectConsumer } from './consumers.js';
import { Gaps } from './Gaps.js';
import { type Loss, type OverflowPolicy, type OverflowQueue, refused, type Verdict } from './overflow.js';

const NOTHING: readonly never[] = [];

/**
 * The events that wait in one receiver: those that were lent of the burst that is being offered, then a queue of its own. It numbers the
 * events, and records which were lost and where. It schedules nothing, and calls only the consumer that is passed to {@link drain}.
 *
 * Invariants: events are lent only while the queue is empty. `lent` is the burst, or an array of this receiver if it was lent several runs.
 * Events are numbered in the order in which they are accepted, and the waiting ones are the last of them. The others were delivered,
 * except for the number `discarded`.
 */
export class Inbox<E> {
  /** Number of events that may wait, without the places of a reserve. */
  readonly capacity: number;
  /** Decides which event is lost when there is no room. */
  readonly policy: OverflowPolicy<E>;
  /** Number of events lost to overflow. */
  lost = 0;
  /** The largest number of events that waited at one time. */
  highWaterMark = 0;
  /** The history's number of the event that was taken last before the lent ones, or of the start. Unused if there is no history. */
  lastSeq = 0;

  private lent: readonly BusEvent<E>[] = NOTHING;
  /** The lent events: from the index `runNext` to before the index `runEnd` of `lent`. Both are negative after `clear`. */
  private runNext = 0;
  private runEnd = 0;
  private acceptedCount = 0;
  /** Number of events that were accepted, then cleared or displaced. */
  private discarded = 0;
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
    return this.acceptedCount;
  }

  /**
   * Whether a common place is free. Only the catch-up asks this: while it is false, events wait in the history. So a policy that refuses
   * events for another reason than their number must be asked there, too.
   */
  get hasRoom(): boolean {
    return this.waiting < this.capacity;
  }

  /** Whether an event or a gap is next for a consumer. */
  get hasNext(): boolean {
    return this.waiting > 0 || this.gapIsNext;
  }

  /** The number of the next event for the consumer, which may not have arrived yet. */
  get nextNumber(): number {
    return this.acceptedCount - this.waiting;
  }

  /** Number of delivered events. */
  get delivered(): number {
    return this.acceptedCount - this.waiting - this.discarded;
  }

  /** How long the oldest event has waited at the time `now`, in milliseconds. 0 if no event waits, or if the oldest one was lent. */
  oldestAgeMs(now: number): number {
    const isLent = this.runNext < this.runEnd;
    const since = isLent || this.waiting === 0 ? undefined : this.ages?.since(this.nextNumber);
    return since === undefined ? 0 : Math.max(0, now - since);
  }

  /** What {@link put} would do with `busEvent` now. Throws what a policy's function throws. */
  foresee(busEvent: BusEvent<E>): Verdict {
    return this.isFullByRun ? 'refused' : this.ownQueue().foresee(busEvent);
  }

  /** The waiting event at `index`; 0 is the next one. */
  peek(index: number): BusEvent<E> {
    const count = this.runEnd - this.runNext;
    return (index < count ? this.lent[this.runNext + index] : this.queue?.at(index - count)) as BusEvent<E>;
  }

  /**
   * Accepts the events of `burst` from the index `from` to before the index `to`, without putting them into the queue. Returns false if not
   * all of them fit, or if the queue has events. The caller must drain them in the same action. They pass by the policy's queue, so only
   * a policy that may be offered events late gets here.
   */
  lend(burst: readonly BusEvent<E>[], from: number, to: number): boolean {
    const { waiting } = this;
    const count = waiting + to - from;
    if (count > this.capacity || (this.queue?.size ?? 0) > 0) {
      return false;
    }
    if (waiting === 0) {
      this.lent = burst;
      this.runNext = from;
      this.runEnd = to;
    } else {
      this.lendMore(burst, from, to);
    }
    this.acceptedCount += to - from;
    this.highWaterMark = Math.max(this.highWaterMark, count);
    return true;
  }

  /** Lends another run of the burst. */
  private lendMore(burst: readonly BusEvent<E>[], from: number, to: number): void {
    const own = this.lent === burst ? burst.slice(this.runNext, this.runEnd) : (this.lent as BusEvent<E>[]);
    for (let at = from; at < to; at += 1) {
      own.push(burst[at] as BusEvent<E>);
    }
    this.runNext = 0;
    this.runEnd = own.length;
    this.lent = own;
  }

  /** Accepts `busEvent`, or returns the loss. Throws what a policy's function throws; then nothing has changed. */
  put(busEvent: BusEvent<E>): Loss<BusEvent<E>> | undefined {
    return this.isFullByRun ? refused(busEvent) : this.ownQueue().put(busEvent);
  }

  /** Counts the result of {@link put}. It is a separate call, since a policy's function may have ended the receiver. */
  count(loss: Loss<BusEvent<E>> | undefined, recordsGaps: boolean): void {
    if (loss === undefined) {
      this.acceptedCount += 1;
      return;
    }
    const { verdict, value, index } = loss;
    this.lost += 1;
    if (verdict === 'displaces') {
      // The displaced event was the next one to be delivered.
      const number = this.nextNumber;
      this.acceptedCount += 1;
      this.discarded += 1;
      if (recordsGaps) {
        (this.gaps ??= new Gaps()).addEvent(number, kindOf(value));
      }
    } else if (recordsGaps) {
      const place = verdict === 'refused' ? this.acceptedCount : this.nextNumber + index;
      (this.gaps ??= new Gaps()).add(place, kindOf(value));
    }
  }

  /** Records when the events from the number `first` on arrived. `isDrainedNow`: they are delivered in this action. */
  recordArrival(first: number, time: number, isDrainedNow: boolean): void {
    const { waiting } = this;
    this.highWaterMark = Math.max(this.highWaterMark, waiting);
    if (waiting > 0 && !(isDrainedNow && this.ages === undefined)) {
      (this.ages ??= new Ages()).record(first, time, this.acceptedCount - waiting);
    }
  }

  /** Removes and returns the next event, which must exist. Not called while events are lent. */
  shift(): BusEvent<E> {
    const busEvent = this.ownQueue().shift();
    this.lastSeq = busEvent.seq ?? 0;
    return busEvent;
  }

  /** {@link lastSeq}, also while lent events are delivered. */
  get lastTaken(): number {
    return (this.runNext > 0 ? this.lent[this.runNext - 1]?.seq : undefined) ?? this.lastSeq;
  }

  /** Discards the waiting events and the gaps. */
  clear(): void {
    this.lastSeq = this.lastTaken;
    this.discarded += this.waiting;
    this.gaps = undefined;
    this.lent = NOTHING;
    this.runNext = -1;
    this.runEnd = -1;
    this.queue = undefined;
  }

  /** If {@link clear} was called, counts the event that is being delivered as discarded. Returns whether it was called. */
  discardCurrentIfCleared(): boolean {
    const wasCleared = this.runEnd < 0;
    this.discarded += wasCleared ? 1 : 0;
    return wasCleared;
  }

  /** Delivers the waiting events to `consumer`: the lent ones, then the queue. Events that arrive meanwhile wait for the next turn. */
  drain(consumer: Observer<BusEvent<E>>): void {
    // Calling the function is faster than calling a method of its consumer.
    const handler = consumer instanceof DirectConsumer ? (consumer as DirectConsumer<BusEvent<E>>).next : undefined;
    const queued = this.queue?.size ?? 0;
    const end = this.acceptedCount;
    const { lent } = this;
    while (this.runNext < this.runEnd) {
      try {
        // The loop also ends when the consumer leaves or the receiver is disposed: what was lent is cleared.
        while (this.runNext < this.runEnd) {
          const busEvent = lent[this.runNext] as BusEvent<E>;
          // Set before the call: an event that the consumer publishes may use the free place.
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
      this.lastSeq = this.lastTaken;
      this.lent = NOTHING;
      this.runNext = 0;
      this.runEnd = 0;
    }
    this.drainQueue(consumer, queued, end);
  }

  private drainQueue(consumer: Observer<BusEvent<E>>, queued: number, end: number): void {
    let count = queued;
    while (this.isDue(count, end)) {
      try {
        while (this.isDue(count, end)) {
          count -= 1;
          consumer.next(this.shift());
        }
      } catch (error) {
        report(error);
      }
    }
  }

  /** Whether the next event waited when the turn began. `count` such events are left, all numbered below `end`. */
  private isDue(count: number, end: number): boolean {
    // Some of them may have been displaced meanwhile.
    return count > 0 && (this.queue?.size ?? 0) > 0 && (!this.policy.displaces || this.nextNumber < end);
  }

  /** Whether events are missing right before the next event. */
  get gapIsNext(): boolean {
    return this.gaps?.has(this.nextNumber) === true;
  }

  get hasGaps(): boolean {
    return this.gaps !== undefined;
  }

  /** Removes and returns the gap before the event `number`. */
  takeGap(number: number): Gap | undefined {
    return this.gaps?.take(number);
  }

  /** Records `count` missing events of `kind` after the waiting events. */
  miss(kind: string, count = 1): void {
    (this.gaps ??= new Gaps()).add(this.acceptedCount, kind, count);
  }

  /** Counts `count` arriving events as lost. `byKind` is given if their gap is recorded. */
  countRefused(count: number, byKind?: ReadonlyMap<string, number>): void {
    this.lost += count;
    byKind?.forEach((missing, kind) => {
      this.miss(kind, missing);
    });
  }

  /** Marks the count of missing events after the waiting events as an upper bound. */
  markGapAtMost(): void {
    this.gaps?.markAtMost(this.acceptedCount);
  }

  /** Discards the gaps, since no consumer will get them. */
  forgetGaps(): void {
    this.gaps = undefined;
  }

  /** Whether lent events take the last place. The queue does not count them. */
  private get isFullByRun(): boolean {
    return this.runNext < this.runEnd && this.waiting >= this.capacity;
  }

  private ownQueue(): OverflowQueue<E> {
    return (this.queue ??= this.policy.makeQueue(this.capacity));
  }
}
