import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** A scheduler whose time passes when it is told to. */
export class Clock extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0);
  }

  /** What waits for its time. */
  get pending(): number {
    return this.actions.filter(({ closed }) => !closed).length;
  }

  /** Lets `milliseconds` pass, and runs what was due by then. */
  pass(milliseconds: number): void {
    this.maxFrames = this.frame + milliseconds;
    this.flush();
    this.frame = this.maxFrames;
  }
}
