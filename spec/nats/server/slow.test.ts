import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { EventFilter, SharingBus } from 'sharing-bus';
import { ensureStream, jetStreamUpstream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventually, numbered, STREAM, TestNode } from './support/TestNode.js';

describe('a receiver that stands still', SUITE, () => {
  it('loses nothing with waitFor: at most the window is read ahead, the rest stays on the server', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const publisher = await TestNode.start(connection, 'publisher');
    const upstream = await jetStreamUpstream<string>({
      ...{ connection: await server.connect(), stream: STREAM, node: 'reader', window: 64 },
      waitFor: () => bus.flush(EventFilter.all, { waitFor: [archive] }),
    });
    const bus: SharingBus<string> = new SharingBus<string>({ upstream });
    const archive = bus.subscribeFiltered(EventFilter.all, { capacity: 64 });
    const screen = bus.subscribeFiltered(EventFilter.all, { capacity: 1 });
    publisher.publish(...numbered('x', 5_000).slice(0, 4_000));
    await publisher.bus.flush();
    await wait(300);
    assert.equal(upstream.stats().received, 64);
    assert.equal(archive.lagged, 0);
    assert.equal(screen.lagged, 63);
    // Its own events come back, too, when the archive reads.
    const own = upstream.publish(bus, { routing: { kind: 'plan' }, origin: 'agent', event: 'own' });
    const got: string[] = [];
    for await (const { event } of archive) {
      got.push(event);
      if (event === 'own') {
        break;
      }
    }
    assert.deepEqual(got, [...numbered('x', 4_000), 'own']);
    assert.equal((await own).seq, 4_001);
    assert.equal(archive.lagged, 0);
    bus.close();
    publisher.bus.close();
  });

  it('goes on after a pause in which the server has forgotten the reader', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    let go = (): void => undefined;
    const pause = new Promise<void>((resolve) => {
      go = resolve;
    });
    const node = await TestNode.start(connection, 'node', { window: 10, waitFor: () => pause });
    node.publish(...numbered('x', 100));
    await eventually(() => node.got.length === 10, 'the window is read');
    await server.kill();
    await server.start();
    await wait(500);
    assert.equal(node.got.length, 10);
    go();
    await node.gets('x99');
    assert.deepEqual(node.got, numbered('x', 100));
    node.bus.close();
  });

  it('loses its own events without waitFor, and they are counted', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const node = await TestNode.start(connection, 'node');
    const still = node.bus.subscribeFiltered(EventFilter.all, 256);
    node.publish(...numbered('x', 4_000));
    await node.gets('x3999');
    assert.equal(still.lagged, 4_000 - 256);
    assert.equal(node.receiver.lagged, 0);
    node.bus.close();
  });

  it('of a rejecting waitFor ends the bus with that error', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const node = await TestNode.start(connection, 'node', {
      window: 2,
      waitFor: () => Promise.reject(new Error('no')),
    });
    node.publish('x', 'y');
    await eventually(() => node.ended !== undefined, 'the bus ends');
    assert.match(String(node.ended), /^Error: no/);
  });

  it('that reads what is kept, and whose bus and connection are closed meanwhile, leaves no line in the log', async () => {
    await using server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    const publisher = await TestNode.start(connection, 'publisher');
    publisher.publish(...numbered('x', 2_000));
    await publisher.bus.flush();
    const own = await server.connect();
    const reader = await TestNode.start(own, 'reader');
    let count = 0;
    for await (const _ of reader.bus.subscribeFiltered(EventFilter.all, { from: 'start' })) {
      count += 1;
      if (count === 300) {
        break;
      }
    }
    await reader.upstream.close();
    await own.close();
    await wait(500);
    assert.deepEqual(reader.lines, []);
    publisher.bus.close();
  });
});
