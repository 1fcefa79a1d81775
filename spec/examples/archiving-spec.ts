import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type BusEvent, SharingBus } from 'sharing-bus';
import { Feed, WINDOW } from '../../examples/agent-console/feed.js';
import { Ledger } from '../../examples/agent-console/ledger.js';
import { Archivist } from '../../examples/agent-console/subscribers/archivist.js';
import { LineBuffer } from '../../examples/agent-console/subscribers/LineBuffer.js';
import { ScrollFiles } from '../../examples/agent-console/subscribers/ScrollFiles.js';
import { ConsoleProcess, fixtures, freshDirectory, runConsole } from './support/agentConsole.js';

const LONG = 60_000;
const WINDOWS = 16;
/** A window of them is more than the archivist keeps. */
const LONG_TEXT = 'x'.repeat(10_000);

afterAll(() => ConsoleProcess.stopAll(), LONG);

describe('the archive of the console', () => {
  it(
    'lets its publishers read on only when it has room for more',
    async () => {
      const directory = freshDirectory();
      const pipe = join(directory, 'unbound-unknown.jsonl');
      execFileSync('mkfifo', [pipe]);
      const bus = new SharingBus();
      const source = { bus, ledger: new Ledger() };
      const files = new ScrollFiles(directory);
      const failures: unknown[] = [];
      const onFailure = (error: unknown): void => {
        failures.push(error);
      };
      const archivist = new Archivist(source, { files, capacity: WINDOW, onFailure });
      const feed = new Feed(source, archivist, () => undefined);
      let made = 0;
      const batch = function* (): Generator<BusEvent> {
        for (let count = 0; count < WINDOW; count += 1) {
          made += 1;
          const routing = { kind: 'user-message' };
          yield { routing, origin: 'user', event: { type: 'Notice', severity: `${made}`, title: LONG_TEXT } };
        }
      };
      const batches = async function* (): AsyncGenerator<Iterable<BusEvent>> {
        for (let count = 0; count < WINDOWS; count += 1) {
          yield batch();
          await nextTurn();
        }
      };
      const fed = feed.connect(batches());
      for (let turn = 0; turn < 1000; turn += 1) {
        await nextTurn();
      }
      const madeUnread = made;
      const archive = text(createReadStream(pipe));
      await fed;
      feed.close();
      await archivist.done;
      const lines = (await archive).trimEnd().split('\n');
      // One window is being written, and one is full.
      expect(madeUnread).toBe(2 * WINDOW);
      expect(lines.map((line) => Number((JSON.parse(line) as BusEvent<{ severity: string }>).event.severity))).toEqual(
        Array.from({ length: WINDOWS * WINDOW }, (_, index) => index + 1),
      );
      expect([archivist.delivered, archivist.lagged, archivist.waiting]).toEqual([WINDOWS * WINDOW, 0, 0]);
      expect(failures).toEqual([]);
    },
    LONG,
  );

  it(
    'has notices on the screen beside their events, however fast the log is read',
    async () => {
      const run = await runConsole(join(fixtures, 'logs', 'copilot.jsonl'));
      const shown = run.stdout.split('\n').map((line) => line.replace(/^! \S+/, '!').replace(/  +/, ' '));
      const asked = shown.findIndex((line) => line.startsWith('permission '));
      expect(shown.slice(asked, asked + 4)).toEqual([
        'permission ls:',
        '! asks permission: ls',
        'permission selected approved',
        '! was answered: approved',
      ]);
    },
    LONG,
  );
});

describe('LineBuffer', () => {
  const line = fc
    .tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom(1, 1, 1, 50, 30_000))
    .map(([words, times]) => words.replaceAll('\n', '').repeat(times));
  const added = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), line), { maxLength: 30 });

  it('has the lines of each file in their order, whatever was in it before', () => {
    fc.assert(
      fc.property(fc.array(added, { maxLength: 3 }), (rounds) => {
        const buffer = new LineBuffer();
        for (const round of rounds) {
          const expected = new Map<string, string[]>();
          for (const [file, words] of round) {
            buffer.add(file, words);
            expected.set(file, [...(expected.get(file) ?? []), `${words}\n`]);
          }
          const got = [...buffer.files()].map(({ bytes, file, lines }) => [file, Buffer.from(bytes).toString(), lines]);
          expect(got).toEqual([...expected].map(([file, lines]) => [file, lines.join(''), lines.length]));
          expect(buffer.length).toBe(Buffer.byteLength([...expected.values()].flat().join('')));
          buffer.clear();
          expect(buffer.length).toBe(0);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has room for a line of any length', () => {
    const buffer = new LineBuffer();
    const long = 'é😀'.repeat(1_000_000);
    buffer.add('a', 'short');
    buffer.add('a', long);
    buffer.add('b', long);
    expect(
      [...buffer.files()].map(({ bytes, file }) => [
        file,
        Buffer.from(bytes).toString() === (file === 'a' ? `short\n${long}\n` : `${long}\n`),
      ]),
    ).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });
});
