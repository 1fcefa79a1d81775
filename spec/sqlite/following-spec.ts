import { describe, expect, it } from '@jest/globals';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { type BusEvent, type Event as BuiltIn, EventFilter, SharingBus } from '../../lib/index.js';
import { FileReplacedError, ReadOnlyFileError, sqliteUpstream } from '../../lib/sqlite/index.js';
import { collect, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { Clock } from '../support/Clock.js';
import { busOn, keptBy, publishAll, shown, tempFile } from './support/files.js';

const word = (text: string): BusEvent<string> => ({ routing: { kind: 'word' }, origin: 'agent', event: text });

/** A bus that follows `file`, in time that the spec moves on. */
function follower<E>(file: string, onError?: 'end' | 'continue') {
  const scheduler = new Clock();
  const { lines, logger } = recordingLogger();
  const bus = busOn<E>({ file, readOnly: true, pollMs: 50, onError }, { scheduler, logger });
  return { bus, scheduler, lines };
}

describe('an upstream that follows the file of another one', () => {
  it('starts where the writer is, and brings what is written from then on', async () => {
    const file = tempFile();
    const writer = busOn(file);
    await publishAll(writer, [word('one')]);
    const { bus, scheduler } = follower<string>(file);
    expect(bus.position).toEqual(writer.position);
    const { values } = collect(bus.subscribeAll().deliveries$);
    scheduler.pass(50);
    expect(values).toEqual([]);
    await publishAll(writer, [word('two'), word('three')]);
    scheduler.pass(49);
    expect(values).toEqual([]);
    scheduler.pass(1);
    expect(values.map(shown)).toEqual(['2:two', '3:three']);
    expect(bus.position).toEqual(writer.position);
    expect((await keptByFollower(bus, scheduler)).map(shown)).toEqual(['1:one', '2:two', '3:three']);
  });

  it('brings a long backlog in parts, in order', async () => {
    const file = tempFile();
    const writer = busOn(file);
    const { bus, scheduler } = follower<string>(file);
    const { values } = collect(bus.subscribeFiltered(EventFilter.all, 10_000).events$);
    const texts = Array.from({ length: 1_500 }, (_, index) => `${index}`);
    await publishAll(writer, texts.map(word));
    scheduler.pass(50);
    expect(values).toHaveLength(512);
    scheduler.pass(1);
    expect(values).toHaveLength(1_024);
    scheduler.pass(10);
    expect(values.map((one) => one.event)).toEqual(texts);
  });

  it.each(['end', 'continue'] as const)(
    'law 34: a filter may close the bus, and nothing is looked at later; %s',
    async (onError) => {
      const file = tempFile();
      const writer = busOn(file);
      const { bus, scheduler, lines } = follower<string>(file, onError);
      bus.subscribeFiltered(
        EventFilter.where(() => {
          bus.close();
          return true;
        }),
      );
      await publishAll(writer, [word('one'), word('two')]);
      scheduler.pass(1_000);
      expect(lines).toEqual([]);
      expect(scheduler.pending).toBe(0);
    },
  );

  it('refuses to publish', () => {
    const file = tempFile();
    busOn(file);
    const { bus } = follower<string>(file);
    expect(() => {
      bus.publish(word('no'));
    }).toThrow(ReadOnlyFileError);
    expect(() => {
      bus.publish(word('no'));
    }).toThrow('is open with readOnly: publish on the bus of the process that writes');
  });

  it('knows bindings of before and of later', async () => {
    const file = tempFile();
    const writer = busOn<BuiltIn>(file);
    await publishAll(writer, [registration('a', 's', uuid(1))]);
    const { bus, scheduler } = follower<BuiltIn>(file);
    const { values } = collect(bus.subscribeFiltered(EventFilter.scrollId(uuid(2))).events$);
    await publishAll(writer, [
      registration('a', 't', uuid(2)),
      event({ type: 'Connected' }, { connectorId: 'a', nativeSessionId: 't' }),
      event({ type: 'Connected' }, { connectorId: 'a', nativeSessionId: 's' }),
    ]);
    scheduler.pass(50);
    expect(values.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('gets a gap for events that are gone before it has read them, and for those that could not be written', async () => {
    const file = tempFile();
    const writer = busOn({ file, retention: { maxEvents: 3 }, onError: 'continue', maxFileBytes: 250_000 });
    const { bus, scheduler } = follower<string>(file);
    const { values } = collect(bus.subscribeAll().deliveries$);
    for (const turn of [['1', '2', '3'], ['4', '5', '6'], ['x'.repeat(300_000)], ['8']]) {
      await publishAll(writer, turn.map(word));
    }
    scheduler.pass(50);
    expect(values.map(shown)).toEqual(['[4]', '5:5', '6:6', '[1]', '8:8']);
  });

  it('may be opened while there is no writer, and follows the next one', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(first, [word('one')]);
    first.close();
    const { bus, scheduler } = follower<string>(file);
    const { values } = collect(bus.stream());
    expect(bus.position?.seq).toBe(1);
    const second = busOn(file);
    await publishAll(second, [word('two')]);
    scheduler.pass(50);
    expect(values.map((one) => one.event)).toEqual(['two']);
    second.close();
    scheduler.pass(50);
    const third = busOn(file);
    await publishAll(third, [word('three')]);
    scheduler.pass(50);
    expect(values.map((one) => one.event)).toEqual(['two', 'three']);
  });

  it('reads what a process has left that was killed', async () => {
    const file = tempFile();
    const writer = busOn(file);
    await publishAll(writer, ['one', 'two'].map(word));
    const copy = tempFile();
    for (const ending of ['', '-wal']) {
      copyFileSync(`${file}${ending}`, `${copy}${ending}`);
    }
    const reader = sqliteUpstream<string>({ file: copy, readOnly: true });
    expect([...reader.deliveries()].map(shown)).toEqual(['1:one', '2:two']);
    reader.close();
  });

  it("ends when the file is replaced, with onError 'end'", async () => {
    const file = tempFile();
    const writer = busOn(file);
    await publishAll(writer, [word('one')]);
    const { bus, scheduler } = follower<string>(file);
    const { endings } = collect(bus.stream());
    renameSync(file, `${file}.old`);
    scheduler.pass(60);
    expect(endings).toEqual([expect.any(FileReplacedError)]);
    expect(scheduler.pending).toBe(0);
  });

  it("waits until the file is back, with onError 'continue'", async () => {
    const file = tempFile();
    const writer = busOn(file);
    const { bus, scheduler, lines } = follower<string>(file, 'continue');
    const { values } = collect(bus.stream());
    renameSync(file, `${file}.old`);
    writeFileSync(file, '');
    scheduler.pass(200);
    renameSync(`${file}.old`, file);
    await publishAll(writer, [word('one')]);
    scheduler.pass(50);
    expect(values.map((one) => one.event)).toEqual(['one']);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: sharing-bus: sqlite: events cannot be read: FileReplacedError: /),
      'info: sharing-bus: sqlite: events are read again',
    ]);
  });

  it('leaves no timer behind, and does not hinder the writer', async () => {
    const file = tempFile();
    const writer = busOn(file);
    const { bus, scheduler } = follower<string>(file);
    const reader = sqliteUpstream<string>({ file, readOnly: true });
    writer.close();
    busOn(file).close();
    expect(reader.stats().seq).toBe(0);
    reader.close();
    bus.close();
    scheduler.pass(0);
    expect(scheduler.pending).toBe(0);
    await Promise.resolve();
  });
});

async function keptByFollower(
  bus: SharingBus<string>,
  scheduler: Clock,
): Promise<Awaited<ReturnType<typeof keptBy<string>>>> {
  const kept = keptBy(bus);
  scheduler.pass(0);
  return kept;
}
