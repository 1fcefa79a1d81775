import type { Effort } from './load/bursts.js';

export interface Plan {
  readonly effort: Effort;
  readonly rounds: number;
  /** No further round begins that would end later. */
  readonly limitMs: number;
  /** Rounds of what is only compared in plots. */
  readonly sweepRounds: number;
}

const TEN_MILLION = 10_000_000;

/** How much is measured, by the name of the run. */
export const PLANS = {
  full: {
    effort: { warmUpMs: 400, sampleMs: 20, samples: 41, unyielding: TEN_MILLION },
    rounds: 5,
    limitMs: Infinity,
    sweepRounds: 3,
  },
  quick: {
    effort: { warmUpMs: 120, sampleMs: 8, samples: 15, unyielding: TEN_MILLION },
    rounds: 3,
    limitMs: 110_000,
    sweepRounds: 1,
  },
} satisfies Record<string, Plan>;

/** One burst of each cell: whether it works and its account holds. Its times mean nothing. */
export const SMOKE: Effort = { warmUpMs: 0, sampleMs: 0, samples: 1, unyielding: 20_000 };
/** Members of a cell in a smoke, at most. */
export const SMOKE_RECEIVERS = 100;
