#!/usr/bin/env bash
# @nats-io/jetstream 3.4.0 with nats-server 2.9.10 (and 2.10, 2.15). An ordered pull consumer, with all defaults, reads a stream. The server
# is killed and starts again a second later. A message is published every 20 ms.
#
# Expected: the consumer goes on when the client is connected again.
# Observed: it goes on, delivers a few messages, and then nothing for some 40 seconds, while the messages are in the stream and the connection
# works. Then everything comes. Nothing says so, except that the status iterator reports missed heartbeats at its end. The consumer that is made
# anew asks for as many messages as are missing of 100, and counts those that the dead one owed as still to come.
#
# Needs bash, Node with npm, and nats-server: in NATS_BIN, in /usr/sbin, or by Debian's apt-get download. Takes a minute and a half. Exits with
# 0 if the behaviour is as described, and with 1 if it has changed.
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
const start = () => spawn(process.argv[2], ['-js', '-sd', 'data', '-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
let server = start();
await wait(1_000);
const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1, reconnectTimeWait: 200 });
const manager = await jetstreamManager(connection);
await manager.streams.add({ name: 'S', subjects: ['s'] });
const js = jetstream(connection);

let last = 0;
let count = 0;
let longest = 0;
const messages = await (await js.consumers.get('S', {})).consume();
void (async () => {
  for await (const _ of messages) {
    const now = performance.now();
    longest = Math.max(longest, last === 0 ? 0 : now - last);
    last = now;
    count += 1;
  }
})();
let published = 0;
const publish = async (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; await wait(20)) {
    await js.publish('s', 'x').then(() => (published += 1), () => {});
  }
};
await publish(1_000);
server.kill('SIGKILL');
await once(server, 'exit');
await wait(1_000);
server = start();
await publish(60_000);
await wait(1_000);
console.log(`stored ${published}, delivered ${count}; the longest pause took ${(longest / 1_000).toFixed(0)} s`);
const isAsDescribed = count >= published && longest > 20_000;
console.log(isAsDescribed ? 'it stands still' : 'it has changed');
server.kill('SIGKILL');
process.exit(isAsDescribed ? 0 : 1);
PROGRAM
node try.js "$server"
