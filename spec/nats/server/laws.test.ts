/**
 * The laws of docs/semantics.md once more, on a bus with this upstream, in both orders. What is exact after `publish` is exact here when the
 * event is back; with the order `local`, on the line after `publish`.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type BusEvent,
  EventFilter,
  InvalidBusEventError,
  matches,
  newUuid,
  ReceiverBusyError,
  SharingBus,
} from 'sharing-bus';
import { ensureStream, jetStreamUpstream } from 'sharing-bus/nats';
import { anyEvent, anyFilter } from '../../support/arbitraries.js';
import { NatsServer, SUITE } from './support/NatsServer.js';
import { eventOf, eventually, numbered } from './support/TestNode.js';

for (const order of ['stream', 'local'] as const) {
  describe(`on a bus with a JetStream upstream, order ${order}`, SUITE, () => {
    let server: NatsServer;
    let connection: NatsConnection;
    let streams = 0;

    before(async () => {
      server = await NatsServer.start();
      connection = await server.connect();
    });
    after(() => server.end());

    async function startBus<E = string>(lines: string[] = []): Promise<SharingBus<E>> {
      streams += 1;
      const stream = `S${streams}`;
      await ensureStream(connection, { stream, prefix: stream });
      const upstream = await jetStreamUpstream<E>({ connection, stream, prefix: stream, node: 'node', order });
      const log = (line: unknown): number => lines.push(String(line));
      return new SharingBus<E>({ upstream, logger: { info: log, warn: log } });
    }

    async function publish(bus: SharingBus<string>, ...payloads: string[]): Promise<void> {
      payloads.forEach((payload) => {
        bus.publish(eventOf(payload));
      });
      if (order === 'stream') {
        await bus.flush(EventFilter.all, { waitFor: [] });
      }
    }

    it('law 13: a receiver gets the events of its time, in order', async () => {
      using bus = await startBus();
      await publish(bus, 'x0');
      const receiver = bus.subscribeAll();
      await publish(bus, 'x1', 'x2');
      receiver.close();
      await publish(bus, 'x3');
      const got: string[] = [];
      for await (const { event } of receiver) {
        got.push(event);
      }
      assert.deepEqual(got, ['x1', 'x2']);
    });

    it('law 14: publish runs no handler, and a handler that throws harms nobody', async () => {
      using bus = await startBus();
      let isPublishing = false;
      const seen: string[] = [];
      bus.subscribeAll().events$.subscribe(({ event }) => {
        assert.equal(isPublishing, false);
        seen.push(event);
      });
      isPublishing = true;
      bus.publish(eventOf('x0'));
      isPublishing = false;
      await publish(bus, 'x1');
      await eventually(() => seen.length === 2, 'both arrive');
    });

    it('law 15: what a handler and a predicate publish comes after, in one order for all', async () => {
      using bus = await startBus();
      const orders: string[][] = [[], []];
      let hasPublished = false;
      orders.forEach((order) => {
        bus.stream(EventFilter.all).subscribe(({ event }) => order.push(event));
      });
      const nosy = EventFilter.where<string>(({ event }) => {
        if (event === 'outer' && !hasPublished) {
          hasPublished = true;
          bus.publish(eventOf('by a predicate'));
        }
        return false;
      });
      bus.subscribeFiltered(nosy);
      bus.stream(EventFilter.all).subscribe(({ event }) => {
        if (event === 'outer') {
          bus.publish(eventOf('by a handler'));
        }
      });
      bus.publish(eventOf('outer'));
      await eventually(() => orders.every((order) => order.length === 3), 'all arrive');
      assert.equal(orders[0]?.[0], 'outer');
      assert.deepEqual(orders[0], orders[1]);
    });

    it('law 16: a predicate that throws ends its own receiver', async () => {
      using bus = await startBus();
      const broken = bus.subscribeFiltered(
        EventFilter.where(() => {
          throw new Error('broken');
        }),
      );
      const other = bus.subscribeAll();
      await publish(bus, 'x0');
      await assert.rejects(broken.recv(), /broken/);
      assert.equal((await other.recv())?.event, 'x0');
      assert.equal(bus.subscriberCount, 1);
    });

    it('law 17: a malformed event is refused at the call; publish needs no subscriber, and does nothing after close', async () => {
      const bus = await startBus();
      assert.throws(() => {
        bus.publish({ ...eventOf('x'), routing: { kind: 7 as never } });
      }, InvalidBusEventError);
      await publish(bus, 'x0');
      assert.equal(bus.position?.seq, 1);
      bus.close();
      bus.publish(eventOf('x1'));
      bus.publish(undefined as never);
    });

    it('laws 18 and 19: what arrives is what matches, for every filter', async () => {
      for (const [filters, events] of fc.sample(
        fc.tuple(fc.array(anyFilter, { minLength: 5, maxLength: 5 }), fc.array(anyEvent)),
        20,
      )) {
        using bus = await startBus<number>();
        const all = bus.subscribeFiltered(EventFilter.all, 1_000);
        const receivers = filters.map((filter) => ({ filter, receiver: bus.subscribeFiltered(filter, 1_000) }));
        events.forEach((event, index) => {
          bus.publish({ ...event, event: index });
        });
        await bus.flush(EventFilter.all, { waitFor: [] });
        const order: BusEvent<number>[] = [];
        all.close();
        for await (const busEvent of all) {
          order.push(busEvent);
        }
        assert.equal(order.length, events.length);
        for (const { filter, receiver } of receivers) {
          receiver.close();
          const got: number[] = [];
          for await (const { event } of receiver) {
            got.push(event);
          }
          const wanted = order.filter((busEvent) => matches(filter, busEvent)).map(({ event }) => event);
          assert.deepEqual(got, wanted, JSON.stringify(filter));
        }
      }
    });

    it('laws 20 to 25: a full queue rejects the arriving event, exactly counted, and no other receiver is affected', async () => {
      const lines: string[] = [];
      using bus = await startBus(lines);
      const small = bus.subscribeFiltered(EventFilter.all, 3);
      const usage = bus.subscribeFiltered(EventFilter.kind('usage'), 1);
      const large = bus.subscribeFiltered(EventFilter.all, 100);
      await publish(bus, ...numbered('x', 10));
      assert.deepEqual([small.lagged, usage.lagged, large.lagged], [7, 0, 0]);
      assert.deepEqual([(await small.recv())?.event, (await small.recv())?.event], ['x0', 'x1']);
      await publish(bus, 'x10', 'x11', 'x12');
      assert.equal(small.lagged, 8);
      const deliveries: unknown[] = [];
      small.close();
      for await (const delivery of small.deliveries) {
        deliveries.push(delivery.type === 'gap' ? delivery.missed : delivery.event.event);
      }
      assert.deepEqual(deliveries, ['x2', 7, 'x10', 'x11', 1]);
      assert.equal(lines.filter((line) => line.includes('lag')).length >= 1, true);
      assert.throws(() => bus.subscribeFiltered(EventFilter.all, 0), RangeError);
    });

    it('laws 26 and 27: a turn delivers what waited, and what is published in it comes later', async () => {
      using bus = await startBus();
      const seen: string[] = [];
      bus.stream(EventFilter.all, { capacity: 1 }).subscribe(({ event }) => {
        seen.push(event);
        if (event === 'x0') {
          bus.publish(eventOf('x1'));
          assert.deepEqual(seen, ['x0']);
        }
      });
      bus.publish(eventOf('x0'));
      await eventually(() => seen.length === 2, 'both arrive');
    });

    it('laws 29 to 32: ids, closing, disposing, one consumer', async () => {
      using bus = await startBus();
      const [first, second, third] = [bus.subscribeAll(), bus.subscribeAll(), bus.subscribeAll()];
      assert.deepEqual([first.id, second.id, third.id], [0, 1, 2]);
      await publish(bus, 'x0');
      bus.unsubscribe(0);
      second.dispose();
      assert.equal(bus.subscriberCount, 1);
      assert.equal((await first.recv())?.event, 'x0');
      assert.equal(await first.recv(), undefined);
      assert.equal(await second.recv(), undefined);
      assert.equal(second.lagged, 0);
      third.events$.subscribe();
      await assert.rejects(third.recv(), ReceiverBusyError);
    });

    it('laws 33 and 34: closing the bus drains the receivers, and nothing is kept: the connection has no subscription left', async () => {
      const bus = await startBus();
      const receiver = bus.subscribeAll();
      await publish(bus, 'x0');
      bus.close();
      assert.equal((await receiver.recv())?.event, 'x0');
      assert.equal(await receiver.recv(), undefined);
      assert.equal(await bus.subscribeAll().recv(), undefined);
      const { subscriptions } = (
        connection as unknown as { protocol: { subscriptions: { subs: Map<number, unknown> } } }
      ).protocol;
      const count = subscriptions.subs.size;
      for (let round = 0; round < 5; round += 1) {
        const another = await startBus();
        await publish(another, 'x0');
        another.close();
      }
      assert.equal(subscriptions.subs.size, count);
    });

    it('laws 1 to 12: late binding, with the ids of any spelling', async () => {
      using bus = await startBus<{ registers?: string }>();
      const scroll = newUuid();
      const seen: (string | undefined)[] = [];
      bus.stream(EventFilter.all).subscribe(({ routing }) => seen.push(routing.scrollId));
      const event = (scrollId?: string): BusEvent<{ registers?: string }> => ({
        routing: { kind: 'plan', connectorId: 'c', nativeSessionId: 's', ...(scrollId !== undefined && { scrollId }) },
        ...{ origin: 'agent', event: {} },
      });
      bus.publish(event());
      bus.publish(event(scroll.toUpperCase()));
      bus.publish({
        ...event(),
        event: { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: `{${scroll}}` } as object,
      });
      bus.publish(event());
      await eventually(() => seen.length === 4, 'all arrive');
      assert.deepEqual(seen, [undefined, scroll, scroll, scroll]);
    });

    it('holdUnbound: events wait for their registration, and are stored after it with their scroll id', async () => {
      streams += 1;
      const stream = `S${streams}`;
      await ensureStream(connection, { stream, prefix: stream });
      const upstream = await jetStreamUpstream<object>({ connection, stream, prefix: stream, node: 'node', order });
      using bus = new SharingBus<object>({ upstream, holdUnbound: { capacity: 10, maxAgeMs: 60_000 } });
      const seen: (string | undefined)[] = [];
      bus.stream(EventFilter.all).subscribe(({ routing }) => seen.push(routing.scrollId));
      const scrollId = newUuid();
      const routing = { kind: 'plan', connectorId: 'c', nativeSessionId: 's' };
      const held = upstream.publish(bus, { routing, origin: 'agent', event: {} });
      assert.equal(upstream.pending, 0);
      bus.publish({
        ...{ routing: { kind: 'session-lifecycle' }, origin: 'agent' },
        event: { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId },
      });
      assert.equal((await held).seq, 2);
      await eventually(() => seen.length === 2, 'both arrive');
      assert.deepEqual(seen, [scrollId, scrollId]);
    });
  });
}
