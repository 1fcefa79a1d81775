import type { Gap } from '../library.js';

/**
 * What one receiver should have got, counted without the library, and what it got.
 *
 * Invariant, once it is through: each event that it wanted while it was in was taken, lost or forgotten.
 */
export class Account {
  /** Whether it is for the events that are published now. */
  isIn = true;
  /** Events that it wanted, of those that were published while it was in. */
  wanted = 0;
  /** Events that its consumer was given. */
  taken = 0;
  /** Events that it was told to have lost, by gaps. */
  missed = 0;
  /** Whether its consumer was told of all gaps. */
  isToldAll = false;
  /** Events that waited when it left at once. */
  forgotten = 0;
  /** Events that the library says it lost. */
  lagged = 0;

  constructor(
    readonly behaviour: string,
    /** One of its own, by which it is found in the stats of the bus. */
    readonly name: string,
  ) {}

  /** The consumer was given an event. */
  readonly take = (): void => {
    this.taken += 1;
  };

  /** The consumer was told of `gap`. */
  readonly miss = ({ missed, byKind }: Gap): void => {
    this.missed += missed;
    const ofKinds = Object.values(byKind).reduce((sum, count) => sum + count, 0);
    if (ofKinds !== missed) {
      throw new Error(`${this.name}: a gap of ${missed} events tells of ${ofKinds} by kind`);
    }
  };

  /** What is wrong with it, now that it is through. */
  get complaint(): string | undefined {
    const { wanted, taken, lagged, forgotten, missed } = this;
    if (wanted !== taken + lagged + forgotten) {
      return `${this.name}: wanted ${wanted}, but took ${taken} + lost ${lagged} + forgot ${forgotten} = ${taken + lagged + forgotten}`;
    }
    if (this.isToldAll && missed !== lagged) {
      return `${this.name}: lost ${lagged}, but its gaps add up to ${missed}`;
    }
    return undefined;
  }
}
