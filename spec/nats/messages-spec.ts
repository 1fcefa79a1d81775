import { describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/nats-core';
import { type BusEvent, newUuid } from '../../lib/index.js';
import { headersOf, headersSize } from '../../lib/nats/outbox/entries.js';
import { EventTooLargeError, type JetStreamUpstreamOptions } from '../../lib/nats/index.js';
import { Writer } from '../../lib/nats/outbox/messages.js';
import { Registrations } from '../../lib/nats/order/Registrations.js';
import { settingsOf } from '../../lib/nats/settings.js';
import { pairToken } from '../../lib/nats/stream/subjects.js';

const nothing = (): undefined => undefined;
const names = ['publish', 'subscribe', 'request', 'status', 'closed', 'isClosed'];
const connection = Object.fromEntries(names.map((name) => [name, nothing])) as unknown as NatsConnection;

function writerOf(options: Partial<JetStreamUpstreamOptions<unknown>> = {}, maxBytes = 1_000): Writer<unknown> {
  const settings = settingsOf<unknown>({ connection, stream: 'S', node: 'n', ...options });
  return new Writer(
    settings,
    'run',
    () => maxBytes,
    () => 7,
  );
}

function eventOf(event: unknown, routing: object = {}): BusEvent<unknown> {
  return { routing: { kind: 'plan', ...routing }, origin: 'agent', event };
}

const session = { connectorId: 'c', nativeSessionId: 's' };

describe('a message', () => {
  it('has an id of this run, counted, or the one of the application', () => {
    const writer = writerOf();
    expect([writer.write(eventOf(1)).id, writer.write(eventOf(2)).id]).toEqual(['n.run.1', 'n.run.2']);
    expect(writerOf({ idOf: ({ event }) => `my-${String(event)}` }).write(eventOf(7)).id).toBe('my-7');
  });

  it('has a digest in place of an id that no header can hold', () => {
    const write = (id: string): string => writerOf({ idOf: () => id }).write(eventOf(1)).id;
    const ids = ['a b', 'a\r\nb', '', 'é', 'x'.repeat(257), ' a'].map(write);
    expect(new Set(ids).size).toBe(6);
    ids.forEach((id) => {
      expect(id).toMatch(/^=h[\da-f]{32}$/);
    });
    expect(write('a b')).toBe(ids[0]);
  });

  it('is in the lane of its session, also a registration whose routing lacks it; else in that of its connector', () => {
    const uid = newUuid();
    const registered = { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: newUuid() };
    const lane = (busEvent: BusEvent<unknown>): string => writerOf().write(busEvent).lane;
    expect(lane(eventOf(registered))).toBe(lane(eventOf(1, session)));
    expect(lane(eventOf(1, { ...session, connectorUid: uid }))).toBe(lane(eventOf(1, session)));
    expect(lane(eventOf(1, { connectorId: 'c', connectorUid: uid }))).toBe(uid);
    expect(lane(eventOf(1))).toBe('');
    expect(lane(eventOf(1, { connectorId: 'a', nativeSessionId: 'b","c' }))).not.toBe(
      lane(eventOf(1, { connectorId: 'a","b', nativeSessionId: 'c' })),
    );
    expect(writerOf({ laneOf: () => 'own' }).write(eventOf(registered)).lane).toBe('own');
  });

  it('of a registration has the subject of the pair, if its scroll id is a UUID', () => {
    const scrollId = newUuid();
    const registered = { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId };
    expect(writerOf().write(eventOf(registered)).subject).toBe(`bus._._.plan.${pairToken('c', 's')}`);
    expect(writerOf().write(eventOf({ ...registered, scrollId: 'none' })).subject).toBe('bus._._.plan');
    expect(writerOf({ bindingOf: () => undefined }).write(eventOf(registered)).subject).toBe('bus._._.plan');
  });

  it('has the fields of the event, without those of another kind, and what serialize returns', () => {
    class Envelope {
      readonly routing = { kind: 'plan', extra: 1 };
      readonly event = [1];
      get origin(): string {
        return 'agent';
      }
    }
    const busEvent = Object.assign(new Envelope(), { seq: 9, other: true });
    expect(JSON.parse(writerOf().write(busEvent).payload)).toEqual({
      ...{ routing: { kind: 'plan' }, origin: 'agent', event: [1] },
    });
    expect(JSON.parse(writerOf().write({ ...eventOf(1), at: 5 }).payload)).toMatchObject({ at: 5 });
    expect(writerOf({ serialize: ({ event }) => [event] }).write(eventOf(7)).payload).toBe('[7]');
  });

  it('is refused if it is too large, by its bytes in UTF-8 and its headers', () => {
    const payload = writerOf().write(eventOf('é€😀'.repeat(20))).payload;
    const size = Buffer.byteLength(payload) + headersSize({ id: 'n.run.1', run: undefined }, 'S');
    expect(() => writerOf({}, size).write(eventOf('é€😀'.repeat(20)))).not.toThrow();
    const write = (): unknown => writerOf({}, size - 1).write(eventOf('é€😀'.repeat(20)));
    expect(write).toThrow(EventTooLargeError);
    expect(write).toThrow(`an event of kind "plan" takes ${size} bytes, at most ${size - 1} are accepted`);
  });

  it('says with the order local which run has sent it, and these bytes count, too', () => {
    for (const order of ['stream', 'local'] as const) {
      const entry = writerOf({ order }).write(eventOf(1));
      const headers = headersOf(entry, 'S');
      expect(entry.run).toBe(order === 'local' ? 'run' : undefined);
      expect(headersSize(entry, 'S')).toBe(headers.encode().length);
    }
  });

  it('is refused if JSON cannot hold it, or if a function answers with something else', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => writerOf().write(eventOf(1n))).toThrow(/cannot be written as JSON: TypeError: .*BigInt/);
    expect(() => writerOf().write(eventOf(cycle))).toThrow(/cannot be written as JSON/);
    expect(() => writerOf({ serialize: nothing }).write(eventOf(1))).toThrow(
      'serialize must return a value that JSON can hold, got undefined',
    );
    expect(() => writerOf({ idOf: (() => 7) as never }).write(eventOf(1))).toThrow('idOf must return a string, got 7');
    expect(() => writerOf({ laneOf: (() => null) as never }).write(eventOf(1))).toThrow('laneOf must return a string');
    const late = (): never => Promise.reject(new Error('late')) as never;
    expect(() => writerOf({ idOf: late }).write(eventOf(1))).toThrow(/idOf: expected a synchronous result/);
    expect(() => writerOf({ serialize: late }).write(eventOf(1))).toThrow(/serialize: expected a synchronous result/);
  });

  it('is no registration if bindingOf throws, or answers with something else', () => {
    const fails = (): never => {
      throw new Error('no');
    };
    expect(writerOf({ bindingOf: fails }).write(eventOf(1)).subject).toBe('bus._._.plan');
    expect(writerOf({ bindingOf: () => 7 as never }).write(eventOf(1)).subject).toBe('bus._._.plan');
    expect(writerOf().write(eventOf(null)).subject).toBe('bus._._.plan');
  });
});

