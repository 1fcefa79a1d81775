// Kills processes that publish on a file, at random moments. Checks after each that nothing is lost that was acknowledged, nothing is doubled, and
// places have no hole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomIntegers } from '../load/random.js';
import { SoakFile } from './SoakFile.js';

const HELP = `Kills publishers of sharing-bus/sqlite (SIGKILL) under load, and checks the file after each.

  npm run soak:sqlite -- [options]

  --kills N     processes to kill (default 200)
  --seed N      seed of the moments and of the events (default: the current time)
  --smoke       12 kills
`;
const PUBLISHER = fileURLToPath(new URL('soakPublisher.js', import.meta.url));

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string', default: `${Date.now()}` },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
const kills = Number(values.kills ?? (values.smoke ? 12 : 200));
const random = randomIntegers(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'sharing-bus-soak-'));
const files = (['turn', 'event'] as const).flatMap((durability) =>
  [0, 300].map((most) => new SoakFile(join(folder, `${durability}-${most}.db`), durability, most)),
);

/** Runs a publisher for a random time. Returns its acknowledgements. */
async function killed({ path, durability, maxEvents }: SoakFile, run: number): Promise<string[]> {
  const child = spawn(process.execPath, [PUBLISHER, path, durability, `${maxEvents}`, `r${run}`, `${random()}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const die = (): void => {
    child.kill('SIGKILL');
  };
  if (run % 10 === 0) {
    // While it starts: it opens the file, or recovers it.
    setTimeout(die, random() % 250);
  } else {
    child.stdout.once('data', () => setTimeout(die, random() % 300));
  }
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  if (child.signalCode !== 'SIGKILL') {
    throw new Error(`the publisher ended by itself, with ${child.exitCode}`);
  }
  // A line that is cut was not acknowledged.
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready');
}

const start = performance.now();
let done = 0;
try {
  while (done < kills && files.every(({ problems }) => problems.length === 0)) {
    const file = files[done % files.length] as SoakFile;
    const lines = await killed(file, done);
    done += 1;
    file.check(lines, done % 40 < files.length);
  }
  for (const file of files) {
    file.check([], true);
    file.checkAtEnd();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const { durability, maxEvents, acknowledged, kept, problems } of files) {
  console.log(
    `durability ${durability}, ${maxEvents === 0 ? 'all events kept' : `the newest ${maxEvents} kept`}: ${acknowledged} events acknowledged, last place ${kept}`,
  );
  problems.forEach((problem) => {
    console.error(problem);
  });
}
console.log(`${done} processes killed, seed ${values.seed}, ${((performance.now() - start) / 1_000).toFixed(1)} s`);
process.exitCode = files.some(({ problems }) => problems.length > 0) ? 1 : 0;
