import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BusEvent, EventFilter, type Event as BuiltIn, SharingBus } from '../../lib/index.js';
import { sqliteUpstream } from '../../lib/sqlite/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { settle } from '../support/settle.js';
import { busOn, keptBy, publishAll, shown, tempFile } from './support/files.js';

const word = (text: string, routing: Partial<BusEvent['routing']> = {}): BusEvent<string> => ({
  routing: { kind: 'word', ...routing },
  origin: 'agent',
  event: text,
});

describe('sqliteUpstream', () => {
  it('keeps events over a restart: the epoch is the same, and places go on', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(
      first,
      ['one', 'two'].map((text) => word(text)),
    );
    const { epoch, seq } = first.position ?? {};
    expect(seq).toBe(2);
    first.close();

    const second = busOn(file);
    expect(second.position).toEqual({ epoch, seq: 2 });
    await publishAll(second, [word('three')]);
    expect(second.position).toEqual({ epoch, seq: 3 });
    expect((await keptBy(second)).map(shown)).toEqual(['1:one', '2:two', '3:three']);
  });

  it('resumes after a place of an earlier run, without a gap', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(
      first,
      ['one', 'two', 'three'].map((text) => word(text)),
    );
    const seen = { epoch: first.position?.epoch as string, seq: 1 };
    first.close();

    const second = busOn(file);
    const receiver = second.subscribeFiltered(EventFilter.all, { from: seen });
    const { values } = collectPayloads(receiver.events$);
    await publishAll(second, [word('four')]);
    expect(values).toEqual(['two', 'three', 'four']);
    expect(receiver.missed).toBe(0);
  });

  it('teaches the bindings again', async () => {
    const file = tempFile();
    const first = busOn<BuiltIn>(file);
    first.publish(registration('a', 's', uuid(1)));
    first.publish(registration('a', 't', uuid(2)));
    first.publish(registration('a', 't', uuid(3)));
    first.close();

    const second = busOn<BuiltIn>(file);
    const receiver = second.subscribeAll();
    for (const nativeSessionId of ['s', 't', 'u']) {
      second.publish(event({ type: 'Connected' }, { connectorId: 'a', nativeSessionId }));
    }
    const ids = [await receiver.recv(), await receiver.recv(), await receiver.recv()];
    expect(ids.map((one) => one?.routing.scrollId)).toEqual([uuid(1), uuid(3), undefined]);
  });

  it('teaches no binding because of a scroll id that was preset', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(first, [word('preset', { connectorId: 'a', nativeSessionId: 's', scrollId: uuid(7) })]);
    first.close();
    const second = busOn(file);
    const receiver = second.subscribeAll();
    second.publish(word('free', { connectorId: 'a', nativeSessionId: 's' }));
    expect((await receiver.recv())?.routing.scrollId).toBeUndefined();
  });

  it('teaches the newest bindings only, by their last use, the oldest first', () => {
    const file = tempFile();
    const first = busOn<BuiltIn>(file);
    first.publish(registration('a', 's', uuid(1)));
    first.publish(registration('a', 't', uuid(2)));
    first.publish(registration('a', 'u', uuid(3)));
    first.publish(event({ type: 'Connected' }, { connectorId: 'a', nativeSessionId: 's' }));
    first.close();
    const taught: unknown[] = [];
    const upstream = sqliteUpstream({ file, maxBindings: 2 });
    const bus = new SharingBus({
      upstream: {
        open: (own) => upstream.open({ ...own, bind: (binding) => taught.push([binding.sessionId, binding.scrollId]) }),
      },
    });
    bus.close();
    expect(taught).toEqual([
      ['u', uuid(3)],
      ['s', uuid(1)],
    ]);
  });

  it('reads registrations with the bindingOf of the application', async () => {
    const file = tempFile();
    const bindingOf = (text: string) =>
      text === 'bind' ? { connectorId: 'a', sessionId: 's', scrollId: uuid(4).toUpperCase() } : undefined;
    const first = busOn({ file, bindingOf }, { bindingOf });
    await publishAll(first, [word('bind')]);
    first.close();
    const second = busOn({ file, bindingOf }, { bindingOf });
    const receiver = second.subscribeAll();
    second.publish(word('free', { connectorId: 'a', nativeSessionId: 's' }));
    expect((await receiver.recv())?.routing.scrollId).toBe(uuid(4));
  });

  it('stamps the time on an event without one, and keeps the time of the others', async () => {
    const file = tempFile();
    const before = Date.now();
    const first = busOn(file);
    const receiver = first.subscribeAll();
    first.publish(word('now'));
    first.publish({ ...word('then'), at: -12.5 });
    const [now, then] = [await receiver.recv(), await receiver.recv()];
    expect(now?.at).toBeGreaterThanOrEqual(before);
    expect(now?.at).toBeLessThanOrEqual(Date.now());
    expect(then?.at).toBe(-12.5);
    first.close();
    const again = await keptBy(busOn(file));
    expect(again.map((one) => one.type === 'event' && one.event.at)).toEqual([now?.at, -12.5]);
  });

  it('gives back what was published, with fields that it does not know', async () => {
    const file = tempFile();
    const all: BusEvent<unknown>[] = [
      { routing: { kind: '' }, origin: '', event: null, at: 0 },
      { routing: { kind: 'k', connectorId: '' }, origin: 'o', event: { a: [1, { b: 'é\u0000\ud800' }] }, at: 1 },
      { routing: { kind: 'k', nativeSessionId: '' }, origin: 'o', event: 'no connector', at: 1 },
      { routing: { kind: 'k', nativeSessionId: '1', connectorId: '1 1' }, origin: 'o', event: 0, at: 2 ** 45 },
      {
        routing: { kind: '\ud800', connectorId: '\ud801', connectorUid: uuid(1) },
        origin: '\u0000"\\',
        event: false,
        at: 3,
      },
      {
        routing: { kind: 'k', scrollId: uuid(2), connectorUid: uuid(3), connectorId: 'c', nativeSessionId: 's' },
        origin: 'o',
        event: 'all',
        at: 1e300,
      },
      {
        routing: { kind: 'k', scrollId: uuid(2), trace: { id: 5 } } as BusEvent['routing'],
        origin: 'o',
        event: 'more',
        at: 0.1,
        ...{ tags: ['x'], note: undefined },
      },
    ];
    const first = busOn<unknown>(file);
    const live = first.subscribeAll();
    all.forEach((one) => {
      first.publish(one);
    });
    await settle();
    first.close();
    const seen: unknown[] = [];
    for (let next = live.tryRecv(); next.type === 'event'; next = live.tryRecv()) {
      seen.push(next.event);
    }
    const expected = all.map((one, index) => ({ ...one, seq: index + 1 }));
    expect(seen).toEqual(expected);
    const again = await keptBy(busOn<unknown>(file));
    expect(again.map((one) => one.type === 'event' && one.event)).toEqual(expected);
  });

  it('delivers the same payload object that was published (law 11)', async () => {
    const bus = busOn<object>(tempFile());
    const receiver = bus.subscribeAll();
    const payload = { a: 1 };
    const published = Object.freeze({ routing: Object.freeze({ kind: 'k' }), origin: 'o', event: payload });
    bus.publish(published);
    expect((await receiver.recv())?.event).toBe(payload);
  });

  it('writes a turn before anybody sees it', async () => {
    const file = tempFile();
    const bus = busOn(file);
    const follower = sqliteUpstream<string>({ file, readOnly: true });
    const kept: number[] = [];
    bus.stream().subscribe(() => kept.push(follower.stats().seq));
    bus.publish(word('one'));
    bus.publish(word('two'));
    expect(follower.stats().seq).toBe(0);
    await bus.flush();
    expect(kept).toEqual([2, 2]);
    follower.close();
  });

  it("writes an event before publish returns, with durability 'event'", () => {
    const file = tempFile();
    const bus = busOn({ file, durability: 'event' });
    const follower = sqliteUpstream<string>({ file, readOnly: true });
    bus.publish(word('one'));
    expect(follower.stats().seq).toBe(1);
    bus.publish(word('two'));
    expect(follower.stats().seq).toBe(2);
    expect(bus.position?.seq).toBe(2);
    follower.close();
  });

  it('keeps the order of events that predicates publish, and brings them in the same turn', async () => {
    const bus = busOn(tempFile());
    bus.subscribeFiltered(
      EventFilter.where(({ event: text }: BusEvent<string>) => {
        if (text === 'outer') {
          bus.publish(word('inner'));
        }
        return false;
      }),
    );
    const { values } = collectPayloads(bus.stream());
    bus.publish(word('outer'));
    bus.publish(word('next'));
    await bus.flush();
    expect(values).toEqual(['outer', 'next', 'inner']);
  });

  it('delivers the other events of a turn if one was made invalid after it was published', async () => {
    const { lines, logger } = recordingLogger();
    const bus = busOn(tempFile(), { logger });
    const { values } = collect(bus.subscribeAll().deliveries$);
    const bad = word('bad');
    bus.publish(word('one'));
    bus.publish(bad);
    bus.publish(word('three'));
    (bad as { origin: unknown }).origin = 5;
    (bad.routing as { kind: unknown }).kind = 5;
    await bus.flush();
    expect(values.map(shown)).toEqual(['1:one', '[1]', '3:three']);
    expect(lines).toEqual([
      'warn: sharing-bus: sqlite: the event 2 cannot be delivered: ' +
        'InvalidBusEventError: routing.kind: must be a string, got 5',
    ]);
  });

  it('keeps a burst that is longer than any page, in order', async () => {
    const file = tempFile();
    const bus = busOn(file);
    const texts = Array.from({ length: 2_000 }, (_, index) => `${index}`);
    await publishAll(
      bus,
      texts.map((text) => word(text)),
    );
    const kept = await keptBy(bus);
    expect(kept.map(shown)).toEqual(texts.map((text, index) => `${index + 1}:${text}`));
  });

  it('keeps more sessions than it remembers', async () => {
    const file = tempFile();
    const bus = busOn(file);
    const sessions = Array.from({ length: 52_000 }, (_, index) => `s${index}`);
    sessions.forEach((nativeSessionId) => {
      bus.publish(word(nativeSessionId, { connectorId: 'c', nativeSessionId, kind: `k-${nativeSessionId}` }));
    });
    bus.publish(word('again', { connectorId: 'c', nativeSessionId: 's1', kind: 'k-s1' }));
    await settle();
    expect((await keptBy(bus, EventFilter.session('c', 's1'))).map(shown)).toEqual(['2:s1', '52001:again']);
    const reader = sqliteUpstream<string>({ file, readOnly: true });
    const all = [...reader.deliveries()];
    reader.close();
    expect(all.map((one) => one.type === 'event' && one.event.routing.nativeSessionId)).toEqual([...sessions, 's1']);
    expect(all.map((one) => one.type === 'event' && one.event.routing.kind).slice(-2)).toEqual(['k-s51999', 'k-s1']);
  }, 60_000);

  it('keeps a text of 20 million characters', async () => {
    const file = tempFile();
    const bus = busOn(file);
    const text = 'ab€'.repeat(7_000_000);
    await publishAll(bus, [word(text), word('after')]);
    bus.close();
    const [large, after] = await keptBy(busOn(file));
    expect(large?.type === 'event' && large.event.event === text).toBe(true);
    expect(after?.type === 'event' && after.event.event).toBe('after');
  });

  it('writes payloads with the serialize of the application, and reads them with its parse', async () => {
    const file = tempFile();
    const options = {
      file,
      serialize: (value: Map<string, number>) => JSON.stringify([...value]),
      parse: (text: string) => new Map(JSON.parse(text) as [string, number][]),
    };
    const first = busOn(options);
    await publishAll(first, [{ routing: { kind: 'k' }, origin: 'o', event: new Map([['a', 1]]) }]);
    first.close();
    const [kept] = await keptBy(busOn(options));
    expect(kept?.type === 'event' && kept.event.event).toEqual(new Map([['a', 1]]));
  });

  it('says what it keeps', async () => {
    const file = tempFile();
    const upstream = sqliteUpstream<string | BuiltIn>({ file });
    const bus = new SharingBus<string | BuiltIn>({ upstream });
    bus.publish(registration('a', 's', uuid(1)));
    bus.publish({ ...word('one', { connectorId: 'a', nativeSessionId: 's' }), at: 7 });
    bus.publish({ ...word('two', { scrollId: uuid(2) }), at: 8 });
    bus.publish(word('three'));
    await bus.flush();
    const { epoch, bytes, ...stats } = upstream.stats();
    expect(epoch).toBe(bus.position?.epoch);
    expect(bytes).toBeGreaterThan(4096);
    expect(stats).toEqual({ seq: 4, events: 4, first: 1 });
    expect(upstream.scrolls()).toEqual([
      { scrollId: uuid(1), events: 2, first: 1, last: 2, at: 7, sessions: [{ connectorId: 'a', sessionId: 's' }] },
      { scrollId: uuid(2), events: 1, first: 3, last: 3, at: 8, sessions: [] },
    ]);
    expect([...upstream.deliveries()].map(shown).slice(1)).toEqual(['2:one', '3:two', '4:three']);
    expect([...upstream.deliveries(EventFilter.scrollId(uuid(2)))].map(shown)).toEqual(['3:two']);
    expect([...upstream.deliveries(EventFilter.where(({ event: one }) => one === 'three'))].map(shown)).toEqual([
      '4:three',
    ]);
    bus.close();
    expect(() => upstream.stats()).toThrow('is closed: make a new upstream');
    expect(() => upstream.scrolls()).toThrow('is closed');
    expect(() => upstream.deliveries()).toThrow('is closed');
  });

  it('says what an empty file keeps', () => {
    const upstream = sqliteUpstream({ file: tempFile() });
    expect(upstream.stats()).toMatchObject({ seq: 0, events: 0, first: undefined });
    expect(upstream.scrolls()).toEqual([]);
    expect([...upstream.deliveries()]).toEqual([]);
    upstream.close();
  });

  it('has the files beside it that the guide names, and leaves one when it is closed', async () => {
    const file = tempFile();
    const namesWith = async (onError: 'end' | 'continue'): Promise<string[]> => {
      const bus = busOn({ file, onError });
      await publishAll(bus, [word('one')]);
      const names = readdirSync(dirname(file)).map((name) => name.replace('events.db', ''));
      bus.close();
      return names.sort();
    };
    expect(await namesWith('end')).toEqual(['', '-lock', '-shm', '-wal']);
    expect(readdirSync(dirname(file)).sort()).toEqual(['events.db', 'events.db-lock']);
    expect(await namesWith('continue')).toEqual(['', '-ahead', '-lock', '-shm', '-wal']);
  });

  it('closes the file with the bus, and the bus with itself', async () => {
    const file = tempFile();
    const upstream = sqliteUpstream<string>({ file });
    const bus = new SharingBus<string>({ upstream });
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(word('one'));
    upstream.close();
    upstream.close();
    await bus.flush();
    expect([values, endings]).toEqual([['one'], ['complete']]);
    bus.close();

    const again = sqliteUpstream<string>({ file });
    expect(again.stats().seq).toBe(1);
    again.close();
    again[Symbol.dispose]();
    expect(() => new SharingBus<string>({ upstream: again })).toThrow('is closed: make a new upstream');
  });

  it('serves one bus', () => {
    const upstream = sqliteUpstream({ file: tempFile() });
    const bus = new SharingBus({ upstream });
    expect(() => new SharingBus({ upstream })).toThrow('serves a bus already: make an upstream for each bus');
    bus.close();
  });
});
