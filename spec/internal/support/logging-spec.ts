import { describe, expect, it } from '@jest/globals';
import { type Logger, loggingTo } from '../../../lib/internal/support/logging.js';
import { recordingLogger } from '../../support/collect.js';

describe('loggingTo', () => {
  it('writes each line at its level, as one text that says where it is from', () => {
    const { lines, logger } = recordingLogger();
    const log = loggingTo(logger);
    log('debug', 'one');
    log('info', 'two');
    log('warn', 'three');
    expect(lines).toEqual(['debug: sharing-bus: one', 'info: sharing-bus: two', 'warn: sharing-bus: three']);
  });

  it('is silent where the logger, or its level, is left out', () => {
    const { lines, logger } = recordingLogger();
    for (const given of [undefined, null, {}, { warn: undefined }] as (Logger | undefined)[]) {
      expect(() => {
        loggingTo(given)('warn', 'unheard');
      }).not.toThrow();
    }
    loggingTo({ info: logger.info })('warn', 'unheard');
    expect(lines).toEqual([]);
  });

  it('calls the methods on the logger, so that an instance of a class serves', () => {
    class Journal {
      readonly lines: unknown[] = [];
      warn(line: unknown): void {
        this.lines.push(line);
      }
    }
    const journal = new Journal();
    loggingTo(journal)('warn', 'kept');
    expect(journal.lines).toEqual(['sharing-bus: kept']);
  });

  it('takes a Console', () => {
    expect(() => {
      loggingTo(console satisfies Partial<Pick<Console, 'debug' | 'info' | 'warn'>>);
    }).not.toThrow();
  });

  it.each<readonly [what: string, thrown: unknown, shown: string]>([
    ['an Error', new Error('full'), 'Error: full'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a text', 'full', '"full"'],
  ])('law 16: contains %s that the logger throws, and tells it once as a warning', (_what, thrown, shown) => {
    const { lines, logger } = recordingLogger();
    const info = (): never => {
      throw thrown;
    };
    loggingTo({ ...logger, info })('info', 'a note');
    expect(lines).toEqual([`warn: sharing-bus: the logger threw ${shown} at the line: a note`]);
  });

  it('law 16: contains a warning that throws, tried twice and no more', () => {
    let calls = 0;
    const warn = (): never => {
      calls += 1;
      throw new Error('full');
    };
    loggingTo({ warn })('warn', 'a warning');
    expect(calls).toBe(2);
  });

  it('law 16: contains a level that throws when it is read', () => {
    const logger: Logger = {
      get info(): never {
        throw new Error('no such level');
      },
    };
    expect(() => {
      loggingTo(logger)('info', 'a note');
    }).not.toThrow();
  });
});
