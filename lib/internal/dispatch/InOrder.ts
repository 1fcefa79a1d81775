/**
 * Runs jobs one at a time, in the order in which they were asked for: one that is asked for while another runs waits
 * for its place. Publishing, joining and leaving are such jobs, so what a callback does while an event is routed
 * happens after that event.
 */
export class InOrder {
  #waiting: (() => void)[] = [];
  #running = false;

  /** Whether a job runs now. */
  get isRunning(): boolean {
    return this.#running;
  }

  /**
   * Runs `job` on `subject`, now or when its place has come. A job throws only where the stack is at its end.
   *
   * @param subject Given apart from the job, so that no closure has to be made for an event that need not wait.
   */
  run<T>(job: (subject: T) => void, subject: T): void {
    if (this.#running) {
      this.#waiting.push(() => {
        job(subject);
      });
      return;
    }
    this.#running = true;
    try {
      job(subject);
      // The list grows while it is walked.
      for (const next of this.#waiting) {
        next();
      }
    } finally {
      if (this.#waiting.length > 0) {
        this.#waiting = [];
      }
      this.#running = false;
    }
  }
}
