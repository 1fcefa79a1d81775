import { describe, expect, it } from '@jest/globals';
import { EventFilter, type Logger, SharingBus } from '../../lib/index.js';
import { recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

/** Makes a receiver lag, and catch up: one warning and one note. */
function lagAndCatchUp(logger: Logger | undefined): void {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler, logger });
  bus.stream(EventFilter.all, { capacity: 1 }).subscribe();
  bus.publish(event(1));
  bus.publish(event(2));
  scheduler.flush();
}

const BEGINS = /^sharing-bus: receiver 0 begins to lag/;

describe('logger', () => {
  it('law 28: gets each line as one text that says where it is from, at its level', () => {
    const { lines, logger } = recordingLogger();
    lagAndCatchUp(logger);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: sharing-bus: receiver 0 begins to lag/),
      expect.stringMatching(/^info: sharing-bus: receiver 0 has caught up/),
    ]);
  });

  it('may be left out, as each of its levels', () => {
    const { lines, logger } = recordingLogger();
    for (const given of [undefined, {}, { warn: undefined }, { info: logger.info }] as (Logger | undefined)[]) {
      expect(() => {
        lagAndCatchUp(given);
      }).not.toThrow();
    }
    expect(lines).toEqual([expect.stringMatching(/^info: /)]);
  });

  it('is called by its methods, so that an instance of a class serves', () => {
    class Journal {
      readonly lines: unknown[] = [];

      warn(line: unknown): void {
        this.lines.push(line);
      }
    }
    const journal = new Journal();
    lagAndCatchUp(journal);
    expect(journal.lines).toEqual([expect.stringMatching(BEGINS)]);
  });

  it.each<readonly [what: string, thrown: unknown, text: string]>([
    ['an Error', new Error('full'), 'Error: full'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a text', 'full', '"full"'],
  ])('law 16: may throw %s, which is told once as a warning', (_what, thrown, text) => {
    const { lines, logger } = recordingLogger();
    const info = (): never => {
      throw thrown;
    };
    lagAndCatchUp({ ...logger, info });
    expect(lines[1]).toMatch(`warn: sharing-bus: the logger threw ${text} at the line: receiver 0 has caught up`);
    expect(lines).toHaveLength(2);
  });

  it('law 16: gets a warning that it throws for once more, and not again', () => {
    let calls = 0;
    lagAndCatchUp({
      warn: () => {
        calls += 1;
        throw new Error('full');
      },
    });
    expect(calls).toBe(2);
  });
});
