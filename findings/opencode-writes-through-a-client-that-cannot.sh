#!/usr/bin/env bash
# opencode-ai 1.18.33 over the Agent Client Protocol. The client says in `initialize` that it neither reads nor writes files:
# `fs: { readTextFile: false, writeTextFile: false }`. The model calls the tool `write`, and the client allows it.
#
# Expected: OpenCode writes the file by itself. By the protocol, an agent must not call `fs/write_text_file` if the client has not said that it
# supports it.
# Observed: OpenCode asks the client to write the file, with `fs/write_text_file`. The client answers "method not found" (-32601). The file is
# written all the same, by OpenCode, and the tool call is completed.
#
# Needs bash and Node >= 20 with npm. Exits with 0 if the behaviour is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund opencode-ai@1.18.33
mkdir home work

cat >run.mjs <<'EOS'
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const work = `${process.cwd()}/work`;
const file = `${work}/bed.txt`;

// A model on loopback: it calls `write` once, and then says that it is done.
const model = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { messages = [], tools } = body === '' ? {} : JSON.parse(body);
  const args = JSON.stringify({ filePath: file, content: 'beans\n' });
  const call = { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'write', arguments: args } }] };
  const calls = tools !== undefined && !messages.some(({ role }) => role === 'tool');
  response.setHeader('content-type', 'text/event-stream');
  for (const [delta, finish_reason] of [[calls ? call : { content: 'Done.' }, null], [{}, calls ? 'tool_calls' : 'stop']]) {
    const chunk = { id: 'a', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices: [{ index: 0, delta, finish_reason }] };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end('data: [DONE]\n\n');
});
await new Promise((resolve) => model.listen(0, '127.0.0.1', resolve));

mkdirSync('home/.config/opencode', { recursive: true });
const options = { baseURL: `http://127.0.0.1:${model.address().port}/v1`, apiKey: 'none' };
const models = { scripted: { name: 'Scripted', tool_call: true, limit: { context: 100000, output: 1000 } } };
const provider = { local: { npm: '@ai-sdk/openai-compatible', name: 'Local', options, models } };
const config = { autoupdate: false, model: 'local/scripted', permission: { edit: 'ask' }, provider };
writeFileSync('home/.config/opencode/opencode.json', JSON.stringify(config));

const env = { PATH: process.env.PATH, HOME: `${process.cwd()}/home` };
const agent = spawn(`${process.cwd()}/node_modules/.bin/opencode`, ['acp'], { cwd: work, env, stdio: ['pipe', 'pipe', 'ignore'] });
const send = (message) => agent.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const waiting = new Map();
const asked = [];
let state;
createInterface({ input: agent.stdout }).on('line', (line) => {
  const { id, method, params, result, error } = JSON.parse(line);
  if (method === undefined) {
    waiting.get(id)(result ?? error);
  } else if (method === 'session/request_permission') {
    const { optionId } = params.options.find(({ kind }) => kind === 'allow_once');
    send({ id, result: { outcome: { outcome: 'selected', optionId } } });
  } else if (id !== undefined) {
    asked.push(method);
    send({ id, error: { code: -32601, message: 'Method not found' } });
  } else if (params.update?.sessionUpdate === 'tool_call_update') {
    state = params.update.status ?? state;
  }
});
let requests = 0;
const request = (method, params) =>
  new Promise((resolve) => {
    waiting.set((requests += 1), resolve);
    send({ id: requests, method, params });
  });
const clientCapabilities = { fs: { readTextFile: false, writeTextFile: false }, terminal: false };
const { agentInfo } = await request('initialize', { protocolVersion: 1, clientCapabilities });
const { sessionId } = await request('session/new', { cwd: work, mcpServers: [] });
await request('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'Sow beans.' }] });
const left = new Promise((resolve) => agent.once('close', resolve));
agent.stdin.end();
await left;
model.close();
model.closeAllConnections();

const written = existsSync(file) ? JSON.stringify(readFileSync(file, 'utf8')) : 'nothing';
const seen = `asks the client: ${asked.join(', ') || 'nothing'}; the file has ${written}; the tool call is ${state}`;
console.log(`${agentInfo.name} ${agentInfo.version} ${seen}`);
const described = 'asks the client: fs/write_text_file; the file has "beans\\n"; the tool call is completed';
if (seen !== described) {
  console.log(`  expected here: ${described}`);
}
process.exit(seen === described ? 0 : 1);
EOS
timeout 120 node run.mjs
