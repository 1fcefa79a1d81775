import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BusEvent } from '../../lib/index.js';
import { type Loss, type OverflowQueue, overflowPolicy } from '../../lib/internal/receive/overflow.js';
import { event } from '../support/events.js';

/** A payload is a key and a number, as `'a1'`. */
const LATEST: ReceiverOptions<string> = {
  overflow: 'latest',
  key: ({ event: payload }) => payload.charAt(0),
  barrier: ({ routing }) => routing.kind === 'barrier',
};

const POLICIES: Readonly<Record<string, ReceiverOptions<string>>> = {
  evict: { overflow: 'evict' },
  'drop-oldest': { overflow: 'drop-oldest' },
  latest: LATEST,
  reserve: { reserve: { capacity: 2, kinds: ['end', 'barrier'] } },
};

function queueOf<E>(options: ReceiverOptions<E>, capacity: number): OverflowQueue<E> {
  return overflowPolicy(options).makeQueue(capacity);
}

function waiting<E>(queue: OverflowQueue<E>): (E | undefined)[] {
  return Array.from({ length: queue.size }, (_, index) => queue.at(index)?.event);
}

/** What becomes of each: the verdict, the payload that was lost, and where that had waited. */
function losses<E>(queue: OverflowQueue<E>, kind: string, ...payloads: readonly E[]): unknown[] {
  return payloads.map((payload) => {
    const loss = queue.put(event(payload, { kind }));
    return loss === undefined ? 'taken' : [loss.verdict, loss.value.event, loss.index];
  });
}

/** What a list has become, of which an offer had that loss. */
function after(before: readonly unknown[], value: BusEvent<string>, loss: Loss<BusEvent<string>> | undefined): unknown {
  switch (loss?.verdict) {
    case undefined:
      return [before, [...before, value.event]];
    case 'refused':
      return [before, loss.value === value ? before : 'another one was refused'];
    case 'displaces':
      return [
        [loss.value.event, ...before.slice(1)],
        [...before.slice(1), value.event],
      ];
    case 'replaces':
      return [before.with(loss.index, loss.value.event), before.with(loss.index, value.event)];
  }
}

describe.each(Object.entries(POLICIES))('a queue of %s', (_name, options) => {
  it('foresees what it then does without doing it, and tells the one value that it lost and where that was', () => {
    const step = fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), kind: fc.constantFrom('chat', 'chat', 'end', 'barrier') }),
      fc.constant('shift' as const),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), (capacity, steps) => {
        const queue = queueOf(options, capacity);
        steps.forEach((one, index) => {
          const before = waiting(queue);
          if (one === 'shift') {
            expect(queue.size === 0 ? [] : [queue.shift().event]).toEqual(before.slice(0, 1));
            return;
          }
          const value = event(`${one.key}${index}`, { kind: one.kind });
          const foreseen = [queue.foresee(value), queue.foresee(value)];
          expect(waiting(queue)).toEqual(before);
          const loss = queue.put(value);
          const verdict = loss?.verdict ?? 'taken';
          expect(foreseen).toEqual([verdict, verdict]);
          expect([before, waiting(queue)]).toEqual(after(before, value, loss));
        });
      }),
    );
  });

  it('costs nothing until it is used, however large it is', () => {
    const queue = queueOf(options, 2 ** 31 - 1);
    expect([losses(queue, 'chat', 'a1', 'b2'), waiting(queue)]).toEqual([['taken', 'taken'], ['a1', 'b2']]); // prettier-ignore
  });
});

