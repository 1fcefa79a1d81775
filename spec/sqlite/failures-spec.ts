import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type BusEvent, EventFilter, SharingBus } from '../../lib/index.js';
import * as sqlite from '../../lib/sqlite/index.js';
import { sqliteUpstream, type SqliteUpstreamOptions } from '../../lib/sqlite/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { settle } from '../support/settle.js';
import { busOn, keptBy, publishAll, shown, tempFile, tempFolder } from './support/files.js';

const word = (text: string, kind = 'word'): BusEvent<string> => ({ routing: { kind }, origin: 'agent', event: text });
const open = (options: Partial<SqliteUpstreamOptions> & { file: string }) => () => sqliteUpstream(options);

/** The error that `act` throws. */
function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it threw nothing');
}

const large = 'x'.repeat(300_000);
/** A file in which small events have room, and a large one has not. */
const SMALL = 250_000;

describe('a file that cannot be opened', () => {
  it('is no database', () => {
    const file = tempFile();
    writeFileSync(
      file,
      'Dear diary, today I wrote more than one hundred characters so that SQLite has a header to read. '.repeat(20),
    );
    const before = readFileSync(file, 'utf8');
    const error = thrownBy(open({ file }));
    expect(error).toBeInstanceOf(sqlite.NotAnEventFileError);
    expect(error).toBeInstanceOf(sqlite.EventFileError);
    expect(error.message).toBe(
      `${JSON.stringify(file)} is not a database. It was not changed. Give the name of another file`,
    );
    expect(error.cause).toMatchObject({ code: 'SQLITE_NOTADB' });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(dirname(file))).toEqual(['events.db']);
    expect(thrownBy(open({ file, readOnly: true }))).toBeInstanceOf(sqlite.NotAnEventFileError);
  });

  it.each([
    ['with an application_id', 'PRAGMA application_id = 7; CREATE TABLE a(b)', 'application_id is 7'],
    ['without one', 'CREATE TABLE a(b)', 'application_id is 0'],
    ['without one, with a version', 'PRAGMA user_version = 1', 'application_id is 0'],
  ])('is the database of another application, %s', (_, sql, message) => {
    const file = tempFile();
    new Database(file).exec(sql).close();
    const before = readFileSync(file);
    const error = thrownBy(open({ file }));
    expect(error).toBeInstanceOf(sqlite.NotAnEventFileError);
    expect(error.message).toContain(message);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('has a newer schema: both versions are told', () => {
    const file = tempFile();
    busOn(file).close();
    new Database(file).exec('PRAGMA user_version = 99').close();
    const error = thrownBy(open({ file }));
    expect(error).toBeInstanceOf(sqlite.FileVersionError);
    expect(error).toMatchObject({ found: 99, known: 1 });
    expect(error.message).toContain(
      'has schema version 99, and this library knows 1 at most: install a newer sharing-bus',
    );
  });

  it('is in a folder that does not exist, or is a folder', () => {
    const folder = tempFolder();
    const error = thrownBy(open({ file: join(folder, 'none', 'events.db') }));
    expect(error).toBeInstanceOf(sqlite.FileAccessError);
    expect(error.message).toContain('cannot be opened: its folder must exist');
    mkdirSync(join(folder, 'events.db'));
    expect(thrownBy(open({ file: join(folder, 'events.db') }))).toBeInstanceOf(sqlite.FileAccessError);
  });

  describe('without permission', () => {
    const own = process.geteuid?.();

    afterEach(() => {
      process.seteuid?.(own as number);
    });

    /** Permissions do not bind a superuser. */
    function becomeNobody(): void {
      if (own === 0) {
        process.seteuid?.(65_534);
      }
    }

    it('is to be made in a read-only folder', () => {
      const folder = tempFolder();
      chmodSync(folder, 0o555);
      becomeNobody();
      const error = thrownBy(open({ file: join(folder, 'events.db') }));
      expect(error).toBeInstanceOf(sqlite.FileAccessError);
      expect(error.message).toContain(
        'cannot be opened: its folder must exist, and it must be a file that this process may write',
      );
    });

    it('is in a folder that has become read-only', () => {
      const file = tempFile();
      busOn(file).close();
      chmodSync(file, 0o666);
      chmodSync(dirname(file), 0o555);
      becomeNobody();
      const error = thrownBy(open({ file }));
      expect(error).toBeInstanceOf(sqlite.FileAccessError);
      expect(error.message).toContain('cannot be written: check the permissions of the file and of its folder');
    });

    it('cannot have a lock file beside it', () => {
      const file = tempFile();
      writeFileSync(file, '');
      chmodSync(file, 0o666);
      chmodSync(dirname(file), 0o555);
      becomeNobody();
      const error = thrownBy(open({ file }));
      expect(error).toBeInstanceOf(sqlite.FileAccessError);
      expect(error.message).toContain(`needs a lock file beside it, which cannot be written: "${file}-lock"`);
    });

    it('is read-only itself', () => {
      const file = tempFile();
      busOn(file).close();
      chmodSync(file, 0o444);
      chmodSync(`${file}-lock`, 0o666);
      chmodSync(dirname(file), 0o777);
      becomeNobody();
      const error = thrownBy(open({ file }));
      expect(error).toBeInstanceOf(sqlite.FileAccessError);
      expect(error.message).toContain('cannot be written: check the permissions of the file and of its folder');
    });
  });

  it('has a writer already, by any of its names', () => {
    const file = tempFile();
    const first = busOn(file);
    const link = join(tempFolder(), 'link.db');
    symlinkSync(file, link);
    for (const name of [file, join(dirname(file), '.', 'events.db'), link]) {
      const error = thrownBy(open({ file: name }));
      expect(error).toBeInstanceOf(sqlite.FileInUseError);
      expect(error.message).toContain(
        'has a writer already: close that one first, use another file, or open it with readOnly',
      );
    }
    first.close();
    busOn(file).close();
  });

  it('may have a name that SQLite would take for a URI', () => {
    const folder = tempFolder();
    const before = process.cwd();
    process.chdir(folder);
    try {
      busOn('file:events.db?mode=memory').close();
      expect(readdirSync(folder)).toContain('file:events.db?mode=memory');
    } finally {
      process.chdir(before);
    }
  });

  it('frees what it has opened when it fails', () => {
    const file = tempFile();
    busOn(file).close();
    new Database(file).exec('DROP TABLE event').close();
    expect(thrownBy(open({ file }))).toBeInstanceOf(sqlite.EventFileError);
    rmSync(file);
    busOn(file).close();
  });

  it('is missing, empty or not yet of this version, for a reader', () => {
    const file = tempFile();
    expect(thrownBy(open({ file, readOnly: true })).message).toContain(
      'cannot be read: the writer makes it; start that first',
    );
    writeFileSync(file, '');
    const error = thrownBy(open({ file, readOnly: true }));
    expect(error).toBeInstanceOf(sqlite.FileAccessError);
    expect(error.message).toContain('is empty: the writer fills it; start that first');
    expect(statSync(file).size).toBe(0);
    rmSync(file);
    busOn(file).close();
    new Database(file).exec('PRAGMA user_version = 0').close();
    expect(thrownBy(open({ file, readOnly: true })).message).toContain(
      'has schema version 0: open it once for writing, to bring it to 1',
    );
  });

  it('is free again when the bus refuses its upstream', () => {
    const file = tempFile();
    const upstream = sqliteUpstream({ file });
    const refuse = (): never => {
      throw new Error('no');
    };
    expect(() => new SharingBus({ upstream: { open: (own) => upstream.open({ ...own, begin: refuse }) } })).toThrow(
      'no',
    );
    busOn(file).close();
  });

  it.each([
    [{}, 'sqliteUpstream: file must be a string, got undefined'],
    [{ file: '' }, 'sqliteUpstream: file must be the path of a file, got ""'],
    [{ file: ':memory:' }, 'sqliteUpstream: file must be the path of a file, got ":memory:"'],
    [{ file: 'a', durability: 'never' }, `sqliteUpstream: durability must be 'turn' or 'event', got "never"`],
    [{ file: 'a', onError: 'stop' }, `sqliteUpstream: onError must be 'end' or 'continue', got "stop"`],
    [{ file: 'a', driver: '' }, `sqliteUpstream: driver must be 'better-sqlite3' or 'node:sqlite', got ""`],
    [{ file: 'a', readOnly: 1 }, 'sqliteUpstream: readOnly must be a boolean, got 1'],
    [{ file: 'a', retention: 5 }, 'sqliteUpstream: retention must be an object, got 5'],
    [{ file: 'a', retention: { maxEvent: 5 } }, 'sqliteUpstream: retention: "maxEvent" is unknown'],
    [{ file: 'a', retention: { maxEvents: 0 } }, 'sqliteUpstream: retention.maxEvents must be an integer from 1'],
    [{ file: 'a', retention: { maxBytes: 5 } }, 'sqliteUpstream: retention.maxBytes must be an integer from 1048576'],
    [{ file: 'a', retention: { maxAgeMs: 0.5 } }, 'sqliteUpstream: retention.maxAgeMs must be an integer from 1'],
    [{ file: 'a', maxFileBytes: 1 }, 'sqliteUpstream: maxFileBytes must be an integer from 65536'],
    [{ file: 'a', pollMs: 0 }, 'sqliteUpstream: pollMs must be an integer from 1'],
    [{ file: 'a', maxBindings: 0 }, 'sqliteUpstream: maxBindings must be an integer from 1'],
    [{ file: 'a', parse: 1 }, 'sqliteUpstream: parse must be a function, got 1'],
    [{ file: 'a', fil: 1 }, 'sqliteUpstream: options: "fil" is unknown'],
  ])('has bad options: %j', (options, message) => {
    expect(() => sqliteUpstream(options as never)).toThrow(message);
  });
});

describe('events that cannot be kept', () => {
  const cycle: Record<string, unknown> = { name: 'loop' };
  cycle['self'] = cycle;

  it.each([
    ['a BigInt', { size: 5n }, 'the event [object] cannot be kept: writing it as text threw TypeError'],
    ['a cycle', cycle, 'cannot be kept: writing it as text threw TypeError: Converting circular structure'],
    ['nothing', undefined, 'the event undefined cannot be kept: as text it is undefined; a text is needed'],
    ['a function', () => 1, 'cannot be kept: as text it is undefined'],
  ])('are refused by publish: %s', async (_, payload, message) => {
    const bus = busOn<unknown>(tempFile());
    const { values } = collectPayloads(bus.stream());
    bus.publish(word('before'));
    const error = thrownBy(() => {
      bus.publish({ routing: { kind: 'k' }, origin: 'o', event: payload });
    });
    expect(error).toBeInstanceOf(sqlite.UnserializableEventError);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/; its kind is "k"$/);
    bus.publish(word('after'));
    await bus.flush();
    expect(values).toEqual(['before', 'after']);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:before', '2:after']);
  });

  it('are refused by publish: an unknown field that JSON cannot hold, a text that is too long, a serialize that throws', () => {
    const bus = busOn({
      file: tempFile(),
      serialize: (text) => {
        if (text === 'bad') {
          throw new Error('no');
        }
        return text === 'long' ? 'x'.repeat(333_000_001) : JSON.stringify(text);
      },
    });
    const refusal = (event: BusEvent<string>): string =>
      thrownBy(() => {
        bus.publish(event);
      }).message;
    expect(refusal({ ...word('a'), ...{ more: 1n } })).toContain('writing it as text threw TypeError');
    expect(refusal(word('long'))).toContain('as text it has 333000001 characters; at most 333000000 can be kept');
    expect(refusal(word('bad'))).toContain('the event "bad" cannot be kept: writing it as text threw Error: no');
  });
});

