import { describe, expect, it } from '@jest/globals';
import type { Delivery, Gap } from '../../../lib/index.js';
import { DeliveryConsumer } from '../../../lib/internal/receive/consumers.js';
import { event } from '../../support/events.js';

const GAP: Gap = { type: 'gap', missed: 2, byKind: { chat: 2 } };

/** A consumer that has a gap before the first event, and what it is told. */
function setUp({ isForgotten = false, failure }: { isForgotten?: boolean; failure?: Error } = {}): {
  readonly consumer: DeliveryConsumer<number>;
  readonly told: unknown[];
} {
  const told: unknown[] = [];
  const gaps = [GAP];
  const out = {
    next: (delivery: Delivery<number>): void => {
      told.push(delivery.type === 'gap' ? 'gap' : delivery.event.event);
      if (failure !== undefined && delivery.type === 'gap') {
        throw failure;
      }
    },
    error: (error: unknown): void => {
      told.push(error);
    },
    complete: (): void => {
      told.push('complete');
    },
  };
  const inHand = { takeGap: () => gaps.shift(), isForgotten: () => isForgotten };
  return { consumer: new DeliveryConsumer(out, inHand), told };
}

describe('DeliveryConsumer', () => {
  it('tells what is missing, then the event', () => {
    const { consumer, told } = setUp();
    consumer.next(event(1));
    consumer.next(event(2));
    expect(told).toEqual(['gap', 1, 2]);
  });

  it('tells the event also where the gap makes its handler throw', () => {
    const { consumer, told } = setUp({ failure: new Error('mine') });
    expect(() => {
      consumer.next(event(1));
    }).toThrow('mine');
    expect(told).toEqual(['gap', 1]);
  });

  it('keeps an event back that was forgotten while the gap was told', () => {
    const { consumer, told } = setUp({ isForgotten: true });
    consumer.next(event(1));
    expect(told).toEqual(['gap']);
  });

  it('tells a gap that no event follows, and the end', () => {
    const { consumer, told } = setUp();
    consumer.tell(GAP);
    consumer.tell(undefined);
    consumer.complete();
    consumer.error('broken');
    expect(told).toEqual(['gap', 'complete', 'broken']);
  });
});
