import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BusEvent, EventFilter, SharingBus } from 'sharing-bus';
import { ensureStream } from 'sharing-bus/nats';
import { fromEventStream } from 'sharing-bus/sse';
import { freePort } from '../../scripts/web/support/freePort.js';
import { readArchive } from './Archive.js';
import { Guard } from './Guard.js';
import { Journal } from './Journal.js';
import { accepting, HOST, startNatsServer } from './natsServer.js';
import { dial, type Figures, openStream, type Order, STOP, STREAM } from './node.js';
import { Supervised } from './Supervised.js';
import type { Row } from './table.js';
import { Reading, type Verdict, verdictOf } from './verdict.js';

/** Longer than anybody keeps a process or the server away. Then the ids of what is published again are still known. */
const DUPLICATE_WINDOW_MS = 3_600_000;
/** How long to wait for processes that were killed, for readers that are behind, and for a process that is to end, in milliseconds. */
const PATIENCE_MS = 60_000;
const STOP_MS = 30_000;
const POLL_MS = 50;
/** For the reader of the event stream. */
const RETRY = { initialMs: 200, maxMs: 1000 };

const SERVER = 'nats-server';
const FILES = { agents: 'agents.ts', archivist: 'archivist.ts', 'page server': 'pageServer.ts' } as const;
const KEYS: Readonly<Record<string, string>> = { [SERVER]: 's', agents: 'a', archivist: 'r', 'page server': 'p' };

/** A line for people. */
export type Say = (line: string) => void;

/** The server, the three processes, and a reader of the event stream, which stands for a page. */
export class Nodes {
  /** The address of the page. */
  readonly url: string;
  readonly #order: Order;
  readonly #say: Say;
  readonly #guard: Guard;
  readonly #all = new Map<string, Supervised>();
  readonly #figures = new Map<string, Figures>();
  readonly #leaving = new AbortController();
  /** What the reader has got. */
  readonly #page = new Reading();
  #pageStatus = 'connecting';

  private constructor(order: Order, guard: Guard, say: Say) {
    this.#order = order;
    this.#guard = guard;
    this.#say = say;
    this.url = `http://${HOST}:${order.port}/`;
  }

