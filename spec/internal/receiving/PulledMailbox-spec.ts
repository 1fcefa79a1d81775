import { describe, expect, it } from '@jest/globals';
import { PulledMailbox } from '../../../lib/internal/receiving/PulledMailbox.js';
import type { Stage } from '../../../lib/internal/publishing/Stage.js';
import { BareStage } from '../../support/BareStage.js';
import { event } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

/** Tells what its heirs are told, and does with what comes what a receiver does. */
class Pulled extends PulledMailbox<number> {
  readonly story: unknown[] = [];
  readonly recordsGaps = true;
  readonly #stage: BareStage;

  constructor(stage: BareStage, capacity: number) {
    super(stage.asStage, { capacity });
    this.#stage = stage;
  }

  protected override get stage(): Stage<number> {
    return this.#stage.asStage;
  }

  get state(): { readonly isAsked: boolean; readonly gapIsNext: boolean } {
    return { isAsked: this.isAsked, gapIsNext: this.gapIsNext };
  }

  fail(error: unknown): void {
    this.end({ error });
  }

  take(...payloads: readonly number[]): void {
    payloads.forEach((payload) => this.keep(event(payload)));
    if (this.isAsked) {
      this.requestTurn();
    }
  }

  miss(count: number): void {
    this.noteMissing('chat', count);
  }

  /** Asks for an event, or for a gap, too; `then` is done when it is told. */
  ask(
    name: string,
    { inTurn = false, gaps = false, then }: { inTurn?: boolean; gaps?: boolean; then?: () => void } = {},
  ): void {
    const tell = (what: unknown): void => {
      this.story.push(`${name}: ${String(what)}`);
      then?.();
    };
    this.pull(
      {
        next: ({ event: payload }) => {
          tell(payload);
        },
        ...(gaps && {
          gap: ({ missed }) => {
            tell(`${missed} missing`);
          },
        }),
        complete: () => {
          tell('complete');
        },
        error: tell,
      },
      inTurn,
    );
  }

  /** What is told when so many events are consumed. */
  async whenConsumed(number: number): Promise<void> {
    await this.consumedUpTo(number).over;
    this.story.push(`${number} consumed`);
  }

  consumed(number: number): void {
    this.tellConsumed(number);
  }

  protected override beforePulls(): void {
    this.story.push('before');
  }

  protected override beforeTold(): void {
    this.story.push(`told, ${this.waiting} left`);
  }

  protected override afterPulls(answered: boolean): void {
    this.story.push(answered ? 'answered' : 'nobody answered');
  }

  protected override afterTurn(): void {
    this.servePulls();
  }
}

function setUp(capacity = 4): {
  readonly scheduler: ManualScheduler;
  readonly mailbox: Pulled;
  readonly story: unknown[];
} {
  const scheduler = new ManualScheduler();
  const mailbox = new Pulled(new BareStage(scheduler), capacity);
  return { scheduler, mailbox, story: mailbox.story };
}

/** What those who had asked were told. */
function answers(story: readonly unknown[]): unknown[] {
  return story.filter((line) => String(line).includes(':'));
}

