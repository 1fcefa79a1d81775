import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type BusEvent, type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { sqliteUpstream } from 'sharing-bus/sqlite';
import { Account, entryOf, Seen, sessionOf } from '../../examples/many-nodes/Account.js';
import { Archive, readArchive } from '../../examples/many-nodes/Archive.js';
import { Journal } from '../../examples/many-nodes/Journal.js';
import { killings } from '../../examples/many-nodes/killings.js';
import { findNatsServer } from '../../examples/many-nodes/natsServer.js';
import { tableOf, verdictText } from '../../examples/many-nodes/table.js';
import { Reading, verdictOf } from '../../examples/many-nodes/verdict.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sharing-bus-nodes-spec-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** An event as the console publishes it. */
function published(nativeSessionId = 's'): BusEvent {
  const routing = { kind: 'agent-message', connectorId: 'c', nativeSessionId };
  return { routing, origin: 'agent', event: { type: 'TurnEnded', stopReason: 'end_turn' } };
}

/** The same as a reader gets it: with its number in the journal, and its place. */
function got(entry: number, session = 's', seq = entry): Delivery {
  const busEvent = published(session);
  return { type: 'event', event: { ...busEvent, seq, event: Object.assign({ ...busEvent.event }, { entry }) } };
}

function gap(missed: number): Delivery {
  return { type: 'gap', missed, byKind: { '*': missed } };
}

function accountOf(deliveries: readonly Delivery[]): Account {
  const account = new Account();
  deliveries.forEach((delivery) => {
    account.take(delivery);
  });
  return account;
}

function readingOf(deliveries: readonly Delivery[]): Reading {
  const reading = new Reading();
  deliveries.forEach((delivery) => {
    reading.take(delivery);
  });
  return reading;
}

describe('Seen', () => {
  it('agrees with a set, and keeps only what is above the first absent number', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 })), (numbers) => {
        const seen = new Seen();
        const set = new Set<number>();
        for (const number of numbers) {
          expect(seen.add(number)).toBe(!set.has(number));
          set.add(number);
        }
        let low = 0;
        while (set.has(low + 1)) {
          low += 1;
        }
        expect([seen.size, seen.low]).toEqual([set.size, low]);
        const upTo = Array.from({ length: 15 }, (_, index) => index + 1);
        expect(seen.absent(15)).toBe(upTo.filter((number) => !set.has(number)).length);
      }),
    );
  });

  it('takes a mark', () => {
    const seen = new Seen();
    seen.add(2);
    seen.add(5);
    seen.raise(3);
    seen.raise(1);
    expect([seen.low, seen.size]).toEqual([3, 4]);
  });
});

describe('Account', () => {
  it('has nothing to tell of readers that have got everything once', () => {
    const account = accountOf([got(1), got(3, 't'), got(2), got(4, 't')]);
    expect(account).toMatchObject({ events: 4, doubled: 0, outOfOrder: 0, missing: 0, place: 4 });
    expect([account.lostOf(4), account.lostOf(5)]).toEqual([0, 1]);
  });

  it('counts each event that comes again', () => {
    expect(accountOf([got(1), got(2), got(1), got(2), got(2)]).doubled).toBe(3);
  });

  it('counts what comes after a later event of its session', () => {
    expect(accountOf([got(3), got(1), got(2), got(4)]).outOfOrder).toBe(2);
    expect(accountOf([got(3, 't'), got(1), got(2)]).outOfOrder).toBe(0);
  });

  it('counts what gaps tell, and knows their place', () => {
    const account = new Account();
    account.take(gap(3), 3);
    expect(account).toMatchObject({ events: 0, missing: 3, place: 3 });
    account.take(gap(Infinity));
    expect(account).toMatchObject({ missing: Infinity, place: 3 });
  });

  it('knows the session by its pair, and what has none by its connector', () => {
    expect(sessionOf(published('a'))).not.toBe(sessionOf(published('b')));
    const routing = { kind: 'system', connectorId: 'c', connectorUid: 'u' };
    expect(sessionOf({ ...published(), routing })).toBe('["u"]');
  });

  it('refuses an event that is not of the journal', () => {
    for (const entry of [undefined, 0, 1.5, '1']) {
      const busEvent = { ...published(), event: Object.assign({ type: 'Plan' as const, entries: [] }, { entry }) };
      expect(() => entryOf(busEvent)).toThrow('an event without its number in the journal: {"type":"Plan"');
    }
  });
});

