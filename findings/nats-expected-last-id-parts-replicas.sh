#!/usr/bin/env bash
# nats-server 2.9.10 (and 2.10.27), by @nats-io/jetstream 3.4.0. A stream has three replicas. One server is stopped, messages are published until
# the leader takes a snapshot of the stream's log, and the server is started again. When all replicas are current, a message is published with
# the header `Nats-Expected-Last-Msg-Id`, and the right id. Then the server that was stopped becomes the leader.
#
# Expected: the message is stored at all replicas, as its acknowledgement says.
# Observed: it is acknowledged with a place, and the replica that has caught up does not have it: there, that place has the next message, and all
# later ones are one place lower than their acknowledgements said. All replicas are called current. A replica that catches up from a snapshot does
# not keep the id of the newest message in mind, and so refuses the condition when it applies the message by itself.
#
# With 2.15.1, no snapshot was taken within 40 MB, so this does not show there.
#
# Needs bash, Node with npm, and nats-server: in NATS_BIN, in /usr/sbin, or by Debian's apt-get download. Exits with 0 if the behaviour is as
# described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

server=${NATS_BIN:-/usr/sbin/nats-server}
if [[ ! -x $server ]]; then
  apt-get download -qq nats-server 2>/dev/null && dpkg -x nats-server_*.deb debian
  server=$place/debian/usr/sbin/nats-server
fi
"$server" --version

echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund @nats-io/jetstream@3.4.0 @nats-io/transport-node@3.4.0

cat >try.js <<'PROGRAM'
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const freePort = async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  return port;
};
const names = ['n0', 'n1', 'n2'];
const ports = await Promise.all(names.map(freePort));
const routes = await Promise.all(names.map(freePort));
const children = {};
const start = (name) => {
  const at = names.indexOf(name);
  const cluster = ['--cluster_name', 'C', '--cluster', `nats://127.0.0.1:${routes[at]}`];
  const others = ['--routes', routes.map((port) => `nats://127.0.0.1:${port}`).join(',')];
  const own = ['-n', name, '-js', '-sd', `data-${name}`, '-a', '127.0.0.1', '-p', `${ports[at]}`];
  children[name] = spawn(process.argv[2], [...own, ...cluster, ...others], { stdio: 'ignore' });
};
names.forEach(start);
process.on('exit', () => names.forEach((name) => children[name].kill('SIGKILL')));

const until = async (what, ask) => {
  let reason;
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      const answer = await ask();
      if (answer) {
        return answer;
      }
    } catch (error) {
      reason = error;
    }
    await wait(200);
  }
  throw new Error(`${what}: ${reason}`);
};
const servers = ports.map((port) => `127.0.0.1:${port}`);
const connection = await until('connect', () => connect({ servers, maxReconnectAttempts: -1 }));
const manager = await until('manager', () => jetstreamManager(connection, { timeout: 2_000 }));
await until('stream', () => manager.streams.add({ name: 'S', subjects: ['s'], num_replicas: 3 }));
const cluster = async () => (await manager.streams.info('S')).cluster;
const put = async (id, size, after) => {
  const fields = headers();
  fields.set('Nats-Msg-Id', id);
  if (after !== undefined) {
    fields.set('Nats-Expected-Last-Msg-Id', after);
  }
  return (await connection.request('s', 'x'.repeat(size), { headers: fields, timeout: 5_000 })).json();
};
await put('first', 10);
const { leader, replicas } = await cluster();
const follower = replicas[0].name;
const ended = once(children[follower], 'exit');
children[follower].kill('SIGKILL');
await ended;

// The next snapshot has all messages up to it, and none comes after it.
const snapshots = () =>
  readdirSync(`data-${leader}`, { recursive: true }).filter((path) => /S-R3F.*snapshots\/snap/.test(path)).join();
await wait(12_000);
const before = snapshots();
let last;
for (let count = 0; count < 400 && snapshots() === before; count += 1) {
  last = `filler ${count}`;
  await put(last, 100_000);
  await wait(30);
}
start(follower);
await until('current', async () => {
  const now = await cluster();
  return now.leader === leader && now.replicas.every(({ current, offline, lag = 0 }) => current && !offline && lag === 0);
});
await wait(2_000);

const conditional = await put('conditional', 10, last);
const next = await put('next', 10);
console.log(`snapshots: ${snapshots()}; acknowledged: conditional at ${conditional.seq}, next at ${next.seq}`);
await until('another leader', async () => {
  if ((await cluster()).leader === follower) {
    return true;
  }
  await connection.request('$JS.API.STREAM.LEADER.STEPDOWN.S', '', { timeout: 2_000 });
  await wait(1_000);
});
const found = await manager.streams.getMessage('S', { seq: conditional.seq });
const id = found?.header?.get('Nats-Msg-Id') ?? 'nothing';
console.log(`the replica that has caught up has at ${conditional.seq}: ${id}`);
process.exit(typeof conditional.seq === 'number' && id === 'next' ? 0 : 1);
PROGRAM
node try.js "$server"
