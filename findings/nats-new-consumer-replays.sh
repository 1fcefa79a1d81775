#!/usr/bin/env bash
# @nats-io/jetstream 3.4.0 with nats-server 2.9.10 (and 2.15). A stream has 50 messages. An ordered consumer with `deliver_policy: 'new'` is
# made, and nothing is published. The server is killed and starts again, and one message is published.
#
# Expected: the consumer delivers this one message, which is the only new one.
# Observed: it delivers all 51. Its place is "after the last message that it has delivered", which is none, so the consumer that the client
# makes after the restart begins at the start of the stream.
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
const start = () => spawn(process.argv[2], ['-js', '-sd', 'data', '-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
let server = start();
await wait(1_000);
const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1, reconnectTimeWait: 200 });
await (await jetstreamManager(connection)).streams.add({ name: 'S', subjects: ['s'] });
const js = jetstream(connection);
for (let number = 1; number <= 50; number += 1) {
  await js.publish('s', `old ${number}`);
}
const got = [];
const messages = await (await js.consumers.get('S', { deliver_policy: 'new' })).consume({ idle_heartbeat: 500 });
void (async () => {
  for await (const message of messages) {
    got.push(message.string());
  }
})();
await wait(1_000);
console.log(`before the restart: ${got.length}`);
server.kill('SIGKILL');
await once(server, 'exit');
server = start();
await wait(3_000);
await js.publish('s', 'new');
await wait(5_000);
console.log(`after it: ${got.length}, from "${got.at(0)}" to "${got.at(-1)}"`);
server.kill('SIGKILL');
process.exit(got.length === 51 && got[0] === 'old 1' ? 0 : 1);
PROGRAM
node try.js "$server"
