#!/usr/bin/env bash
# nats-server 2.10.27, by @nats-io/jetstream 3.4.0. A stream gets messages of four subjects. Consumers with `filter_subjects`, of which no two
# overlap, read it from its beginning.
#
# Expected: each gets all messages that match.
# Observed: a consumer with wildcards leaves out messages that match, without a word. Its `num_pending` is 0 afterwards. Which ones depends on
# the subjects that the stream has, and not on time. 2.15.1 leaves out none. The server's history has it fixed by "Fix subject intersection bug due
# to early return", in 2.11.12, 2.12.4 and 2.14.0; its issues #6932 and #7713 are about it. One `filter_subject` leaves out none.
#
# Needs bash, Node with npm, and nats-server: in NATS_BIN, or by scripts/nats/debianServer.sh that of Debian trixie. Exits with 0 if the behaviour
# is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../scripts" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

server=${NATS_BIN:-$("$scripts/nats/debianServer.sh" trixie debian)}
"$server" --version

echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund @nats-io/jetstream@3.4.0 @nats-io/transport-node@3.4.0

cat >try.js <<'PROGRAM'
import { jetstreamManager } from '@nats-io/jetstream';
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
await manager.streams.add({ name: 'S', subjects: ['bus.>'] });
const subjects = ['bus._.f1.k', 'bus._.b4.other', 'bus._._.kept', 'bus.87.b4.other.33', 'bus._._.k'];
for (let count = 0; count < 20; count += 1) {
  await connection.request(subjects[count % subjects.length], 'x');
}
const read = async (filter, wanted) => {
  const start = { deliver_policy: 'by_start_sequence', opt_start_seq: 1, ack_policy: 'none', inactive_threshold: 30e9 };
  const { name } = await manager.consumers.add('S', { ...start, ...filter });
  let got = 0;
  connection.subscribe(`in.${name}`, { callback: (_, { data }) => (got += data.length > 0 ? 1 : 0) });
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.S.${name}`, '{"batch":100,"expires":1000000000}', { reply: `in.${name}` });
  await wait(500);
  const left = (await manager.consumers.info('S', name)).num_pending;
  console.log(`${JSON.stringify(filter)}: of ${wanted} came ${got}, and ${left} are left`);
  return wanted - got;
};
const lost = await read({ filter_subjects: ['bus._.*.*', 'bus.*.*.*.*', 'bus.=epoch'] }, 20);
const ofOne = await read({ filter_subject: 'bus._.*.*' }, 16);
server.kill('SIGKILL');
process.exit(lost > 0 && ofOne === 0 ? 0 : 1);
PROGRAM
node try.js "$server"