describe('Registrations', () => {
  const [first, second] = [newUuid(), newUuid()];
  const scrollAt = (registrations: Registrations, seq: number, routing: object = session): string | undefined =>
    registrations.bound(eventOf(1, routing), seq).routing.scrollId;
  const binding = (
    scrollId: string,
    sessionId = 's',
  ): { connectorId: string; sessionId: string; scrollId: string } => ({
    ...{ connectorId: 'c', sessionId, scrollId },
  });

  it('bind an event by the last registration before its place', () => {
    const registrations = new Registrations(10);
    registrations.learn(binding(second), 20);
    registrations.learn(binding(first), 10);
    expect([5, 10, 11, 20, 21].map((seq) => scrollAt(registrations, seq))).toEqual([
      ...[undefined, undefined, first, first, second],
    ]);
  });

  it('leave a scroll id that is there, and an event without both ids', () => {
    const registrations = new Registrations(10);
    registrations.learn(binding(first), 1);
    expect(scrollAt(registrations, 5, { ...session, scrollId: second })).toBe(second);
    expect(scrollAt(registrations, 5, { connectorId: 'c' })).toBeUndefined();
    expect(scrollAt(registrations, 5, { connectorId: 'c', nativeSessionId: '' })).toBeUndefined();
    const plain = eventOf(1);
    expect(registrations.bound(plain, 5)).toBe(plain);
  });

  it('forget the session that was registered first, beyond their capacity, and old registrations of one session', () => {
    const registrations = new Registrations(2);
    ['a', 'b', 'a', 'd'].forEach((name, index) => {
      registrations.learn(binding(first, name), index + 1);
    });
    const known = ['a', 'b', 'd'].map((nativeSessionId) =>
      scrollAt(registrations, 9, { connectorId: 'c', nativeSessionId }),
    );
    expect(known).toEqual([first, undefined, first]);
    for (let seq = 10; seq < 40; seq += 1) {
      registrations.learn(binding(second, 'a'), seq);
    }
    expect(scrollAt(registrations, 12, { connectorId: 'c', nativeSessionId: 'a' })).toBeUndefined();
    expect(scrollAt(registrations, 39, { connectorId: 'c', nativeSessionId: 'a' })).toBe(second);
  });
});
