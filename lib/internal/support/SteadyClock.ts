import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { currentTimers, platform } from './platform.js';
import { fakeAsyncTimers } from './zone.js';

/** Two clocks that were not set differ by at most this much. */
const TOLERANCE_MS = 20;
/** An alarm that is late by this much is considered lost. */
const OVERDUE_MS = 100;

/** The platform's functions when this module was loaded. Fake timers of a test may replace some or all of them, and restore them later. */
const own = { Date, timers: platform.setInterval, performance: platform.performance };
const ownTicks = own.performance?.now;

/** What is to be done at a time of the clock. */
export interface Timed {
  /** When, on its clock. */
  readonly due: number;
  /** Schedules it anew: its action may be lost. */
  renew(): void;
}

/**
 * The time that has passed on a scheduler, in milliseconds. It never decreases, and setting the date does not change it.
 *
 * It follows the scheduler's `now()`. If that returns the date and the date was set, it follows the platform's monotonic clock instead.
 *
 * Each reading schedules lost alarms again: those that are overdue, and all alarms if fake timers were installed or removed.
 */
export class SteadyClock {
  readonly scheduler: SchedulerLike;
  private readonly alarms = new Set<Timed>();
  private hasAlarms = false;
  /** Before this time, no alarm is overdue. */
  private overdueAt = Infinity;
  /** The last result of the scheduler's `now()`. */
  private said: number;
  /** The last time that was returned. */
  private time = 0;
  /** Offset from the scheduler's `now()` to the time. */
  private sinceSaid: number;
  /** Offset from the ticks of `performance.now()` to the time. */
  private sinceTicks: number;
  /** The ticks of {@link own} at the last reading, even if they are replaced now. */
  private ownTicked = readOwnTicks();
  private ticks = platform.performance?.now;
  private timers: unknown = currentTimers();
  /** How often the date was set, as far as this class can detect. */
  settings = 0;

  /** The time, for use at each event. Cheaper than {@link read}, but it does not advance while the scheduler's `now()` stands still. */
  readonly now = (): number => {
    // As `ask` does: for each event, a call would cost as much as the reading.
    const said = (this.scheduler as Partial<SchedulerLike>).now?.() ?? asyncScheduler.now();
    return said === this.said ? this.time : this.update(said);
  };

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
    this.said = this.ask();
    this.sinceSaid = -this.said;
    this.sinceTicks = -readTicks();
  }

  /** The time. */
  read(): number {
    return this.update(this.ask());
  }

  /** Checks whether alarms were lost with fake timers. Cheap enough for each event. */
  watch(): void {
    if (this.hasAlarms && currentTimers() !== this.timers) {
      this.read();
    }
  }

  /** Call this when `alarm` was scheduled and its `due` is set. */
  expect(alarm: Timed): void {
    this.alarms.add(alarm);
    this.hasAlarms = true;
    this.overdueAt = Math.min(this.overdueAt, alarm.due + OVERDUE_MS);
  }

  /** Call this when `alarm` has rung or was stopped. */
  forget(alarm: Timed): void {
    this.alarms.delete(alarm);
    if (this.alarms.size === 0) {
      this.hasAlarms = false;
      this.overdueAt = Infinity;
    }
  }

  private ask(): number {
    // A scheduler of the application may have no `now`.
    return (this.scheduler as Partial<SchedulerLike>).now?.() ?? asyncScheduler.now();
  }

  private update(said: number): number {
    this.said = said;
    if (currentTimers() !== this.timers || platform.performance?.now !== this.ticks) {
      return this.enter(said);
    }
    const ticked = readTicks();
    this.ownTicked = this.ticks === ownTicks && !Number.isNaN(ticked) ? ticked : readOwnTicks();
    const time = said + this.sinceSaid;
    // Without `performance`, the ticks are NaN, and the clocks never agree.
    const agree = Math.abs(time - ticked - this.sinceTicks) <= TOLERANCE_MS;
    this.time = Math.max(this.time, agree ? time : this.judge(said, ticked));
    // Without ticks, the date may have been set, so nothing is known to be overdue.
    if (this.time >= this.overdueAt && !Number.isNaN(ticked)) {
      this.renew(this.time - OVERDUE_MS);
    }
    return this.time;
  }

  /** Computes the time if the scheduler and the ticks disagree: the date was set, or the time is virtual. */
  private judge(said: number, ticked: number): number {
    if (isDate(said) && !Number.isNaN(ticked) && !areTimersFakedAlone()) {
      this.settings += 1;
      const time = Math.max(this.time, Math.round(ticked + this.sinceTicks));
      this.sinceSaid = time - said;
      return time;
    }
    const time = Math.max(this.time, said + this.sinceSaid);
    this.sinceSaid = time - said;
    this.sinceTicks = time - ticked;
    return time;
  }

  /**
   * Computes the time if fake timers were installed or removed. It continues on the present clocks. Alarms on the previous timers may be
   * lost.
   */
  private enter(said: number): number {
    const ownTicked = readOwnTicks();
    const isReal = isDate(said);
    const passed = isReal ? Math.round(ownTicked - this.ownTicked) || 0 : said + this.sinceSaid - this.time;
    this.time += Math.max(0, passed);
    this.sinceSaid = this.time - said;
    this.sinceTicks = this.time - readTicks();
    this.ownTicked = ownTicked;
    this.ticks = platform.performance?.now;
    this.timers = currentTimers();
    if (isReal) {
      this.renew(Infinity);
    }
    return this.time;
  }

  /** Schedules the alarms again that are due by `time`. */
  private renew(time: number): void {
    const lost = [...this.alarms].filter(({ due }) => due <= time);
    this.overdueAt = this.time + OVERDUE_MS;
    lost.forEach((alarm) => {
      alarm.renew();
    });
  }
}

/** Whether `said` is the platform's date, and not a time of the scheduler, such as a virtual one. */
function isDate(said: number): boolean {
  // The platform itself is asked, since the schedulers of RxJS may have virtual time in a test.
  const { now } = Date;
  return Math.abs(said - now()) <= TOLERANCE_MS;
}

/** Whether a test controls the date and the timers, but not the ticks. */
function areTimersFakedAlone(): boolean {
  return Date !== own.Date && platform.setInterval !== own.timers && platform.performance?.now === ownTicks;
}

/** NaN without a monotonic clock, and in a `fakeAsync` test, which sets the date and does not touch that clock. */
function readTicks(): number {
  return fakeAsyncTimers() !== undefined ? NaN : (platform.performance?.now() ?? NaN);
}

function readOwnTicks(): number {
  return ownTicks?.call(own.performance) ?? NaN;
}
