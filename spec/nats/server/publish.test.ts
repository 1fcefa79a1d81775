import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type BusEvent, EventFilter, SharingBus, type SharingBusOptions } from 'sharing-bus';
import {
  ensureStream,
  type JetStreamUpstream,
  jetStreamUpstream,
  type JetStreamUpstreamOptions,
} from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, STREAM, TestNode } from './support/TestNode.js';

/** What `promise` rejects with, as one line, without waiting for the server. */
async function atOnce(promise: Promise<unknown>): Promise<string> {
  const outcome = promise.then(
    () => 'resolved',
    (error: unknown) => String(error),
  );
  return Promise.race([outcome, turn('pending')]);
}

describe('upstream.publish rejects at once', SUITE, () => {
  let server: NatsServer;
  let connection: NatsConnection;

  before(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
  });
  after(() => server.end());

  const open = (options: Partial<JetStreamUpstreamOptions<string>> = {}): Promise<JetStreamUpstream<string>> =>
    jetStreamUpstream<string>({ connection, stream: STREAM, node: 'a', ...options });

  async function start(
    options: Partial<JetStreamUpstreamOptions<string>> = {},
    busOptions: SharingBusOptions<string> = {},
  ): Promise<{ upstream: JetStreamUpstream<string>; bus: SharingBus<string> }> {
    const upstream = await open(options);
    return { upstream, bus: new SharingBus<string>({ upstream, ...busOptions }) };
  }

  it('for a bus that has another upstream or none, and for a value that is no bus; nothing is published', async () => {
    const { upstream, bus } = await start();
    const others = [(await start()).bus, new SharingBus<string>()];
    for (const other of others) {
      const receiver = other.subscribeAll();
      assert.equal(
        await atOnce(upstream.publish(other, eventOf('x'))),
        'TypeError: publish: expected the bus that has this upstream, got another one',
      );
      assert.deepEqual(receiver.tryRecv(), { type: 'empty' });
      assert.equal(other.stats().published, 0);
      other.close();
    }
    for (const [value, text] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [{}, '{}'],
      ['bus', '"bus"'],
      [upstream, 'another one'],
    ] as const) {
      assert.match(
        await atOnce(upstream.publish(value as never, eventOf('x'))),
        new RegExp(`^TypeError: publish: expected the bus that has this upstream, got ${text}$`),
      );
    }
    assert.equal(upstream.stats().published, 0);
    const { seq } = await upstream.publish(new Proxy(bus, {}), eventOf('x'));
    // The acknowledgement may come before the event.
    await upstream.flush();
    assert.equal(seq, bus.position?.seq);
    bus.close();
  });

  it('for a bus that is closed, also while a receiver still reads', async () => {
    const { upstream, bus } = await start();
    await upstream.publish(bus, eventOf('x'));
    const reading = bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 1 });
    bus.close();
    assert.match(await atOnce(upstream.publish(bus, eventOf('y'))), /^UpstreamClosedError: the bus is closed; /);
    reading.dispose();
    assert.match(await atOnce(upstream.publish(bus, eventOf('y'))), /^UpstreamClosedError: the upstream is closed; /);
    assert.match(await atOnce(upstream.ready()), /^UpstreamClosedError: /);
    assert.equal(await atOnce(upstream.flush()), 'resolved');
  });

  it('in a callback that has closed the bus', async () => {
    const { upstream, bus } = await start();
    let outcome: Promise<string> | undefined;
    bus.subscribeFiltered(
      EventFilter.where(() => {
        bus.close();
        outcome = atOnce(upstream.publish(bus, eventOf('y')));
        return false;
      }),
    );
    bus.publish(eventOf('x'));
    await eventually(() => outcome !== undefined, 'the event comes back');
    assert.match((await outcome) ?? '', /^UpstreamClosedError: /);
  });

  it('for an upstream that is closed, or being closed, or was given to no bus', async () => {
    const unused = await open();
    const other = new SharingBus<string>();
    assert.match(
      await atOnce(unused.publish(other, eventOf('x'))),
      /^TypeError: this upstream has no bus yet: call new/,
    );
    await unused.close();
    assert.match(await atOnce(unused.publish(other, eventOf('x'))), /^UpstreamClosedError: /);
    const { upstream, bus } = await start();
    const closed = upstream.close();
    assert.match(await atOnce(upstream.publish(bus, eventOf('x'))), /^UpstreamClosedError: /);
    await closed;
    assert.match(await atOnce(upstream.publish(bus, eventOf('x'))), /^UpstreamClosedError: /);
  });

  it('after the connection has ended, with its error', async () => {
    const own = await server.connect();
    const node = await TestNode.start(own, 'b');
    await own.close();
    await node.upstream.flush();
    assert.match(await atOnce(node.upstream.publish(node.bus, eventOf('x'))), /^ConnectionEndedError: /);
    assert.match(await atOnce(node.upstream.ready()), /^ConnectionEndedError: /);
  });

  it('for an event that is refused where the bus only logs it: of a callback, or held until its registration', async () => {
    const { upstream, bus } = await start({ maxPending: 1 });
    const outcomes: Promise<string>[] = [];
    bus.subscribeFiltered(
      EventFilter.where(({ event }) => {
        if (event === 'x') {
          outcomes.push(
            atOnce(upstream.publish(bus, eventOf('first'))),
            atOnce(upstream.publish(bus, eventOf('full'))),
          );
        }
        return false;
      }),
    );
    await upstream.publish(bus, eventOf('x'));
    await bus.flush();
    assert.match((await outcomes[1]) ?? '', /^OutboxFullError: /);
    bus.close();

    const scroll = '01890000-0000-7000-8000-000000000001';
    const holding = await start(
      {
        bindingOf: (event) =>
          event === 'registers' ? { connectorId: 'test', sessionId: 'held', scrollId: scroll } : undefined,
      },
      {
        bindingOf: (event) =>
          event === 'registers' ? { connectorId: 'test', sessionId: 'held', scrollId: scroll } : undefined,
        holdUnbound: { capacity: 10, maxAgeMs: 60_000 },
      },
    );
    const held: BusEvent<string> = { ...eventOf(`held${'1'.repeat(1_100_000)}`) };
    const stored = holding.upstream.publish(holding.bus, held);
    holding.bus.publish({ ...eventOf('registers'), routing: { kind: 'session-lifecycle' } });
    assert.match(await atOnce(stored), /^EventTooLargeError: /);
    holding.bus.close();
  });
});
