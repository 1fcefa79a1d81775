/** A finer record would take more memory than what it is about; and so would an array that grows. */
const NO_PAIRS = (): number[] => [Infinity, 0, Infinity, 0, Infinity, 0, Infinity];

/**
 * Since when the events of a queue have waited, by their numbers.
 *
 * Invariants: `#later` holds three pairs of a number and a time, both growing; the number of a free one, and what follows the three, is infinite. An
 * event has waited since the time of the last pair whose number is not above its own, and without such a pair, since `#since`. Where pairs had to be
 * dropped, it has waited for less than that says.
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
    const later = this.#later ?? NO_PAIRS();
    let end = later.indexOf(Infinity);
    if ((later[end - 1] ?? this.#since) === time) {
      return;
    }
    if (end === 6) {
      // The first and the last one go.
      later.copyWithin(0, 2, 4).fill(Infinity, 2);
      end = 2;
    }
    later[end] = number;
    later[end + 1] = time;
    this.#later = later;
  }

  /** Since when the event of this number, the oldest that waits, has done so. */
  since(oldest: number): number | undefined {
    this.#forgetBefore(oldest);
    return this.#since;
  }

  #forgetBefore(oldest: number): void {
    const later = this.#later;
    while (later !== undefined && (later[0] as number) <= oldest) {
      this.#since = later[1];
      later.copyWithin(0, 2);
    }
  }
}
