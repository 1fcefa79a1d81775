import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureStream, EventTooLargeError } from 'sharing-bus/nats';
import { NatsServer, startCluster, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

const CONDITION = 'Nats-Expected-Last-Msg-Id';

/** Counts the messages that a server gets on the condition that they are stored right behind another one. */
function watch(connection: NatsConnection): { messages: number; conditional: number } {
  const counts = { messages: 0, conditional: 0 };
  connection.subscribe('bus.>', {
    callback: (_, message) => {
      counts.messages += 1;
      counts.conditional += message.headers?.has(CONDITION) === true ? 1 : 0;
    },
  });
  return counts;
}

describe('events of one session, on a server alone', SUITE, () => {
  let server: NatsServer;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.end());

  it('are sent right behind each other, and keep their order beside those of another process', async () => {
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const counts = watch(connection);
    const patient = { ackTimeoutMs: 30_000 };
    const a = await TestNode.start(await server.connect(), 'a', patient);
    const b = await TestNode.start(await server.connect(), 'b', patient);
    for (let round = 0; round < 40; round += 1) {
      for (let number = 0; number < 50; number += 1) {
        a.publish(`a${50 * round + number}`);
        b.publish(`b${50 * round + number}`);
      }
      // Sometimes both have nothing under way, sometimes a lot.
      if (round % 3 === 0) {
        await Promise.all([a.bus.flush(), b.bus.flush()]);
      }
    }
    await Promise.all([a.gets('b1999'), b.gets('a1999'), a.gets('a1999'), b.gets('b1999')]);
    assert.deepEqual(a.got, b.got);
    for (const name of ['a', 'b']) {
      assert.deepEqual(
        a.got.filter((payload) => payload.startsWith(name)),
        numbered(name, 2_000),
      );
    }
    assert.ok(counts.conditional > 1_000, JSON.stringify(counts));
    const { retried, failed, stored, doubles } = a.upstream.stats();
    assert.deepEqual({ failed, stored, doubles }, { failed: 0, stored: 2_000, doubles: 0 });
    const sent = 4_000 + retried + b.upstream.stats().retried;
    await eventually(() => counts.messages === sent, `${sent} messages were sent`);
    assert.ok(a.upstream.stats().retried + b.upstream.stats().retried > 0, 'some were refused');
    assert.ok(!a.statuses.includes('retrying'), a.statuses.join());
    a.bus.close();
    b.bus.close();
  });

  it('are stored, too, when they are as large as the stream allows', async () => {
    const connection = await server.connect();
    const place = { stream: 'SMALL', prefix: 'small' };
    await ensureStream(connection, place);
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info('SMALL');
    await manager.streams.update('SMALL', { ...config, max_msg_size: 2_000 });
    let count = 10;
    const node = await TestNode.start(connection, 'small', { ...place, idOf: () => `${(count += 1)}` });
    let most = 0;
    try {
      node.bus.publish({ ...eventOf(''), event: 'x'.repeat(5_000) });
    } catch (error) {
      assert.ok(error instanceof EventTooLargeError);
      most = 5_000 - (error.bytes - error.maxBytes);
    }
    for (let number = 0; number < 20; number += 1) {
      node.bus.publish({ ...eventOf(''), event: 'x'.repeat(most) });
    }
    await node.bus.flush();
    assert.equal(node.got.length, 20);
    assert.deepEqual([node.upstream.stats().failed, node.upstream.stats().retried], [0, 0]);
    node.bus.close();
  });

  it('keep their order if some were stored before by a process that was killed, with ids of its own', async () => {
    for (const order of ['stream', 'local'] as const) {
      const options = { order, idOf: ({ event }: { event: string }) => `${order}.${event}` };
      const other = await TestNode.start(await server.connect(), 'other');
      const killed = await TestNode.start(await server.connect(), 'same', options);
      killed.publish('s1', 's2');
      await killed.upstream.flush();
      killed.bus.close();
      const again = await TestNode.start(await server.connect(), 'same', options);
      await eventually(() => again.statuses.at(-1) === 'live', 'it is live');
      // The second one was not published then.
      const session = { nativeSessionId: 's' };
      ['s1', 'new', 's2', 's3'].forEach((payload) => {
        again.bus.publish(eventOf(payload, session));
      });
      await again.upstream.flush();
      await other.gets('s3');
      assert.deepEqual(other.got, ['s1', 's2', 'new', 's3']);
      again.bus.close();
      other.bus.close();
    }
  });

  it('of one process do not hold up those of another session, also if one is sent at a time', async () => {
    const node = await TestNode.start(await server.connect(), 'one', { maxInFlight: 1 });
    node.publish(...numbered('x', 1_000));
    node.publish('y');
    await node.bus.flush();
    assert.ok(node.got.includes('y'));
    assert.ok(node.got.indexOf('y') < 5, `y came as number ${node.got.indexOf('y')}`);
    node.bus.close();
  });

  it('go on being sent so after the server was killed', async () => {
    const connection = await server.connect();
    const node = await TestNode.start(connection, 'killed');
    const payloads = numbered('k', 900);
    node.publish(...payloads.slice(0, 300));
    await server.kill();
    node.publish(...payloads.slice(300, 600));
    await server.start();
    await node.bus.flush();
    const counts = watch(connection);
    await connection.flush();
    node.publish(...payloads.slice(600));
    await node.bus.flush();
    assert.deepEqual(node.got, payloads);
    assert.ok(counts.conditional > 100, JSON.stringify(counts));
    node.bus.close();
  });
});

describe('events of one session, in a cluster', SUITE, () => {
  let servers: NatsServer[];
  before(async () => {
    servers = await startCluster();
  });
  after(() => Promise.all(servers.map((server) => server.end())));

  for (const replicas of [1, 3]) {
    it(`wait for each other, with ${replicas} of the servers for the stream`, async () => {
      const connection = await (servers[0] as NatsServer).connect();
      const options = { stream: `R${replicas}`, prefix: `bus.r${replicas}` };
      const isMade = (): Promise<boolean> =>
        ensureStream(connection, { ...options, replicas }).then(
          () => true,
          () => false,
        );
      await eventually(isMade, 'the cluster makes the stream', 60_000);
      const counts = watch(connection);
      const node = await TestNode.start(connection, 'c', options);
      node.publish(...numbered('c', 100));
      await node.bus.flush();
      assert.deepEqual(node.got, numbered('c', 100));
      await eventually(() => counts.messages === 100, 'all are seen');
      assert.equal(counts.conditional, 0);
      node.bus.close();
    });
  }
});
