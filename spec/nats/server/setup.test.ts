import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SharingBus } from 'sharing-bus';
import { ensureStream, type JetStreamUpstreamOptions, jetStreamUpstream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';

const NANOS = 1_000_000;

/** The rejection of `work` as one line. */
async function errorOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  return 'no error';
}

describe('a wrong configuration', SUITE, () => {
  let server: NatsServer;
  let connection: NatsConnection;

  before(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    await ensureStream(connection, { stream: 'GOOD', prefix: 'good' });
  });
  after(() => server.end());

  const opened = (options: Partial<JetStreamUpstreamOptions> = {}): Promise<string> =>
    errorOf(() => jetStreamUpstream({ connection, stream: 'GOOD', prefix: 'good', node: 'a', ...options }));

  async function made(name: string, config: Partial<StreamConfig>): Promise<string> {
    const { streams } = await jetstreamManager(connection);
    await streams.add({ name, subjects: [`${name}.>`], duplicate_window: 120_000 * NANOS, ...config });
    const error = await opened({ stream: name, prefix: name });
    await streams.delete(name);
    return error;
  }

  it('of the connection is refused: it gives up', async () => {
    const bounded = await server.connect({ maxReconnectAttempts: 10 });
    assert.match(
      await opened({ connection: bounded }),
      /^JetStreamSetupError: .*gives up after 10 .*maxReconnectAttempts: -1/,
    );
    assert.equal(await opened({ connection: bounded, mayEnd: true }), 'no error');
  });

  it('of the connection is refused: it is closed', async () => {
    const closed = await server.connect();
    await closed.close();
    assert.match(await opened({ connection: closed }), /^ConnectionEndedError: /);
  });

  it('is refused: there is no such stream', async () => {
    assert.match(
      await opened({ stream: 'NONE' }),
      /^JetStreamSetupError: there is no stream "NONE": call ensureStream/,
    );
  });

  it('of the stream is refused, with what to do', async () => {
    assert.match(await made('m1', { subjects: ['m1.a', 'm1.b'] }), /^StreamMismatchError: .*"m1".*must be \["m1.>"\]/);
    assert.match(await made('m2', { retention: 'workqueue' }), /^StreamMismatchError: .*retention is "workqueue"/);
    assert.match(await made('m3', { storage: 'memory' }), /^StreamMismatchError: .*storage is "memory".*allowMemory/);
    assert.match(await made('m4', { duplicate_window: 100 * NANOS }), /^StreamMismatchError: .*window is 100 ms/);
    assert.match(await made('m5', { max_msgs_per_subject: 3 }), /^StreamMismatchError: .*max_msgs_per_subject/);
    assert.match(await made('m6', { no_ack: true }), /^StreamMismatchError: .*no_ack/);
    assert.match(await made('m7', { allow_rollup_hdrs: true }), /^StreamMismatchError: .*rollup/);
  });

  it('of a stream that is there is refused by ensureStream, and nothing is changed', async () => {
    await ensureStream(connection, { stream: 'GOOD', prefix: 'good' });
    const error = await errorOf(() => ensureStream(connection, { stream: 'GOOD', prefix: 'good', maxBytes: 1_000 }));
    assert.match(error, /^StreamMismatchError: .*maxBytes should be 1000 and is -1/);
    const { config } = await (await jetstreamManager(connection)).streams.info('GOOD');
    assert.equal(config.max_bytes, -1);
    assert.match(
      await errorOf(() => ensureStream(connection, { stream: 'SECOND', prefix: 'good' })),
      /^StreamMismatchError: .*"SECOND" does not fit: another stream has subjects of the prefix "good"/,
    );
  });

  it('of the options is refused at the call', async () => {
    assert.match(await opened({ window: 0 }), /^RangeError: jetStreamUpstream: window must be an integer from 1/);
    assert.match(await opened({ stream: 'A.B' }), /^RangeError: jetStreamUpstream: stream must be .*got "A.B"/);
    assert.match(await opened({ prefix: 'a.*' }), /^RangeError: jetStreamUpstream: prefix must be .*got "a.\*"/);
    assert.match(
      await opened({ connection: {} as NatsConnection }),
      /^TypeError: jetStreamUpstream: connection.publish/,
    );
    assert.match(
      await opened({ windows: 1 } as object),
      /^TypeError: jetStreamUpstream: options: "windows" is unknown/,
    );
    const short = ensureStream(connection, { stream: 'X', duplicateWindowMs: 100 });
    assert.match(await errorOf(() => short), /^RangeError: ensureStream: duplicateWindowMs must be .*30000/);
  });

  it('of the bus is refused: the promise of an upstream, and a second bus', async () => {
    const promise = jetStreamUpstream({ connection, stream: 'GOOD', prefix: 'good', node: 'a' });
    assert.throws(() => new SharingBus({ upstream: promise as never }), TypeError);
    const upstream = await promise;
    await assert.rejects(upstream.ready(), /no bus yet/);
    const bus = new SharingBus({ upstream });
    assert.throws(() => new SharingBus({ upstream }), /has a bus already/);
    bus.close();
    const unused = await jetStreamUpstream({ connection, stream: 'GOOD', prefix: 'good', node: 'a' });
    await unused.close();
    assert.throws(() => new SharingBus({ upstream: unused }), /the upstream is closed/);
  });
});

describe('a server', SUITE, () => {
  it('without JetStream is refused', async () => {
    await using server = await NatsServer.start([]);
    const connection = await server.connect();
    const error = await errorOf(() => jetStreamUpstream({ connection, stream: 'S', node: 'a' }));
    assert.match(error, /^JetStreamSetupError: .*start nats-server with --jetstream/);
  });

  it('that gives no rights to JetStream is refused', async () => {
    await using server = await NatsServer.start([
      'jetstream: { store_dir: "$FOLDER/js" }',
      'authorization: { users: [{ user: u, password: p, permissions: { publish: "bus.>", subscribe: ">" } }] }',
    ]);
    const connection = await server.connect({ user: 'u', pass: 'p' });
    const error = await errorOf(() => jetStreamUpstream({ connection, stream: 'S', node: 'a' }));
    assert.match(error, /^JetStreamSetupError: .*allow the user to publish to \$JS\.API\.>/);
  });

  it('that gives no right to publish rejects the events of the user', async () => {
    await using server = await NatsServer.start([
      'jetstream: { store_dir: "$FOLDER/js" }',
      'authorization: { users: [',
      '  { user: u, password: p, permissions: { publish: "$JS.>", subscribe: ">" } }, { user: all, password: p }',
      '] }',
    ]);
    await ensureStream(await server.connect({ user: 'all', pass: 'p' }), { stream: 'S' });
    const connection = await server.connect({ user: 'u', pass: 'p' });
    const upstream = await jetStreamUpstream<string>({ connection, stream: 'S', node: 'a' });
    const bus = new SharingBus<string>({ upstream });
    const stored = upstream.publish(bus, { routing: { kind: 'plan' }, origin: 'agent', event: 'x' });
    assert.match(await errorOf(() => stored), /^NotStoredError: the user has no right .*; it is not stored/);
    bus.close();
  });
});
