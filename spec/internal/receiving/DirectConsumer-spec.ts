import { describe, expect, it } from '@jest/globals';
import { UnsubscriptionError } from 'rxjs';
import { DirectConsumer } from '../../../lib/internal/receive/consumers.js';

// EventsObservable-spec compares it with what RxJS makes of a function.
describe('DirectConsumer', () => {
  it('calls the function itself', () => {
    const next = (): void => undefined;
    expect(new DirectConsumer(next, () => ({ serve: next, leave: next })).next).toBe(next);
  });

  it('leaves its seat once, whatever ends it, and also where a teardown throws', () => {
    const left: unknown[] = [];
    const seat = { serve: () => undefined, leave: (who: unknown) => left.push(who) };
    const consumer = new DirectConsumer<number>(
      () => undefined,
      () => seat,
    );
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

  it('knows a Proxy of it from all others, also one that has the same function, and is as before', () => {
    const next = (): void => undefined;
    const make = (): DirectConsumer<number> => new DirectConsumer(next, () => ({ serve: next, leave: next }));
    const consumer = make();
    const frozen = new Proxy(consumer, { set: () => false });
    expect([new Proxy(consumer, {}), frozen, make()].map((one) => consumer.isBehind(one))).toEqual([true, true, false]);
    expect(consumer.next).toBe(next);
  });
});
