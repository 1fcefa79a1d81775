import { noop, type VirtualTimeScheduler } from 'rxjs';

/** Lets the time of `scheduler` go on to `time`, and runs what is due until then. */
export function advanceTo(scheduler: VirtualTimeScheduler, time: number): void {
  scheduler.schedule(noop, time - scheduler.now());
  scheduler.maxFrames = time;
  scheduler.flush();
}
