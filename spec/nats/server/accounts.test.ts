/** Servers and users that see JetStream by a domain, or a part of the subjects only. */
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../../scripts/web/support/freePort.js';

import { ensureStream, jetStreamUpstream, type JetStreamUpstreamOptions } from 'sharing-bus/nats';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, numbered, STREAM, TestNode } from './support/TestNode.js';

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => String(error),
  );
}

describe('a JetStream domain', SUITE, () => {
  let hub: NatsServer;
  let leaf: NatsServer;
  let atHub: NatsConnection;

  before(async () => {
    const port = await freePort();
    hub = await NatsServer.start([
      'server_name: hub',
      'jetstream: { domain: hub, store_dir: "$FOLDER/js" }',
      `leafnodes: { listen: "127.0.0.1:${port}" }`,
    ]);
    leaf = await NatsServer.start([
      'server_name: leaf',
      'jetstream: { domain: leaf, store_dir: "$FOLDER/js" }',
      `leafnodes: { reconnect: 1, remotes: [{ url: "nats://127.0.0.1:${port}" }] }`,
    ]);
    atHub = await hub.connect();
    await ensureStream(atHub, { stream: STREAM, domain: 'hub' });
  });
  after(async () => {
    await leaf.end();
    await hub.end();
  });

  it('is named, or is that of the server', async () => {
    const a = await TestNode.start(atHub, 'a', { domain: 'hub' });
    const b = await TestNode.start(atHub, 'b');
    a.publish(...numbered('a', 20));
    b.publish(...numbered('b', 20));
    await Promise.all([a.gets('b19'), b.gets('b19'), a.gets('a19'), b.gets('a19')]);
    assert.deepEqual(a.got, b.got);
    assert.deepEqual(a.bus.position, b.bus.position);
    a.bus.close();
    b.bus.close();
  });

  it('is reached through a leaf node, also after the hub was away', async () => {
    const a = await TestNode.start(atHub, 'a');
    const b = await TestNode.start(await leaf.connect(), 'b', { domain: 'hub' });
    a.publish(...numbered('a', 20));
    b.publish(...numbered('b', 20));
    await Promise.all([a.gets('b19'), b.gets('b19'), a.gets('a19'), b.gets('a19')]);
    assert.deepEqual(a.got, b.got);
    assert.deepEqual(a.bus.position, b.bus.position);
    const early = await TestNode.start(await leaf.connect(), 'early', { domain: 'hub', from: 'start' });
    a.publish('here');
    await early.gets('here');
    assert.deepEqual(early.got.slice(-a.got.length), a.got);
    early.bus.close();

    await hub.kill();
    b.publish(...numbered('away', 20));
    await hub.start();
    a.publish('back');
    await Promise.all([a.gets('away19'), b.gets('away19'), a.gets('back'), b.gets('back')]);
    assert.deepEqual(a.got, b.got);
    a.bus.close();
    b.bus.close();
  });

  it('that is not there is an error that names it', async () => {
    const connection = await leaf.connect();
    const error = await errorOf(jetStreamUpstream({ connection, stream: STREAM, node: 'a', domain: 'none' }));
    assert.match(error, /^JetStreamSetupError: .*the domain "none"/);
    // Without a domain, it is that of the server, which has no such stream.
    const local = await errorOf(jetStreamUpstream({ connection, stream: STREAM, node: 'a' }));
    assert.match(local, /^JetStreamSetupError: there is no stream "EVENTS"/);
  });
});

describe('a user with few rights', SUITE, () => {
  const API = [
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.${STREAM}`,
    `$JS.API.STREAM.MSG.GET.${STREAM}`,
    `$JS.API.CONSUMER.CREATE.${STREAM}.>`,
    `$JS.API.CONSUMER.CREATE.${STREAM}`,
    `$JS.API.CONSUMER.MSG.NEXT.${STREAM}.>`,
    `$JS.API.CONSUMER.DELETE.${STREAM}.>`,
  ];
  let server: NatsServer;

  const user = (name: string, publish: readonly string[]): string =>
    `{ user: ${name}, password: p, permissions: { publish: ${JSON.stringify(publish)}, subscribe: "_INBOX_${name}.>" } }`;

  before(async () => {
    server = await NatsServer.start([
      'jetstream: { store_dir: "$FOLDER/js" }',
      `authorization: { users: [`,
      user('few', ['bus.>', ...API]),
      user('noreading', ['bus.>', ...API.filter((subject) => !subject.includes('NEXT'))]),
      user('noapi', ['bus.>']),
      '{ user: all, password: p }',
      '] }',
    ]);
    await ensureStream(await server.connect({ user: 'all', pass: 'p' }), { stream: STREAM });
  });
  after(() => server.end());

  const login = (name: string, inboxPrefix?: string): Promise<NatsConnection> =>
    server.connect({ user: name, pass: 'p', ...(inboxPrefix !== undefined && { inboxPrefix }) });
  const opened = (connection: NatsConnection, options: Partial<JetStreamUpstreamOptions> = {}): Promise<string> =>
    errorOf(jetStreamUpstream({ connection, stream: STREAM, node: 'a', ...options }));

  it('has a bus, with the inbox of its own', async () => {
    const a = await TestNode.start(await login('few', '_INBOX_few'), 'a', { from: 'start' });
    const b = await TestNode.start(await server.connect({ user: 'all', pass: 'p' }), 'b', { from: 'start' });
    a.publish(...numbered('a', 20));
    b.publish(...numbered('b', 20));
    await Promise.all([a.gets('b19'), b.gets('b19'), a.gets('a19'), b.gets('a19')]);
    assert.deepEqual(a.got, b.got);
    assert.equal((await a.upstream.publish(a.bus, eventOf('x'))).seq, 41);
    await server.kill();
    await server.start();
    a.publish('again');
    await b.gets('again');
    await a.gets('again');
    a.bus.close();
    b.bus.close();
  });

  it('and with the inbox of others gets an error that names the option', async () => {
    assert.match(await opened(await login('few')), /^JetStreamSetupError: .*to read its inbox.*inboxPrefix/);
    assert.match(await opened(await login('few', '_INBOX_other')), /^JetStreamSetupError: .*inboxPrefix/);
  });

  it('without the rights of JetStream gets an error that names the subject', async () => {
    const error = await opened(await login('noapi', '_INBOX_noapi'));
    assert.match(error, /^JetStreamSetupError: .*allow the user to publish to \$JS\.API\.>/);
    const ofDomain = await opened(await login('noapi', '_INBOX_noapi'), { domain: 'hub' });
    assert.match(ofDomain, /^JetStreamSetupError: .*allow the user to publish to \$JS\.hub\.API\.>/);
  });

  it('without the right to read gets an error that names the subject', async () => {
    const error = await opened(await login('noreading', '_INBOX_noreading'));
    assert.match(error, /^JetStreamSetupError: .*CONSUMER\.MSG\.NEXT.*allow the user to publish to \$JS\.API\.>/);
  });
});
