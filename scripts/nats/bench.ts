/**
 * What a bus on a stream costs beside the client alone, as ratios of the same round: `npm run bench:nats`. It needs nats-server, by NATS_BIN
 * or in /usr/sbin. Everything runs in this process but the server. Times differ between machines; compare the ratios of one run only.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EventFilter, SharingBus } from 'sharing-bus';
import { ensureStream, jetStreamUpstream } from 'sharing-bus/nats';
import { NatsServer } from '../../spec/nats/server/support/NatsServer.js';
import { eventOf, eventually } from '../../spec/nats/server/support/TestNode.js';

const COUNT = Number(process.argv[2] ?? 20_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const IN_FLIGHT = 256;

/** Events a second from the first publish until the last one has come back. */
async function rate(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (COUNT / (performance.now() - begin)) * 1_000;
}

/** `js.publish` with 256 in flight, and one ordered consumer of the client. */
async function raw(connection: NatsConnection, other: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'RAW', subjects: ['raw.>'] });
  const js = jetstream(connection);
  const payload = JSON.stringify({ ...eventOf('s0'), at: 1 });
  const messages = await (await jetstream(other).consumers.get('RAW', {})).consume();
  let got = 0;
  const consuming = (async () => {
    for await (const message of messages) {
      message.json();
      got += 1;
      if (got === COUNT) {
        break;
      }
    }
  })();
  const result = await rate(async () => {
    let next = 0;
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (next < COUNT) {
          next += 1;
          await js.publish(`raw.s${next % IN_FLIGHT}`, payload, { msgID: `${next}` });
        }
      }),
    );
    await consuming;
  });
  await manager.streams.delete('RAW');
  return result;
}

/** The same by a bus, with so many sessions. */
async function onBus(connection: NatsConnection, sessions: number): Promise<number> {
  await ensureStream(connection, { stream: 'BUS' });
  const upstream = await jetStreamUpstream<string>({ connection, stream: 'BUS', node: 'bench' });
  const bus = new SharingBus<string>({ upstream });
  let got = 0;
  bus.stream(EventFilter.all, { capacity: COUNT }).subscribe(() => {
    got += 1;
  });
  const result = await rate(async () => {
    for (let next = 0; next < COUNT; next += 1) {
      if (upstream.pending > 2_048) {
        await upstream.ready();
      }
      bus.publish({ ...eventOf(`s${next % sessions}`, { nativeSessionId: `s${next % sessions}` }), at: next });
    }
    await eventually(() => got === COUNT, 'everything is back', 120_000);
  });
  bus.close();
  await (await jetstreamManager(connection)).streams.delete('BUS');
  return result;
}

/** The median time from a publish to its delivery on the same bus, and of a core round trip, in milliseconds. */
async function latencies(connection: NatsConnection): Promise<[number, number]> {
  await ensureStream(connection, { stream: 'BUS' });
  const upstream = await jetStreamUpstream<string>({ connection, stream: 'BUS', node: 'bench' });
  const bus = new SharingBus<string>({ upstream });
  const receiver = bus.subscribeAll();
  const echo = connection.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
  const median = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 500; round += 1) {
      const begin = performance.now();
      await work();
      times.push(performance.now() - begin);
    }
    return times.sort((one, other) => one - other)[250] ?? NaN;
  };
  const ofBus = await median(() => {
    bus.publish(eventOf('s0'));
    return receiver.recv();
  });
  const ofCore = await median(() => connection.request('echo', 'x'));
  echo.unsubscribe();
  bus.close();
  await (await jetstreamManager(connection)).streams.delete('BUS');
  return [ofBus, ofCore];
}

await using server = await NatsServer.start();
const connection = await server.connect();
const other = await server.connect();
for (let round = 0; round < ROUNDS; round += 1) {
  const base = await raw(connection, other);
  const line = [`raw ${base.toFixed(0)}/s`];
  for (const sessions of [256, 16, 1]) {
    line.push(`${sessions} sessions ${((await onBus(connection, sessions)) / base).toFixed(2)}`);
  }
  const [ofBus, ofCore] = await latencies(connection);
  line.push(
    `latency ${ofBus.toFixed(2)} ms, core round trip ${ofCore.toFixed(2)} ms, ratio ${(ofBus / ofCore).toFixed(2)}`,
  );
  console.log(line.join('; '));
}
