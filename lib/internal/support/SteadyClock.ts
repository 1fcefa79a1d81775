import { asyncScheduler, type SchedulerLike } from 'rxjs';

/** By how much two clocks may differ when none of them was set. */
const TOLERANCE_MS = 20;

/** `performance` does not follow the date. Not every platform has it. */
const platform: { readonly performance?: { readonly now: () => number } | undefined } = globalThis;
/** The functions of the platform when this was loaded: fake timers of a test replace some of them, or all, and put them back. */
const own = { Date, timers: setInterval as unknown, performance: platform.performance };
const ownTicks = own.performance?.now;

/**
 * The time that has passed on a scheduler, in milliseconds. It never goes back, and setting the date does not change it.
 *
 * The scheduler's `now()` counts, unless that is the date and the date was set: then the platform's monotonic clock does.
 */
export class SteadyClock {
  readonly scheduler: SchedulerLike;
  /** What the scheduler said last. */
  private said: number;
  /** What was told last. */
  private time = 0;
  /** To be added to what the scheduler says. */
  private sinceSaid: number;
  /** To be added to the ticks, for the same time. */
  private sinceTicks: number;
  /** How often the date was set, as far as this can tell. */
  settings = 0;

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
    this.said = this.ask();
    this.sinceSaid = -this.said;
    this.sinceTicks = -readTicks();
  }

  /** The time, for each event: cheaper than {@link read}, but it stands still while the scheduler's `now()` does. */
  now(): number {
    const said = this.ask();
    return said === this.said ? this.time : this.update(said);
  }

  /** The time. */
  read(): number {
    return this.update(this.ask());
  }

  private ask(): number {
    // A scheduler of an application's own need not have a clock.
    return (this.scheduler as Partial<SchedulerLike>).now?.() ?? asyncScheduler.now();
  }

  private update(said: number): number {
    this.said = said;
    const ticked = readTicks();
    const time = said + this.sinceSaid;
    // Without `performance` it is NaN, and they never agree.
    const agree = Math.abs(time - ticked - this.sinceTicks) <= TOLERANCE_MS;
    this.time = Math.max(this.time, agree ? time : this.judge(said, ticked));
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
}

/** Whether `said` is the date of the platform, and not a time of the scheduler's own, such as a virtual one. */
function isDate(said: number): boolean {
  // Asked of the platform itself: the schedulers of RxJS have a virtual time in a test.
  const { now } = Date;
  return Math.abs(said - now()) <= TOLERANCE_MS;
}

/** Whether a test moves the date and the timers, but not the ticks. */
function areTimersFakedAlone(): boolean {
  return Date !== own.Date && setInterval !== own.timers && platform.performance?.now === ownTicks;
}

function readTicks(): number {
  return platform.performance?.now() ?? NaN;
}
