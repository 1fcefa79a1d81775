/** What {@link Lanes} keeps of an item. */
export interface InLane<T> {
  readonly lane: string;
  /** The next one of its lane. */
  next: T | undefined;
  /** Whether it is on its way. Otherwise it waits. */
  isSent: boolean;
}

interface Lane<T> {
  head: T;
  tail: T;
  /** How many are on their way. */
  sent: number;
  /** Whether it is in `ready`. */
  isListed: boolean;
}

/**
 * Says which item may be sent next. The first one of a lane may, since everything before it is settled. Another one may only follow the item right
 * before it in its lane, and only if nothing was sent in between: then the server can be asked to store it right behind that one, or not at all.
 *
 * Invariant: a lane whose first item waits is in `ready`.
 */
export class Lanes<T extends InLane<T>> {
  private readonly lanes = new Map<string, Lane<T>>();
  private ready: Lane<T>[] = [];
  private firstReady = 0;
  /** What was sent last, if something may follow it. */
  private last: T | undefined;

  /** The lane of `item` gets it as its last one. */
  add(item: T): void {
    const lane = this.lanes.get(item.lane);
    if (lane === undefined) {
      const made = { head: item, tail: item, sent: 0, isListed: false };
      this.lanes.set(item.lane, made);
      this.list(made);
    } else {
      lane.tail.next = item;
      lane.tail = item;
    }
  }

  /** How many lanes wait for their turn, at most: some may have been emptied since. */
  get waiting(): number {
    return this.ready.length - this.firstReady;
  }

  /** The first one of a lane that may be sent. Lanes have their turns in the order in which they came; those that need none any more are dropped here. */
  first(): T | undefined {
    while (this.firstReady < this.ready.length) {
      const lane = this.ready[this.firstReady] as Lane<T>;
      if (this.lanes.get(lane.head.lane) === lane && !lane.head.isSent) {
        return lane.head;
      }
      this.unlist();
    }
    return undefined;
  }

  /**
   * What may follow the item that was sent last.
   *
   * @param most How many of a lane may be on their way.
   */
  follower(most: number): readonly [item: T, before: T] | undefined {
    const before = this.last;
    if (before?.isSent !== true || before.next === undefined || before.next.isSent) {
      return undefined;
    }
    return this.laneOf(before).sent < most ? [before.next, before] : undefined;
  }

  /** `item` was sent, perhaps again. */
  markSent(item: T): void {
    const lane = this.laneOf(item);
    if (!item.isSent) {
      item.isSent = true;
      lane.sent += 1;
    }
    this.last = item;
    if (lane.head === item && this.ready[this.firstReady] === lane) {
      // It has had its turn. The next one is behind those of the others.
      this.unlist();
    }
  }

  /** Nothing may follow what was sent so far. */
  cut(): void {
    this.last = undefined;
  }

  /** Whether everything before `item` in its lane is settled. */
  isFirst(item: T): boolean {
    return this.laneOf(item).head === item;
  }

  /** `item` waits again. */
  returned(item: T): void {
    const lane = this.laneOf(item);
    item.isSent = false;
    lane.sent -= 1;
    this.list(lane);
  }

  /** `item` is settled. */
  remove(item: T): void {
    const lane = this.laneOf(item);
    lane.sent -= item.isSent ? 1 : 0;
    item.isSent = false;
    if (this.last === item) {
      this.last = undefined;
    }
    if (lane.head !== item) {
      this.unlink(lane, item);
    } else if (item.next === undefined) {
      this.lanes.delete(item.lane);
    } else {
      lane.head = item.next;
      this.list(lane);
    }
  }

  clear(): void {
    this.lanes.clear();
    this.ready = [];
    this.firstReady = 0;
    this.last = undefined;
  }

  private laneOf(item: T): Lane<T> {
    return this.lanes.get(item.lane) as Lane<T>;
  }

  private list(lane: Lane<T>): void {
    if (!lane.isListed && !lane.head.isSent) {
      lane.isListed = true;
      this.ready.push(lane);
    }
  }

  private unlist(): void {
    (this.ready[this.firstReady] as Lane<T>).isListed = false;
    this.firstReady += 1;
    if (this.firstReady > 1_024 || this.firstReady === this.ready.length) {
      this.ready.splice(0, this.firstReady);
      this.firstReady = 0;
    }
  }

  private unlink(lane: Lane<T>, item: T): void {
    let before = lane.head;
    while (before.next !== item && before.next !== undefined) {
      before = before.next;
    }
    before.next = item.next;
    if (lane.tail === item) {
      lane.tail = before;
    }
  }
}