  /**
   * Starts everything.
   *
   * @param program The NATS server, as `findNatsServer` returns it.
   * @param folder For all data.
   * @param isTemporary Whether the folder is removed at the end.
   */
  static async start(program: string, folder: string, isTemporary: boolean, say: Say): Promise<Nodes> {
    const [natsPort, port] = [await freePort(), await freePort()];
    const guard = new Guard(isTemporary ? folder : undefined);
    const nodes = new Nodes({ servers: `${HOST}:${natsPort}`, folder, port }, guard, say);
    nodes.#supervise(SERVER, () => {
      const child = startNatsServer(program, natsPort, folder);
      guard.watch(child.pid);
      void nodes.#whenAccepting(natsPort);
      return child;
    });
    await nodes.#makeStream();
    for (const [name, file] of Object.entries(FILES)) {
      nodes.#supervise(name, () => nodes.#fork(name, file));
    }
    nodes.#read();
    await nodes.#allLive();
    return nodes;
  }

  /** What can be killed. */
  get names(): string[] {
    return [...this.#all.keys()];
  }

  /**
   * Kills a process, when it lives.
   *
   * @throws Error if it does not live for too long.
   */
  async kill(name: string): Promise<void> {
    await this.#until(() => this.#isLive(name));
    if (!this.#isLive(name)) {
      throw new Error(`${name} is not live`);
    }
    this.#all.get(name)?.kill();
  }

  /** Kills the process with this key, if there is one. */
  killByKey(key: string): void {
    const [name = ''] = Object.entries(KEYS).find(([, one]) => one === key) ?? [];
    this.#all.get(name)?.kill();
  }

  /** How often each was started again. */
  get restarts(): Record<string, number> {
    return Object.fromEntries([...this.#all.values()].map(({ name, restarts }) => [name, restarts]));
  }

  get rows(): Row[] {
    const { account } = this.#page;
    const { events: delivered, doubled, missing, place } = account;
    const rows = [...this.#all.values()].map(({ name, pid, restarts, status }): Row => {
      return { ...this.#figures.get(name), key: KEYS[name] ?? '', name, pid, restarts, status };
    });
    return [...rows, { name: 'a page', delivered, missing, doubled, place, status: this.#pageStatus }];
  }

  /** Ends everything in order, and compares the journal, the stream, the archive and what the page has got. */
  async end(): Promise<Verdict> {
    const { folder, servers } = this.#order;
    await this.#allLive();
    await this.#stop('agents');
    const journal = await Journal.open(join(folder, 'journal.jsonl'));
    journal.close();
    const { published } = journal;
    const stream = await readStream(servers);
    const { place } = stream.account;
    await this.#until(() => {
      const archived = this.#figures.get('archivist')?.place ?? 0;
      return Math.min(archived, this.#page.account.place) >= place;
    });
    this.#leaving.abort();
    await Promise.all(['archivist', 'page server'].map((name) => this.#stop(name)));
    const archive = new Reading();
    await readArchive(join(folder, 'archive.jsonl'), ({ delivery, position }) => {
      archive.take(delivery, position.seq);
    });
    await this.#all.get(SERVER)?.stop((child) => child.kill('SIGTERM'), STOP_MS);
    await this.#guard.end();
    return verdictOf(published, { stream, archive, page: this.#page });
  }

  #supervise(name: string, launch: () => ChildProcess): void {
    const ended = (how: string): void => {
      this.#say(`${name} has ended: ${how}; it is started again`);
    };
    this.#all.set(name, new Supervised(name, launch, ended));
  }

  #fork(name: string, file: string): ChildProcess {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(this.#order)], {
      // In a group of its own, as the server.
      ...{ detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      text
        .split('\n')
        .filter((line) => line !== '')
        .forEach((line) => {
          this.#say(`${name}: ${line}`);
        });
    });
    child.on('message', (message) => {
      const figures = message as Figures;
      const process = this.#all.get(name);
      if (process?.pid === child.pid && process !== undefined) {
        this.#figures.set(name, figures);
        process.status = figures.status;
      }
    });
    return child;
  }

  async #whenAccepting(port: number): Promise<void> {
    await accepting(port);
    const server = this.#all.get(SERVER);
    if (server?.pid !== undefined) {
      server.status = 'live';
    }
  }

  async #makeStream(): Promise<void> {
    const { servers } = this.#order;
    await this.#until(() => this.#isLive(SERVER));
    if (!this.#isLive(SERVER)) {
      throw new Error(`nats-server takes no connections: ${this.#all.get(SERVER)?.status ?? ''}`);
    }
    const connection = await dial(servers);
    await ensureStream(connection, { stream: STREAM, duplicateWindowMs: DUPLICATE_WINDOW_MS });
    await connection.close();
  }

  /** Reads the event stream as a page does. */
  #read(): void {
    fromEventStream(`${this.url}events`, {
      ...{ from: 'start', retry: RETRY, signal: this.#leaving.signal },
      parse: (value) => value as BusEvent,
      onStatus: ({ state }) => {
        this.#pageStatus = state === 'open' ? 'live' : state;
      },
    }).subscribe((delivery) => {
      this.#page.take(delivery);
    });
  }

  #isLive(name: string): boolean {
    return this.#all.get(name)?.status === 'live';
  }

  /** Waits until all processes live. */
  async #allLive(): Promise<void> {
    const dead = (): string[] => this.names.filter((name) => !this.#isLive(name));
    // Between two rounds the agents have no bus, for a moment: so all at one time.
    await this.#until(() => dead().length === 0 && this.#pageStatus === 'live');
    if (dead().includes(SERVER)) {
      throw new Error('nats-server does not come back, so nothing can be compared');
    }
  }

  async #stop(name: string): Promise<void> {
    await this.#all.get(name)?.stop((child) => child.send(STOP), STOP_MS);
  }

  /** Waits for `isTrue`. After a long time it goes on all the same: the verdict says what is wrong then. */
  async #until(isTrue: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!isTrue() && performance.now() < end) {
      await wait(POLL_MS);
    }
  }
}

/** Reads the whole stream, by a bus of its own. */
async function readStream(servers: string): Promise<Reading> {
  const connection = await dial(servers);
  const bus = new SharingBus({ upstream: await openStream({ connection, node: 'control' }) });
  const reading = new Reading();
  const { deliveries } = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
  const end = bus.position?.seq ?? 0;
  while (reading.account.place < end) {
    const next = await deliveries.recv();
    if (next === undefined) {
      break;
    }
    reading.take(next);
  }
  bus.close();
  await connection.close();
  return reading;
}
