/** A consumer that counts. */
export interface Tally {
  readonly take: () => void;
  readonly count: () => number;
}

/**
 * Every consumer of every cell is made here: V8 sees one site, whoever calls it, and no cell pays for handlers that
 * come from many places while another does not.
 */
export function newTally(): Tally {
  let taken = 0;
  return {
    take: () => {
      taken += 1;
    },
    count: () => taken,
  };
}
