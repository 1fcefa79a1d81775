import { describe, expect, it } from '@jest/globals';
import { type TaskPlatform, Tasks } from '../../../lib/internal/support/Tasks.js';

describe('Tasks', () => {
  it.each<[string, TaskPlatform | undefined]>([
    ['as it is', undefined],
    ['with channels only, as a browser', { MessageChannel } as unknown as TaskPlatform],
    ['with timers only', {}],
  ])('comes in a task of its own, and again, on a platform %s', async (_what, platform) => {
    const tasks = new Tasks(platform);
    try {
      for (let time = 0; time < 3; time += 1) {
        let came = false;
        const next = tasks.next().then(() => (came = true));
        for (let step = 0; step < 100; step += 1) {
          await Promise.resolve();
        }
        expect(came).toBe(false);
        await next;
      }
    } finally {
      tasks.close();
    }
  });

  it('opens one channel where there is nothing better, and closes it', async () => {
    const story: string[] = [];
    class Port {
      onmessage: unknown;
      other: Port | undefined;
      postMessage(): void {
        story.push('posted');
        (this.other?.onmessage as () => void)();
      }
      close(): void {
        story.push('closed');
      }
    }
    class Channel {
      readonly port1 = new Port();
      readonly port2 = new Port();
      constructor() {
        story.push('opened');
        this.port2.other = this.port1;
      }
    }
    const tasks = new Tasks({ MessageChannel: Channel });
    await tasks.next();
    await tasks.next();
    tasks.close();
    expect(story).toEqual(['opened', 'posted', 'posted', 'closed']);
    new Tasks({ MessageChannel: Channel }).close();
    expect(story).toHaveLength(4);
  });

  it('is not held up by timers that are put in the place of the real ones', async () => {
    const real = globalThis.setImmediate;
    try {
      globalThis.setImmediate = (() => undefined) as never;
      await new Tasks().next();
    } finally {
      globalThis.setImmediate = real;
    }
  });
});
