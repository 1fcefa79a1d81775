import { describe, expect, it, jest } from '@jest/globals';
import { unlessAborted } from '../../../lib/internal/support/abort.js';

const never = new Promise<never>(() => undefined);

describe('unlessAborted', () => {
  it('is what the work comes to, where that is first', async () => {
    const controller = new AbortController();
    const done = unlessAborted(controller.signal, Promise.resolve(1));
    expect(await done).toBe(1);
    controller.abort('too late');
    expect(await done).toBe(1);
    await expect(unlessAborted(controller.signal, Promise.reject(new Error('no')))).rejects.toBe('too late');
    await expect(unlessAborted(new AbortController().signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it.each(['reason', 0, null, new Error('enough')])(
    'rejects with the reason of the signal, whatever that is: %p',
    async (reason) => {
      const controller = new AbortController();
      const later = unlessAborted(controller.signal, never);
      controller.abort(reason);
      await expect(later).rejects.toBe(reason);
      await expect(unlessAborted(controller.signal, Promise.resolve(1))).rejects.toBe(reason);
    },
  );

  it('what the work comes to later is nobody’s, also where that is an error', async () => {
    const controller = new AbortController();
    let fail: ((error: Error) => void) | undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const stopped = unlessAborted(controller.signal, work);
    controller.abort('reason');
    await expect(stopped).rejects.toBe('reason');
    fail?.(new Error('later'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('law 34: listens only as long as the work is not through', async () => {
    for (const work of [Promise.resolve(), Promise.reject(new Error('no'))]) {
      const { signal } = new AbortController();
      const given = jest.spyOn(signal, 'addEventListener');
      const back = jest.spyOn(signal, 'removeEventListener');
      await Promise.allSettled([unlessAborted(signal, work)]);
      await new Promise((resolve) => setImmediate(resolve));
      expect([given.mock.calls.length, back.mock.calls.map(([, act]) => act)]).toEqual([1, [given.mock.calls[0]?.[1]]]);
    }
  });

  it('needs no signal', async () => {
    expect(await unlessAborted(undefined, Promise.resolve(1))).toBe(1);
  });
});
