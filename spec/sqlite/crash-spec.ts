import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FileInUseError, sqliteUpstream } from '../../lib/sqlite/index.js';
import { tempFile } from './support/files.js';

const PUBLISHER = fileURLToPath(new URL('support/publisher.ts', import.meta.url));

/** Runs a publisher, and kills it after it has acknowledged some events. Returns what it has acknowledged. */
async function killed(file: string, durability: string, name: string, after: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', PUBLISHER, file, durability, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const isDue = text.length > after * 8;
    text += chunk;
    if (!isDue && text.length > after * 8) {
      expect(() => sqliteUpstream({ file })).toThrow(FileInUseError);
      child.kill('SIGKILL');
    }
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  // A line that is cut was not acknowledged.
  return text.split('\n').slice(0, -1);
}

describe('a process that is killed', () => {
  it.each(['turn', 'event'])(
    "loses nothing that was acknowledged, doubles nothing, and leaves no hole, with durability '%s'",
    async (durability) => {
      const file = tempFile();
      const acknowledged: string[] = [];
      let epoch: string | undefined;
      for (const after of [1, 300, 2_000, 50]) {
        acknowledged.push(...(await killed(file, durability, `run${after}`, after)));
        const upstream = sqliteUpstream<string>({ file });
        const stats = upstream.stats();
        const kept = [...upstream.deliveries()].map((one) =>
          one.type === 'event' ? `${one.event.seq} ${one.event.event}` : 'a gap',
        );
        upstream.close();
        expect(kept.map((line) => Number(line.split(' ')[0]))).toEqual(kept.map((_, index) => index + 1));
        expect(stats.seq).toBe(kept.length);
        expect(stats.events).toBe(kept.length);
        expect(new Set(kept.map((line) => line.split(' ')[1])).size).toBe(kept.length);
        const all = new Set(kept);
        expect(acknowledged.filter((line) => !all.has(line))).toEqual([]);
        expect((epoch ??= stats.epoch)).toBe(stats.epoch);
      }
      expect(acknowledged.length).toBeGreaterThan(1_000);
    },
    120_000,
  );
});
