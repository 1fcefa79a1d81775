import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationOf, replaceOnce } from './guide.js';
import type { Command } from './Program.js';

/** A proxy that is installed, as a package of Debian or otherwise. */
export interface Proxy {
  readonly name: string;
  readonly program: string;
  /** The argument with which it prints its version. */
  readonly version: string;
  /** Writes the configuration of the guide to `folder`, with these ports in place of 80 and 8080. Returns the arguments to start it. */
  configure(folder: string, port: number, target: number): Promise<readonly string[]>;
  /** The signal that ends it at once, with all of its processes. */
  readonly signal: NodeJS.Signals;
}

export const PROXIES: readonly Proxy[] = [
  {
    name: 'nginx',
    program: 'nginx',
    version: '-v',
    signal: 'SIGTERM',
    async configure(folder, port, target) {
      const listening = replaceOnce(configurationOf('nginx'), 'listen 80;', `listen 127.0.0.1:${port};`);
      const server = replaceOnce(listening, '127.0.0.1:8080', `127.0.0.1:${target}`);
      const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
      const own = `daemon off; pid nginx.pid; error_log stderr; events {}`;
      await writeFile(join(folder, 'nginx.conf'), `${own} http { access_log off; ${places.join(' ')}\n${server}}`);
      return ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
    },
  },
  {
    name: 'haproxy',
    program: 'haproxy',
    version: '-v',
    signal: 'SIGTERM',
    async configure(folder, port, target) {
      const listening = replaceOnce(configurationOf('haproxy'), 'bind :80', `bind 127.0.0.1:${port}`);
      await writeFile(join(folder, 'haproxy.cfg'), replaceOnce(listening, '127.0.0.1:8080', `127.0.0.1:${target}`));
      return ['-db', '-f', 'haproxy.cfg'];
    },
  },
  {
    name: 'varnish',
    program: 'varnishd',
    version: '-V',
    signal: 'SIGTERM',
    async configure(folder, port, target) {
      await writeFile(join(folder, 'app.vcl'), replaceOnce(configurationOf('vcl'), '"8080"', `"${target}"`));
      await mkdir(join(folder, 'work'), { recursive: true });
      const places = ['-n', join(folder, 'work'), '-f', join(folder, 'app.vcl')];
      return ['-F', '-j', 'none', '-s', 'malloc,32m', '-a', `127.0.0.1:${port}`, ...places];
    },
  },
  {
    name: 'caddy',
    program: 'caddy',
    version: 'version',
    signal: 'SIGKILL',
    async configure(folder, port, target) {
      const listening = replaceOnce(configurationOf('caddyfile'), ':80 {', `http://:${port} {`);
      const site = replaceOnce(listening, '127.0.0.1:8080', `127.0.0.1:${target}`);
      await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n}\n${site}`);
      return ['run', '--config', 'Caddyfile'];
    },
  },
];

/** Where a proxy is installed. `undefined` if it is not. */
export function fileOf({ program }: Proxy): string | undefined {
  // Debian's places for servers are not in the path of every user.
  const folders = ['/usr/sbin', '/usr/bin', ...(process.env['PATH'] ?? '').split(':')];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}

export function versionOf({ version }: Proxy, file: string): string {
  const { stdout, stderr } = spawnSync(file, [version], { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? '';
}

/** How `proxy` is started with the configuration in `folder`. */
export async function proxyCommand(
  proxy: Proxy,
  file: string,
  folder: string,
  port: number,
  target: number,
): Promise<Command> {
  const args = await proxy.configure(folder, port, target);
  // caddy keeps files in the home directory otherwise.
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return { file, args, cwd: folder, env, signal: proxy.signal };
}
