import { describe, expect, it } from '@jest/globals';
import type { SchedulerAction, Subscription } from 'rxjs';
import { Turns, type TurnTaker } from '../../../lib/internal/dispatch/Turns.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

/** Runs what it is given at once, in the midst of the call. */
class AtOnceScheduler extends ManualScheduler {
  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const action = super.schedule(work, delay, state);
    this.turn();
    return action;
  }
}

/** Turns with work of their own, as the stage has it: `wants` is whether there is some. */
class HookedTurns extends Turns {
  wants = false;
  readonly story: string[] = [];
  onBegin: (() => void) | undefined;

  constructor(readonly manual: ManualScheduler) {
    super(manual);
  }

  override ensureAction(): void {
    super.ensureAction();
  }

  override cancelUnwanted(): void {
    super.cancelUnwanted();
  }

  protected override get isWanted(): boolean {
    return super.isWanted || this.wants;
  }

  protected override begin(): void {
    this.story.push(this.isRunning ? 'begin' : 'begin, and nothing runs');
    this.onBegin?.();
  }

  protected override end(): void {
    this.story.push(`end, ${this.manual.pending} scheduled`);
  }
}

function line(): {
  readonly scheduler: ManualScheduler;
  readonly turns: Turns;
  readonly story: string[];
  readonly taker: (name: string, work?: () => void) => TurnTaker;
} {
  const scheduler = new ManualScheduler();
  const story: string[] = [];
  const taker = (name: string, work?: () => void): TurnTaker => ({
    awaitsTurn: false,
    turn: () => {
      story.push(name);
      work?.();
    },
  });
  return { scheduler, turns: new Turns(scheduler), story, taker };
}

