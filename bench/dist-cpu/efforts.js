const TEN_MILLION = 10_000_000;
/** The size of a run, by its name. */
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
};
/** One burst of each cell, to check that it works and that its counts are right. The times mean nothing. */
export const SMOKE = { warmUpMs: 0, sampleMs: 0, samples: 1, unyielding: 20_000 };
/** The most members of a cell in a smoke run. */
export const SMOKE_RECEIVERS = 100;
