import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureStream } from 'sharing-bus/nats';
import { NatsServer, startCluster } from '../../spec/nats/server/support/NatsServer.js';
import { LINE, type SoakOrder } from './soakLine.js';

const HELP = `Three processes publish on one stream, and each writes down what it gets. The server and the processes are killed at random.
At the end, each process must have everything once, in the order of each session, and all in one order.

  npm run soak:nats -- [options]

  --events N   events that each process publishes (default 100000)
  --kills N    kills of a server, and as many of a process (default 7)
  --sessions N sessions of each process (default 16)
  --cluster    a cluster of three servers; then the leader of the stream steps down, too
  --seed N     seed of the kills (default: the current time)
  --no-nodes   only servers are killed, and ids are those of the library, which lets it send events of a session right behind each other
  --no-lanes   a control, which must fail: events of a session are sent beside each other
  --no-ids     a control, which must fail: a killed process publishes again without ids of its own
  --smoke      a short run, another one with a cluster, and both controls, in some minutes
`;
const NODES = ['a', 'b', 'c'];

interface Account {
  lost: number;
  doubled: number;
  outOfOrder: number;
  gaps: number;
  isSame: boolean;
}

interface Plan {
  readonly count: number;
  readonly kills: number;
  readonly sessions: number;
  readonly cluster: boolean;
  /** Whether processes are killed, too. */
  readonly nodes: boolean;
  readonly lanes: boolean;
  readonly ids: boolean;
}

const { values } = parseArgs({
  allowNegative: true,
  options: {
    events: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '7' },
    sessions: { type: 'string', default: '16' },
    cluster: { type: 'boolean', default: false },
    seed: { type: 'string', default: `${Date.now()}` },
    nodes: { type: 'boolean', default: true },
    lanes: { type: 'boolean', default: true },
    ids: { type: 'boolean', default: true },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}

let state = Number(values.seed) % 2_147_483_647 || 1;
/** Park and Miller's generator. */
function random(below: number): number {
  state = (state * 48_271) % 2_147_483_647;
  return state % below;
}

/** A process of the soak, which is started again when it was killed. */
class SoakNode {
  private child: ChildProcess | undefined;
  isDone = false;

  constructor(private readonly order: SoakOrder) {
    this.start();
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  start(): void {
    const child = fork(fileURLToPath(new URL('soakNode.ts', import.meta.url)), [JSON.stringify(this.order)]);
    this.child = child;
    child.on('message', () => {
      this.isDone = true;
    });
    child.on('exit', (code) => {
      if (this.child === child) {
        console.error(`the process ${this.order.name} has ended with ${code ?? 'a signal'}`);
        process.exit(1);
      }
    });
  }
}

/** Compares the files of all processes. */
function accountOf(files: readonly string[], { count, sessions }: Plan): Account {
  const account: Account = { lost: 0, doubled: 0, outOfOrder: 0, gaps: 0, isSame: true };
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  account.isSame = texts.every((text) => text === texts[0]);
  for (const text of texts) {
    const seen = new Set<string>();
    const last = new Map<string, number>();
    for (const line of text.split('\n').slice(0, -1)) {
      const [, epoch = '', , payload = ''] = LINE.exec(line) ?? [];
      if (epoch === 'gap') {
        account.gaps += 1;
        continue;
      }
      account.doubled += seen.has(payload) ? 1 : 0;
      seen.add(payload);
      const [name = '', number = ''] = payload.split('.');
      const session = `${name} ${Number(number) % sessions}`;
      account.outOfOrder += Number(number) < (last.get(session) ?? -1) ? 1 : 0;
      last.set(session, Number(number));
    }
    account.lost += NODES.length * count - seen.size;
  }
  return account;
}

/** Runs the soak, prints its account, and returns whether it is right. */
async function soak(plan: Plan): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'sharing-bus-soak-'));
  const servers = plan.cluster ? await startCluster() : [await NatsServer.start()];
  const connection = await (servers[0] as NatsServer).connect({ servers: servers.map(({ address }) => address) });
  await ensureStream(connection, { stream: 'SOAK', duplicateWindowMs: 600_000, replicas: servers.length });
  const total = NODES.length * plan.count;
  const nodes = NODES.map((name) => {
    const file = join(folder, name);
    return new SoakNode({
      ...{ name, file, servers: servers.map(({ address }) => address), count: plan.count, total },
      ...{ sessions: plan.sessions, lanes: plan.lanes, ids: plan.ids, pauseMs: plan.cluster ? 30 : 0 },
    });
  });
  const isDone = (): boolean => nodes.every((node) => node.isDone);
  const counts = { servers: 0, nodes: 0, stepDowns: 0 };
  const stepDown = async (): Promise<void> => {
    const answer = await connection.request('$JS.API.STREAM.LEADER.STEPDOWN.SOAK', '', { timeout: 2_000 });
    counts.stepDowns += answer.json<{ success?: boolean }>().success === true ? 1 : 0;
  };
  try {
    while (!isDone() && counts.servers < plan.kills) {
      for (let number = 0; plan.cluster && number < 5; number += 1) {
        await wait(300 + random(700));
        await stepDown().catch(() => undefined);
      }
      await wait(500 + random(1_500));
      const server = servers[random(servers.length)] as NatsServer;
      await server.kill(random(3) === 0 ? 'SIGTERM' : 'SIGKILL');
      counts.servers += 1;
      await wait(random(500));
      await server.start();
      await wait(500 + random(1_500));
      const node = nodes[random(nodes.length)] as SoakNode;
      if (plan.nodes && !node.isDone) {
        await node.kill();
        counts.nodes += 1;
        await wait(random(500));
        node.start();
      }
    }
    const end = performance.now() + 300_000;
    while (!isDone() && performance.now() < end) {
      await wait(100);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all(servers.map((server) => server.end()));
  }
  const account = accountOf(
    NODES.map((name) => join(folder, name)),
    plan,
  );
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify(plan), 'kills', JSON.stringify(counts), 'account', JSON.stringify(account));
  const { lost, doubled, outOfOrder, gaps, isSame } = account;
  return lost + doubled + outOfOrder + gaps === 0 && isSame;
}

/** Runs a control, which must fail. What it has left out shows only by chance, so it has some tries. */
async function fails(plan: Plan): Promise<boolean> {
  for (let tries = 0; tries < 3; tries += 1) {
    if (!(await soak(plan))) {
      console.log('the control fails, as it must');
      return true;
    }
  }
  console.log('the control must fail, and has not');
  return false;
}

const usual: Plan = {
  ...{ count: Number(values.events), kills: Number(values.kills), sessions: Number(values.sessions) },
  ...{ cluster: values.cluster, nodes: values.nodes, lanes: values.lanes, ids: values.ids && values.nodes },
};
const single: Plan = { ...usual, count: 8_000, kills: 2 };
const clustered: Plan = { ...usual, count: 20_000, kills: 1, cluster: true };
console.log(`seed ${values.seed}`);
const results = values.smoke
  ? [
      await soak(single),
      await soak({ ...single, sessions: 1, nodes: false, ids: false }),
      await soak(clustered),
      // A killed process stores a second time what it cannot know to be stored.
      await fails({ ...single, ids: false }),
      // What is refused while the stream changes its leader is stored behind what is not.
      await fails({ ...clustered, lanes: false }),
    ]
  : [await soak(usual)];
const isRight = results.every(Boolean);
console.log(isRight ? 'the account is exact' : 'the account is wrong');
process.exit(isRight ? 0 : 1);
