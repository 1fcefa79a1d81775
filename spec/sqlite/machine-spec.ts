import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { type BusEvent, EventFilter } from '../../lib/index.js';
import type { SqliteUpstreamOptions } from '../../lib/sqlite/index.js';
import { isSameRun, machineRun } from '../../lib/sqlite/machine.js';
import { settle } from '../support/settle.js';
import { busOn, keptBy, publishAll, shown, tempFile } from './support/files.js';

const word = (text: string): BusEvent<string> => ({ routing: { kind: 'word' }, origin: 'agent', event: text });
const LEAP = 2 ** 32;

/**
 * What is on the disk after a process has published `one`, its machine has died, and the newest event `two`, which receivers have seen, is lost.
 *
 * @param change What is another one at the next start.
 */
async function afterDeath(options: Partial<SqliteUpstreamOptions>, change: 'machine' | 'file' | 'nothing') {
  const file = tempFile();
  const bus = busOn({ ...(options as object), file });
  await publishAll(bus, [word('one')]);
  const copy = tempFile();
  for (const ending of ['', '-wal']) {
    copyFileSync(`${file}${ending}`, `${copy}${ending}`);
  }
  await publishAll(bus, [word('two')]);
  const seen = bus.position as { epoch: string; seq: number };
  bus.close();
  const database = new Database(copy);
  const { run } = database.prepare<[], { run: string }>('SELECT run FROM state').get() as { run: string };
  const [durability, inode, machine] = run.split(' ');
  const next = change === 'file' ? inode : `${statSync(copy).ino}`;
  database.prepare('UPDATE state SET run = ?').run(`${durability} ${next} ${change === 'machine' ? 'other' : machine}`);
  database.close();
  return { copy, seen };
}

describe('after the death of the machine', () => {
  it('gives no place that may be lost to another event, and tells a gap of unknown size', async () => {
    const { copy, seen } = await afterDeath({}, 'machine');
    const bus = busOn(copy);
    expect(bus.position).toEqual({ epoch: seen.epoch, seq: 1 + LEAP });
    await publishAll(bus, [word('three')]);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:one', '[<=Infinity]', `${2 + LEAP}:three`]);
    // A client that has seen the lost event misses nothing else.
    const resumed = bus.subscribeFiltered(EventFilter.all, { from: seen });
    await settle();
    expect((await resumed.recv())?.event).toBe('three');
    bus.close();

    const again = busOn(copy);
    expect(again.position?.seq).toBe(2 + LEAP);
    expect((await keptBy(again)).map(shown)).toEqual(['1:one', '[<=Infinity]', `${2 + LEAP}:three`]);
  });

  it('counts only known events when the retention has passed such a gap', async () => {
    const { copy } = await afterDeath({}, 'machine');
    const bus = busOn({ file: copy, retention: { maxEvents: 2 } });
    await publishAll(bus, [word('a')]);
    await publishAll(bus, [word('b')]);
    await publishAll(bus, [word('c')]);
    expect((await keptBy(bus)).map(shown)).toEqual(['[<=Infinity]', `${3 + LEAP}:b`, `${4 + LEAP}:c`]);
    const from = { epoch: bus.position?.epoch as string, seq: 1 + LEAP };
    const resumed = bus.subscribeFiltered(EventFilter.all, { from });
    await settle();
    expect(resumed.missed).toBe(1);
  });

  it.each([
    ["with durability 'event', nothing is lost", { durability: 'event' }, 'machine', 0],
    ['a copy of a file that was open is an older state of it', {}, 'file', LEAP],
    ["so is one with durability 'event'", { durability: 'event' }, 'file', LEAP],
    ['only the process has died', {}, 'nothing', 0],
  ] as const)('%s', async (_, options, change, leap) => {
    const { copy } = await afterDeath(options, change);
    const bus = busOn(copy);
    await publishAll(bus, [word('next')]);
    expect(bus.position?.seq).toBe(2 + leap);
  });

  it('knows one run of the machine from another', () => {
    const run = machineRun();
    expect(machineRun()).toBe(run);
    expect(run).toMatch(existsSync('/proc/sys/kernel/random/boot_id') ? /^[\da-f-]{36}$/ : /^\d+$/);
    expect(isSameRun(run, run)).toBe(true);
    expect(isSameRun(run, 'other')).toBe(false);
    // Computed from the date, where the platform does not name the run.
    expect(isSameRun('1700000000', '1700000009')).toBe(true);
    expect(isSameRun('1700000000', '1700000010')).toBe(false);
  });
});
