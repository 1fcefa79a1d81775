import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config, noop, type Observer } from 'rxjs';
import type { BusEvent, ReceiverOptions } from '../../../lib/index.js';
import { BurstMailbox } from '../../../lib/internal/receiving/BurstMailbox.js';
import { queueMaker } from '../../../lib/internal/receiving/policies.js';
import type { Stage } from '../../../lib/internal/publishing/Stage.js';
import { BareStage } from '../../support/BareStage.js';
import { event } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

/** Shows what only its heirs see, and takes what it is given as a receiver does. */
class Burst extends BurstMailbox<number> {
  readonly failures: unknown[] = [];
  readonly recordsGaps = true;
  readonly #stage: BareStage;

  constructor(stage: BareStage, capacity: number, options: ReceiverOptions<number>) {
    super(stage.asStage, { capacity, makeQueue: queueMaker(options, capacity) });
    this.#stage = stage;
  }

  protected override get stage(): Stage<number> {
    return this.#stage.asStage;
  }

  set function(handler: (busEvent: BusEvent<number>) => void) {
    this.handler = handler;
  }

  get next(): number {
    return this.nextNumber;
  }

  forgets(): boolean {
    return this.forgetInHand();
  }

  fail(error: unknown): void {
    this.failures.push(error);
    this.end({ error });
  }

  lend(from: number, to: number): boolean {
    return this.borrow(from, to);
  }

