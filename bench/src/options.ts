import { parseArgs } from 'node:util';
import { given } from './paths.js';

export const HELP = `Measures sharing-bus and its peers, and says how far the targets are reached.

  npm run bench -- [options]

  --quick           fewer and shorter samples: at most two minutes, for a first look
  --smoke           each kind of cell once, tiny, in one process: does it work, and do its accounts hold?
  --only REGEX      only rows of the table, or cells, whose name matches; nothing is kept unless --out says where
  --rounds N        how often each cell is run (default 5, with --quick 3)
  --plot            measures the peers over all sizes, too, and draws docs/plots/*.svg
  --write-docs      --plot, and writes the tables into docs/performance.md
  --from FILE       measures nothing: takes the results that an earlier run has kept
  --out FILE        where results are kept (default bench/results/full.json, with --quick quick.json)
  --profile DIR     a V8 CPU profile of each cell's process
  --list            names of rows and cells
  --help            this text
`;

export interface Options {
  readonly quick: boolean;
  readonly smoke: boolean;
  readonly plot: boolean;
  readonly writeDocs: boolean;
  readonly list: boolean;
  readonly help: boolean;
  readonly only: RegExp | undefined;
  readonly rounds: number | undefined;
  readonly from: string | undefined;
  readonly out: string | undefined;
  readonly profile: string | undefined;
}

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;

/** @throws TypeError or RangeError for what {@link HELP} does not tell. */
export function readOptions(args: string[]): Options {
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
    },
  });
  const { 'write-docs': writeDocs, plot, only, rounds, quick, smoke, list, help, from, out, profile } = values;
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
  };
}
