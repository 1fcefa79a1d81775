import { describe, expect, it } from '@jest/globals';
import { InOrder } from '../../lib/internal/InOrder.js';
import { Receiver } from '../../lib/internal/Receiver.js';
import { Stage } from '../../lib/internal/Stage.js';
import { EventFilter } from '../../lib/protocol/EventFilter.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

type Handler = (payload: number) => void;

/** A stage, with receivers as a bus makes them. */
function setUp(onLog?: (line: string) => void): {
  readonly scheduler: ManualScheduler;
  readonly inOrder: InOrder;
  readonly stage: Stage<number>;
  readonly join: (filter: EventFilter<number>, capacity?: number) => Receiver<number>;
  readonly consume: (receiver: Receiver<number>, handler?: Handler) => number[];
  readonly append: (...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const inOrder = new InOrder();
  const stage = new Stage<number>(scheduler, inOrder);
  let receivers = 0;
  const join = (filter: EventFilter<number>, capacity = 9): Receiver<number> => {
    const receiver = new Receiver<number>(receivers, capacity, {
      stage,
      log: (_level, line) => onLog?.(line),
      release: (one) => {
        stage.leave(one);
        one.end('complete');
      },
    });
    receivers += 1;
    stage.join(receiver, filter);
    return receiver;
  };
  const consume = (receiver: Receiver<number>, handler?: Handler): number[] => {
    const payloads: number[] = [];
    receiver.events$.subscribe(({ event: payload }) => {
      payloads.push(payload);
      handler?.(payload);
    });
    return payloads;
  };
  const append = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      stage.append(event(payload));
    });
  };
  return { scheduler, inOrder, stage, join, consume, append };
}

const odd = EventFilter.where<number>(({ event: payload }) => payload % 2 === 1);

