/** How far the outbox and the reader are. */
export interface Progress {
  /** The number of the oldest event that is neither stored nor given up. */
  readonly oldest: number;
  /** The largest place of an event that is stored. */
  readonly stored: number;
  /** The last place that was brought. */
  readonly brought: number;
}

interface Waiter {
  /** All events up to this number are to be stored or given up, */
  readonly number: number;
  /** and all events up to this place to be brought. It is known when they are stored. */
  seq: number | undefined;
  readonly resolve: () => void;
}

/** Those who wait for events to be stored and brought, or for room. */
export class Waiters {
  private waiting: Waiter[] = [];
  private end: Error | undefined;
  private forRoom: { resolve: () => void; reject: (error: Error) => void }[] = [];
  private forRoomOrOutage: (() => void)[] = [];

  wait(number: number, progress: () => Progress): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ number, seq: undefined, resolve });
      this.check(progress);
    });
  }

  /** @param progress Called only if somebody waits. */
  check(progress: () => Progress): void {
    if (this.waiting.length === 0) {
      return;
    }
    const { oldest, stored, brought } = progress();
    const left = this.waiting.filter((waiter) => {
      if (oldest > waiter.number) {
        // A stream whose end was lost has no such place any more.
        waiter.seq = Math.min(waiter.seq ?? stored, stored);
      }
      return waiter.seq === undefined || brought < waiter.seq;
    });
    const done = this.waiting.filter((waiter) => !left.includes(waiter));
    this.waiting = left;
    done.forEach(({ resolve }) => {
      resolve();
    });
  }

  onRoom(resolve: () => void, reject: (error: Error) => void): void {
    if (this.end === undefined) {
      this.forRoom.push({ resolve, reject });
    } else {
      reject(this.end);
    }
  }

  /** @param resolve Called when there is room, when nothing is stored any more, and at the end. */
  onRoomOrOutage(resolve: () => void): void {
    this.forRoomOrOutage.push(resolve);
  }

  /** @param isStoring Whether the server stores events. */
  checkRoom(hasRoom: boolean, isStoring: boolean): void {
    if (hasRoom && this.forRoom.length > 0) {
      this.forRoom.splice(0).forEach(({ resolve }) => {
        resolve();
      });
    }
    if ((hasRoom || !isStoring) && this.forRoomOrOutage.length > 0) {
      this.forRoomOrOutage.splice(0).forEach((resolve) => {
        resolve();
      });
    }
  }

  /** Everything was given up: who waits for that is answered, and who waits for room, now or later, gets `error`. */
  close(error: Error): void {
    this.end ??= error;
    this.waiting.splice(0).forEach(({ resolve }) => {
      resolve();
    });
    this.forRoom.splice(0).forEach(({ reject }) => {
      reject(error);
    });
    this.forRoomOrOutage.splice(0).forEach((resolve) => {
      resolve();
    });
  }
}
