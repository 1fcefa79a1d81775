import { describe, expect, it, jest } from '@jest/globals';
import { onAbort } from '../../../lib/internal/support/abort.js';

describe('onAbort', () => {
  it('calls when the signal is aborted, once, and not before', () => {
    const controller = new AbortController();
    const act = jest.fn();
    const ignore = onAbort(controller.signal, act);
    expect(act).toHaveBeenCalledTimes(0);
    controller.abort();
    controller.signal.dispatchEvent(new Event('abort'));
    ignore();
    expect(act).toHaveBeenCalledTimes(1);
  });

  it('calls at once where it is aborted already, and listens to nothing', () => {
    const signal = AbortSignal.abort();
    const listened = jest.spyOn(signal, 'addEventListener');
    const act = jest.fn();
    onAbort(signal, act)();
    expect([act.mock.calls.length, listened.mock.calls.length]).toEqual([1, 0]);
  });

  it('law 34: gives the listener back, and does not call then', () => {
    const controller = new AbortController();
    const acts = [jest.fn(), jest.fn()] as const;
    const [ignore] = acts.map((act) => onAbort(controller.signal, act));
    ignore?.();
    ignore?.();
    controller.abort();
    expect(acts.map((act) => act.mock.calls.length)).toEqual([0, 1]);
  });

  it('has nothing to do where there is no signal', () => {
    const act = jest.fn();
    onAbort(undefined, act)();
    expect(act).not.toHaveBeenCalled();
  });

  it('what is thrown at once is the caller’s', () => {
    expect(() =>
      onAbort(AbortSignal.abort(), () => {
        throw new Error('no');
      }),
    ).toThrow('no');
  });
});