describe('Archive', () => {
  const epoch = 'e';
  const line = (delivery: Delivery, seq: number): Parameters<Archive['append']>[0][number] => {
    return { delivery, position: { epoch, seq } };
  };

  it('goes on after its last whole line, however the process died', async () => {
    const file = join(folder, 'archive');
    const lines = [line(got(1), 1), line(gap(2), 3), line(got(2, 's', 4), 4)];
    const first = await Archive.open(file);
    first.append(lines.slice(0, 2));
    first.append(lines.slice(2));
    first.close();
    const whole = readFileSync(file, 'utf8');
    const ends = lines.map(
      (_, index) =>
        whole
          .split('\n')
          .slice(0, index + 1)
          .join('\n').length + 1,
    );

    const cuts = [0, 1, ...ends.flatMap((end) => [end - 2, end - 1, end, end + 1, end + 50])];
    for (const length of cuts.filter((cut) => cut <= whole.length)) {
      writeFileSync(file, whole.slice(0, length));
      const count = ends.filter((end) => end <= length).length;
      const next = await Archive.open(file);
      expect(next.position).toEqual(lines.slice(0, count).at(-1)?.position);
      next.append(lines.slice(count));
      next.close();
      expect(readFileSync(file, 'utf8')).toBe(whole);
      expect(next.account).toMatchObject({ events: 2, missing: 2, doubled: 0, place: 4 });
    }
  });

  it('keeps a gap of unknown size', async () => {
    const file = join(folder, 'archive');
    const archive = await Archive.open(file);
    archive.append([line(gap(Infinity), 7)]);
    archive.close();
    const read: unknown[] = [];
    await readArchive(file, ({ delivery }) => read.push(delivery.type === 'gap' && delivery.missed));
    expect(read).toEqual([Infinity]);
  });

  it('keeps text of several bytes that are cut by a chunk of the file', async () => {
    const file = join(folder, 'archive');
    const archive = await Archive.open(file);
    const busEvent = published('ü'.repeat(100_000));
    const event = { ...busEvent, event: Object.assign({ ...busEvent.event }, { entry: 1 }) };
    archive.append([line({ type: 'event', event }, 1)]);
    archive.close();
    await readArchive(file, ({ delivery }) => {
      expect(delivery).toEqual({ type: 'event', event });
    });
    expect((await Archive.open(file)).position).toEqual({ epoch, seq: 1 });
  });
});

describe('Journal', () => {
  it('numbers events, also after a process that was killed while it wrote', async () => {
    const file = join(folder, 'journal');
    const first = await Journal.open(file);
    expect([first.add(published()), first.add(published())].map(entryOf)).toEqual([1, 2]);
    first.close();
    appendFileSync(file, '{"busEvent":{"routing":{"kind":"x');
    const second = await Journal.open(file);
    expect(second.published).toBe(2);
    expect(entryOf(second.add(published()))).toBe(3);
    second.close();
    expect((await Journal.open(file)).published).toBe(3);
  });

  it('numbers a replayed event anew', async () => {
    const journal = await Journal.open(join(folder, 'journal'));
    journal.add(published());
    expect(entryOf(journal.add(journal.add(published())))).toBe(3);
  });

  it('has what is not known to be stored, in its order', async () => {
    const file = join(folder, 'journal');
    const first = await Journal.open(file);
    const events = Array.from({ length: 6 }, () => first.add(published()));
    const [one, two, , four] = events as [BusEvent, BusEvent, BusEvent, BusEvent];
    first.isStored(one);
    first.mark();
    first.isStored(two);
    first.isStored(four);
    // 4 is stored, but 3 is not: publishing 4 again does no harm, since the stream knows its id.
    expect((await first.unstored()).map(entryOf)).toEqual([3, 4, 5, 6]);
    first.close();
    // The next process knows the mark only.
    const second = await Journal.open(file);
    expect(await second.unstored()).toEqual(events.slice(1));
  });

  it('marks now and then by itself', async () => {
    const file = join(folder, 'journal');
    const journal = await Journal.open(file);
    for (let number = 0; number < 250; number += 1) {
      journal.isStored(journal.add(published()));
    }
    journal.close();
    const next = await Journal.open(file);
    expect(next.stored.low).toBe(200);
    expect(await next.unstored()).toHaveLength(50);
  });

  it('stands before an upstream: it has what is published, and sees what is stored', async () => {
    const journal = await Journal.open(join(folder, 'journal'));
    const bus = new SharingBus({ upstream: journal.before(sqliteUpstream({ file: join(folder, 'events.db') })) });
    const receiver = bus.subscribeAll();
    bus.publish(published('a'));
    bus.publish(published('b'));
    expect([journal.published, journal.stored.low]).toEqual([2, 0]);
    const both = [await receiver.recv(), await receiver.recv()];
    expect(both.map((busEvent) => busEvent?.seq)).toEqual([1, 2]);
    expect(both.map((busEvent) => busEvent && entryOf(busEvent))).toEqual([1, 2]);
    expect([journal.stored.low, (await journal.unstored()).length]).toEqual([2, 0]);
    const late = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    expect((await late.recv())?.routing.nativeSessionId).toBe('a');
    bus.close();
  });
});

