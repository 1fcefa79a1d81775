import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BindingCache } from '../../lib/internal/publish/BindingCache.js';

describe('BindingCache', () => {
  it('law 4: the pair is the key, and not a text joined from it', () => {
    const cache = new BindingCache(8);
    cache.learn('a', 'b:c', 'one');
    cache.learn('a:b', 'c', 'two');
    cache.learn('', '', 'three');
    cache.learn('__proto__', 'constructor', 'four');
    expect([cache.use('a', 'b:c'), cache.use('a:b', 'c'), cache.use('', '')]).toEqual(['one', 'two', 'three']);
    expect(cache.use('__proto__', 'constructor')).toBe('four');
    expect([cache.use('a', 'c'), cache.use('b:c', 'a'), cache.use('constructor', 'name')]).toEqual(
      Array(3).fill(undefined),
    );
    expect(cache.size).toBe(4);
  });

  it('law 7: to learn a pair again replaces its binding', () => {
    const cache = new BindingCache(1);
    expect(cache.learn('c', 's', 'one')).toBeUndefined();
    expect(cache.learn('c', 's', 'two')).toBeUndefined();
    expect([cache.use('c', 's'), cache.size]).toEqual(['two', 1]);
  });

  it('law 12: returns the binding that had to go, and it is the least recently used', () => {
    const cache = new BindingCache(2);
    cache.learn('c', '1', 'one');
    cache.learn('c', '2', 'two');
    cache.use('c', '1');
    expect(cache.learn('d', '1', 'three')).toMatchObject({ connectorId: 'c', sessionId: '2', scrollId: 'two' });
    expect([cache.use('c', '1'), cache.use('c', '2'), cache.use('d', '1'), cache.size]).toEqual([
      'one',
      undefined,
      'three',
      2,
    ]);
  });

  it('law 12: agrees with a Map whose entries are put last at each use', () => {
    const name = fc.constantFrom('', 'a', 'b', ':');
    const step = fc.record({
      learns: fc.boolean(),
      connectorId: name,
      sessionId: name,
      scrollId: fc.nat(9).map(String),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), (maxBindings, steps) => {
        const cache = new BindingCache(maxBindings);
        const model = new Map<string, string>();
        for (const { learns, connectorId, sessionId, scrollId } of steps) {
          const key = JSON.stringify([connectorId, sessionId]);
          const known = model.get(key);
          if (!learns) {
            expect(cache.use(connectorId, sessionId)).toBe(known);
          }
          if (learns || known !== undefined) {
            model.delete(key);
            model.set(key, learns ? scrollId : (known ?? ''));
          }
          if (learns) {
            const oldest = model.size > maxBindings ? [...model.keys()][0] : undefined;
            const evicted = cache.learn(connectorId, sessionId, scrollId);
            expect(evicted && JSON.stringify([evicted.connectorId, evicted.sessionId])).toBe(oldest);
            model.delete(oldest ?? '');
          }
          expect(cache.size).toBe(model.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
