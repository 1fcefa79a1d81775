import { describe, expect, it } from '@jest/globals';
import { keepSelf, selfOf, throughProxies } from '../../../lib/internal/support/throughProxies.js';

const SYMBOL = Symbol('symbol');

/** Counts in a private field, by whatever it is called. */
class Count {
  #count = 0;
  asked = 0;

  constructor() {
    keepSelf(this, () => {
      this.asked += 1;
      return this;
    });
  }

  static isOwn(target: object): boolean {
    return #count in target;
  }

  get count(): number {
    return this.#count;
  }

  add(first: number, second = 0): this {
    this.#count += first + second;
    return this;
  }

  addByItself(one: number): number {
    this.#count += one;
    return this.#count;
  }

  [SYMBOL](): number {
    return this.add(1).count;
  }
}

class Own extends Count {
  static {
    throughProxies(Count, { isOwn: (target) => Count.isOwn(target), except: ['addByItself'] });
  }
}

describe('throughProxies', () => {
  it('has methods, getters and symbols work on a Proxy, which they hand out nothing of', () => {
    const count = new Own();
    const proxy = new Proxy(count, {});
    expect([proxy.add(1, 2), proxy.count, proxy[SYMBOL](), selfOf(proxy)()]).toEqual([count, 3, 4, count]);
    expect(proxy.add(1)).toBe(count);
  });

  it('asks a Proxy for what it is of, and an instance for nothing', () => {
    const count = new Own();
    count.add(1);
    expect([count.count, count.asked]).toEqual([1, 0]);
    new Proxy(count, {}).add(1);
    expect([count.count, count.asked]).toEqual([2, 1]);
  });

  it('leaves alone what is excepted, the constructor, and how they are described', () => {
    const count = new Own();
    expect(count.addByItself(1)).toBe(1);
    expect(() => new Proxy(count, {}).addByItself(1)).toThrow(TypeError);
    expect([Count.prototype.constructor, Object.keys(Count.prototype), Object.keys(count)]).toEqual([
      Count,
      [],
      ['asked'],
    ]);
  });
});
