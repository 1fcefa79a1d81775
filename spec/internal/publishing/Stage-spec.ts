import { describe, expect, it } from '@jest/globals';
import { InOrder } from '../../../lib/internal/dispatch/InOrder.js';
import { EventsObservable } from '../../../lib/internal/receive/EventsObservable.js';
import { overflowPolicy } from '../../../lib/internal/receive/overflow.js';
import { Receiver } from '../../../lib/internal/receive/Receiver.js';
import { Stage } from '../../../lib/internal/dispatch/Stage.js';
import { EventFilter } from '../../../lib/events/EventFilter.js';
import { event, uuid } from '../../support/events.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

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
  const join = (filter: EventFilter<number>, capacity = 100): Receiver<number> => {
    const receiver = new Receiver<number>(
      receivers,
      { capacity, policy: overflowPolicy({}) },
      {
        stage,
        inOrder,
        totals: { delivered: 0, dropped: 0 },
        unwatch: () => undefined,
        position: () => undefined,
        draining: new Set(),
        log: (_level, line) => onLog?.(line),
        release: (one) => {
          stage.leave(one);
          one.end('complete');
        },
      },
    );
    receivers += 1;
    stage.join(receiver, filter);
    return receiver;
  };
  const consume = (receiver: Receiver<number>, handler?: Handler): number[] => {
    const payloads: number[] = [];
    new EventsObservable(() => receiver).subscribe(({ event: payload }) => {
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

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
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
    const { scheduler, stage, join, consume, append } = setUp();
    append(1);
    let lent = 0;
    const seen = consume(join(EventFilter.kind('other')), () => {
      lent = stage.lent.length;
    });
    append(2);
    expect(scheduler.pending).toBe(0);
    stage.append(event(3, { kind: 'other' }));
    append(4);
    scheduler.flush();
    expect([seen, lent]).toEqual([[3], 1]);
  });

  it('law 19: one that several keys find gets each event of burst after burst once', () => {
    const { scheduler, join, consume, append } = setUp();
    const seen = consume(join(EventFilter.or<number>(EventFilter.kind('test'), EventFilter.origin('runtime'))));
    for (const payload of [1, 4, 7]) {
      append(payload, payload + 1, payload + 2);
      scheduler.flush();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('law 22: to settle offers what is staged, and leaves the action to those who await their turn', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const [served, alone] = [join(EventFilter.all), join(EventFilter.all)];
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
    const { join, append } = setUp((line) => story.push([line.slice(0, 25), published]));
    join(EventFilter.all, 90);
    join(EventFilter.all, 80);
    let published = 0;
    while (published < 100) {
      published += 1;
      append(published);
    }
    expect(story).toEqual([
      ['receiver 1 begins to lag:', 81],
      ['receiver 0 begins to lag:', 91],
    ]);
  });

  it('one that lags, and so refuses more, makes nobody route the events of others', () => {
    const { join, append } = setUp();
    const [small, large] = [join(EventFilter.all, 80), join(EventFilter.all, 500)];
    append(...numbers(81));
    const routed = large.waiting;
    append(...numbers(100));
    expect([small.lost, routed, large.waiting]).toEqual([1, 81, 81]);
    expect([small.lagged, large.waiting]).toEqual([101, 181]);
  });

  it('has the room of one again whose queue was emptied in an action, and of one that has caught up', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const receiver = join(EventFilter.all);
    append(...numbers(99));
    stage.settle();
    consume(receiver);
    scheduler.flush();
    append(...numbers(50));
    expect(receiver.waiting).toBe(0);
    append(...numbers(51));
    expect([receiver.waiting, receiver.lost]).toEqual([100, 1]);
    scheduler.flush();
    append(...numbers(50));
    expect([receiver.waiting, receiver.lagged, receiver.waiting]).toEqual([0, 1, 50]);
  });

  it('law 20, 22: one that has little room is offered each event at once, and makes nobody route those of others', () => {
    const { scheduler, join, consume, append } = setUp();
    const [small, large] = [join(EventFilter.all, 1), join(EventFilter.kind('test'))];
    append(1, 2, 3);
    expect([small.waiting, large.waiting, small.lagged]).toEqual([1, 0, 2]);
    const seen = consume(small);
    scheduler.flush();
    append(4);
    scheduler.flush();
    expect([seen, large.waiting]).toEqual([[1, 4], 4]);
  });

  it('law 13: an action that a neighbour on the scheduler took down is scheduled again at the next event', () => {
    const { scheduler, join, consume, append } = setUp();
    const seen = consume(join(EventFilter.all));
    append(1);
    scheduler.cancelAll();
    append(2);
    scheduler.flush();
    expect(seen).toEqual([1, 2]);
  });

  it('law 17: an event that cannot be read to its end is nobody’s, and leaves nothing behind', () => {
    const { scheduler, stage, join, consume, append } = setUp();
    const filters = [EventFilter.connectorId('c'), EventFilter.kind('test')];
    const seen = filters.map((filter) => consume(join(filter)));
    append(1);
    const kind = Object.create(null) as string;
    expect(() => {
      stage.append(event(2, { connectorId: 'c', kind }));
    }).toThrow(TypeError);
    append(3);
    scheduler.flush();
    expect(seen).toEqual([[], [1, 3]]);
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

  it('law 15, 22: what is asked for while it offers waits until all of it is offered', () => {
    const story: unknown[] = [];
    const { inOrder, stage, join, append } = setUp((line) => story.push(line.slice(0, 10), neighbour.waiting));
    join(EventFilter.all, 80);
    const neighbour = join(EventFilter.kind('test'), 500);
    append(...numbers(81));
    expect(story).toEqual(['receiver 0', 81]);
    inOrder.run(() => {
      append(82);
      stage.settle();
      story.push(neighbour.waiting);
    }, undefined);
    expect(story.slice(2)).toEqual([82]);
  });

  it('law 9: knows the ids that somebody without a predicate is listed by', () => {
    const { stage, join } = setUp();
    join(EventFilter.scrollId(uuid(1)));
    join(EventFilter.and(odd, EventFilter.scrollId(uuid(2))));
    expect([uuid(1), uuid(2), uuid(3)].map((id) => stage.knows(id))).toEqual([true, false, false]);
  });
});
