/** The part of a receiver that {@link Room} reads. */
export interface BoundedReceiver {
  readonly capacity: number;
  /** Number of waiting events. */
  readonly waiting: number;
}

/** The most events that are staged, if a publisher never yields. */
const LONGEST_BURST = 1024;
/** The most events that are staged while every receiver lags: they wait only to be counted as lost. */
const LONGEST_LOST_BURST = 256;

/**
 * The number of events that may be staged before one more could make a receiver begin to lag.
 *
 * Only receivers that do not lag join. For a receiver that lags, it makes no difference when further events are refused.
 *
 * Invariant: `leastFree` is never more than the free places of a receiver that has joined. It may be less; then events are routed earlier
 * than necessary.
 */
export class Room {
  leastFree = LONGEST_LOST_BURST;
  /** Number of events that were routed since the last recount. */
  routed = 0;
  /** Number of joined receivers, by capacity. */
  private readonly byCapacity = new Map<number, number>();
  /** Receivers that have accepted events for a later turn. */
  private readonly withBacklog = new Set<BoundedReceiver>();

  /** Includes `receiver`. */
  join(receiver: BoundedReceiver): void {
    this.byCapacity.set(receiver.capacity, (this.byCapacity.get(receiver.capacity) ?? 0) + 1);
    this.leastFree = Math.min(this.leastFree, receiver.capacity - receiver.waiting);
  }

  /** Leaves out `receiver`, which has joined. */
  leave(receiver: BoundedReceiver): void {
    this.withBacklog.delete(receiver);
    const others = (this.byCapacity.get(receiver.capacity) ?? 0) - 1;
    if (others > 0) {
      this.byCapacity.set(receiver.capacity, others);
    } else {
      this.byCapacity.delete(receiver.capacity);
    }
  }

  /** Called when `receiver` has accepted events for a later turn. */
  queued(receiver: BoundedReceiver): void {
    this.leastFree = Math.min(this.leastFree, receiver.capacity - receiver.waiting);
    this.withBacklog.add(receiver);
  }

  /**
   * Reads the free places of all receivers again. Has no effect until as many events were routed as there are entries to read, so that
   * the cost for each event is constant.
   */
  recount(): void {
    if (this.routed < this.byCapacity.size + this.withBacklog.size) {
      return;
    }
    this.routed = 0;
    this.leastFree = this.byCapacity.size === 0 ? LONGEST_LOST_BURST : LONGEST_BURST;
    for (const capacity of this.byCapacity.keys()) {
      this.leastFree = Math.min(this.leastFree, capacity);
    }
    for (const receiver of this.withBacklog) {
      if (receiver.waiting === 0) {
        this.withBacklog.delete(receiver);
      }
      this.leastFree = Math.min(this.leastFree, receiver.capacity - receiver.waiting);
    }
  }
}
