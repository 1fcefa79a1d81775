import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const HOST = '127.0.0.1';
const NAME = 'nats-server';
/** Debian has it in a folder that is in the PATH of root only. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * The program: that of `NATS_BIN`, or one on this machine.
 *
 * @throws Error that says how to get one.
 */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['NATS_BIN'];
  if (named !== undefined) {
    if (!existsSync(named)) {
      throw new Error(`there is no ${named}, which NATS_BIN names`);
    }
    return named;
  }
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...FOLDERS];
  const found = folders.map((folder) => join(folder, NAME)).find((file) => existsSync(file));
  if (found === undefined) {
    throw new Error(
      `there is no ${NAME}: install it with "apt-get install nats-server" or "brew install nats-server", ` +
        'or set NATS_BIN to the file of the program',
    );
  }
  return found;
}

/** Starts a server with JetStream, for this machine only, with its data in `folder`. */
export function startNatsServer(program: string, port: number, folder: string): ChildProcess {
  const log = join(folder, 'nats.log');
  const args = ['-js', '-a', HOST, '-p', `${port}`, '-sd', join(folder, 'nats'), '-l', log];
  // In a group of its own: Ctrl-C is for the parent, which stops everything in order.
  return spawn(program, args, { detached: true, stdio: 'ignore' });
}

/** Resolves when the port takes connections. */
export async function accepting(port: number): Promise<void> {
  while (!(await isOpen(port))) {
    await wait(50);
  }
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  }).finally(() => socket.destroy());
}
