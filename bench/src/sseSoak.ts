// Many clients of one server over real sockets. Some stall, and some cut their connection and resume. Checks that each client gets
// every matching event or a gap in its place, that the memory of the server stays flat, and that every slot is freed.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomIntegers } from './load/random.js';
import { given } from './paths.js';
import { bodies } from './sseSoakBodies.js';
import { Client, type Habit } from './sseSoakClient.js';
import { KINDS, type Order, type Report } from './sseSoakMessages.js';

const HELP = `Runs many clients of one event stream server: steady, stalled, and with cut connections.

  npm run soak:sse -- [options]

  --events N    events to publish (default 100000)
  --session F   publish the lines of this file, such as a recorded session (default: generated)
  --clients N   clients (default 200)
  --seed N      seed of the cuts (default: the current time)
  --smoke       7000 events for 24 clients: less than ten seconds
`;
const MEGABYTE = 2 ** 20;
/** The most that the memory may grow after the history is full. */
const SLACK_BYTES = 24 * MEGABYTE;

function habitOf(index: number): Habit {
  if (values.long) {
    return index % 10 === 0 ? 'cutting' : index % 10 === 1 ? 'stalled' : 'steady';
  }
  return index % 4 === 0 ? 'cutting' : index % 8 === 1 ? 'stalled' : 'steady';
}

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    clients: { type: 'string' },
    session: { type: 'string' },
    seed: { type: 'string', default: `${Date.now()}` },
    smoke: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
const [usualTotal, usualCount] = values.smoke ? [7_000, 24] : values.long ? [1_000_000, 1_000] : [100_000, 200];
const total = Number(values.events ?? usualTotal);
const count = Number(values.clients ?? usualCount);
const integers = randomIntegers(Number(values.seed));
const random = (): number => integers() / 2 ** 32;

const child = fork(fileURLToPath(new URL('sseSoakServer.js', import.meta.url)), { execArgv: ['--expose-gc'] });
const order = (message: Order): void => {
  child.send(message);
};
function reported<I extends Report['is']>(is: I): Promise<Extract<Report, { is: I }>> {
  return new Promise((resolve, reject) => {
    child.on('message', (report: Report) => {
      if (report.is === is) {
        resolve(report as Extract<Report, { is: I }>);
      }
    });
    child.once('exit', (code) => {
      reject(new Error(`the server ended with ${code}`));
    });
  });
}

const start = performance.now();
const { port } = await reported('listening');
let release: () => void = () => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
const fetchBody = bodies(random, released);
const url = `http://127.0.0.1:${port}/`;
const clients = Array.from(
  { length: count },
  (_, index) =>
    new Client(
      url,
      habitOf(index),
      index % 10 === 0 || habitOf(index) === 'stalled' ? undefined : index % KINDS,
      total,
      fetchBody,
    ),
);
const published = reported('published');
order({ do: 'publish', count: total, session: values.session && given(values.session) });
const { bytes } = await published;
release();
await Promise.all(clients.map(({ done }) => done));
const closed = reported('closed');
order({ do: 'close' });
await Promise.all(clients.map(({ completed }) => completed));
const end = await closed;

for (const habit of ['steady', 'stalled', 'cutting'] as const) {
  const some = clients.filter((client) => client.habit === habit);
  const sum = (of: (client: Client) => number): number => some.reduce((all, client) => all + of(client), 0);
  const [events, missed, gaps, cuts] = [
    sum((c) => c.events),
    sum((c) => c.missed),
    sum((c) => c.gaps),
    sum((c) => c.cuts),
  ];
  console.log(`${some.length} ${habit}: ${events} events, ${missed} missing in ${gaps} gaps, ${cuts} cuts`);
}
const megabytes = (one: number): string => (one / MEGABYTE).toFixed(1);
console.log(`the server's memory: ${bytes.map(megabytes).join(', ')}, at the end ${megabytes(end.bytes)} MB`);
console.log(
  `${total} events, ${count} clients, seed ${values.seed}, ${((performance.now() - start) / 1_000).toFixed(1)} s`,
);

const problems = clients.flatMap(({ problem }, index) =>
  problem === undefined ? [] : [`client ${index}: ${problem}`],
);
// At the first checkpoints, the history is not full yet.
const [, , full = 0, ...later] = bytes;
if (Math.max(...later, end.bytes) > full + SLACK_BYTES) {
  problems.push('the memory of the server has grown');
}
if (end.slots > 0 || end.streams > 0) {
  problems.push(`${end.slots} slots and ${end.streams} streams were not freed`);
}
problems.forEach((problem) => {
  console.error(problem);
});
process.exitCode = problems.length === 0 ? 0 : 1;
