import { describe, expect, it } from '@jest/globals';
import { iteratorOver, type Pulled, streamOver } from '../../../lib/internal/receive/pull.js';

/** Gives numbers from 1 to `last`, then nothing, and tells what is asked of it. */
class Numbers implements Pulled<number> {
  readonly story: string[] = [];
  readonly consumers: object[] = [];
  #given = 0;

  constructor(readonly last = Infinity) {}

  take(consumer: object): Promise<number | undefined> {
    this.story.push('take');
    this.consumers.push(consumer);
    this.#given += 1;
    return Promise.resolve(this.#given <= this.last ? this.#given : undefined);
  }

  leave(): void {
    this.story.push('leave');
    this.#given = Infinity;
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('iteratorOver', () => {
  it('asks once for each next, and tells the end again and again, without ending the source', async () => {
    const source = new Numbers(1);
    const iterator = iteratorOver(source);
    expect([await iterator.next(), await iterator.next(), await iterator.next()]).toEqual([
      { done: false, value: 1 },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect([source.story, iterator[Symbol.asyncIterator]()]).toEqual([['take', 'take', 'take'], iterator]);
  });

  it('return ends the source at once, before it is awaited, and asks for nothing', async () => {
    const source = new Numbers();
    const left = iteratorOver(source).return?.();
    expect(source.story).toEqual(['leave']);
    expect(await left).toEqual({ done: true, value: undefined });
  });

  it('throw ends the source at once, and rejects with what it was given, whatever that is', async () => {
    const source = new Numbers();
    const thrown = iteratorOver(source).throw?.('reason');
    expect(source.story).toEqual(['leave']);
    await expect(thrown).rejects.toBe('reason');
  });

  it('passes on what the source rejects with', async () => {
    const source = new Numbers();
    source.take = () => Promise.reject(new Error('no'));
    await expect(iteratorOver(source).next()).rejects.toThrow('no');
  });
});

describe('streamOver', () => {
  it('asks for nothing before it is read, and once for each read', async () => {
    const source = new Numbers(2);
    const stream = streamOver(source);
    await turn();
    expect(source.story).toEqual([]);
    const reader = stream.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await turn();
    expect(source.story).toEqual(['take']);
    expect([await reader.read(), await reader.read()]).toEqual([
      { done: false, value: 2 },
      { done: true, value: undefined },
    ]);
    expect(source.story).toEqual(['take', 'take', 'take']);
  });

  it('ends the source when it is cancelled, once', async () => {
    const source = new Numbers();
    const stream = streamOver(source);
    await stream.cancel();
    await stream.cancel();
    expect(source.story).toEqual(['leave']);
  });

  it('errs with what the source rejects with', async () => {
    const source = new Numbers();
    source.take = () => Promise.reject(new Error('no'));
    await expect(streamOver(source).getReader().read()).rejects.toThrow('no');
  });
});

it.each([
  ['iterator', (source: Numbers) => iteratorOver(source).next()],
  ['stream', (source: Numbers) => streamOver(source).getReader().read()],
])('law 32: each %s takes as a consumer of its own', async (_what, take) => {
  const source = new Numbers();
  await Promise.all([take(source), take(source)]);
  expect(new Set(source.consumers).size).toBe(2);
});