describe('a file that cannot be written', () => {
  it("ends the bus, with onError 'end': nobody has seen these events, and those before are there", async () => {
    const file = tempFile();
    const bus = busOn({ file, maxFileBytes: SMALL });
    await publishAll(bus, [word('one')]);
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(word('two'));
    bus.publish(word(large));
    await settle();
    expect(values).toEqual([]);
    expect(endings).toEqual([expect.any(sqlite.FileFullError)]);
    expect((endings[0] as Error).message).toContain(
      'cannot grow: free space on its disk, raise maxFileBytes, or set a smaller retention',
    );
    expect((await keptBy(busOn(file))).map(shown)).toEqual(['1:one']);
  });

  it("goes on with a gap, with onError 'continue', which later readers get, too", async () => {
    const file = tempFile();
    const { lines, logger } = recordingLogger();
    const bus = busOn({ file, maxFileBytes: SMALL, onError: 'continue' }, { logger });
    const { values } = collect(bus.subscribeAll().deliveries$);
    const kinds = collect(bus.subscribeFiltered(EventFilter.kind('b')).deliveries$).values;
    await publishAll(bus, [word('one')]);
    for (const turn of [[word('two', 'a'), word(large, 'b')], [word(large, 'b')], [word('five')]]) {
      await publishAll(bus, turn);
    }
    expect(values.map(shown)).toEqual(['1:one', '[2]', '[1]', '5:five']);
    expect(values[1]).toEqual({ type: 'gap', missed: 2, byKind: { a: 1, b: 1 } });
    expect(kinds.map(shown)).toEqual(['[<=2]', '[<=1]']);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: sharing-bus: sqlite: events are lost: FileFullError: .*cannot grow/),
      'info: sharing-bus: sqlite: events are written again',
    ]);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:one', '[3]', '5:five']);
    // A kind that only lost events had.
    await publishAll(bus, [word('six', 'b')]);
    bus.close();

    const again = busOn(file);
    expect(again.position?.seq).toBe(6);
    expect(await keptBy(again)).toMatchObject([
      { event: { event: 'one' } },
      { type: 'gap', missed: 3, byKind: { a: 1, b: 2 } },
      { event: { event: 'five' } },
      { event: { event: 'six', routing: { kind: 'b' } } },
    ]);
    expect((await keptBy(again, EventFilter.kind('b'))).map(shown)).toEqual(['[<=3]', '6:six']);
  });

  it('does not give the places of a hole to others, if the process dies before the hole is in the file', async () => {
    const file = tempFile();
    const bus = busOn({ file, maxFileBytes: SMALL, onError: 'continue' });
    await publishAll(bus, [word('one')]);
    await publishAll(bus, [word(large), word('three')]);
    expect(bus.position?.seq).toBe(3);
    // What a process that is killed leaves.
    const left = new Map(['', '-wal', '-ahead'].map((ending) => [ending, readFileSync(`${file}${ending}`)]));
    bus.close();
    const copy = tempFile();
    left.forEach((bytes, ending) => {
      writeFileSync(`${copy}${ending}`, bytes);
    });
    markAsSameFile(copy);
    const again = busOn(copy);
    expect(again.position).toEqual({ epoch: bus.position?.epoch, seq: 3 });
    await publishAll(again, [word('four')]);
    expect((await keptBy(again)).map(shown)).toEqual(['1:one', '[2]', '4:four']);
  });

  it('writes a hole when it is closed, if nothing was published after it', async () => {
    const file = tempFile();
    const bus = busOn({ file, maxFileBytes: SMALL, onError: 'continue' });
    await publishAll(bus, [word('one')]);
    await publishAll(bus, [word(large, 'a')]);
    await publishAll(bus, [word(large, 'b')]);
    // While the hole is not in the file yet, it is read like the others.
    expect((await keptBy(bus)).map(shown)).toEqual(['1:one', '[2]']);
    bus.close();
    rmSync(`${file}-ahead`);
    const again = busOn(file);
    expect(again.position?.seq).toBe(3);
    expect(await keptBy(again)).toMatchObject([
      { event: { event: 'one' } },
      { type: 'gap', missed: 2, byKind: { a: 1, b: 1 } },
    ]);
    // From the middle of the hole: of the rest, nobody knows the kinds.
    const from = { epoch: again.position?.epoch as string, seq: 2 };
    const resumed = again.subscribeFiltered(EventFilter.all, { from });
    await settle();
    expect(resumed.deliveries.tryRecv()).toEqual({ type: 'gap', missed: 1, byKind: { '*': 1 } });
  });

  it('is locked by another program', async () => {
    const file = tempFile();
    const bus = busOn({ file, onError: 'continue', durability: 'event' });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const error = thrownBy(() => {
      bus.publish(word('one'));
    });
    expect(error).toBeInstanceOf(sqlite.FileFailedError);
    expect(error.message).toContain('is locked by another program for more than 2000 ms: let that finish');
    other.exec('ROLLBACK');
    other.close();
    bus.publish(word('two'));
    expect((await keptBy(bus)).map(shown)).toEqual(['1:two']);
  });

  it("throws from publish, with durability 'event' and onError 'continue': the next one may succeed", async () => {
    const file = tempFile();
    const bus = busOn({ file, maxFileBytes: SMALL, durability: 'event', onError: 'continue' });
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(word('one'));
    expect(() => {
      bus.publish(word(large));
    }).toThrow(sqlite.FileFullError);
    bus.publish(word('two'));
    await bus.flush();
    expect([values, endings]).toEqual([['one', 'two'], []]);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:one', '2:two']);
  });

  it("throws from publish and ends the bus, with durability 'event' and onError 'end'", async () => {
    const bus = busOn({ file: tempFile(), maxFileBytes: SMALL, durability: 'event' });
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(word('one'));
    expect(() => {
      bus.publish(word(large));
    }).toThrow(sqlite.FileFullError);
    await settle();
    expect([values, endings]).toEqual([['one'], [expect.any(sqlite.FileFullError)]]);
  });

  it.each([
    [
      'deleted',
      (file: string) => {
        rmSync(file);
      },
    ],
    [
      'moved away',
      (file: string) => {
        renameSync(file, `${file}.old`);
      },
    ],
    [
      'replaced',
      (file: string) => {
        renameSync(file, `${file}.old`);
        writeFileSync(file, readFileSync(`${file}.old`));
      },
    ],
  ])('is %s while it is open', async (_, harm) => {
    const file = tempFile();
    const bus = busOn(file);
    await publishAll(bus, [word('one')]);
    const { values, endings } = collectPayloads(bus.stream());
    harm(file);
    bus.publish(word('two'));
    await settle();
    expect(values).toEqual([]);
    expect(endings).toEqual([expect.any(sqlite.FileReplacedError)]);
    expect((endings[0] as Error).message).toContain(
      'was deleted or replaced while it was open: put it back, or make a new bus with a new upstream',
    );
  });

  it("is moved away and put back, with onError 'continue'", async () => {
    const file = tempFile();
    const bus = busOn({ file, onError: 'continue' });
    await publishAll(bus, [word('one')]);
    renameSync(file, `${file}.old`);
    await publishAll(bus, [word('two')]);
    renameSync(`${file}.old`, file);
    await publishAll(bus, [word('three')]);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:one', '[1]', '3:three']);
  });

  it('is damaged: a reader of that part fails with the named error, and the others go on', async () => {
    const file = tempFile();
    const first = busOn(file);
    const texts = Array.from({ length: 3_000 }, (_, index) => `${index}`.padEnd(100));
    await publishAll(
      first,
      texts.map((text) => word(text)),
    );
    first.close();
    damage(file, 'event');

    const bus = busOn(file);
    const live = collectPayloads(bus.stream());
    const { endings } = collectPayloads(bus.stream(EventFilter.all, { from: 'start' }));
    await settle();
    expect(endings).toEqual([expect.any(sqlite.FileDamagedError)]);
    expect((endings[0] as Error).message).toContain(
      'is damaged: database disk image is malformed. Close the bus, then restore a copy',
    );
    await publishAll(bus, [word('more')]);
    expect(live.values).toEqual(['more']);
    bus.close();
  });

  it('has a text that cannot be read back', async () => {
    const file = tempFile();
    const first = busOn(file);
    await publishAll(first, [word('one'), word('two')]);
    first.close();
    new Database(file).exec(`UPDATE event SET payload = '{' WHERE seq = 2`).close();
    const { values, endings } = collectPayloads(busOn(file).stream(EventFilter.all, { from: 'start' }));
    await settle();
    expect(values).toEqual([]);
    expect((endings[0] as Error).message).toContain('is damaged: the event 2 cannot be read back (SyntaxError');
  });
});

/** Overwrites the middle pages of a table. */
function damage(file: string, table: string): void {
  const database = new Database(file);
  const pages = database
    .prepare<[string], { pageno: number }>(
      `SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno`,
    )
    .all(table);
  database.close();
  const bytes = readFileSync(file);
  const { pageno } = pages[pages.length >> 1] as { pageno: number };
  bytes.fill(0xff, (pageno - 1) * 4_096, pageno * 4_096);
  writeFileSync(file, bytes);
}

/** Lets a copy be the file that was open: the copy of a file of a process that runs is another case. */
function markAsSameFile(copy: string): void {
  const database = new Database(copy);
  const { run } = database.prepare<[], { run: string }>('SELECT run FROM state').get() as { run: string };
  const [durability, , machine] = run.split(' ');
  database.prepare('UPDATE state SET run = ?').run(`${durability} ${statSync(copy).ino} ${machine}`);
  database.close();
}

// The bus that refuses is not left half open.
it('throws from the constructor of the bus what its upstream throws', () => {
  expect(() => new SharingBus({ upstream: sqliteUpstream({ file: '/nowhere/at/all.db' }) })).toThrow(
    sqlite.FileAccessError,
  );
});