  /** Whether each of them was taken. */
  take(...payloads: readonly number[]): boolean[] {
    return payloads.map((payload) => {
      const { taken } = this;
      const isTaken = this.keep(event(payload));
      if (this.taken > taken) {
        this.noteKept(taken, this.#stage.time, false);
      }
      return isTaken;
    });
  }

  missing(): unknown[] {
    return Array.from({ length: this.taken + 1 }, (_, place) => this.gaps?.take(place)).flatMap((gap, place) =>
      gap === undefined ? [] : [[place, gap.missed]],
    );
  }

  all(): number[] {
    return Array.from({ length: this.waiting }, (_, index) => this.peek(index).event);
  }
}

interface Fixture {
  readonly scheduler: ManualScheduler;
  readonly stage: BareStage;
  readonly mailbox: Burst;
  readonly story: unknown[];
  readonly consumer: Observer<BusEvent<number>>;
}

/** A mailbox in an action of whose stage the events 0 to 9 are lent; `onNext` is called by its consumer. */
function setUp(
  capacity: number,
  options: ReceiverOptions<number> = {},
  onNext: (payload: number) => void = noop,
): Fixture {
  const scheduler = new ManualScheduler();
  const stage = new BareStage(scheduler);
  stage.lent = Array.from({ length: 10 }, (_, payload) => event(payload));
  const mailbox = new Burst(stage, capacity, options);
  const story: unknown[] = [];
  const consumer: Observer<BusEvent<number>> = {
    next: ({ event: payload }) => {
      story.push(payload);
      onNext(payload);
    },
    error: (error) => story.push(['error', error]),
    complete: () => story.push('complete'),
  };
  return { scheduler, stage, mailbox, story, consumer };
}

describe('BurstMailbox', () => {
  it('takes a run where it lies only while it is served, nothing waits, and there is room for all of it', () => {
    const { scheduler, mailbox, consumer } = setUp(3);
    expect(mailbox.lend(0, 1)).toBe(false);
    mailbox.attach(consumer);
    expect([mailbox.lend(0, 4), mailbox.waiting, scheduler.pending]).toEqual([false, 0, 0]);
    expect([mailbox.lend(0, 3), mailbox.waiting, scheduler.pending]).toEqual([true, 3, 1]);
    expect([mailbox.lend(3, 4), mailbox.all()]).toEqual([false, [0, 1, 2]]);
    scheduler.flush();
    mailbox.take(77);
    expect([mailbox.lend(0, 1), mailbox.all()]).toEqual([false, [77]]);
  });

  it('law 20, 21: what is lent takes room; it is delivered first, then the queue, in one turn', () => {
    const { scheduler, mailbox, story, consumer } = setUp(3);
    mailbox.attach(consumer);
    mailbox.lend(4, 6);
    expect([mailbox.take(77, 88), mailbox.all(), mailbox.refused]).toEqual([[true, false], [4, 5, 77], 1]);
    expect(scheduler.turn()).toBe(1);
    expect([story, mailbox.waiting, mailbox.delivered, scheduler.pending]).toEqual([[4, 5, 77], 0, 3, 0]);
  });

  it('law 26: moves on before it calls, and what comes meanwhile waits for the next turn', () => {
    const seen: unknown[] = [];
    const { scheduler, mailbox, story, consumer } = setUp(2, {}, (payload) => {
      seen.push([mailbox.waiting, mailbox.delivered, ...(payload < 10 ? mailbox.take(payload + 10) : [])]);
    });
    mailbox.attach(consumer);
    mailbox.lend(0, 2);
    scheduler.turn();
    expect([story, seen]).toEqual([[0, 1], [[1, 1, true], [1, 2, true]]]); // prettier-ignore
    scheduler.turn();
    expect([story, mailbox.waiting, mailbox.refused]).toEqual([[0, 1, 10, 11], 0, 0]);
  });

  it('calls the function of a consumer that is no more than that, with what is lent', () => {
    const { scheduler, mailbox, story, consumer } = setUp(2);
    mailbox.attach(consumer);
    mailbox.function = ({ event: payload }) => story.push(`called with ${payload}`);
    mailbox.lend(0, 2);
    scheduler.flush();
    expect(story).toEqual(['called with 0', 'called with 1']);
  });

  it('law 31: a consumer that goes in the midst of a run, or is left, gets no more of it', () => {
    const gone: Fixture = setUp(4, {}, () => {
      gone.mailbox.detach(gone.consumer);
    });
    const left: Fixture = setUp(4, {}, () => {
      left.mailbox.discard();
    });
    [gone, left].forEach(({ scheduler, mailbox, consumer }) => {
      mailbox.attach(consumer);
      mailbox.lend(0, 3);
      mailbox.take(77);
      scheduler.flush();
      expect([mailbox.waiting, mailbox.delivered, mailbox.refused]).toEqual([0, 1, 0]);
    });
    expect([gone.story, left.story]).toEqual([[0], [0, 'complete']]);
  });

  it('forgets the event in hand where those that waited are forgotten: it was not delivered then', () => {
    const seen: unknown[] = [];
    const { scheduler, mailbox, consumer } = setUp(4, {}, (payload) => {
      if (payload === 1) {
        mailbox.discard();
      }
      seen.push([mailbox.delivered, mailbox.forgets(), mailbox.delivered]);
    });
    mailbox.attach(consumer);
    mailbox.lend(0, 3);
    scheduler.flush();
    expect(seen).toEqual([[1, false, 1], [2, true, 1]]); // prettier-ignore
  });

  it.each<[string, ReceiverOptions<number>, Record<'waits' | 'missing', unknown[]> & { readonly next: number }]>([
    // What is refused without a policy is noted by the receiver, for a whole run.
    ['drop-newest', {}, { waits: [1, 2], next: 0, missing: [] }],
    ['evict', { overflow: 'evict' }, { waits: [1, 2], next: 0, missing: [[2, 1]] }],
    ['drop-oldest', { overflow: 'drop-oldest' }, { waits: [2, 3], next: 1, missing: [[1, 1]] }],
    [
      'latest',
      { overflow: 'latest', key: ({ event: payload }) => payload > 1 },
      { waits: [1, 3], next: 0, missing: [[1, 1]] },
    ],
  ])('law 22: tells, counts and places the loss of %s; who is lost was not delivered', (_policy, options, expected) => {
    const { mailbox } = setUp(2, options);
    expect(mailbox.take(1, 2, 3)).toEqual([true, true, false]);
    expect({ waits: mailbox.all(), next: mailbox.next, missing: mailbox.missing() }).toEqual(expected);
    expect([mailbox.refused, mailbox.delivered, mailbox.highWaterMark]).toEqual([1, 0, 2]);
  });

  it('law 22: takes nothing and counts nothing after its end, or where it has forgotten all', () => {
    const { mailbox } = setUp(1);
    mailbox.take(1);
    mailbox.end('complete');
    expect([mailbox.take(2, 3), mailbox.refused, mailbox.all()]).toEqual([[true, true], 0, [1]]);
    mailbox.discard();
    expect([mailbox.take(4), mailbox.refused, mailbox.all(), mailbox.delivered]).toEqual([[true], 0, [], 0]);
  });

  it('law 16: fails with what a key throws, and is as it was', () => {
    const error = new Error('no');
    const key = ({ event: payload }: BusEvent<number>): number => {
      if (payload === 2) {
        throw error;
      }
      return payload;
    };
    const { mailbox } = setUp(2, { overflow: 'latest', key });
    expect([mailbox.take(1, 2, 3), mailbox.failures]).toEqual([[true, true, true], [error]]);
    expect([mailbox.all(), mailbox.refused, mailbox.delivered]).toEqual([[1], 0, 0]);
  });

  it('foresees what it does, with what is lent counted, and with no effect on what waits', () => {
    const plain = setUp(2);
    plain.mailbox.attach(plain.consumer);
    plain.mailbox.lend(0, 1);
    const verdicts = [plain.mailbox.foresee(event(9))];
    plain.mailbox.take(1);
    verdicts.push(plain.mailbox.foresee(event(9)));
    const { mailbox } = setUp(1, { overflow: 'drop-oldest' });
    verdicts.push(mailbox.foresee(event(9)));
    mailbox.take(1);
    verdicts.push(mailbox.foresee(event(9)));
    expect([verdicts, mailbox.all()]).toEqual([['taken', 'refused', 'taken', 'displaces'], [1]]);
  });

  it('knows for how long the oldest has waited, which is 0 where it has its turn right now', () => {
    const { scheduler, stage, mailbox, consumer } = setUp(3);
    expect(mailbox.oldestAge).toBe(0);
    mailbox.take(1);
    stage.time = 5;
    mailbox.take(2);
    stage.time = 20;
    expect(mailbox.oldestAge).toBe(20);
    stage.time = -7;
    expect(mailbox.oldestAge).toBe(0);
    stage.time = 20;
    mailbox.attach(consumer);
    scheduler.flush();
    expect(mailbox.oldestAge).toBe(0);
    mailbox.lend(0, 1);
    mailbox.take(3);
    stage.time = 30;
    expect(mailbox.oldestAge).toBe(0);
  });

  describe('whose consumer throws', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });

    afterEach(() => {
      config.onUnhandledError = null;
      jest.useRealTimers();
    });

    it('law 14: reports it, and delivers the rest of the run and of the queue in the same turn', () => {
      const reported: unknown[] = [];
      config.onUnhandledError = (error) => reported.push(error);
      const { scheduler, mailbox, story, consumer } = setUp(4, {}, (payload) => {
        throw payload;
      });
      mailbox.attach(consumer);
      mailbox.lend(0, 2);
      mailbox.take(77, 88);
      expect(scheduler.turn()).toBe(1);
      jest.runAllTimers();
      expect([story, reported]).toEqual([[0, 1, 77, 88], [0, 1, 77, 88]]); // prettier-ignore
    });
  });
});
