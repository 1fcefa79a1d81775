/** A finer record would take more memory than what it is about. */
const MAX_MARKS = 4;

/**
 * Since when the events of a queue have waited, by their numbers.
 *
 * Invariants: `#marks` holds pairs of a number and a time, both growing; an event has waited since the time of the last pair whose number is not
 * above its own. Where pairs had to be dropped, it has waited for less than that says.
 */
export class Ages {
  #marks: number[] = [];

  /** The event of this number waits since `time`, and those that follow do until another call. `oldest` is the oldest that waits. */
  note(number: number, time: number, oldest: number): void {
    if (number === oldest) {
      this.#marks.length = 0;
    } else {
      this.#forgetBefore(oldest);
    }
    const marks = this.#marks;
    if (marks.at(-1) === time) {
      return;
    }
    if (marks.length === 2 * MAX_MARKS) {
      this.#marks = marks.filter((_, index) => index % 4 < 2);
    }
    this.#marks.push(number, time);
  }

  /** Since when the event of this number, the oldest that waits, has done so. */
  since(oldest: number): number | undefined {
    this.#forgetBefore(oldest);
    return this.#marks[1];
  }

  #forgetBefore(oldest: number): void {
    const marks = this.#marks;
    while (marks.length > 2 && (marks[2] as number) <= oldest) {
      marks.splice(0, 2);
    }
  }
}