describe('a queue of latest', () => {
  it('knows where a key waits as those before it go, and forgets the key with its value', () => {
    const queue = queueOf(LATEST, 3);
    losses(queue, 'chat', 'a1', 'b2', 'c3');
    queue.shift();
    expect(losses(queue, 'chat', 'c4', 'a5', 'b6')).toEqual([['replaces', 'c3', 1], 'taken', ['replaces', 'b2', 0]]);
    expect(waiting(queue)).toEqual(['b6', 'c4', 'a5']);
  });

  it('knows the newer one of a key when the older one goes, which waited before a barrier', () => {
    const queue = queueOf(LATEST, 4);
    losses(queue, 'chat', 'a1');
    losses(queue, 'barrier', 'x2');
    losses(queue, 'chat', 'a3');
    queue.shift();
    expect(losses(queue, 'chat', 'a4')).toEqual([['replaces', 'a3', 1]]);
  });

  it('a barrier replaces none and is replaced by none, though it has the key of one', () => {
    const queue = queueOf(LATEST, 4);
    losses(queue, 'chat', 'a1');
    expect(losses(queue, 'barrier', 'a2', 'a3')).toEqual(['taken', 'taken']);
    expect(losses(queue, 'chat', 'a4')).toEqual(['taken']);
  });

  it('compares keys as a Map does', () => {
    const queue = queueOf<unknown>({ overflow: 'latest', key: ({ event: payload }) => payload }, 8);
    const one = {};
    expect(losses(queue, 'chat', NaN, undefined, 0, '0', one, {})).toEqual(Array(6).fill('taken'));
    expect(losses(queue, 'chat', NaN, undefined, -0, one)).toEqual([
      ['replaces', NaN, 0],
      ['replaces', undefined, 1],
      ['replaces', 0, 2],
      ['replaces', one, 4],
    ]);
  });

  it.each(['key', 'barrier'])('law 16: is as it was where its %s throws, also for a barrier', (which) => {
    let isBroken = false;
    const functions: Record<string, (busEvent: BusEvent<string>) => unknown> = {
      key: ({ event: payload }) => payload.charAt(0),
      barrier: ({ routing }) => routing.kind === 'barrier',
    };
    const working = functions[which] as (busEvent: BusEvent<string>) => unknown;
    const breaking = (busEvent: BusEvent<string>): unknown => {
      if (isBroken) {
        throw new Error('no');
      }
      return working(busEvent);
    };
    const options = { overflow: 'latest', ...functions, [which]: breaking } as ReceiverOptions<string>;
    const queue = queueOf(options, 2);
    losses(queue, 'chat', 'a1');
    isBroken = true;
    expect(() => queue.foresee(event('a2', { kind: 'barrier' }))).toThrow('no');
    expect(() => queue.put(event('a2', { kind: 'barrier' }))).toThrow('no');
    isBroken = false;
    expect([waiting(queue), losses(queue, 'chat', 'a3')]).toEqual([['a1'], [['replaces', 'a1', 0]]]);
  });
});

describe('a queue with a reserve', () => {
  const options: ReceiverOptions<string> = { reserve: { capacity: 1, kinds: ['end'] } };

  it('has the common places and those of the reserve, and a place that was left is what it was', () => {
    const queue = queueOf(options, 1);
    expect([losses(queue, 'end', 'c1', 'r2', 'r3'), queue.size]).toEqual([['taken', 'taken', ['refused', 'r3', 0]], 2]);
    expect([queue.shift().event, losses(queue, 'chat', 'c4'), losses(queue, 'end', 'r5')]).toEqual([
      'c1',
      ['taken'],
      [['refused', 'r5', 0]],
    ]);
    expect([queue.shift().event, losses(queue, 'chat', 'c6'), losses(queue, 'end', 'r7')]).toEqual([
      'r2',
      [['refused', 'c6', 0]],
      ['taken'],
    ]);
  });

  it('that is for no kind is used by none', () => {
    const queue = queueOf<string>({ reserve: { capacity: 5, kinds: [] } }, 1);
    expect(losses(queue, 'end', 'a1', 'a2')).toEqual(['taken', ['refused', 'a2', 0]]);
  });

  it('is for the kinds that were named when it was made', () => {
    const kinds = ['end'];
    const policy = overflowPolicy<string>({ reserve: { capacity: 1, kinds } });
    kinds.push('chat');
    expect(losses(policy.makeQueue(1), 'chat', 'a1', 'a2')).toEqual(['taken', ['refused', 'a2', 0]]);
  });
});

describe('overflowPolicy', () => {
  it('law 25: makes a queue for each call', () => {
    const policy = overflowPolicy<string>({ overflow: 'evict' });
    const all = ['a1', 'a2'].map((payload) => losses(policy.makeQueue(1), 'chat', payload));
    expect(all).toEqual([['taken'], ['taken']]);
  });

  it('drops the newest where nothing is said: the only one whose events may be offered late', () => {
    const policies = [{}, { overflow: 'drop-newest' } as const, ...Object.values(POLICIES)].map(overflowPolicy);
    expect(policies.map(({ mayBeOfferedLate }) => mayBeOfferedLate)).toEqual([true, true, false, false, false, false]);
    expect(policies.map(({ endsWhenFull }) => endsWhenFull)).toEqual([false, false, true, false, false, false]);
    const queue = overflowPolicy<string>({}).makeQueue(1);
    expect(losses(queue, 'chat', 'a1', 'a2')).toEqual(['taken', ['refused', 'a2', 0]]);
  });
});
