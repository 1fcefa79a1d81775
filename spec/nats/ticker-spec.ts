import { describe, expect, it } from '@jest/globals';
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { Ticker } from '../../lib/nats/outbox/Ticker.js';

/** A process whose timers come when the test says so. */
class Process implements SchedulerLike {
  time = 0;
  private work: (() => void) | undefined;

  now(): number {
    return this.time;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void): Subscription {
    const subscription = new Subscription(() => {
      this.work = undefined;
    });
    this.work = () => {
      this.work = undefined;
      subscription.unsubscribe();
      work.call(subscription as SchedulerAction<T>);
    };
    return subscription;
  }

  get isWaiting(): boolean {
    return this.work !== undefined;
  }

  /** The timer comes after so many milliseconds. */
  pass(ms: number): void {
    this.time += ms;
    this.work?.();
  }
}

describe('Ticker', () => {
  it('calls back every 50 ms, while there is something to look after, and not after its end', () => {
    const process = new Process();
    const times: number[] = [];
    let isNeeded = true;
    const ticker = new Ticker(process, () => {
      times.push(process.time);
      return isNeeded;
    });
    expect(process.isWaiting).toBe(false);
    ticker.start();
    ticker.start();
    process.pass(50);
    process.pass(60);
    isNeeded = false;
    process.pass(50);
    expect([times, process.isWaiting]).toEqual([[50, 110, 160], false]);
    ticker.start();
    ticker.stop();
    expect(process.isWaiting).toBe(false);
  });

  it('says when it comes late', () => {
    const process = new Process();
    const calls: [number, boolean][] = [];
    const ticker = new Ticker(process, (isLate) => calls.push([process.time, isLate]) > 0);
    ticker.start();
    [50, 100, 101, 50].forEach((ms) => {
      process.pass(ms);
    });
    expect(calls).toEqual([
      [50, false],
      [150, false],
      [251, true],
      [301, false],
    ]);
  });
});
