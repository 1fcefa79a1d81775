/**
 * Runs jobs one at a time, in the order in which they were asked for: one that is asked for while another runs waits
 * for its place. Publishing, joining and leaving are such jobs, so what a callback does in the midst of an event
 * happens after that event.
 */
export class InOrder {
  #jobs: (() => void)[] = [];
  #running = false;

  /** Runs `job`, now or when its place has come. A job throws only where the stack is at its end. */
  run(job: () => void): void {
    if (this.#running) {
      this.#jobs.push(job);
      return;
    }
    this.#running = true;
    try {
      job();
      // The list grows while it is walked.
      for (const next of this.#jobs) {
        next();
      }
    } finally {
      this.#jobs = [];
      this.#running = false;
    }
  }
}
