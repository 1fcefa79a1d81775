import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EventFilter, SharingBus } from '../../../dist/index.js';
import { sqliteUpstream } from '../../../dist/sqlite/index.js';
import { bytesAfterCollection, heapNow } from '../load/heap.js';
import { median } from '../load/median.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { eventsOf, type Said } from './events.js';
import { Raw } from './raw.js';

const BURST = 64;

/** CPU time of this process in microseconds, user and system: the time of the wall says little on a machine that does other work. */
async function cpuOf(act: () => Promise<void> | void): Promise<number> {
  // What was prepared is moved to the old generation, so that no collection of `act` copies it.
  heapNow();
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

interface Comparison {
  /** Medians, in microseconds. */
  readonly figures: Readonly<Record<string, number>>;
  /** The median of the quotients of each round. */
  readonly quotients: Readonly<Record<string, number>>;
}

function compare(rounds: readonly Readonly<Record<string, number>>[], own: string): Comparison {
  const names = Object.keys(rounds[0] ?? {});
  const of = (name: string): number[] => rounds.map((round) => round[name] as number);
  return {
    figures: Object.fromEntries(names.map((name) => [name, median(of(name))])),
    quotients: Object.fromEntries(
      names
        .filter((name) => name !== own)
        .map((name) => [name, median(rounds.map((round) => (round[own] as number) / (round[name] as number)))]),
    ),
  };
}

/** Bursts of 64 events, each kept before the next one, against inserts of the same rows into a copy of the file. */
export async function bursts(folder: string, rounds: number, perRound: number): Promise<Comparison> {
  const file = join(folder, 'bursts.db');
  const next = eventsOf(50, 1);
  sqliteUpstream<Said>({ file }).close();
  copyFileSync(file, `${file}.raw`);
  const raw = new Raw(`${file}.raw`);
  raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  const insert = raw.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const [begin, commit] = [raw.prepare('BEGIN IMMEDIATE'), raw.prepare('COMMIT')];
  const bus = new SharingBus<Said>({ upstream: sqliteUpstream<Said>({ file }) });
  let delivered = 0;
  bus.stream().subscribe(() => {
    delivered += 1;
  });
  const reader = new Raw(file);
  const measured: Record<string, number>[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const events = next(perRound * BURST);
    const after = bus.position?.seq ?? 0;
    const own = await cpuOf(async () => {
      for (let at = 0; at < events.length; at += BURST) {
        for (let index = at; index < at + BURST; index += 1) {
          bus.publish(events[index] as (typeof events)[number]);
        }
        await yieldOnce();
      }
    });
    const rows = (reader.prepare('SELECT * FROM event WHERE seq > ? ORDER BY seq').all(after) as object[]).map(
      (row): unknown[] => Object.values(row),
    );
    const other = await cpuOf(async () => {
      for (let at = 0; at < rows.length; at += BURST) {
        begin.run();
        for (let index = at; index < at + BURST; index += 1) {
          insert.run(...(rows[index] as unknown[]));
        }
        commit.run();
        await yieldOnce();
      }
    });
    if (rows.length !== events.length || delivered !== after + events.length) {
      throw new Error(`${events.length} events, ${rows.length} rows, ${delivered} delivered`);
    }
    // The first round is warm-up.
    if (round >= 0) {
      measured.push({ bus: own / perRound, raw: other / perRound });
    }
  }
  bus.close();
  raw.close();
  reader.close();
  return compare(measured, 'bus');
}

/** A receiver of one scroll that starts at the beginning, against the query. */
export async function resume(folder: string, rounds: number, total: number): Promise<Comparison> {
  const file = join(folder, 'resume.db');
  const scrolls = total / 1_000;
  const next = eventsOf(scrolls, 2);
  const filling = new SharingBus<Said>({ upstream: sqliteUpstream<Said>({ file }) });
  for (let made = 0; made < total; made += 1_000) {
    next(1_000).forEach((one) => {
      filling.publish(one);
    });
    await yieldOnce();
  }
  filling.close();
  const upstream = sqliteUpstream<Said>({ file });
  const bus = new SharingBus<Said>({ upstream });
  const all = upstream.scrolls();
  const raw = new Raw(file);
  const query = raw.prepare(
    'SELECT * FROM event WHERE scroll = (SELECT id FROM word WHERE text = ?) AND seq > 0 ORDER BY seq',
  );
  const measured: Record<string, number>[] = [];
  for (let round = -5; round < rounds; round += 1) {
    const { scrollId, events } = all[(round + 5) % all.length] as (typeof all)[number];
    let count = 0;
    const own = await cpuOf(
      () =>
        new Promise<void>((resolve) => {
          bus.stream(EventFilter.scrollId(scrollId), { from: 'start' }).subscribe(() => {
            count += 1;
            if (count === events) {
              resolve();
            }
          });
        }),
    );
    let rows: { payload: string }[] = [];
    // Another connection has a cache of its own. So both read the pages of this scroll for the first time.
    const other = await cpuOf(() => {
      rows = query.all(scrollId) as { payload: string }[];
    });
    const parsing = await cpuOf(() => {
      for (const row of rows) {
        JSON.parse(row.payload);
      }
    });
    if (rows.length !== events || count !== events) {
      throw new Error(`${events} events, ${rows.length} rows, ${count} delivered`);
    }
    if (round >= 0) {
      measured.push({ bus: own, raw: other + parsing, 'raw, payloads not parsed': other });
    }
  }
  bus.close();
  raw.close();
  return compare(measured, 'bus');
}

export interface Memory {
  /** Bytes in use after a collection, at ten points. */
  readonly heap: readonly number[];
  readonly resident: readonly number[];
  readonly file: readonly number[];
}

/** Many events through a file that keeps the newest. */
export async function memory(folder: string, total: number, maxEvents: number): Promise<Memory> {
  const file = join(folder, 'memory.db');
  const bus = new SharingBus<Said>({ upstream: sqliteUpstream<Said>({ file, retention: { maxEvents } }) });
  bus.stream().subscribe(() => undefined);
  const next = eventsOf(200, 3);
  const points: { heap: number; resident: number; file: number }[] = [];
  for (let made = 0; made < total;) {
    next(BURST).forEach((one) => {
      bus.publish(one);
    });
    await yieldOnce();
    made += BURST;
    if (made >= ((points.length + 1) * total) / 10) {
      points.push({
        heap: await bytesAfterCollection(),
        resident: process.memoryUsage().rss,
        file: statSync(file).size,
      });
    }
  }
  bus.close();
  return {
    heap: points.map(({ heap }) => heap),
    resident: points.map(({ resident }) => resident),
    file: points.map(({ file: size }) => size),
  };
}
