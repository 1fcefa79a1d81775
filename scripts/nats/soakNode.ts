/**
 * A process of the soak: publishes its events, and appends each event that it gets, with its place, to a file. When it was killed, it goes on
 * from its file.
 */
import { connect } from '@nats-io/transport-node';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { EventFilter, SharingBus } from 'sharing-bus';
import { type JetStreamUpstreamOptions, type JetStreamUpstream, jetStreamUpstream } from 'sharing-bus/nats';
import { LINE, type SoakOrder } from './soakLine.js';

const order = JSON.parse(process.argv[2] ?? '') as SoakOrder;
const { name, file, servers, count, total, sessions, lanes, ids, pauseMs } = order;

/** What the file has, without a last line that was cut off. */
function readOwn(): { from: 'start' | { epoch: string; seq: number }; lines: number; seen: Set<string> } {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  writeFileSync(file, whole);
  const lines = whole.split('\n').slice(0, -1);
  const [, epoch = '', seq = ''] = LINE.exec(lines.at(-1) ?? '') ?? [];
  return {
    from: epoch === '' ? 'start' : { epoch, seq: Number(seq) },
    lines: lines.length,
    seen: new Set(lines.map((line) => line.split(' ')[2] ?? '')),
  };
}

const begin = readOwn();
let lines = begin.lines;
const connection = await connect({
  servers,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 200,
  waitOnFirstConnect: true,
  noAsyncTraces: true,
});
let lane = 0;

async function open(): Promise<JetStreamUpstream<string>> {
  for (;;) {
    try {
      return await jetStreamUpstream<string>(options);
    } catch (error) {
      // The server may just be killed.
      console.error(`${name}: ${String(error)}`);
      await wait(200);
    }
  }
}

const options: JetStreamUpstreamOptions<string> = {
  ...{ connection, stream: 'SOAK', node: name },
  ...(ids && { idOf: ({ event }) => event }),
  ...(!lanes && { laneOf: () => `${(lane += 1)}` }),
};
const upstream = await open();
const bus = new SharingBus<string>({ upstream });
const { epoch = '' } = bus.position ?? {};
let waiting: string[] = [];

function write(): void {
  const text = waiting.join('');
  lines += waiting.length;
  waiting = [];
  appendFileSync(file, text);
  if (lines >= total) {
    process.send?.('done');
  }
}

bus.subscribeFiltered(EventFilter.all, { capacity: 1_000_000, from: begin.from }).deliveries$.subscribe((delivery) => {
  if (waiting.length === 0) {
    setImmediate(write);
  }
  const line =
    delivery.type === 'gap'
      ? `gap 0 ${delivery.missed}\n`
      : `${epoch} ${delivery.event.seq ?? 0} ${delivery.event.event}\n`;
  waiting.push(line);
});

for (let number = 0; number < count; number += 1) {
  const payload = `${name}.${number}`;
  if (begin.seen.has(payload)) {
    continue;
  }
  if (upstream.pending > 2_000) {
    await upstream.ready();
  }
  bus.publish({
    routing: { kind: 'plan', connectorId: name, nativeSessionId: `s${number % sessions}` },
    ...{ origin: 'agent', event: payload },
  });
  if (number % 100 === 0) {
    // The handlers run, too.
    await wait(pauseMs);
  }
}
