import { describe, expect, it } from '@jest/globals';
import { StallTimer } from '../../../lib/internal/receive/StallTimer.js';
import { SteadyClock } from '../../../lib/internal/support/SteadyClock.js';
import { Clock } from '../../support/Clock.js';

const LIMIT = 100;

function setUp(): { readonly clock: Clock; readonly timer: StallTimer; readonly stalled: number[] } {
  const clock = new Clock();
  const stalled: number[] = [];
  const timer = new StallTimer(new SteadyClock(clock), LIMIT, () => stalled.push(clock.now()));
  return { clock, timer, stalled };
}

describe('StallTimer', () => {
  it('law 34: has nothing scheduled before it watches, when it is stopped, and when it has told', () => {
    const { clock, timer, stalled } = setUp();
    timer.stop();
    expect(clock.pending).toBe(0);
    timer.watch(0);
    expect(clock.pending).toBe(1);
    timer.stop();
    timer.stop();
    expect(clock.pending).toBe(0);
    timer.watch(0);
    clock.pass(LIMIT);
    expect([clock.pending, stalled]).toEqual([0, [LIMIT]]);
    clock.pass(10 * LIMIT);
    expect(stalled).toEqual([LIMIT]);
  });

  it('what arrives while it watches changes nothing, and needs no action of its own', () => {
    const { clock, timer, stalled } = setUp();
    timer.watch(0);
    clock.pass(LIMIT - 1);
    timer.watch(LIMIT - 1);
    expect(clock.pending).toBe(1);
    clock.pass(1);
    expect(stalled).toEqual([LIMIT]);
  });

  it('counts from the last take, however many there are, with one action', () => {
    const { clock, timer, stalled } = setUp();
    timer.watch(0);
    for (let taken = 30; taken <= 90; taken += 30) {
      clock.pass(30);
      timer.restart();
      expect(clock.pending).toBe(1);
    }
    clock.pass(LIMIT - 1);
    expect([stalled, clock.pending]).toEqual([[], 1]);
    clock.pass(1);
    expect(stalled).toEqual([90 + LIMIT]);
  });

  it('a take begins the watch where it had not begun, or was stopped', () => {
    const { clock, timer, stalled } = setUp();
    timer.restart();
    clock.pass(50);
    timer.stop();
    timer.restart();
    clock.pass(LIMIT - 1);
    expect(stalled).toEqual([]);
    clock.pass(1);
    expect(stalled).toEqual([50 + LIMIT]);
  });

  it('is told of a wait that began before; one that is too long already is told in an action, not at the call', () => {
    const { clock, timer, stalled } = setUp();
    clock.pass(1_000);
    timer.watch(960);
    clock.pass(LIMIT - 40);
    expect(stalled).toEqual([1_060]);
    timer.watch(0);
    expect(stalled).toHaveLength(1);
    clock.pass(1);
    expect(stalled).toHaveLength(2);
  });

  it('a wait that begins in the future, as where the clock was set back, begins now', () => {
    const { clock, timer, stalled } = setUp();
    timer.watch(5_000);
    clock.pass(LIMIT);
    expect(stalled).toEqual([LIMIT]);
  });

  it('can watch again from within what it tells', () => {
    const clock = new Clock();
    const told: number[] = [];
    const timer: StallTimer = new StallTimer(new SteadyClock(clock), LIMIT, () => {
      told.push(clock.now());
      timer.watch(clock.now());
    });
    timer.watch(0);
    clock.pass(3 * LIMIT);
    timer.stop();
    expect([told, clock.pending]).toEqual([[100, 200, 300], 0]);
  });
});