describe('Turns', () => {
  it('one action serves all who asked, each once, in the order of asking', () => {
    const { scheduler, turns, story, taker } = line();
    const [a, b, c] = [taker('a'), taker('b'), taker('c')];
    for (const one of [b, a, b, c, a]) {
      turns.request(one);
    }
    expect([scheduler.pending, story]).toEqual([1, []]);
    scheduler.turn();
    expect([scheduler.pending, story]).toEqual([0, ['b', 'a', 'c']]);
    expect([a, b, c].map(({ awaitsTurn }) => awaitsTurn)).toEqual([false, false, false]);
  });

  it('schedules nothing where nobody asked, and one action more for who asks later', () => {
    const { scheduler, turns, story, taker } = line();
    expect(scheduler.pending).toBe(0);
    turns.request(taker('a'));
    scheduler.turn();
    turns.request(taker('b'));
    expect(scheduler.pending).toBe(1);
    scheduler.turn();
    expect(story).toEqual(['a', 'b']);
  });

  it('law 26: who asks within a turn has it in the next action', () => {
    const { scheduler, turns, story, taker } = line();
    const again: TurnTaker = taker('again', () => {
      if (story.length < 6) {
        turns.request(again);
      }
    });
    turns.request(again);
    turns.request(
      taker('b', () => {
        turns.request(taker('late'));
      }),
    );
    expect(scheduler.turn()).toBe(1);
    expect([story, scheduler.pending]).toEqual([['again', 'b'], 1]);
    expect(scheduler.turn()).toBe(1);
    expect(story).toEqual(['again', 'b', 'again', 'late']);
    scheduler.flush();
    expect(story).toEqual(['again', 'b', 'again', 'late', 'again', 'again']);
  });

  it('law 34: the last who withdraws takes the action along', () => {
    const { scheduler, turns, story, taker } = line();
    const [a, b] = [taker('a'), taker('b')];
    turns.request(a);
    turns.request(b);
    turns.withdraw(a);
    turns.withdraw(a);
    expect(scheduler.pending).toBe(1);
    turns.withdraw(b);
    expect(scheduler.pending).toBe(0);
    scheduler.flush();
    expect(story).toEqual([]);
    turns.request(b);
    scheduler.flush();
    expect(story).toEqual(['b']);
  });

  it('who withdraws has no turn, and the others have theirs', () => {
    const { scheduler, turns, story, taker } = line();
    const [a, b, c] = [taker('a'), taker('b'), taker('c')];
    for (const one of [a, b, c]) {
      turns.request(one);
    }
    turns.withdraw(b);
    scheduler.flush();
    expect(story).toEqual(['a', 'c']);
  });

  it('who never asked withdraws without effect', () => {
    const { scheduler, turns, story, taker } = line();
    turns.request(taker('a'));
    turns.withdraw(taker('b'));
    scheduler.flush();
    expect(story).toEqual(['a']);
  });

  it('who withdraws and asks again has one turn', () => {
    const { scheduler, turns, story, taker } = line();
    const [a, b] = [taker('a'), taker('b')];
    turns.request(a);
    turns.request(b);
    turns.withdraw(a);
    turns.request(a);
    scheduler.flush();
    expect(story.sort()).toEqual(['a', 'b']);
    expect(scheduler.pending).toBe(0);
  });

  it('who is made to withdraw within the turn of another has none, and the next action is as it should be', () => {
    const { scheduler, turns, story, taker } = line();
    const b = taker('b');
    const a = taker('a', () => {
      turns.withdraw(b);
    });
    turns.request(a);
    turns.request(b);
    scheduler.turn();
    expect([story, scheduler.pending, b.awaitsTurn]).toEqual([['a'], 0, false]);
    turns.request(b);
    expect(scheduler.pending).toBe(1);
    scheduler.flush();
    expect(story).toEqual(['a', 'b']);
  });

  it('who is made to withdraw and ask again within the turn of another has one turn', () => {
    const { scheduler, turns, story, taker } = line();
    const b = taker('b');
    const a = taker('a', () => {
      turns.withdraw(b);
      turns.request(b);
    });
    turns.request(a);
    turns.request(b);
    scheduler.flush();
    expect([story, scheduler.pending]).toEqual([['a', 'b'], 0]);
  });

  it('two lines on one scheduler do not mix', () => {
    const { scheduler, turns, story, taker } = line();
    const other = new Turns(scheduler);
    const a = taker('a');
    turns.request(a);
    other.request(taker('b'));
    expect(scheduler.pending).toBe(2);
    turns.withdraw(a);
    scheduler.flush();
    expect(story).toEqual(['b']);
  });

  it('a scheduler that runs at once gives each turn within its request, and no turn within another', () => {
    const turns = new Turns(new AtOnceScheduler());
    const story: string[] = [];
    const b: TurnTaker = { awaitsTurn: false, turn: () => story.push('b') };
    const a: TurnTaker = {
      awaitsTurn: false,
      turn: () => {
        story.push('a begins');
        turns.request(b);
        story.push('a ends');
      },
    };
    turns.request(a);
    story.push('then');
    turns.request(b);
    expect(story).toEqual(['a begins', 'a ends', 'b', 'then', 'b']);
  });

  it('an action begins before its first turn, and who asks then has its turn in it', () => {
    const { scheduler, story, taker } = line();
    const turns = new HookedTurns(scheduler);
    turns.onBegin = () => {
      story.push('begin');
      turns.request(taker('b'));
      turns.onBegin = undefined;
    };
    turns.request(taker('a'));
    expect(scheduler.turn()).toBe(1);
    expect([story, scheduler.pending]).toEqual([['begin', 'a', 'b'], 0]);
  });

  it('who asks as an action begins has its turn in it also where the one that it was for has withdrawn', () => {
    const { scheduler, story, taker } = line();
    const turns = new HookedTurns(scheduler);
    const a = taker('a');
    turns.onBegin = () => {
      turns.withdraw(a);
      turns.request(taker('b'));
    };
    turns.request(a);
    scheduler.turn();
    expect([story, scheduler.pending]).toEqual([['b'], 0]);
  });

  it('each action comes to its end, before the next is scheduled', () => {
    const { scheduler, taker } = line();
    const turns = new HookedTurns(scheduler);
    const again = taker('again', () => {
      turns.story.push('turn');
      if (turns.story.length < 3) {
        turns.request(again);
      }
    });
    turns.request(again);
    scheduler.flush();
    expect(turns.story).toEqual(['begin', 'turn', 'end, 0 scheduled', 'begin', 'turn', 'end, 0 scheduled']);
  });

  it('work of its own keeps the action that was scheduled, and schedules the next', () => {
    const { scheduler, taker } = line();
    const turns = new HookedTurns(scheduler);
    const a = taker('a');
    turns.wants = true;
    turns.request(a);
    turns.withdraw(a);
    turns.ensureAction();
    expect(scheduler.pending).toBe(1);
    expect([scheduler.turn(), scheduler.pending]).toEqual([1, 1]);
    turns.wants = false;
    turns.cancelUnwanted();
    expect([scheduler.pending, turns.story]).toEqual([0, ['begin', 'end, 0 scheduled']]);
  });

  it('to cancel what is unwanted leaves the action to those who await their turn', () => {
    const { scheduler, story, taker } = line();
    const turns = new HookedTurns(scheduler);
    turns.request(taker('a'));
    turns.cancelUnwanted();
    scheduler.flush();
    expect(story).toEqual(['a']);
  });

  it('no action is scheduled for certain while one runs', () => {
    const { scheduler } = line();
    const turns = new HookedTurns(scheduler);
    turns.wants = true;
    turns.onBegin = () => {
      turns.wants = false;
      turns.ensureAction();
      expect(scheduler.pending).toBe(0);
    };
    turns.ensureAction();
    scheduler.flush();
    expect(turns.story).toEqual(['begin', 'end, 0 scheduled']);
  });
});
