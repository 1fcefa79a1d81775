import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { BusEvent } from '../../lib/index.js';
import { event } from '../support/events.js';

const { setImmediate: realImmediate, MessageChannel: RealChannel } = globalThis;

afterEach(() => {
  Object.assign(globalThis, { setImmediate: realImmediate, MessageChannel: RealChannel });
});

async function* source(count: number): AsyncGenerator<BusEvent<number>> {
  for (let payload = 0; payload < count; payload += 1) {
    await Promise.resolve();
    yield event(payload);
  }
}

/** The library, as it is loaded on a platform that has only these. */
async function libraryOn(platform: object): Promise<typeof import('../../lib/index.js')> {
  Object.assign(globalThis, { setImmediate: undefined, MessageChannel: undefined, ...platform });
  jest.resetModules();
  return import('../../lib/index.js');
}

/** How many events were published before the first task of another kind could run, and in all. */
async function publishedBy(platform: object): Promise<[inOneTask: number, inAll: number]> {
  const { SharingBus } = await libraryOn(platform);
  const bus = new SharingBus<number>();
  const connected = bus.connect(source(300), { waitFor: [] });
  for (let step = 0; step < 5_000; step += 1) {
    await Promise.resolve();
  }
  const { published } = bus.stats();
  return [published, await connected];
}

describe('connect lets other tasks run after 128 events', () => {
  it.each<[string, object]>([
    ['with setImmediate', { setImmediate: realImmediate }],
    ['with channels only, as a browser', { MessageChannel: RealChannel }],
    ['with timers only', {}],
  ])('on a platform %s', async (_what, platform) => {
    expect(await publishedBy(platform)).toEqual([128, 300]);
  });

  it('opens one channel where there is nothing better, and closes it', async () => {
    const story: string[] = [];
    class Channel extends RealChannel {
      constructor() {
        super();
        story.push('opened');
        const close = this.port1.close.bind(this.port1);
        this.port1.close = () => {
          story.push('closed');
          close();
        };
      }
    }
    expect(await publishedBy({ MessageChannel: Channel })).toEqual([128, 300]);
    expect(story).toEqual(['opened', 'closed']);
  });

  it('is not held up by timers that are put in the place of the real ones', async () => {
    const { SharingBus } = await libraryOn({ setImmediate: realImmediate });
    globalThis.setImmediate = (() => undefined) as never;
    expect(await new SharingBus<number>().connect(source(300), { waitFor: [] })).toBe(300);
  });
});
