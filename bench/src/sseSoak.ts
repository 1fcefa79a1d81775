// Many clients of one server over real sockets, some of them stalled, some cutting their connection and resuming:
// does each of them get, or miss and know, all that matches? Does the server's memory stay flat? Is every slot freed?
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type EventStreamRequest, fromEventStream } from '../../dist/sse/index.js';
import { type BusEvent, type Delivery, EventFilter } from './library.js';
import { randomIntegers } from './load/random.js';
import { given } from './paths.js';
import { KINDS, type Order, type Report } from './sseSoakMessages.js';

const HELP = `Soaks the event streams: many clients, stalled, cutting and steady, of one server.

  npm run soak:sse -- [options]

  --events N    how many are published (default 100000)
  --session F   the lines of this file, in turn, are what is published: a recorded session (default: made up)
  --clients N   how many read them (default 200)
  --seed N      of the cuts (default: by the clock)
  --smoke       7000 events for 24 clients: within ten seconds
`;
const MEGABYTE = 2 ** 20;
/** What the memory may grow by, once the history is full. */
const SLACK_BYTES = 24 * MEGABYTE;

type Habit = 'steady' | 'stalled' | 'cutting';

/** One client, and its account: every event that matches is there once, or is missing in the place of a gap. */
class Client {
  events = 0;
  missed = 0;
  gaps = 0;
  cuts = 0;
  problem: string | undefined;
  readonly done: Promise<void>;
  readonly completed: Promise<void>;
  /** The number of the last event that was told. */
  #last = 0;
  /** Missing since then, as it was told. */
  #told = 0;
  #isVague = false;
  #onPosition: (seq: number) => void = () => undefined;

  constructor(
    url: string,
    readonly habit: Habit,
    /** Of which kind it wants events; `undefined`: of all. */
    readonly kind: number | undefined,
    total: number,
    fetchBody: (url: string, request: EventStreamRequest, client: Client) => Promise<Response>,
  ) {
    this.done = new Promise((resolve) => {
      this.#onPosition = (seq) => {
        if (this.#countBetween(seq, total + 1) === 0) {
          resolve();
        }
      };
    });
    this.completed = new Promise((resolve) => {
      fromEventStream<string>(url, {
        filter: kind === undefined ? EventFilter.all : EventFilter.kind(`kind-${kind}`),
        from: 'start',
        fetch: (address, request) => fetchBody(address, request, this),
        parse: (value) => value as BusEvent<string>,
        retry: { initialMs: 10, maxMs: 100 },
        onPosition: ({ seq }) => {
          this.#onPosition(seq);
        },
      }).subscribe({
        next: (delivery) => {
          this.#take(delivery);
        },
        error: (error: unknown) => {
          this.problem ??= String(error);
          resolve();
        },
        complete: () => {
          this.#settle(total + 1);
          resolve();
        },
      });
    });
  }

  #take(delivery: Delivery<string>): void {
    if (delivery.type === 'gap') {
      this.gaps += 1;
      this.missed += delivery.missed;
      this.#told += delivery.missed;
      this.#isVague ||= delivery.atMost === true;
      return;
    }
    const { seq = 0 } = delivery.event;
    this.events += 1;
    if (seq <= this.#last || (this.kind !== undefined && seq % KINDS !== this.kind)) {
      this.problem ??= `event ${seq} came after ${this.#last}`;
    }
    this.#settle(seq);
  }

  /** Compares what is missing before the number `seq` with what was told. */
  #settle(seq: number): void {
    const missing = this.#countBetween(this.#last, seq);
    if (this.#isVague ? this.#told < missing : this.#told !== missing) {
      this.problem ??= `between ${this.#last} and ${seq}, ${missing} are missing, and ${this.#told} were told`;
    }
    this.#last = seq;
    this.#told = 0;
    this.#isVague = false;
  }

  /** The events that it wants whose numbers are in between. */
  #countBetween(after: number, before: number): number {
    const { kind } = this;
    const upTo = (n: number): number =>
      kind === undefined ? n : Math.floor((n + KINDS - kind) / KINDS) - (kind === 0 ? 1 : 0);
    return upTo(before - 1) - upTo(after);
  }
}

/** Bodies that are read, stalled or cut as the client's habit is. */
function bodies(random: () => number, released: Promise<void>): ConstructorParameters<typeof Client>[4] {
  let isReleased = false;
  void released.then(() => {
    isReleased = true;
  });
  return async (url, request, client) => {
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, request.signal]);
    const response = await fetch(url, { ...request, signal });
    if (client.habit === 'steady' || response.body === null || isReleased) {
      return response;
    }
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let left = Math.floor(random() * 200_000);
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (sink) => {
          if (left < 0 && client.habit === 'stalled') {
            await released;
          } else if (left < 0 && !isReleased) {
            client.cuts += 1;
            controller.abort();
          }
          const { value } = await reader.read();
          if (value === undefined) {
            sink.close();
            return;
          }
          left -= value.length;
          sink.enqueue(value);
        },
        cancel: () => reader.cancel(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

function habitOf(index: number): Habit {
  return index % 4 === 0 ? 'cutting' : index % 8 === 1 ? 'stalled' : 'steady';
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '200' },
    session: { type: 'string' },
    seed: { type: 'string', default: `${Date.now()}` },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
const total = values.smoke ? 7_000 : Number(values.events);
const count = values.smoke ? 24 : Number(values.clients);
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
// The first checkpoints are before the history is full.
const [, , full = 0, ...later] = bytes;
if (Math.max(...later, end.bytes) > full + SLACK_BYTES) {
  problems.push('the memory of the server grows');
}
if (end.slots > 0 || end.streams > 0) {
  problems.push(`${end.slots} slots and ${end.streams} streams are left behind`);
}
problems.forEach((problem) => {
  console.error(problem);
});
process.exitCode = problems.length === 0 ? 0 : 1;
