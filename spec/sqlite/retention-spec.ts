import { describe, expect, it, jest } from '@jest/globals';
import type { SchedulerAction, Subscription } from 'rxjs';
import { renameSync, statSync } from 'node:fs';
import { type BusEvent, EventFilter, SharingBus } from '../../lib/index.js';
import { sqliteUpstream, type SqliteUpstream, type SqliteUpstreamOptions } from '../../lib/sqlite/index.js';
import { recordingLogger } from '../support/collect.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { settle } from '../support/settle.js';
import { busOn, keptBy, publishAll, shown, tempFile } from './support/files.js';

const words = (count: number, text = 'x', at?: number): BusEvent<string>[] =>
  Array.from({ length: count }, () => ({ routing: { kind: 'word' }, origin: 'agent', event: text, at }));

function opened(options: SqliteUpstreamOptions<string>): { bus: SharingBus<string>; upstream: SqliteUpstream<string> } {
  const upstream = sqliteUpstream(options);
  return { bus: new SharingBus<string>({ upstream }), upstream };
}

/** Everything is due in the next turn. */
class DueScheduler extends ManualScheduler {
  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, _delay = 0, state?: T): Subscription {
    return super.schedule(work, 0, state);
  }
}

describe('retention', () => {
  it('keeps the newest events, up to maxEvents', async () => {
    const file = tempFile();
    const { bus, upstream } = opened({ file, retention: { maxEvents: 5 } });
    await publishAll(bus, words(4));
    expect(upstream.stats()).toMatchObject({ events: 4, first: 1 });
    await publishAll(bus, words(3));
    expect(upstream.stats()).toMatchObject({ events: 5, first: 3, seq: 7 });
    expect((await keptBy(bus)).map(shown)).toEqual(['[2]', '3:x', '4:x', '5:x', '6:x', '7:x']);
    bus.close();
    const again = busOn(file);
    expect((await keptBy(again, EventFilter.kind('word'))).map(shown).slice(0, 2)).toEqual(['[<=2]', '3:x']);
    const resumed = again.subscribeFiltered(EventFilter.all, {
      from: { epoch: again.position?.epoch as string, seq: 1 },
    });
    await settle();
    expect(resumed.missed).toBe(1);
    expect(resumed.tryRecv()).toMatchObject({ event: { seq: 3 } });
  });

  it('removes at most twice as many events as a turn writes, and 32', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(first, words(1_000));
    first.close();
    const scheduler = new DueScheduler();
    const upstream = sqliteUpstream<string>({ file, retention: { maxEvents: 10 } });
    const bus = new SharingBus<string>({ upstream, scheduler });
    const removedBy = (act: () => void): number => {
      const { events, seq } = upstream.stats();
      act();
      const after = upstream.stats();
      return events + (after.seq - seq) - after.events;
    };
    const turnOf = (count: number) => () => {
      words(count).forEach((one) => {
        bus.publish(one);
      });
      bus.subscribeAll().dispose();
    };
    expect(removedBy(turnOf(1))).toBe(34);
    expect(removedBy(turnOf(64))).toBe(160);
    // What is left goes in small tasks, without a publish.
    const tasks: number[] = [];
    while (upstream.stats().events > 10) {
      tasks.push(
        removedBy(() => {
          scheduler.turn();
        }),
      );
    }
    expect(tasks.filter((count) => count > 0)).toEqual([256, 256, 256, 93]);
    expect(upstream.stats()).toMatchObject({ events: 10, first: 1_056, seq: 1_065 });
    bus.close();
  });

  it('tries again later when old events cannot be removed', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(first, words(100));
    first.close();
    const scheduler = new DueScheduler();
    const { lines, logger } = recordingLogger();
    const upstream = sqliteUpstream<string>({ file, retention: { maxEvents: 10 }, onError: 'continue' });
    const bus = new SharingBus<string>({ upstream, scheduler, logger });
    renameSync(file, `${file}.old`);
    scheduler.turn();
    expect(lines).toEqual([
      expect.stringMatching(/^warn: sharing-bus: sqlite: old events cannot be removed: FileReplacedError: /),
    ]);
    expect(upstream.stats().events).toBe(100);
    renameSync(`${file}.old`, file);
    bus.publish(words(1)[0] as BusEvent<string>);
    scheduler.flush();
    expect(upstream.stats().events).toBe(10);
    bus.close();
  });

  it('keeps a burst that is larger than maxEvents until the tasks after it', async () => {
    const { bus, upstream } = opened({ file: tempFile(), retention: { maxEvents: 3 } });
    await publishAll(bus, words(10));
    expect(upstream.stats().events).toBe(10);
    await publishAll(bus, words(1));
    expect(upstream.stats()).toMatchObject({ events: 3, first: 9 });
    bus.close();
  });

  it('keeps the file within maxBytes: new events take the pages of old ones', async () => {
    const file = tempFile();
    const maxBytes = 2 ** 20;
    const { bus, upstream } = opened({ file, retention: { maxBytes } });
    for (let turn = 0; turn < 200; turn += 1) {
      await publishAll(bus, words(50, 'x'.repeat(500)));
    }
    const { bytes, events, first } = upstream.stats();
    expect(bytes).toBeLessThan(maxBytes * 1.1);
    expect(events).toBeGreaterThan(500);
    expect(first).toBe(10_001 - events);
    bus.close();
    expect(statSync(file).size).toBeLessThan(maxBytes * 1.2);
  });

  it('keeps events of new sessions although the names of old ones fill more than maxBytes', async () => {
    const { bus, upstream } = opened({ file: tempFile(), retention: { maxBytes: 2 ** 20 } });
    const pad = 'x'.repeat(300);
    for (let run = 0; run < 100; run += 1) {
      await publishAll(
        bus,
        words(100, pad).map((word, index) => ({
          ...word,
          routing: { ...word.routing, connectorId: 'c', nativeSessionId: `${'s'.repeat(60)}/${run}/${index}` },
        })),
      );
    }
    const { events, bytes } = upstream.stats();
    expect(bytes).toBeGreaterThan(2 ** 21);
    expect(events).toBeGreaterThan(1_000);
    expect(events).toBeLessThan(4_000);
  });

  it('removes events that are older than maxAgeMs, when others are written and when the file is opened', async () => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const file = tempFile();
      const { bus, upstream } = opened({ file, retention: { maxAgeMs: 60_000 } });
      await publishAll(bus, words(3));
      await publishAll(bus, words(2, 'older', 900_000));
      jest.setSystemTime(1_060_000);
      await publishAll(bus, words(1));
      // 1,000,000 is not older than a minute: it goes in the next millisecond.
      expect(upstream.stats()).toMatchObject({ events: 6, first: 1 });
      jest.setSystemTime(1_060_001);
      await publishAll(bus, words(1));
      expect(upstream.stats()).toMatchObject({ events: 2, first: 6 });
      bus.close();

      jest.setSystemTime(2_000_000);
      const again = opened({ file, retention: { maxAgeMs: 60_000 } });
      jest.advanceTimersByTime(50);
      expect(again.upstream.stats()).toMatchObject({ events: 0, first: undefined, seq: 7 });
      expect((await keptBy(again.bus)).map(shown)).toEqual(['[7]']);
      again.bus.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('teaches a binding whose events are all gone', async () => {
    const file = tempFile();
    const id = '00000000-0000-4000-8000-000000000001';
    const options = {
      file,
      retention: { maxEvents: 1 },
      bindingOf: (text: string) => (text === 'bind' ? { connectorId: 'a', sessionId: 's', scrollId: id } : undefined),
    };
    const first = busOn(options);
    await publishAll(first, words(1, 'bind'));
    await publishAll(first, words(3));
    first.close();
    const second = busOn(options);
    const receiver = second.subscribeAll();
    second.publish({ routing: { kind: 'k', connectorId: 'a', nativeSessionId: 's' }, origin: 'o', event: 'free' });
    expect((await receiver.recv())?.routing.scrollId).toBe(id);
  });

  it('lets events go that a receiver has still to read: they are a gap in their place', async () => {
    const file = tempFile();
    const { bus } = opened({ file, retention: { maxEvents: 300 } });
    await publishAll(bus, words(300));
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start', capacity: 1 });
    expect((await receiver.recv())?.seq).toBe(1);
    for (let turn = 0; turn < 3; turn += 1) {
      await publishAllUnread(bus, words(200));
    }
    const seen: string[] = [];
    for (let next = receiver.deliveries.tryRecv(); next.type === 'event' || next.type === 'gap';) {
      seen.push(shown(next));
      next = receiver.deliveries.tryRecv();
    }
    // The page that was read before, then what is kept.
    expect(seen.slice(0, 255)).toEqual(Array.from({ length: 255 }, (_, index) => `${index + 2}:x`));
    expect(seen.slice(255, 257)).toEqual(['[344]', '601:x']);
    expect(seen).toHaveLength(256 + 300);
    bus.close();
  });
});

async function publishAllUnread(bus: SharingBus<string>, events: readonly BusEvent<string>[]): Promise<void> {
  events.forEach((one) => {
    bus.publish(one);
  });
  await settle();
}
