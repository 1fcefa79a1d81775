import { describe, expect, it } from '@jest/globals';
import { NEVER, type Observable, type ObservableInput, type ObservedValueOf, of, Subject } from 'rxjs';
import type { BusEvent } from '../../../lib/index.js';
import { consumeEach as consumeEachOf, Consuming } from '../../../lib/internal/receive/consumeEach.js';
import type { Pull } from '../../../lib/internal/receive/Pulls.js';
import { collect } from '../../support/collect.js';
import { event } from '../../support/events.js';

/** A receiver that answers when the spec says so, and tells when it is left. */
class Asked {
  readonly pulls: Pull<number>[] = [];
  readonly inTurn: boolean[] = [];
  left = 0;

  ask(pull: Pull<number>, inTurn: boolean): void {
    this.pulls.push(pull);
    this.inTurn.push(inTurn);
  }

  give(payload: number): void {
    this.pulls.at(-1)?.next(event(payload));
  }

  dispose(): void {
    this.left += 1;
  }
}

function consumeEach<O extends ObservableInput<unknown>>(
  receiver: Asked,
  consume: (busEvent: BusEvent<number>) => O,
): Observable<ObservedValueOf<O>> {
  return consumeEachOf(receiver, consume, new Consuming());
}

describe('consumeEach', () => {
  it('asks for nothing before it is subscribed to, and for the next only when the last is through; always for a turn', () => {
    const receiver = new Asked();
    const inner$ = new Subject<string>();
    const consumed$ = consumeEach(receiver, () => inner$);
    expect(receiver.pulls).toHaveLength(0);
    const { values } = collect(consumed$);
    receiver.give(1);
    inner$.next('a');
    expect([receiver.pulls.length, values]).toEqual([1, ['a']]);
    inner$.complete();
    expect([receiver.inTurn, receiver.left]).toEqual([[true, true], 0]);
  });

  it('asks once for each, also where what it consumes is through at once', () => {
    const receiver = new Asked();
    const { values } = collect(consumeEach(receiver, ({ event: payload }: BusEvent<number>) => of(payload, -payload)));
    receiver.give(1);
    receiver.give(2);
    expect([values, receiver.pulls.length]).toEqual([[1, -1, 2, -2], 3]);
  });

  it.each<[string, (receiver: Asked) => void, unknown]>([
    [
      'completes',
      (receiver) => {
        receiver.pulls[0]?.complete();
      },
      'complete',
    ],
    [
      'fails',
      (receiver) => {
        receiver.pulls[0]?.error('slow');
      },
      'slow',
    ],
    [
      'gives what cannot be consumed',
      (receiver) => {
        receiver.give(-1);
      },
      new Error('no'),
    ],
  ])('ends, and leaves the receiver once, when that %s', (_how, end, ending) => {
    const receiver = new Asked();
    const { endings } = collect(
      consumeEach(receiver, (): never => {
        throw new Error('no');
      }),
    );
    end(receiver);
    expect([endings, receiver.left, receiver.pulls.length]).toEqual([[ending], 1, 1]);
  });

  it('law 31: unsubscribing leaves the inner and the receiver, and what it still gives is not consumed', () => {
    const receiver = new Asked();
    const inner$ = new Subject<number>();
    const { subscription, endings } = collect(consumeEach(receiver, () => inner$));
    receiver.give(1);
    subscription.unsubscribe();
    expect([inner$.observed, receiver.left, receiver.pulls.length, endings]).toEqual([false, 1, 1, []]);
  });

  it('has work of its own for each event, so that one that hangs is one that hangs', () => {
    const receiver = new Asked();
    const asked: number[] = [];
    collect(
      consumeEach(receiver, ({ event: payload }: BusEvent<number>) => {
        asked.push(payload);
        return NEVER;
      }),
    );
    receiver.give(1);
    expect([asked, receiver.pulls.length]).toEqual([[1], 1]);
  });
});
