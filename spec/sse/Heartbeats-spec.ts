import { describe, expect, it } from '@jest/globals';
import { asyncScheduler } from 'rxjs';
import { Heartbeats, type Waiter } from '../../lib/sse/Heartbeats.js';
import { Clock } from '../support/Clock.js';
import { FakeTimers } from '../support/FakeTimers.js';

interface Fixture {
  readonly clock: Clock;
  readonly heartbeats: Heartbeats;
  /** When each heartbeat was due, with the name of its waiter. */
  readonly beats: string[];
  readonly waiter: (name: string, onBeat?: (waiter: Waiter) => void) => Waiter;
}

function setUp(): Fixture {
  const clock = new Clock();
  const heartbeats = new Heartbeats(clock, 100);
  const beats: string[] = [];
  const waiter: Fixture['waiter'] = (name, onBeat) => {
    const one: Waiter = {
      before: undefined,
      after: undefined,
      dueAt: undefined,
      beat: () => {
        beats.push(`${clock.now()} ${name}`);
        onBeat?.(one);
      },
    };
    return one;
  };
  return { clock, heartbeats, beats, waiter };
}

describe('Heartbeats', () => {
  it('has one timer, and tells each waiter exactly when its own time is over', () => {
    const { clock, heartbeats, beats, waiter } = setUp();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => waiter(name, (one) => { heartbeats.add(one); })); // prettier-ignore
    heartbeats.add(a as Waiter);
    clock.pass(30);
    heartbeats.add(b as Waiter);
    clock.pass(30);
    heartbeats.add(c as Waiter);
    heartbeats.add(a as Waiter);
    expect(clock.pending).toBe(1);
    clock.pass(210);
    expect([beats, clock.pending]).toEqual([['130 b', '160 c', '160 a', '230 b', '260 c', '260 a'], 1]);
  });

  it('law 34: has no timer when none waits, and forgets who does not wait', () => {
    const { clock, heartbeats, beats, waiter } = setUp();
    const [a, b] = [waiter('a'), waiter('b')];
    [a, b].forEach((one) => {
      heartbeats.add(one);
    });
    heartbeats.remove(a);
    heartbeats.remove(a);
    heartbeats.tidy();
    expect(clock.pending).toBe(1);
    heartbeats.remove(b);
    heartbeats.tidy();
    expect([clock.pending, a.after, b.before]).toEqual([0, undefined, undefined]);
    heartbeats.add(a);
    clock.pass(100);
    expect([beats, clock.pending]).toEqual([['100 a'], 0]);
  });

  it('one may leave, or let another one leave, while it is told', () => {
    const { clock, heartbeats, beats, waiter } = setUp();
    const b = waiter('b');
    const a = waiter('a', () => {
      heartbeats.remove(b);
      heartbeats.tidy();
      heartbeats.add(waiter('new'));
    });
    heartbeats.add(a);
    heartbeats.add(b);
    clock.pass(200);
    expect([beats, clock.pending]).toEqual([['100 a', '200 new'], 0]);
  });

  it('reads the clock once in a round', () => {
    const { clock, heartbeats, waiter } = setUp();
    let reads = 0;
    const now = clock.now.bind(clock);
    clock.now = () => {
      reads += 1;
      return now();
    };
    heartbeats.beginRound();
    heartbeats.add(waiter('a'));
    heartbeats.add(waiter('b'));
    heartbeats.endRound();
    expect(reads).toBe(1);
  });

  it.each([
    [
      'a round that is still open, as in virtual time',
      (heartbeats: Heartbeats) => {
        heartbeats.beginRound();
      },
    ],
    [
      'a clock that stands still',
      (_: Heartbeats, clock: Clock) => {
        clock.now = () => 0;
      },
    ],
  ])('tells a waiter once for each of its times, also with %s', (_how, prepare) => {
    const { clock, heartbeats, beats, waiter } = setUp();
    prepare(heartbeats, clock);
    const frames: number[] = [];
    const a = waiter('a', () => {
      frames.push(clock.frame);
      if (beats.length < 5) {
        heartbeats.add(a);
      }
    });
    heartbeats.add(a);
    clock.pass(350);
    expect(frames).toEqual([100, 200, 300]);
  });

  it('goes on after the fake timers of a test, whose timer never rings', async () => {
    const heartbeats = new Heartbeats(asyncScheduler, 10);
    const { beats, waiter } = setUp();
    const fake = new FakeTimers({ Date: 1e12 });
    heartbeats.add(waiter('a'));
    fake.uninstall();
    await new Promise<void>((resolve) => {
      heartbeats.add(waiter('b', () => { resolve(); })); // prettier-ignore
    });
    expect([beats, fake.pending]).toEqual([['0 a', '0 b'], 1]);
    heartbeats.tidy();
  });
});
