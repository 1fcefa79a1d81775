/** The size is fixed. More pairs, or an array that grows, could take more memory than the events. */
const NO_PAIRS = (): number[] => [Infinity, 0, Infinity, 0, Infinity, 0, Infinity];

/**
 * The earliest since which the events of a queue have waited, by their numbers.
 *
 * Invariants: `later` holds three pairs of a number and a time, both increasing, followed by `Infinity`; the number of a free pair is
 * `Infinity`. An event has waited since the time of the last pair whose number is not above its own, or since `earliest` if there is no such
 * pair. If pairs had to be dropped, this time is too early, so the age is too high and never too low.
 */
export class Ages {
  private earliest: number | undefined;
  /** Created when the waiting events have arrived at different earliest. */
  private later: number[] | undefined;

  /** Records that events from `number` on wait since `time`, until the next call. `oldest` is the number of the oldest waiting event. */
  record(number: number, time: number, oldest: number): void {
    if (number === oldest) {
      this.earliest = time;
      this.later = undefined;
      return;
    }
    this.forgetBefore(oldest);
    const later = this.later ?? NO_PAIRS();
    let end = later.indexOf(Infinity);
    if ((later[end - 1] ?? this.earliest) === time) {
      return;
    }
    if (end === 6) {
      // Drops the first and the last pair.
      later.copyWithin(0, 2, 4).fill(Infinity, 2);
      end = 2;
    }
    later[end] = number;
    later[end + 1] = time;
    this.later = later;
  }

  /** The time since which the event `oldest`, the oldest waiting one, has waited. */
  since(oldest: number): number | undefined {
    this.forgetBefore(oldest);
    return this.earliest;
  }

  private forgetBefore(oldest: number): void {
    const later = this.later;
    while (later !== undefined && (later[0] as number) <= oldest) {
      this.earliest = later[1];
      later.copyWithin(0, 2);
    }
  }
}
