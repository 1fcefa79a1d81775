import { parseArgs } from 'node:util';
import { given } from './paths.js';
export const HELP = `Measures sharing-bus and its peers, and compares the results with the targets.

  npm run bench -- [options]

  --quick           fewer and shorter samples: a first look, at most two minutes
  --smoke           checks that each kind of cell works and that its counts are right; no times
  --only REGEX      only rows and cells with a matching name; results are kept only with --out
  --rounds N        runs of each cell (default 5, with --quick 3)
  --plot            also measures the peers over all sizes, and draws docs/plots/*.svg
  --write-docs      as --plot, and writes the tables into docs/performance.md
  --from FILE       measures nothing, and uses the kept results of an earlier run
  --out FILE        file for the results (default bench/results/full.json, with --quick quick.json)
  --against DIR     compares the cells of this library with those of another checkout, built with its bench; by turns
  --profile DIR     writes a V8 CPU profile of the process of each cell
  --list            lists the names of rows and cells
  --help            this text
`;
const flag = { type: 'boolean', default: false };
const text = { type: 'string' };
/** @throws TypeError for an unknown option, RangeError for a bad value. */
export function readOptions(args) {
    const { values } = parseArgs({
        args,
        options: {
            quick: flag,
            smoke: flag,
            plot: flag,
            'write-docs': flag,
            list: flag,
            help: flag,
            only: text,
            rounds: text,
            from: text,
            out: text,
            profile: text,
            against: text,
        },
    });
    const { 'write-docs': writeDocs, plot, only, rounds, quick, smoke, list, help, from, out, profile, against } = values;
    if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) {
        throw new RangeError(`--rounds: expected a whole number from 1, got ${rounds}`);
    }
    return {
        quick,
        smoke,
        plot: plot || writeDocs,
        writeDocs,
        list,
        help,
        only: only === undefined ? undefined : new RegExp(only),
        rounds: rounds === undefined ? undefined : Number(rounds),
        from: from && given(from),
        out: out && given(out),
        profile: profile && given(profile),
        against: against && given(against),
    };
}