describe('PulledMailbox', () => {
  it('tells at the call what waits, when it has taken it out', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.take(1, 2);
    mailbox.ask('a');
    expect(story).toEqual(['before', 'told, 1 left', 'a: 1', 'answered']);
    expect([mailbox.state.isAsked, mailbox.delivered, scheduler.pending]).toEqual([false, 1, 0]);
  });

  it('tells what comes in a turn, to those who asked first, as far as it goes', () => {
    const { scheduler, mailbox, story } = setUp();
    ['a', 'b', 'c'].forEach((name) => {
      mailbox.ask(name);
    });
    expect([answers(story), mailbox.state.isAsked, scheduler.pending]).toEqual([[], true, 0]);
    mailbox.take(1, 2);
    expect([answers(story), scheduler.pending]).toEqual([[], 1]);
    scheduler.flush();
    expect([answers(story), mailbox.state.isAsked]).toEqual([['a: 1', 'b: 2'], true]);
  });

  it('has no turn for one who asks for nothing that is there, and says so where nobody was answered', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.ask('a', { inTurn: true });
    expect([story, scheduler.pending]).toEqual([[], 0]);
    mailbox.requestTurn();
    expect([scheduler.turn(), scheduler.pending, story]).toEqual([1, 0, ['before', 'nobody answered']]);
  });

  it('a turn in which nobody has asked tells nobody anything', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.take(1, 2);
    mailbox.ask('a');
    story.length = 0;
    mailbox.requestTurn();
    scheduler.flush();
    expect([story, mailbox.waiting]).toEqual([[], 1]);
  });

  it.each<[string, (mailbox: Pulled) => void, string]>([
    [
      'an event',
      (mailbox) => {
        mailbox.take(1);
      },
      'a: 1',
    ],
    [
      'a gap',
      (mailbox) => {
        mailbox.miss(3);
      },
      'a: 3 missing',
    ],
    [
      'the end',
      (mailbox) => {
        mailbox.end('complete');
      },
      'a: complete',
    ],
  ])('tells %s in a turn, and never at once, where that is asked for', (_what, prepare, told) => {
    const { scheduler, mailbox, story } = setUp();
    prepare(mailbox);
    mailbox.ask('a', { inTurn: true, gaps: true });
    expect([story, scheduler.pending]).toEqual([[], 1]);
    scheduler.turn();
    expect(answers(story)).toEqual([told]);
  });

  it('law 26: who asks for a turn again when he is answered has the next one', () => {
    const { scheduler, mailbox, story } = setUp();
    const again = (): void => {
      mailbox.ask('a', { inTurn: true, then: again });
    };
    again();
    mailbox.take(1, 2, 3);
    scheduler.turn();
    expect(answers(story)).toEqual(['a: 1']);
    scheduler.flush();
    expect([answers(story), scheduler.pending, mailbox.state.isAsked]).toEqual([['a: 1', 'a: 2', 'a: 3'], 0, true]);
  });

  it('who asks at once when he is answered comes behind those who have asked', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.ask('a', {
      then: () => {
        mailbox.ask('c');
      },
    });
    mailbox.ask('b');
    mailbox.take(1, 2, 3);
    scheduler.flush();
    expect([answers(story), mailbox.waiting]).toEqual([['a: 1', 'b: 2', 'c: 3'], 0]);
  });

  it('law 31: where one leaves when he is answered, the others are told the end, and nothing more', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.ask('a', {
      then: () => {
        mailbox.discard();
      },
    });
    mailbox.ask('b');
    mailbox.take(1, 2);
    scheduler.flush();
    expect([answers(story), mailbox.delivered]).toEqual([['a: 1', 'b: complete'], 1]);
  });

  it('tells an error once, after what waits, and then the completion', () => {
    const { scheduler, mailbox, story } = setUp();
    ['a', 'b', 'c'].forEach((name) => {
      mailbox.ask(name);
    });
    mailbox.take(1);
    mailbox.fail('error');
    scheduler.flush();
    mailbox.ask('d');
    expect(answers(story)).toEqual(['a: 1', 'b: error', 'c: complete', 'd: complete']);
  });

  it('tells a gap to one who wants to know, in its place, and passes it over to one who does not', () => {
    const { mailbox, story } = setUp();
    mailbox.miss(2);
    mailbox.take(1);
    mailbox.miss(3);
    mailbox.take(2);
    expect(mailbox.state.gapIsNext).toBe(true);
    mailbox.ask('a', { gaps: true });
    expect(mailbox.state.gapIsNext).toBe(false);
    mailbox.ask('b', { gaps: true });
    expect(mailbox.state.gapIsNext).toBe(true);
    mailbox.ask('c');
    expect([answers(story), mailbox.state.gapIsNext]).toEqual([['a: 2 missing', 'b: 1', 'c: 2'], false]);
  });

  it('tells a gap that nothing follows to one who wants to know, before the end; and leaves it to him', () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.miss(2);
    mailbox.ask('a');
    mailbox.ask('b', { gaps: true });
    expect(answers(story)).toEqual([]);
    mailbox.end('complete');
    mailbox.ask('c');
    scheduler.flush();
    expect(answers(story)).toEqual(['a: complete', 'b: 2 missing', 'c: complete']);
  });

  it('tells in a turn behind a pull how far it is, once somebody waits for that', async () => {
    const { scheduler, mailbox, story } = setUp();
    mailbox.take(1, 2);
    void mailbox.whenConsumed(1);
    mailbox.ask('a');
    expect(scheduler.pending).toBe(1);
    mailbox.consumed(0);
    await Promise.resolve();
    expect(story).not.toContain('1 consumed');
    mailbox.consumed(1);
    await Promise.resolve();
    await Promise.resolve();
    expect(story).toContain('1 consumed');
  });
});
