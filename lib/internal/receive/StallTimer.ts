import { Alarm } from '../support/Alarm.js';
import type { SteadyClock } from '../support/SteadyClock.js';

/**
 * Detects that events wait and none was taken for some time.
 *
 * Invariant: the alarm is set if and only if the timer watches. When the alarm rings, the limit has passed since it was set, whatever a
 * clock shows.
 */
export class StallTimer {
  private readonly clock: SteadyClock;
  private readonly limit: number;
  private readonly stalled: () => void;
  private readonly alarm: Alarm;
  /** The time when an event was last taken, if that was after the alarm was set. */
  private takenAt: number | undefined;

  /**
   * @param limit The longest time without a taken event, in milliseconds.
   * @param stalled Called when the limit has passed. The timer stops watching then.
   */
  constructor(clock: SteadyClock, limit: number, stalled: () => void) {
    this.clock = clock;
    this.limit = limit;
    this.stalled = stalled;
    this.alarm = new Alarm(clock, () => {
      this.ring();
    });
  }

  /** Starts to watch: events wait since `since`. No effect if it watches already, since an arrival does not restart the limit. */
  watch(since: number): void {
    if (!this.alarm.isSet) {
      this.begin(since);
    }
  }

  /** Restarts the limit: an event was taken now, and others wait. */
  restart(): void {
    const now = this.clock.read();
    if (this.alarm.isSet) {
      this.takenAt = now;
    } else {
      this.begin(now);
    }
  }

  /** Stops watching. */
  stop(): void {
    this.alarm.stop();
  }

  private begin(since: number): void {
    this.takenAt = undefined;
    this.alarm.set(Math.min(since, this.clock.read()) + this.limit);
  }

  private ring(): void {
    if (this.takenAt !== undefined && this.clock.read() - this.takenAt < this.limit) {
      this.begin(this.takenAt);
    } else {
      this.stalled();
    }
  }
}
