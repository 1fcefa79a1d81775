import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventFilter, newUuid, SharingBus } from 'sharing-bus';
import { ensureStream, jetStreamUpstream } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventually, STREAM } from './support/TestNode.js';

describe('the stream shares the bindings', SUITE, () => {
  let server: NatsServer;
  let connection: NatsConnection;
  const buses: SharingBus[] = [];

  before(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    await ensureStream(connection, { stream: STREAM });
  });
  after(async () => {
    buses.forEach((bus) => {
      bus.close();
    });
    await server.end();
  });

  async function start(): Promise<{ bus: SharingBus; got: (string | undefined)[] }> {
    const upstream = await jetStreamUpstream({ connection, stream: STREAM, node: 'node' });
    const bus = new SharingBus({ upstream });
    const got: (string | undefined)[] = [];
    bus.stream(EventFilter.kind('plan')).subscribe(({ routing }) => got.push(routing.scrollId));
    buses.push(bus);
    return { bus, got };
  }

  const register = (bus: SharingBus, session: string, scrollId: string): void => {
    bus.publish({
      routing: { kind: 'session-lifecycle' },
      origin: 'connector',
      event: { type: 'SessionRegistered', connectorId: 'c.1 *', sessionId: session, scrollId },
    });
  };
  const plan = (bus: SharingBus, session: string): void => {
    bus.publish({
      routing: { kind: 'plan', connectorId: 'c.1 *', nativeSessionId: session },
      origin: 'agent',
      event: { type: 'Plan', entries: [] },
    });
  };

  it('to a node that was there, to one that joins later, and after a second registration', async () => {
    const a = await start();
    const b = await start();
    const [first, second] = [newUuid(), newUuid()];
    plan(b.bus, 's');
    await b.bus.flush();
    register(a.bus, 's', first);
    await a.bus.flush();
    await eventually(() => b.bus.position?.seq === 2, 'b knows of it');
    plan(b.bus, 's');
    await b.bus.flush();
    const c = await start();
    plan(c.bus, 's');
    await c.bus.flush();
    register(b.bus, 's', second);
    await b.bus.flush();
    plan(b.bus, 's');
    await b.bus.flush();
    const d = await start();
    plan(d.bus, 's');
    await d.bus.flush();
    await eventually(() => a.got.length === 5 && b.got.length === 5, 'all arrive');
    assert.deepEqual(a.got, [undefined, first, first, second, second]);
    assert.deepEqual(b.got, a.got);
    assert.deepEqual(c.got, [first, second, second]);
    assert.deepEqual(d.got, [second]);
  });

  it('to an event that was published before its registration was known there, when it arrives after it', async () => {
    const a = await start();
    const b = await start();
    const scroll = newUuid();
    register(a.bus, 'late', scroll);
    // b does not know of it, and the stream has it first.
    await a.bus.flush();
    plan(b.bus, 'late');
    await b.bus.flush();
    await eventually(() => a.got.length === 1, 'it arrives');
    assert.deepEqual([a.got, b.got], [[scroll], [scroll]]);
  });

  it('to kept events that were published before their process knew the registration', async () => {
    const a = await start();
    const scroll = newUuid();
    const position = a.bus.position ?? 'start';
    plan(a.bus, 'kept');
    await a.bus.flush();
    register(a.bus, 'kept', scroll);
    await a.bus.flush();
    // As a process does that has not read the registration yet.
    connection.publish(
      'bus._._.plan',
      JSON.stringify({
        routing: { kind: 'plan', connectorId: 'c.1 *', nativeSessionId: 'kept' },
        ...{ origin: 'agent', event: { type: 'Plan', entries: [] } },
      }),
    );
    await eventually(() => a.got.length === 2, 'it arrives');
    const b = await start();
    const got: (string | undefined)[] = [];
    b.bus
      .stream(EventFilter.and(EventFilter.kind('plan'), EventFilter.connectorId('c.1 *')), { from: position })
      .subscribe(({ routing }) => got.push(routing.scrollId));
    const ofScroll: number[] = [];
    b.bus.stream(EventFilter.scrollId(scroll), { from: position }).subscribe(({ seq = 0 }) => ofScroll.push(seq));
    plan(b.bus, 'kept');
    await eventually(() => got.length === 3 && ofScroll.length === 3, 'they are read');
    assert.deepEqual(got, [undefined, scroll, scroll]);
    assert.equal(ofScroll.length, 3);
  });

  it('of 1,000 sessions to a node that joins', async () => {
    const a = await start();
    const ids = Array.from({ length: 1_000 }, () => newUuid());
    ids.forEach((id, index) => {
      register(a.bus, `s${index}`, id);
    });
    await a.bus.flush();
    const b = await start();
    ids.forEach((_, index) => {
      plan(b.bus, `s${index}`);
    });
    await b.bus.flush();
    assert.deepEqual(b.got, ids);
  });
});
