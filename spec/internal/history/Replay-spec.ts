import { describe, expect, it } from '@jest/globals';
import { EventFilter } from '../../../lib/index.js';
import { History } from '../../../lib/internal/history/History.js';
import { Replay } from '../../../lib/internal/history/Replay.js';
import { event } from '../../support/events.js';

function replayOf(capacity: number, count: number, filter: EventFilter<number> = EventFilter.all, after = 0) {
  const history = new History<number>({ capacity });
  const publish = (upTo: number): void => {
    while (history.last < upTo) {
      history.append(event(history.last + 1));
    }
  };
  publish(count);
  const overtaken: number[] = [];
  const errors: unknown[] = [];
  const replay = new Replay<number>(history, filter, after, {
    overtaken: (busEvent) => {
      overtaken.push(busEvent.event);
      replay.look();
    },
    fail: (error) => errors.push(error),
    readOn: () => undefined,
    countLost: () => undefined,
    noteGap: () => undefined,
  });
  const takeAll = (): number[] => {
    const taken: number[] = [];
    while (replay.look()) {
      taken.push(replay.take().event);
    }
    return taken;
  };
  return { history, publish, replay, overtaken, errors, takeAll };
}

const even = EventFilter.where<number>(({ event: payload }) => payload % 2 === 0);

describe('Replay', () => {
  it('takes what matches, after the number that it starts from, and what comes meanwhile', () => {
    const { publish, replay, takeAll } = replayOf(100, 6, even, 2);
    expect([replay.look(), replay.next, replay.read]).toEqual([true, 4, 3]);
    expect(takeAll()).toEqual([4, 6]);
    expect([replay.next, replay.read, replay.last]).toEqual([undefined, 6, 6]);
    publish(9);
    expect([takeAll(), replay.read]).toEqual([[8], 9]);
  });

  it('is told of each event that matches and goes before it was taken', () => {
    const { publish, overtaken, takeAll, replay } = replayOf(4, 4, even);
    replay.look();
    publish(9);
    expect(overtaken).toEqual([2, 4]);
    expect(takeAll()).toEqual([6, 8]);
    publish(20);
    expect(overtaken).toEqual([2, 4]);
  });

  it('ends where it is told to, though more is published', () => {
    const { publish, replay, takeAll } = replayOf(100, 3);
    replay.look();
    expect(replay.isFinite).toBe(false);
    replay.endHere();
    publish(6);
    expect([takeAll(), replay.isFinite, replay.last]).toEqual([[1, 2, 3], true, 3]);
  });

  it('tells what a predicate throws, and is through', () => {
    const choosy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 2) {
        throw new Error('no two');
      }
      return true;
    });
    const { errors, takeAll } = replayOf(100, 3, choosy);
    expect([takeAll(), errors]).toEqual([[1], [new Error('no two')]]);
    expect(takeAll()).toEqual([]);
  });

  it('law 34: stopped, it is told of nothing, and holds nothing', () => {
    const { history, publish, replay, overtaken } = replayOf(2, 2);
    replay.look();
    replay.stop();
    replay.stop();
    publish(9);
    expect([overtaken, replay.next, replay.look()]).toEqual([[], undefined, false]);
    history.close();
    expect(history.first).toBe(10);
  });
});
