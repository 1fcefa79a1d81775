import { describe, expect, it } from '@jest/globals';
import { SharingBus } from '../../lib/index.js';

/** What the message of a refusal shows of `value`. */
function shown(value: unknown): string {
  try {
    new SharingBus({ maxBindings: value as number });
  } catch (error) {
    const { name, message } = error as Error;
    const [, end] = message.split('maxBindings must be an integer from 1 to 2147483647, got ');
    return name === 'RangeError' && end !== undefined ? end : `no: ${name}: ${message}`;
  }
  return 'not refused';
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const cycle: unknown[] = [];
cycle.push(cycle);

describe('law 24: the message of an error shows the value', () => {
  it.each<readonly [value: unknown, text: string]>([
    [null, 'null'],
    [true, 'true'],
    [0, '0'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [7n, '7'],
    ['', '""'],
    ['7', '"7"'],
    ['a "b"', '"a \\"b\\""'],
    ['two\nlines', '"two\\nlines"'],
    [Symbol('s'), 'Symbol(s)'],
    [[1, 'a'], '[1,"a"]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [new Error('no'), 'Error: no'],
    [new RangeError('far'), 'RangeError: far'],
    [cycle, '[object]'],
    [{ big: 1n }, '[object]'],
    [{ toJSON: (): undefined => undefined }, '[object Object]'],
    [Object.create(null), '{}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [new Map([[1, 2]]), '[object Map]'],
    [new Number(1), '1'],
    [Promise.resolve(), '[object Promise]'],
  ])('%p as %s', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it('a function by its source', () => {
    expect(shown(parseInt)).toContain('parseInt');
  });

  it.each<readonly [what: string, value: unknown]>([
    ['a text', 'x'.repeat(1_000)],
    ['an array', Array(1_000).fill(1)],
    ['an Error', new Error('x'.repeat(1_000))],
    ['a bigint', 10n ** 500n],
  ])('80 characters of %s that is long', (_what, value) => {
    expect(shown(value)).toHaveLength(81);
    expect(shown(value).endsWith('…')).toBe(true);
  });

  it('all of what is 80 characters long', () => {
    expect(shown('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`);
    expect(shown('x'.repeat(79))).toHaveLength(81);
  });

  it.each<readonly [what: string, value: unknown]>([
    ['an Error of two lines', new Error('two\nlines')],
    ['a symbol of two lines', Symbol('two\nlines')],
    ['a function of two lines', Object.assign(() => 1, { toString: () => '() =>\n  1' })],
    ['an object whose text has two lines', { toJSON: (): undefined => undefined, toString: () => 'two\r\nlines' }],
  ])('on one line: %s', (_what, value) => {
    expect(shown(value)).not.toMatch(/[\r\n]/);
  });

  it.each<readonly [what: string, value: () => unknown]>([
    [
      'a getter that throws',
      () => ({
        get a(): never {
          throw new Error('no');
        },
      }),
    ],
    [
      'a toJSON that throws',
      () => ({
        toJSON(): never {
          throw new Error('no');
        },
      }),
    ],
    [
      'an Error whose toString throws',
      () =>
        Object.assign(new Error('no'), {
          toString(): never {
            throw new Error('no');
          },
        }),
    ],
    [
      'a function whose toString throws',
      () =>
        Object.assign(() => 1, {
          toString(): never {
            throw new Error('no');
          },
        }),
    ],
    [
      'an object without a text',
      () => Object.assign(Object.create(null) as object, { toJSON: (): undefined => undefined }),
    ],
    ['a revoked proxy', revoked],
    [
      'an object that throws for its tag, too',
      () => ({
        toJSON(): never {
          throw new Error('no');
        },
        get [Symbol.toStringTag](): never {
          throw new Error('no');
        },
      }),
    ],
  ])('whatever that does when it is shown: %s', (_what, value) => {
    expect(shown(value())).toMatch(/^\[(object|function)\]$/);
  });
});
