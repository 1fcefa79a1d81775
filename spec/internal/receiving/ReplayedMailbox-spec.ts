import { describe, expect, it } from '@jest/globals';
import { EventFilter } from '../../../lib/index.js';
import { History } from '../../../lib/internal/history/History.js';
import { InOrder } from '../../../lib/internal/publishing/InOrder.js';
import { Stage } from '../../../lib/internal/publishing/Stage.js';
import { ReplayedMailbox } from '../../../lib/internal/receiving/ReplayedMailbox.js';
import { event } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

/** Takes what the history has, and writes down what becomes of it. */
class Replayed extends ReplayedMailbox<number> {
  readonly story: unknown[] = [];
  readonly recordsGaps = true;
  missed = 0;
  readonly #stage: Stage<number>;

  constructor(stage: Stage<number>, capacity: number) {
    super(stage, { capacity });
    this.#stage = stage;
  }

  protected override get stage(): Stage<number> {
    return this.#stage;
  }

  get isGoing(): boolean {
    return this.isLeaving;
  }

  fail(error: unknown): void {
    this.story.push(['failed', error]);
    this.end({ error });
    this.stopReplay();
  }

  /** Takes out what waits, then reads on. */
  drain(): number[] {
    const payloads = Array.from({ length: this.waiting }, () => this.queue?.shift().event ?? NaN);
    this.refill();
    return payloads;
  }

  finish(prepare: () => void): void {
    this.finishReplay(prepare);
  }

  stop(): void {
    this.stopReplay();
  }

  ask(): void {
    this.pull(
      { next: ({ event: payload }) => this.story.push(payload), complete: () => undefined, error: () => undefined },
      true,
    );
  }

  async whenRead(name: string): Promise<void> {
    await this.replayed(() => undefined).over;
    this.story.push(name);
  }

  missing(): unknown {
    return this.takeGap(0);
  }

  protected override put(busEvent: Parameters<ReplayedMailbox<number>['put']>[0]): boolean {
    return this.keep(busEvent);
  }

  protected override lag(): void {
    this.story.push('lags');
  }

  protected override lose({ event: payload }: Parameters<ReplayedMailbox<number>['lose']>[0]): void {
    this.story.push(`lost ${payload}`);
  }

  override countLost(): void {
    this.story.push('lost one');
  }

  protected override noteRun(first: number): void {
    this.story.push(`read ${this.taken - first}`);
  }

  protected override join(filter: EventFilter<number>): void {
    this.story.push(`joins ${filter.type}`);
  }

  protected override beforePulls(): void {
    // Nobody is told.
  }

  protected override beforeTold(): void {
    // Nobody is told.
  }

  protected override afterPulls(): void {
    // Nobody is told.
  }

  protected override afterTurn(): void {
    this.servePulls();
  }
}

interface Fixture {
  readonly history: History<number>;
  readonly inOrder: InOrder;
  readonly scheduler: ManualScheduler;
  readonly mailbox: Replayed;
  readonly publish: (...payloads: number[]) => void;
}

/** A mailbox with room for `capacity`, and a history that retains the newest five. */
function setUp(capacity: number): Fixture {
  const history = new History<number>({ capacity: 5 });
  const inOrder = new InOrder();
  const scheduler = new ManualScheduler();
  const mailbox = new Replayed(new Stage<number>(scheduler, inOrder), capacity);
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      inOrder.run(() => history.append(event(payload, { kind: payload % 2 === 0 ? 'even' : 'odd' })), undefined);
    });
  };
  return { history, inOrder, scheduler, mailbox, publish };
}

const even = EventFilter.kind('even');

