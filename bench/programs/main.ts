import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { inspect, parseArgs } from 'node:util';
import { config } from 'rxjs';
import { EventFilter, SharingBus } from '../../dist/index.js';
import { anyProgram } from '../../spec/models/programs.js';
import { runProgram } from '../../spec/models/runProgram.js';
import { PlannedError } from '../../spec/models/shown.js';

const HELP = `Runs random programs on the built library and on a model of plain lists, and compares them.

  npm run programs -- [options]

  --count N       programs to run (default 100000)
  --seed N        seed of the programs (default: random)
  --path TEXT     with --seed: only this program; the path is printed with a difference
  --help          this text
`;

const MAX_SEED = 2 ** 31 - 1;
const LATER = 10;
const WIDTH = 160;

const text = { type: 'string' } as const;
try {
  const { values } = parseArgs({
    options: { count: text, seed: text, path: text, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
  } else {
    await main(
      countOf('count', values.count, 100_000),
      countOf('seed', values.seed, randomInt(1, MAX_SEED)),
      values.path,
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(count: number, seed: number, path: string | undefined): Promise<void> {
  console.log(`seed ${seed}`);
  let thrown = 0;
  let reported = 0;
  const unplanned: unknown[] = [];
  config.onUnhandledError = (error) => {
    if (error instanceof PlannedError) {
      reported += 1;
    } else {
      unplanned.push(error);
    }
  };
  const property = fc.asyncProperty(anyProgram, async (program) => {
    thrown += await runProgram({ SharingBus, EventFilter }, program);
  });
  const result = await fc.check(property, { numRuns: count, seed, ...(path !== undefined && { path }) });
  // Errors of handlers are reported by timers.
  await new Promise((resolve) => setTimeout(resolve, LATER));
  const done = `${result.numRuns.toLocaleString('en')} programs, seed ${seed}`;
  if (result.failed) {
    const [program] = result.counterexample ?? [];
    console.error(inspect(program, { depth: null, breakLength: WIDTH, maxArrayLength: null }));
    console.error(result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance);
    console.error(
      `${done}: the last one DIFFERS. To run it again: --seed ${seed} --path ${result.counterexamplePath ?? ''}`,
    );
    process.exitCode = 1;
  } else if (reported !== thrown || unplanned.length > 0) {
    console.error(...unplanned);
    console.error(
      `${done}: handlers threw ${thrown} errors, ${reported} were reported, and there were ${unplanned.length} other errors`,
    );
    process.exitCode = 1;
  } else {
    console.log(`${done}: the library and the model agree`);
  }
}

function countOf(name: string, value: string | undefined, otherwise: number): number {
  if (value !== undefined && !/^[1-9]\d*$/.test(value)) {
    throw new RangeError(`--${name}: expected a whole number from 1, got ${value}`);
  }
  return value === undefined ? otherwise : Number(value);
}
