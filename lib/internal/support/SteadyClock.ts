import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { platform } from './platform.js';

/** By how much two clocks may differ when none of them was set. */
const TOLERANCE_MS = 20;
/** An alarm that is so late was lost. */
const OVERDUE_MS = 100;

/** The functions of the platform when this was loaded: fake timers of a test replace some of them, or all, and put them back. */
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
 * The time that has passed on a scheduler, in milliseconds. It never goes back, and setting the date does not change it.
 *
 * The scheduler's `now()` counts, unless that is the date and the date was set: then the platform's monotonic clock does.
 *
 * Each reading schedules anew what was lost: alarms that are overdue, and all of them where fake timers have come or gone.
 */
export class SteadyClock {
  readonly scheduler: SchedulerLike;
  private readonly alarms = new Set<Timed>();
  private hasAlarms = false;
  /** Until then, no alarm is overdue. */
  private overdueAt = Infinity;
  /** What the scheduler said last. */
  private said: number;
  /** What was told last. */
  private time = 0;
  /** To be added to what the scheduler says. */
  private sinceSaid: number;
  /** To be added to the ticks, for the same time. */
  private sinceTicks: number;
  /** The ticks of {@link own} at the last reading, whatever has replaced them. */
  private ownTicked = readOwnTicks();
  private ticks = platform.performance?.now;
  private timers: unknown = platform.setInterval;
  /** How often the date was set, as far as this can tell. */
  settings = 0;

  /** The time, for each event: cheaper than {@link read}, but it stands still while the scheduler's `now()` does. */
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

  /** Sees whether alarms were lost with fake timers. For each event: it costs next to nothing. */
  watch(): void {
    if (this.hasAlarms && platform.setInterval !== this.timers) {
      this.read();
    }
  }

  /** `alarm` is scheduled, and has its time. */
  expect(alarm: Timed): void {
    this.alarms.add(alarm);
    this.hasAlarms = true;
    this.overdueAt = Math.min(this.overdueAt, alarm.due + OVERDUE_MS);
  }

  /** `alarm` has rung, or was stopped. */
  forget(alarm: Timed): void {
    this.alarms.delete(alarm);
    if (this.alarms.size === 0) {
      this.hasAlarms = false;
      this.overdueAt = Infinity;
    }
  }

  private ask(): number {
    // A scheduler of an application's own need not have a clock.
    return (this.scheduler as Partial<SchedulerLike>).now?.() ?? asyncScheduler.now();
  }

  private update(said: number): number {
    this.said = said;
    if (platform.setInterval !== this.timers || platform.performance?.now !== this.ticks) {
      return this.enter(said);
    }
    // As readTicks does: for each event, a call would cost as much as the reading.
    const ticked = platform.performance?.now() ?? NaN;
    this.ownTicked = this.ticks === ownTicks ? ticked : readOwnTicks();
    const time = said + this.sinceSaid;
    // Without `performance` it is NaN, and they never agree.
    const agree = Math.abs(time - ticked - this.sinceTicks) <= TOLERANCE_MS;
    this.time = Math.max(this.time, agree ? time : this.judge(said, ticked));
    // Without ticks, it may be that the date was set.
    if (this.time >= this.overdueAt && !Number.isNaN(ticked)) {
      this.renew(this.time - OVERDUE_MS);
    }
    return this.time;
  }

  /** The time when the scheduler and the ticks do not agree: the date was set, or the time is virtual. */
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

  /** The time when fake timers have come or gone: it goes on by the clocks that there are now. What the others were to run may be lost. */
  private enter(said: number): number {
    const ownTicked = readOwnTicks();
    const isReal = isDate(said);
    const passed = isReal ? Math.round(ownTicked - this.ownTicked) || 0 : said + this.sinceSaid - this.time;
    this.time += Math.max(0, passed);
    this.sinceSaid = this.time - said;
    this.sinceTicks = this.time - readTicks();
    this.ownTicked = ownTicked;
    this.ticks = platform.performance?.now;
    this.timers = platform.setInterval;
    if (isReal) {
      this.renew(Infinity);
    }
    return this.time;
  }

  /** Schedules anew the alarms that are due by `time`. */
  private renew(time: number): void {
    const lost = [...this.alarms].filter(({ due }) => due <= time);
    this.overdueAt = this.time + OVERDUE_MS;
    lost.forEach((alarm) => {
      alarm.renew();
    });
  }
}

/** Whether `said` is the date of the platform, and not a time of the scheduler's own, such as a virtual one. */
function isDate(said: number): boolean {
  // Asked of the platform itself: the schedulers of RxJS have a virtual time in a test.
  const { now } = Date;
  return Math.abs(said - now()) <= TOLERANCE_MS;
}

/** Whether a test moves the date and the timers, but not the ticks. */
function areTimersFakedAlone(): boolean {
  return Date !== own.Date && platform.setInterval !== own.timers && platform.performance?.now === ownTicks;
}

function readTicks(): number {
  return platform.performance?.now() ?? NaN;
}

function readOwnTicks(): number {
  return ownTicks?.call(own.performance) ?? NaN;
}
