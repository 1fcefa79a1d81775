import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as dial } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { freePort } from '../../../../scripts/web/support/freePort.js';

/** The program. Debian has it in the package `nats-server`. */
const NATS_BIN = process.env['NATS_BIN'] ?? '/usr/sbin/nats-server';

/** For each suite. Without the program the suites are skipped, except in CI. */
export const SUITE: { timeout: number; skip?: string } = {
  timeout: 180_000,
  ...(!existsSync(NATS_BIN) &&
    process.env['CI'] === undefined && {
      skip: `there is no ${NATS_BIN}: apt-get install nats-server, or set NATS_BIN`,
    }),
};

const running = new Set<ChildProcess>();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
});

/** A nats-server with its own folder, on a port of its own. It can be killed and started again. */
export class NatsServer {
  private child: ChildProcess | undefined;
  private readonly connections: NatsConnection[] = [];

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly lines: readonly string[],
  ) {}

  /** @param lines More lines for the configuration file. */
  static async start(lines: readonly string[] = ['jetstream: { store_dir: "$FOLDER/js" }']): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), mkdtempSync(join(tmpdir(), 'sharing-bus-nats-')), lines);
    await server.start();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const file = join(this.folder, 'nats.conf');
    const own = [`listen: "127.0.0.1:${this.port}"`, ...this.lines].map((line) =>
      line.replaceAll('$FOLDER', this.folder),
    );
    writeFileSync(file, own.join('\n'));
    const child = spawn(NATS_BIN, ['-c', file], { stdio: 'ignore' });
    this.child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    await this.accepting();
  }

  /** Ends the process with `signal`, and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
  }

  /** Sends `signal` and goes on. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** A connection as an application makes it. */
  async connect(options: NodeConnectionOptions = {}): Promise<NatsConnection> {
    const servers = `127.0.0.1:${this.port}`;
    const connection = await connect({
      ...{ servers, maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 50, noAsyncTraces: true },
      ...options,
    });
    this.connections.push(connection);
    return connection;
  }

  /** Keeps a copy of the data. The server must not run. */
  backUp(): () => void {
    const copy = `${this.folder}-copy`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(this.folder, 'js'), copy, { recursive: true });
    return () => {
      rmSync(join(this.folder, 'js'), { recursive: true });
      cpSync(copy, join(this.folder, 'js'), { recursive: true });
      rmSync(copy, { recursive: true });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async end(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async accepting(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      const socket = dial(this.port, '127.0.0.1');
      const isOpen = await new Promise<boolean>((resolve) => {
        socket
          .once('connect', () => {
            resolve(true);
          })
          .once('error', () => {
            resolve(false);
          });
      });
      socket.destroy();
      if (isOpen) {
        return;
      }
      await wait(50);
    }
    throw new Error(`nats-server does not accept connections on port ${this.port}`);
  }
}

/** Three servers that keep each stream together. */
export async function startCluster(): Promise<NatsServer[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  return Promise.all(
    ports.map((port, index) =>
      NatsServer.start([
        `server_name: n${index}`,
        'jetstream: { store_dir: "$FOLDER/js" }',
        `cluster: { name: C, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ]),
    ),
  );
}
