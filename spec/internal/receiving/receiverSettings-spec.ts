import { describe, expect, it } from '@jest/globals';
import { receiverSettings } from '../../../lib/internal/receive/receiverSettings.js';

describe('receiverSettings', () => {
  it('has a capacity of 256, and nothing else, where nothing is said', () => {
    const { capacity, policy, ...others } = receiverSettings('owner', {}, false);
    expect([capacity, new Set(Object.values(others))]).toEqual([256, new Set([undefined])]);
    expect(policy).toMatchObject({ endsWhenFull: false, displaces: false, mayBeOfferedLate: true });
  });

  it('has what is said, and what is changed later is of no meaning', () => {
    const { signal } = new AbortController();
    const options = {
      capacity: 2,
      name: 'n',
      overflow: 'evict' as const,
      stallAfterMs: 5,
      signal,
      from: { epoch: 'e', seq: 4 },
    };
    const settings = receiverSettings('owner', options, true);
    Object.assign(options, { capacity: 0, overflow: 'drop-oldest' });
    options.from.seq = 9;
    const { policy, ...others } = settings;
    expect(others).toEqual({
      capacity: 2,
      name: 'n',
      stallAfterMs: 5,
      signal,
      from: { epoch: 'e', seq: 4 },
    });
    expect(policy).toMatchObject({ endsWhenFull: true, displaces: false, mayBeOfferedLate: false });
  });

  it('reads each option once', () => {
    const reads: PropertyKey[] = [];
    const options = new Proxy(
      { capacity: 2, stallAfterMs: 5 },
      {
        get: (target, key) => {
          reads.push(key);
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    receiverSettings('owner', options, false);
    expect(reads.filter((key) => key === 'capacity' || key === 'stallAfterMs')).toEqual(['capacity', 'stallAfterMs']);
  });

  it.each<[object, string]>([
    [{ capacity: 0 }, 'owner must be an integer from 1 to 2147483647, got 0'],
    [{ capacity: null }, 'owner must be an integer from 1 to 2147483647, got null'],
    [{ stallAfterMs: 2 ** 31 }, 'stallAfterMs must be an integer from 1 to 2147483647, got 2147483648'],
    [{ signal: null }, 'signal.addEventListener must be a function, got undefined'],
    [{ from: 'start' }, 'from: the bus has no history, got "start"'],
    [{ overflow: 'all' }, 'overflow: expected drop-newest, drop-oldest, latest or evict, got "all"'],
  ])('law 24: refuses %j, showing it', (options, message) => {
    expect(() => receiverSettings('owner', options, false)).toThrow(message);
  });
});