describe('ReplayedMailbox', () => {
  it('joins at once where there is nothing to read, with its filter', () => {
    const { history, mailbox, publish } = setUp(2);
    publish(1, 3);
    mailbox.replay(history, even, 0);
    expect([mailbox.story, mailbox.isReplaying, mailbox.filter]).toEqual([['read 0', 'joins kind'], false, even]);
  });

  it('takes what it has room for, what was published meanwhile too, and joins once, when it has read all', () => {
    const { history, mailbox, publish } = setUp(2);
    publish(1, 2, 3);
    mailbox.replay(history, EventFilter.all, 1);
    expect([mailbox.isReplaying, mailbox.waiting]).toEqual([false, 2]);
    const other = setUp(2);
    other.publish(1, 2, 3);
    other.mailbox.replay(other.history, EventFilter.all, 0);
    expect([other.mailbox.isReplaying, other.mailbox.waiting]).toEqual([true, 2]);
    other.publish(4);
    expect([other.mailbox.drain(), other.mailbox.isReplaying]).toEqual([[1, 2], false]);
    expect([other.mailbox.drain(), other.mailbox.drain()]).toEqual([[3, 4], []]);
    expect(other.mailbox.story).toEqual(['read 2', 'read 2', 'joins all']);
  });

  it('law 15: reads on in its place, behind the job that runs', () => {
    const { history, inOrder, mailbox, publish } = setUp(1);
    publish(1, 2, 3);
    mailbox.replay(history, EventFilter.all, 0);
    inOrder.run(() => {
      mailbox.drain();
      expect(mailbox.waiting).toBe(0);
    }, undefined);
    expect(mailbox.drain()).toEqual([2]);
  });

  it('is told of each event that the history retains no longer and that it wanted, and joins when that was the last', () => {
    const { history, mailbox, publish } = setUp(1);
    publish(2, 4, 6, 1, 3);
    mailbox.replay(history, even, 0);
    publish(5, 7);
    expect([mailbox.story, mailbox.isReplaying]).toEqual([['read 1', 'lost 4'], true]);
    publish(9);
    expect([mailbox.story, mailbox.isReplaying]).toEqual([['read 1', 'lost 4', 'lost 6', 'joins kind'], false]);
  });

  it('ends with what was published until it is finished, which may be much later; what it is told to prepare comes first', () => {
    const { history, mailbox, publish } = setUp(1);
    publish(1, 2);
    mailbox.replay(history, EventFilter.all, 0);
    expect(mailbox.isGoing).toBe(false);
    mailbox.finish(() => mailbox.story.push(`prepared, going: ${String(mailbox.isGoing)}`));
    publish(3);
    expect([mailbox.isReplaying, mailbox.hasEnded, mailbox.drain()]).toEqual([true, false, [1]]);
    expect([mailbox.isReplaying, mailbox.hasEnded, mailbox.drain()]).toEqual([false, true, [2]]);
    expect(mailbox.story).toEqual(['read 1', 'prepared, going: true', 'read 0', 'read 1']);
  });

  it('ends, and does not join, where it is finished and the last that it had left is lost', () => {
    const { history, mailbox, publish } = setUp(1);
    publish(2, 4, 1, 3, 5);
    mailbox.replay(history, even, 0);
    mailbox.finish(() => undefined);
    publish(6, 8);
    expect([mailbox.story, mailbox.hasEnded]).toEqual([['read 1', 'read 0', 'lost 4'], true]);
  });

  it('law 34: reads nothing more when it is stopped, and those who waited for it wait no more', async () => {
    const { history, mailbox, publish } = setUp(1);
    publish(1, 2, 3);
    mailbox.replay(history, EventFilter.all, 0);
    void mailbox.whenRead('through');
    mailbox.stop();
    mailbox.stop();
    await Promise.resolve();
    await Promise.resolve();
    publish(4, 5, 6, 7, 8);
    expect([mailbox.drain(), mailbox.waiting, mailbox.isReplaying]).toEqual([[1], 0, false]);
    expect(mailbox.story).toEqual(['read 1', 'through']);
  });

  it('lets those go on who wait until it has read what was published before, and those alone', async () => {
    const { history, mailbox, publish } = setUp(1);
    publish(1, 2);
    mailbox.replay(history, EventFilter.all, 0);
    void mailbox.whenRead('first');
    publish(3, 4);
    void mailbox.whenRead('second');
    mailbox.drain();
    await Promise.resolve();
    await Promise.resolve();
    expect(mailbox.story).toEqual(['read 1', 'read 1', 'first']);
  });

  it('law 16: fails with what a predicate throws, and keeps what it has', () => {
    const { history, mailbox, publish } = setUp(5);
    publish(1, 2, 3);
    const filter = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 2) {
        throw new Error('no');
      }
      return true;
    });
    mailbox.replay(history, filter, 0);
    expect(mailbox.story).toEqual([['failed', new Error('no')], 'read 1']);
    expect([mailbox.hasEnded, mailbox.waiting]).toEqual([true, 1]);
  });

  it('asks for a turn where somebody waits for what it has read', () => {
    const { history, scheduler, mailbox, publish } = setUp(2);
    publish(1);
    mailbox.ask();
    expect(scheduler.pending).toBe(0);
    mailbox.replay(history, EventFilter.all, 0);
    expect(scheduler.pending).toBe(1);
    scheduler.flush();
    expect(mailbox.story).toContain(1);
  });

  it.each([
    [3, false, { type: 'gap', missed: 3, byKind: { '*': 3 } }],
    [3, true, { type: 'gap', missed: 3, byKind: { '*': 3 }, atMost: true }],
    [Infinity, true, { type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true }],
  ])('starts with a gap of %d, vague: %j', (count, isVague, gap) => {
    const { mailbox } = setUp(1);
    mailbox.startWithGap(count, isVague);
    expect([mailbox.missed, mailbox.missing(), mailbox.missing()]).toEqual([count, gap, undefined]);
  });
});
