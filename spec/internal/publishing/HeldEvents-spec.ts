import type { HoldUnboundOptions } from '../../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { checkedHold, HeldEvents } from '../../../lib/internal/publish/HeldEvents.js';
import { InOrder } from '../../../lib/internal/dispatch/order.js';
import { SteadyClock } from '../../../lib/internal/support/SteadyClock.js';
import { Clock } from '../../support/Clock.js';
import { survivors } from '../../support/collectGarbage.js';
import { event, uuid } from '../../support/events.js';

interface Fixture {
  readonly clock: Clock;
  readonly inOrder: InOrder;
  readonly held: HeldEvents<string>;
  /** What had to go, and how many were held when that was told. */
  readonly released: [string, number][];
  /** Holds events of the session that is their first letter. */
  readonly hold: (...names: string[]) => void;
}

function setUp(options: Partial<HoldUnboundOptions> = {}): Fixture {
  const clock = new Clock();
  const inOrder = new InOrder();
  const released: [string, number][] = [];
  const limits = checkedHold({ capacity: 2, maxAgeMs: 100, ...options });
  const held = new HeldEvents<string>(limits, new SteadyClock(clock), inOrder, (busEvent) =>
    released.push([busEvent.event, held.size]),
  );
  const hold = (...names: string[]): void => {
    names.forEach((name) => {
      held.hold(event(name, { connectorId: 'c', nativeSessionId: name.charAt(0) }));
    });
  };
  return { clock, inOrder, held, released, hold };
}

describe('HeldEvents', () => {
  it.each([
    [{ connectorId: 'c', nativeSessionId: 's' }, true],
    [{ connectorId: '', nativeSessionId: '' }, true],
    [{ connectorId: 'c' }, false],
    [{ nativeSessionId: 's' }, false],
    [{ connectorId: 'c', nativeSessionId: 's', scrollId: uuid(1) }, false],
    [{}, false],
  ])('law 3: wants an event with %j: %j', (ids, isWanted) => {
    expect(setUp().held.wants(event('a', ids))).toBe(isWanted);
  });

  it('gives the events of one session back in order, once, and keeps those of the others', () => {
    const { held, released, hold } = setUp();
    hold('s1', 't2', 's3');
    const taken = [held.take('c', 's'), held.take('c', 's'), held.take('c', 'u'), held.take('d', 't')];
    expect(taken.map((events) => events.map(({ event: name }) => name))).toEqual([['s1', 's3'], [], [], []]);
    expect([held.size, held.released, released]).toEqual([1, 0, []]);
  });

  it('holds one that is published twice twice', () => {
    const { held } = setUp();
    const again = event('s1', { connectorId: 'c', nativeSessionId: 's' });
    held.hold(again);
    held.hold(again);
    expect([held.size, held.take('c', 's')]).toEqual([2, [again, again]]);
  });

  it('lets one go for one that comes: of a full session its own oldest, though all are too many, too', () => {
    const { held, released, hold } = setUp({ capacity: 1, totalCapacity: 2 });
    hold('s1', 't2', 't3');
    expect(released).toEqual([['t2', 2]]);
    hold('u4');
    expect([released, held.size, held.released]).toEqual([[['t2', 2], ['s1', 2]], 2, 2]); // prettier-ignore
  });

  it('lets the very one go that comes where there is no room for any other of its session', () => {
    const { held, released, hold } = setUp({ capacity: 2, totalCapacity: 1 });
    hold('s1', 's2', 's3');
    expect([released, held.size]).toEqual([[['s1', 1], ['s2', 1]], 1]); // prettier-ignore
  });

  it('law 34: has one action for all that is held, and none where nothing is', () => {
    const { clock, held, hold } = setUp();
    held.take('c', 's');
    held.releaseAll();
    expect(clock.pending).toBe(0);
    hold('s1', 't2', 'u3');
    expect(clock.pending).toBe(1);
    held.take('c', 's');
    held.take('c', 't');
    expect(clock.pending).toBe(1);
    held.take('c', 'u');
    expect(clock.pending).toBe(0);
    hold('s4', 't5');
    held.releaseAll();
    expect([clock.pending, held.size, held.released]).toEqual([0, 0, 2]);
  });

  it('lets all that are of an age go together, in order, and looks again when the next one is', () => {
    const { clock, released, hold } = setUp();
    hold('s1', 't2');
    clock.pass(1);
    hold('s3');
    clock.pass(98);
    expect(released).toEqual([]);
    clock.pass(1);
    expect([released, clock.pending]).toEqual([[['s1', 2], ['t2', 1]], 1]); // prettier-ignore
    clock.pass(1);
    expect([released[2], clock.pending]).toEqual([['s3', 0], 0]);
  });

  it('law 15: lets the old go in their place, behind the job that runs', () => {
    const { clock, inOrder, held, released, hold } = setUp();
    hold('s1');
    inOrder.run(() => {
      clock.pass(100);
      expect([released, held.size]).toEqual([[], 1]);
    }, undefined);
    expect([released, clock.pending]).toEqual([[['s1', 0]], 0]);
  });

  it('one that comes between its age and its place is none of the old', () => {
    const { clock, inOrder, released, hold } = setUp();
    hold('s1');
    inOrder.run(() => {
      clock.pass(100);
      hold('t2');
    }, undefined);
    expect([released, clock.pending]).toEqual([[['s1', 1]], 1]);
    clock.pass(100);
    expect([released[1], clock.pending]).toEqual([['t2', 0], 0]);
  });

  it('law 34: holds no event that was given back, or had to go', async () => {
    const { held } = setUp();
    const refs = ['s', 't'].map((nativeSessionId) => {
      const one = event('', { connectorId: 'c', nativeSessionId });
      held.hold(one);
      return new WeakRef(one);
    });
    held.take('c', 's');
    held.releaseAll();
    expect([await survivors(refs), held.size]).toEqual([0, 0]);
  });
});

describe('checkedHold', () => {
  it('fills in what is left out, within the largest count', () => {
    expect(checkedHold({ capacity: 3, maxAgeMs: 5 })).toEqual({ capacity: 3, maxAgeMs: 5, totalCapacity: 192 });
    expect(checkedHold({ capacity: 2 ** 25, maxAgeMs: 5 }).totalCapacity).toBe(2 ** 31 - 1);
    expect(checkedHold({ capacity: 3, maxAgeMs: 5, totalCapacity: 1 }).totalCapacity).toBe(1);
  });

  it('is a copy: what is changed later is of no meaning', () => {
    const options = { capacity: 3, maxAgeMs: 5 };
    const limits = checkedHold(options);
    options.capacity = 0;
    expect(limits.capacity).toBe(3);
  });

  it.each([null, undefined, 5, 'all'])('refuses %p, showing it', (options) => {
    expect(() => checkedHold(options as never)).toThrow(
      new TypeError(`holdUnbound must be an object, got ${JSON.stringify(options)}`),
    );
  });
});