describe('the verdict', () => {
  const right = [got(1), got(2, 't'), got(3), got(4, 't')];
  const [one, two, three, four] = right as [Delivery, Delivery, Delivery, Delivery];
  const other = (delivery: Delivery): Delivery => {
    return delivery.type === 'gap' ? delivery : { ...delivery, event: { ...delivery.event, seq: 9 } };
  };

  it('is right if all have everything once, in one order', () => {
    const verdict = verdictOf(4, { stream: readingOf(right), archive: readingOf(right) });
    expect(verdict).toMatchObject({ isRight: true, isSame: true, published: 4, lost: 0, doubled: 0, outOfOrder: 0 });
    expect(verdict.readers['archive']).toEqual({ events: 4, lost: 0, doubled: 0, outOfOrder: 0, missing: 0 });
  });

  it.each([
    ['a loss', [one, two, four], { lost: 1, isSame: false }],
    ['a loss at the end', [one, two, three], { lost: 1, isSame: false }],
    ['a double', [one, two, three, three, four], { doubled: 1, isSame: false }],
    ['two events of a session, exchanged', [three, one, two, four], { outOfOrder: 1, isSame: false }],
    ['another order of two sessions', [two, one, three, four], { outOfOrder: 0, isSame: false }],
    ['another place', [one, two, three, other(four)], { lost: 0, isSame: false }],
    ['a gap', [one, gap(1), two, three, four], { lost: 0, isSame: false }],
    ['an event of nobody', [...right, got(5)], { doubled: 0, isSame: false }],
  ])('is wrong with %s at one reader', (_, wrong, told) => {
    expect(verdictOf(4, { stream: readingOf(right), archive: readingOf(wrong) })).toMatchObject({
      isRight: false,
      ...told,
    });
  });

  it('is wrong if all have lost the same', () => {
    const lost = { stream: readingOf([one, two]), archive: readingOf([one, two]) };
    expect(verdictOf(4, lost)).toMatchObject({ isRight: false, isSame: true, lost: 4 });
  });

  it('is wrong if all have an event that is not in the journal', () => {
    const more = { stream: readingOf([...right, got(5)]), archive: readingOf([...right, got(5)]) };
    expect(verdictOf(4, more)).toMatchObject({ isRight: false, isSame: true, lost: 0 });
    const instead = [one, two, three, got(5)];
    const exchanged = { stream: readingOf(instead), archive: readingOf(instead) };
    expect(verdictOf(4, exchanged)).toMatchObject({ isRight: false, isSame: true, lost: 2 });
  });

  it('is told in a table', () => {
    const text = verdictText(verdictOf(4, { stream: readingOf(right), archive: readingOf([one, one]) }));
    expect(text).toMatch(/^4 events in the journal of the agents\n/);
    expect(text).toMatch(/│ stream +│ +4 │ +0 │ +0 │ +0 │ +0 │/);
    expect(text).toMatch(/│ archive +│ +2 │ +3 │ +1 │ +0 │ +0 │/);
    expect(text).toMatch(/The readers have not got the same\. Something is WRONG\.$/);
  });
});

describe('the table', () => {
  it('has the counts of each process, and leaves out what it does not have', () => {
    const text = tableOf([
      { key: 's', name: 'nats-server', pid: undefined, restarts: 2, status: 'SIGKILL' },
      {
        key: 'r',
        name: 'archivist',
        pid: 12,
        restarts: 0,
        archived: 1234,
        missing: 0,
        doubled: 0,
        place: 1234,
        status: 'live',
      },
    ]);
    const rows = text.split('\n').map((row) =>
      row
        .split('│')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
    expect(rows[3]).toEqual(['s', 'nats-server', '', '2', '', '', '', '', '', '', '', 'SIGKILL']);
    expect(rows[4]).toEqual(['r', 'archivist', '12', '0', '', '', '', '1,234', '0', '0', '1,234', 'live']);
  });
});

describe('killings', () => {
  it('has each process once, at increasing moments, with time to begin and to come back', () => {
    const names = ['a', 'b', 'c', 'd'];
    const anyRandom = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(anyRandom, (numbers) => {
        const left = [...numbers];
        const plan = killings(names, 10_000, () => left.shift() ?? 0);
        const times = plan.map(({ atMs }) => atMs);
        expect(plan.map(({ name }) => name).sort()).toEqual(names);
        expect(times).toEqual([...times].sort((one, other) => one - other));
        expect(times.every((time) => time >= 1000 && time <= 8000)).toBe(true);
      }),
    );
  });
});

describe('findNatsServer', () => {
  it('takes what NATS_BIN names', () => {
    expect(findNatsServer({ NATS_BIN: process.execPath })).toBe(process.execPath);
    expect(() => findNatsServer({ NATS_BIN: join(folder, 'none') })).toThrow(
      `there is no ${join(folder, 'none')}, which NATS_BIN names`,
    );
  });

  it('looks into the folders of PATH, then into those where packages put it', () => {
    writeFileSync(join(folder, 'nats-server'), '');
    expect(findNatsServer({ PATH: `:/none:${folder}` })).toBe(join(folder, 'nats-server'));
  });
});
