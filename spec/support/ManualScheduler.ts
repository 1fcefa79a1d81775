import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Runs its actions when it is told to, so that a spec sees what is scheduled and what is not. */
export class ManualScheduler implements SchedulerLike {
  readonly #pending = new Set<() => void>();
  readonly #actions = new Set<Subscription>();

  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return 0;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    if (delay !== 0) {
      throw new Error(`the library waits for no time, yet asked for ${delay} ms`);
    }
    const action = new Subscription();
    const run = (): void => {
      this.#pending.delete(run);
      work.call(action as SchedulerAction<T>, state);
    };
    this.#pending.add(run);
    this.#actions.add(action);
    action.add(() => {
      this.#pending.delete(run);
      this.#actions.delete(action);
    });
    return action;
  }

  /** Cancels what is scheduled. */
  cancelAll(): void {
    for (const action of this.#actions) {
      action.unsubscribe();
    }
  }

  /** Runs what is scheduled now, not what is scheduled meanwhile. Returns how many actions there were. */
  turn(): number {
    const due = [...this.#pending];
    for (const run of due) {
      if (this.#pending.has(run)) {
        run();
      }
    }
    return due.length;
  }

  /** Runs turns until nothing is scheduled. */
  flush(): void {
    while (this.turn() > 0) {
      // Each turn may schedule the next.
    }
  }
}