describe('Stage', () => {
  it('keeps a burst, with one action scheduled for it, and hands it over then', () => {
    const { scheduler, join, consume, append } = setUp();
    const receivers = [join(EventFilter.all), join(EventFilter.kind('test'))];
    const seen = receivers.map((receiver) => consume(receiver));
    append(1, 2, 3);
    expect([scheduler.pending, receivers.map(({ waiting }) => waiting), seen]).toEqual([1, [0, 0], [[], []]]);
    scheduler.turn();
    expect([scheduler.pending, seen]).toEqual([
      0,
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    ]);
  });

  it('keeps no event that nobody wants, and schedules nothing for it', () => {
    const { scheduler, join, consume, append } = setUp();
    append(1);
    const seen = consume(join(EventFilter.kind('other')));
    append(2);
    expect(scheduler.pending).toBe(0);
    scheduler.flush();
    expect(seen).toEqual([]);
  });

  it('law 22: to settle offers what is staged, and leaves the action to those who await their turn', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const [served, alone] = [join(EventFilter.all), join(EventFilter.all, 4)];
    const seen = consume(served);
    append(1, 2);
    stage.settle();
    expect([served.waiting, alone.waiting, seen, scheduler.pending]).toEqual([2, 2, [], 1]);
    stage.settle();
    scheduler.flush();
    expect([seen, alone.waiting]).toEqual([[1, 2], 2]);
  });

  it('law 34: to settle takes the action along where nobody awaits a turn; the next event schedules another', () => {
    const { scheduler, stage, join, append } = setUp();
    const receiver = join(EventFilter.all);
    append(1);
    expect(scheduler.pending).toBe(1);
    stage.settle();
    expect([receiver.waiting, scheduler.pending]).toEqual([1, 0]);
    append(2);
    expect(scheduler.pending).toBe(1);
  });

  it('law 28: never holds more than there is room for: who begins to lag says so at the event that it is refused', () => {
    const story: unknown[] = [];
    const { join, append } = setUp((line) => story.push(line.slice(0, 25)));
    join(EventFilter.all, 5);
    join(EventFilter.all, 2);
    for (let payload = 1; payload <= 6; payload += 1) {
      append(payload);
      story.push(payload);
    }
    expect(story).toEqual([1, 2, 'receiver 1 begins to lag:', 3, 4, 5, 'receiver 0 begins to lag:', 6]);
  });

  it('counts the room of one again that has caught up, and no more that of one that lags or has left', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const [small, large] = [join(EventFilter.all, 1), join(EventFilter.all, 50)];
    append(1, 2);
    append(...Array.from({ length: 20 }, (_, i) => i));
    // What the small one refuses makes nobody route the others.
    expect([small.refused, large.waiting, small.lagged, large.waiting]).toEqual([1, 2, 21, 22]);
    consume(small);
    consume(large);
    scheduler.flush();
    append(3, 4);
    expect([small.refused, large.waiting]).toEqual([22, 2]);
    scheduler.flush();
    stage.leave(small);
    append(...Array.from({ length: 20 }, (_, i) => i));
    expect([small.lagged, large.waiting]).toEqual([22, 20]);
  });

  it('law 13: who joins gets nothing that was staged before, and who leaves all of it', () => {
    const { stage, join, append } = setUp();
    const early = join(EventFilter.all);
    append(1, 2);
    const late = join(EventFilter.all);
    append(3);
    stage.leave(early);
    append(4);
    stage.settle();
    expect([early.waiting, late.waiting]).toEqual([3, 2]);
    stage.leave(early);
    expect(early.waiting).toBe(3);
  });

  it('law 15: asks a predicate in the place of the event, and offers what passes at once', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const story: number[] = [];
    const asking = EventFilter.where<number>(({ event: payload }) => story.push(payload) > 0);
    const [asked, plain] = [join(asking), join(EventFilter.all)];
    append(1, 2);
    expect([story, asked.waiting, plain.waiting, scheduler.pending]).toEqual([[1, 2], 2, 0, 1]);
    const seen = consume(asked);
    scheduler.flush();
    append(3);
    stage.leave(asked);
    append(4);
    expect([seen, story]).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
  });

  it('law 19: one with a predicate gets what passes it, beside those without one', () => {
    const { scheduler, join, consume, append } = setUp();
    const seen = [odd, EventFilter.and(odd, EventFilter.kind('test')), EventFilter.all].map((one) =>
      consume(join(one)),
    );
    append(1, 2, 3);
    scheduler.flush();
    expect(seen).toEqual([
      [1, 3],
      [1, 3],
      [1, 2, 3],
    ]);
  });

  it('lends the burst for its own action only, to those that have a consumer and held nothing', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const [served, holding, alone] = [join(EventFilter.all), join(EventFilter.all), join(EventFilter.all)];
    append(1);
    stage.settle();
    const lent: unknown[] = [];
    const tell: Handler = (payload) => lent.push([payload, stage.lent.map(({ event: one }) => one)]);
    consume(holding, tell);
    append(2);
    stage.settle();
    expect(stage.lent).toEqual([]);
    consume(served, tell);
    append(3, 4);
    scheduler.turn();
    // What came earlier waits with each of them, and what was lent is there for the whole action.
    expect(lent).toEqual([1, 2, 3, 4, 1, 2, 3, 4].map((payload) => [payload, [3, 4]]));
    expect([alone.waiting, stage.lent]).toEqual([4, []]);
    lent.length = 0;
    append(5, 6);
    scheduler.turn();
    expect(lent).toHaveLength(4);
    expect(stage.lent).toEqual([]);
  });

  it('law 26: what is published in an action is offered at once, and waits for the next turn of one that had its own', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const first = consume(join(EventFilter.all), (payload) => {
      if (payload === 2) {
        append(3);
      }
    });
    const alone = join(EventFilter.all);
    append(1, 2);
    scheduler.turn();
    expect([first, alone.waiting, scheduler.pending]).toEqual([[1, 2], 3, 1]);
    scheduler.turn();
    expect([first, stage.lent]).toEqual([[1, 2, 3], []]);
  });

  it('law 15: what is asked for while it offers waits until all of it is offered', () => {
    const story: unknown[] = [];
    const { inOrder, stage, join, append } = setUp(() => {
      inOrder.run(() => story.push('asked for', neighbour.waiting), undefined);
      story.push('logged');
    });
    join(EventFilter.all, 1);
    const neighbour = join(EventFilter.kind('test'), 5);
    append(1, 2);
    expect(story).toEqual(['logged', 'asked for', 2]);
    inOrder.run(() => {
      append(3);
      stage.settle();
      story.push(neighbour.waiting);
    }, undefined);
    expect(story.slice(3)).toEqual([3]);
  });

  it('law 9: knows the ids that somebody without a predicate is listed by', () => {
    const { stage, join } = setUp();
    join(EventFilter.scrollId(uuid(1)));
    join(EventFilter.and(odd, EventFilter.scrollId(uuid(2))));
    expect([uuid(1), uuid(2), uuid(3)].map((id) => stage.knows(id))).toEqual([true, false, false]);
  });
});
