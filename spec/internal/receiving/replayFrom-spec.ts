import { describe, expect, it } from '@jest/globals';
import { EventFilter } from '../../../lib/index.js';
import { History } from '../../../lib/internal/replay/History.js';
import type { Receiver } from '../../../lib/internal/receive/Receiver.js';
import { checkedFrom, replayFrom } from '../../../lib/internal/receive/replayFrom.js';
import { event } from '../../support/events.js';

const kind = EventFilter.kind('test');

describe('checkedFrom', () => {
  it('gives back what is a place, as a copy that nobody can change', () => {
    const position = { epoch: 'e', seq: 0, more: 1 };
    expect(checkedFrom(position, true)).toEqual({ epoch: 'e', seq: 0 });
    expect([checkedFrom('start', true), checkedFrom('now', false), checkedFrom(undefined, false)]).toEqual([
      'start',
      'now',
      undefined,
    ]);
  });
});

describe('replayFrom', () => {
  const PLACES: readonly [string, Parameters<typeof replayFrom<number>>[1], 'start' | [string, number], unknown[]][] = [
    ['the start, all of it', EventFilter.all, 'start', [['gap', 4, false], ['replay', 0]]],
    ['the start, a part', kind, 'start', [['gap', 4, true], ['replay', 0]]],
    ['the last that is gone', EventFilter.all, ['e', 4], [['replay', 4]]],
    ['one before that', EventFilter.all, ['e', 3], [['gap', 1, false], ['replay', 3]]],
    ['the last', kind, ['e', 6], [['replay', 6]]],
    ['beyond the last', kind, ['e', 7], [['replay', 6]]],
    ['another epoch', EventFilter.all, ['f', 5], [['gap', Infinity, true], ['replay', 0]]],
  ]; // prettier-ignore

  it.each(PLACES)('starts from %s', (_name, filter, place, story) => {
    const history = new History<number>({ capacity: 2 });
    for (let n = 1; n <= 6; n += 1) {
      history.append(event(n));
    }
    const calls: unknown[] = [];
    const receiver = {
      startWithGap: (...told: unknown[]) => calls.push(['gap', ...told]),
      startAfter: (after: number) => calls.push(['replay', after]),
    } as unknown as Receiver<number>;
    const from = place === 'start' ? place : { epoch: place[0], seq: place[1] };
    replayFrom(receiver, filter, { history, epoch: 'e', from });
    expect(calls).toEqual(story);
  });
});
