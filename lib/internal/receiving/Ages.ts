/** A finer record would take more memory than what it is about. */
const MAX_LATER = 3;

/**
 * Since when the events of a queue have waited, by their numbers.
 *
 * Invariants: `#later` holds pairs of a number and a time, both growing; an event has waited since the time of the last pair whose number is not
 * above its own, and where there is none, since `#since`. Where pairs had to be dropped, it has waited for less than that says.
 */
export class Ages {
  #since: number | undefined;
  /** Made when not all that waits came at one time. */
  #later: number[] | undefined;

  /** The event of this number waits since `time`, and those that follow do until another call. `oldest` is the oldest that waits. */
  note(number: number, time: number, oldest: number): void {
    if (number === oldest) {
      this.#since = time;
      this.#later = undefined;
      return;
    }
    this.#forgetBefore(oldest);
    const later = this.#later ?? [];
    if ((later.at(-1) ?? this.#since) === time) {
      return;
    }
    // Every other one goes.
    this.#later = later.length === 2 * MAX_LATER ? later.slice(2, 4) : later;
    this.#later.push(number, time);
  }

  /** Since when the event of this number, the oldest that waits, has done so. */
  since(oldest: number): number | undefined {
    this.#forgetBefore(oldest);
    return this.#since;
  }

  #forgetBefore(oldest: number): void {
    const later = this.#later;
    while (later !== undefined && later.length > 0 && (later[0] as number) <= oldest) {
      [, this.#since] = later.splice(0, 2);
    }
  }
}
