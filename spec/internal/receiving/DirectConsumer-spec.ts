import { describe, expect, it } from '@jest/globals';
import { UnsubscriptionError } from 'rxjs';
import { DirectConsumer } from '../../../lib/internal/receiving/DirectConsumer.js';

// HandOver-spec compares it with what RxJS makes of a function.
describe('DirectConsumer', () => {
  it('calls the function itself', () => {
    const next = (): void => undefined;
    expect(new DirectConsumer(next, { serve: next, leave: next }).next).toBe(next);
  });

  it('leaves its seat once, whatever ends it, and also where a teardown throws', () => {
    const left: unknown[] = [];
    const seat = { serve: () => undefined, leave: (who: unknown) => left.push(who) };
    const consumer = new DirectConsumer<number>(() => undefined, seat);
    consumer.add(() => {
      throw new Error('no');
    });
    expect(() => {
      consumer.complete();
    }).toThrow(UnsubscriptionError);
    expect([left.length, left[0] === consumer, consumer.closed]).toEqual([1, true, true]);
    consumer.unsubscribe();
    consumer.complete();
    expect(left).toHaveLength(1);
  });
});
