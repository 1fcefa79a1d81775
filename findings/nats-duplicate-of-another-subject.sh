#!/usr/bin/env bash
# nats-server 2.9.10 (and 2.10, 2.15), by @nats-io/jetstream 3.4.0. Two messages with the same `Nats-Msg-Id` and different subjects and
# payloads are published to one stream. Then the stream is purged, and the second one is published again.
#
# Expected: an id belongs to a subject, or the second message is refused. After the purge, nothing is a duplicate.
# Observed: the second message is acknowledged as a duplicate of the first one and not stored. After the purge, it still is: the acknowledgement
# names a place where nothing is. So an acknowledgement with `duplicate: true` does not say that this message is in the stream.
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
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const free = createServer().listen(0, '127.0.0.1');
await once(free, 'listening');
const { port } = free.address();
free.close();
const server = spawn(process.argv[2], ['-js', '-sd', 'data', '-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
await wait(1_000);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const manager = await jetstreamManager(connection);
await manager.streams.add({ name: 'S', subjects: ['s.*'] });
const js = jetstream(connection);
const publish = async (subject, payload) => {
  const { seq, duplicate } = await js.publish(subject, payload, { msgID: '1' });
  const { messages } = (await manager.streams.info('S')).state;
  const line = `${subject} ${payload}: seq ${seq}, duplicate ${duplicate}; messages in the stream: ${messages}`;
  console.log(line);
  return line;
};
const lines = [await publish('s.a', 'one'), await publish('s.b', 'two')];
await manager.streams.purge('S');
lines.push(await publish('s.b', 'two'));
server.kill('SIGKILL');
const described = [
  's.a one: seq 1, duplicate false; messages in the stream: 1',
  's.b two: seq 1, duplicate true; messages in the stream: 1',
  's.b two: seq 1, duplicate true; messages in the stream: 0',
];
process.exit(JSON.stringify(lines) === JSON.stringify(described) ? 0 : 1);
PROGRAM
node try.js "$server"
