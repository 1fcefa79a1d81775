import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureStream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, numbered, STREAM, TestNode } from './support/TestNode.js';

describe('two buses with one stream', SUITE, () => {
  let server: NatsServer;
  let a: TestNode;
  let b: TestNode;

  before(async () => {
    server = await NatsServer.start();
    const connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
    a = await TestNode.start(connection, 'a');
    b = await TestNode.start(await server.connect(), 'b');
  });
  after(() => server.end());

  it('get the events of both in one order, each once, with the same places', async () => {
    for (let round = 0; round < 500; round += 1) {
      a.publish(`a${round}`);
      b.publish(`b${round}`);
    }
    await Promise.all([a.bus.flush(), b.bus.flush()]);
    await Promise.all([a.gets('b499'), b.gets('a499')]);
    assert.deepEqual(a.got, b.got);
    assert.deepEqual(a.places, b.places);
    assert.deepEqual(
      a.places,
      [...Array(1_000).keys()].map((index) => index + 1),
    );
    assert.deepEqual(
      a.got.filter((payload) => payload.startsWith('a')),
      numbered('a', 500),
    );
    assert.deepEqual(
      a.got.filter((payload) => payload.startsWith('b')),
      numbered('b', 500),
    );
    assert.deepEqual(a.bus.position, b.bus.position);
  });

  it('tell a publisher the place of its event', async () => {
    const position = await a.upstream.publish(a.bus, eventOf('placed'));
    await b.gets('placed');
    assert.deepEqual(position, b.bus.position);
    assert.equal(a.upstream.pending, 0);
  });

  it('let a third one begin at any place of the others', async () => {
    const { epoch } = a.bus.position ?? { epoch: '' };
    const late = await TestNode.start(await server.connect(), 'late', { from: { epoch, seq: 10 } });
    const early = await TestNode.start(await server.connect(), 'early', { from: 'start' });
    a.publish('last');
    await Promise.all([late.gets('last'), early.gets('last'), a.gets('last')]);
    assert.deepEqual(late.got, a.got.slice(10));
    assert.deepEqual(early.got, a.got);
    late.bus.close();
    early.bus.close();
  });
});
