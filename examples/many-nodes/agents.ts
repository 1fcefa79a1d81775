/**
 * The process with the agents: the agent console on a bus of the stream. Round after round, the bundled agent explores this repository, and
 * the sessions of the first round are replayed beside it.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SharingBus } from 'sharing-bus';
import type { JetStreamUpstream } from 'sharing-bus/nats';
import { parseOptions } from '../agent-console/options.js';
import { Report } from '../agent-console/report.js';
import { holdUnboundOf, run } from '../agent-console/run.js';
import type { Screen } from '../agent-console/screen/Screen.js';
import { entryOf } from './Account.js';
import { Journal } from './Journal.js';
import { dial, openStream, readOrder, reportTo } from './node.js';

/** Sessions that are replayed beside each live one. */
const REPLAYED = 4;
/** Seconds: the server may be away when an agent begins. */
const AGENT_TIMEOUT = '600';

const { folder, servers } = readOrder();
const scrolls = join(folder, 'scrolls');
const recorded = join(folder, 'recorded.jsonl');

const stop = new AbortController();
let status = 'starting';
const journal = await Journal.open(join(folder, 'journal.jsonl'));
const report = reportTo(() => {
  return { status, published: journal.published, stored: journal.stored.size };
}, stop);
const connection = await dial(servers);

/** The id of an event is its number: what a killed process has sent already is not stored again. */
async function open(): Promise<JetStreamUpstream> {
  const upstream = await openStream({ connection, node: 'agents', idOf: (busEvent) => `${entryOf(busEvent)}` });
  upstream.status$.subscribe((next) => {
    status = next;
  });
  return upstream;
}

/** Publishes again what is in the journal and may not be in the stream. */
async function publishAgain(): Promise<void> {
  const busEvents = await journal.unstored();
  if (busEvents.length === 0) {
    return;
  }
  const again = await open();
  const bus = new SharingBus({ upstream: again });
  const storing: Promise<void>[] = [];
  for (const busEvent of busEvents) {
    await again.ready();
    storing.push(
      again.publish(bus, busEvent).then(() => {
        journal.isStored(busEvent);
      }),
    );
  }
  await Promise.all(storing);
  await again.close();
  journal.mark();
}

/** One run of the console: the bundled agent, and replays. */
async function round(): Promise<void> {
  rmSync(scrolls, { recursive: true, force: true });
  const files = existsSync(recorded) ? Array.from({ length: REPLAYED }, () => recorded) : [];
  const agent = fileURLToPath(new URL('../agent-console/agent/main.ts', import.meta.url));
  const command = `"${process.execPath}" --import "${import.meta.resolve('tsx')}" "${agent}"`;
  const options = parseOptions([
    ...['--agent', command, '--name', 'explorer', '--agent-timeout', AGENT_TIMEOUT, '--scrolls', scrolls],
    ...(files.length > 0 ? ['--speed', '1', ...files] : []),
  ]);
  const upstream = journal.before(await open());
  const bus = { bus: new SharingBus({ holdUnbound: holdUnboundOf(options), upstream }), ends: [] };
  // One for each round: what listens to it is forgotten with it.
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  stop.signal.addEventListener('abort', end);
  const { view } = await run(options, screen, consoleReport, ending, { bus });
  stop.signal.removeEventListener('abort', end);
  const [first] = view.sessions;
  if (files.length === 0 && first !== undefined && !stop.signal.aborted) {
    // Whole, or not there.
    copyFileSync(join(scrolls, `${first.scrollId}.jsonl`), `${recorded}-new`);
    renameSync(`${recorded}-new`, recorded);
  }
}

/** The parent has the terminal. */
const screen: Screen = {
  start: () => undefined,
  event: () => undefined,
  notice: () => undefined,
  error: (line) => {
    process.stderr.write(`${line}\n`);
  },
  finish: () => undefined,
};
const consoleReport = new Report((line) => {
  process.stderr.write(`${line}\n`);
});

await publishAgain();
while (!stop.signal.aborted) {
  await round();
  // The end of a round may have cut off what was on its way.
  await publishAgain();
}
await report();
await connection.close();
process.exit(0);
