import type { ScrollBinding } from '../../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { History } from '../../../lib/internal/replay/History.js';
import { InOrder } from '../../../lib/internal/dispatch/InOrder.js';
import { Publisher, type PublisherOptions } from '../../../lib/internal/publish/Publisher.js';
import { Stage } from '../../../lib/internal/dispatch/Stage.js';
import type { BusEvent } from '../../../lib/events/BusEvent.js';
import { event, uuid } from '../../support/events.js';

type Payload = string | ScrollBinding;

const bindingOf = (payload: Payload): ScrollBinding | undefined => (typeof payload === 'string' ? undefined : payload);
const session = { connectorId: 'c', nativeSessionId: 's' };
const registration = event<Payload>({ connectorId: 'c', sessionId: 's', scrollId: uuid(1) });

/** An intake, and what has come to its stage. */
function setUp(options: PublisherOptions<Payload> = {}, history?: History<Payload>) {
  const scheduler = new VirtualTimeScheduler();
  const inOrder = new InOrder();
  const staged: BusEvent<Payload>[] = [];
  const lines: string[] = [];
  const stage = new (class extends Stage<Payload> {
    override append(busEvent: BusEvent<Payload>): void {
      staged.push(busEvent);
    }
  })(scheduler, inOrder);
  const log = (_level: string, line: string): void => {
    lines.push(line);
  };
  const intake = new Publisher<Payload>({ bindingOf, ...options }, history, { stage, inOrder, log });
  return { intake, staged, lines };
}

describe('Publisher', () => {
  it('gives an event its scroll id and its number, and counts it', () => {
    const { intake, staged } = setUp({}, new History<Payload>({ capacity: 10 }));
    intake.publish(event('early', session));
    intake.publish(registration);
    intake.publish(event('late', session));
    expect(staged.map(({ routing, seq }) => [seq, routing.scrollId])).toEqual([
      [1, undefined],
      [2, uuid(1)],
      [3, uuid(1)],
    ]);
    expect(intake.counts).toEqual({
      published: 3,
      bound: 2,
      unbound: 1,
      held: 0,
      released: 0,
      evictedBindings: 0,
    });
  });

  it('lets what waits follow its registration, or go as it is', () => {
    const { intake, staged } = setUp({ holdUnbound: { capacity: 9, maxAgeMs: 9 } });
    const stray = event<Payload>('stray', { ...session, nativeSessionId: 'other' });
    intake.publish(event('early', session));
    intake.publish(stray);
    expect([staged.length, intake.holds(stray), intake.counts.held]).toEqual([0, true, 2]);
    intake.publish(registration);
    expect(staged.map(({ routing }) => routing.scrollId)).toEqual([uuid(1), uuid(1)]);
    intake.release();
    expect(staged[2]).toBe(stray);
    expect(intake.counts).toMatchObject({ published: 3, bound: 2, unbound: 1, held: 0, released: 1 });
  });

  it('foresees what an event would be, and learns nothing by it', () => {
    const { intake } = setUp();
    const early = event<Payload>('early', session);
    expect(intake.foresee(registration).routing.scrollId).toBe(uuid(1));
    expect(intake.foresee(early)).toBe(early);
    intake.publish(registration);
    expect(intake.foresee(early).routing.scrollId).toBe(uuid(1));
    expect(intake.counts.published).toBe(1);
  });

  it('law 15: what is published in the midst of an event comes after it', () => {
    const { intake, staged } = setUp({
      bindingOf: (payload) => {
        if (payload === 'outer') {
          intake.publish(event('inner'));
        }
        return undefined;
      },
    });
    intake.publish(event('outer'));
    expect(staged.map(({ event: payload }) => payload)).toEqual(['outer', 'inner']);
  });

  it('tells of an event that cannot be read again, and goes on', () => {
    const { intake, staged, lines } = setUp({}, new History<Payload>({ capacity: 10 }));
    const failing = Object.defineProperty(event<Payload>('failing'), 'origin', {
      get: () => {
        throw new Error('no more');
      },
    });
    intake.publish(failing);
    intake.publish(event('next'));
    expect(staged.map(({ event: payload, seq }) => [payload, seq])).toEqual([['next', 1]]);
    expect(lines).toEqual(['an event could not be read again: Error: no more']);
  });
});
