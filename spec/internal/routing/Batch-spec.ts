import { describe, expect, it } from '@jest/globals';
import { Batch } from '../../../lib/internal/dispatch/Batch.js';
import { event } from '../../support/events.js';
import { Recorder } from '../../support/Recorder.js';

describe('Batch', () => {
  it('law 17: an event that is taken out again is in no run, and its place is free for the next', () => {
    const batch = new Batch<number>(7, Date.now);
    const [one, other] = [new Recorder(), new Recorder()];
    batch.events.push(event(1), event(2));
    batch.runs.push({ target: one, from: 0, to: 2 }, { target: other, from: 1, to: 2 });
    batch.pop();
    expect([batch.first, batch.events.map(({ event: payload }) => payload)]).toEqual([7, [1]]);
    batch.events.push(event(3));
    for (const { target, from, to } of batch.runs) {
      target.offerRun(batch, from, to);
    }
    expect([one.offered, other.offered]).toEqual([[1], []]);
  });
});
