import { describe, expect, it } from '@jest/globals';
import { type Asked, comparison, Route } from '../../../lib/internal/dispatch/Route.js';
import { EventFilter, passes } from '../../../lib/events/EventFilter.js';
import { event, uuid } from '../../support/events.js';
import { Recorder } from '../../support/Recorder.js';

const KEY = { field: 'kind', value: 'test' } as const;

/** A burst of which `first` events were before it. */
function burstOf(first: number, ...payloads: number[]): Parameters<Route<number>['offerRun']>[0] {
  return {
    events: payloads.map((payload) => event(payload, { connectorId: `c${payload}` })),
    first,
    lent: false,
    since: 0,
  };
}

describe('comparison', () => {
  it.each<[filter: EventFilter<number>, compared: unknown[]]>([
    [EventFilter.scrollId(uuid(1)), ['scrollId', uuid(1)]],
    [EventFilter.connectorUid(uuid(1)), ['connectorUid', uuid(1)]],
    [EventFilter.connectorId(''), ['connectorId', '']],
    [EventFilter.kind('k'), ['kind', 'k']],
    [EventFilter.origin('o'), ['origin', 'o']],
    [EventFilter.kind('k', 'l'), []],
    [EventFilter.kind(), []],
    [EventFilter.origin('o', 'p'), []],
    [EventFilter.origin(), []],
    [EventFilter.all, []],
    [EventFilter.session('c', 's'), []],
    [EventFilter.and<number>(EventFilter.kind('k')), []],
    [EventFilter.not<number>(EventFilter.kind('k')), []],
    [EventFilter.where<number>(() => true), []],
  ])('of %j is %j', (filter, compared) => {
    expect(comparison(filter)).toEqual(compared);
  });
});

describe('Route', () => {
  it('without a question, it passes a whole run on', () => {
    const recorder = new Recorder();
    new Route(recorder, KEY, undefined, undefined).offerRun(burstOf(0, 1, 2, 3, 4), 1, 3);
    expect([recorder.offered, recorder.calls]).toEqual([[2, 3], 1]);
  });

  it.each<EventFilter<number>>([
    EventFilter.connectorId('c2'),
    EventFilter.kind('test'),
    EventFilter.kind('other'),
    EventFilter.origin('runtime'),
    EventFilter.origin('other'),
    EventFilter.scrollId(uuid(1)),
    EventFilter.not<number>(EventFilter.connectorId('c2')),
    EventFilter.where<number>(({ event: payload }) => payload > 1),
  ])('law 19: asks each event of the run what %j means', (rest) => {
    const recorder = new Recorder();
    const burst = burstOf(0, 1, 2, 3, 4);
    new Route(recorder, KEY, rest, undefined).offerRun(burst, 0, 3);
    const expected = burst.events.slice(0, 3).filter((busEvent) => passes(rest, busEvent));
    expect(recorder.offered).toEqual(expected.map(({ event: payload }) => payload));
  });

  it.each([undefined, EventFilter.kind('test')])('several routes offer each event once, in order (%j)', (rest) => {
    const recorder = new Recorder();
    const asked: Asked = { next: 0 };
    const [one, other] = [new Route(recorder, KEY, rest, asked), new Route(recorder, KEY, rest, asked)];
    const burst = burstOf(0, 1, 2, 3, 4);
    one.offerRun(burst, 0, 2);
    other.offerRun(burst, 1, 4);
    one.offerRun(burst, 3, 4);
    const next = burstOf(4, 5, 6);
    other.offerRun(next, 0, 2);
    one.offerRun(next, 0, 1);
    expect(recorder.offered).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('law 16: after a throw nothing more is asked, on none of its routes', () => {
    const recorder = new Recorder();
    const asked: Asked = { next: 0 };
    const payloads: number[] = [];
    const rest = EventFilter.where<number>(({ event: payload }) => {
      payloads.push(payload);
      if (payload === 2) {
        throw new Error('no');
      }
      return true;
    });
    const [one, other] = [new Route(recorder, KEY, rest, asked), new Route(recorder, KEY, rest, asked)];
    one.offerRun(burstOf(0, 1, 2, 3), 0, 3);
    other.offerRun(burstOf(0, 1, 2, 3), 2, 3);
    other.offerRun(burstOf(3, 4), 0, 1);
    expect([payloads, recorder.offered, recorder.failures]).toEqual([[1, 2], [1], [new Error('no')]]);
  });
});
