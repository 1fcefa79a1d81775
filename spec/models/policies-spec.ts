import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { collectPayloads, recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

/** What each policy does to a list, in the plainest words: what waits afterwards, and how many are lost. */
type Model = (waiting: readonly Waiting[], arriving: Waiting) => { waiting: readonly Waiting[]; lost: number };

interface Waiting {
  readonly payload: number;
  readonly kind: string;
  readonly reserved?: boolean;
  /** A barrier came after it, and was refused. */
  readonly isSealed?: boolean;
}

const CAPACITY = 3;

const MODELS: readonly { readonly name: string; readonly options: ReceiverOptions<number>; readonly model: Model }[] = [
  {
    name: 'drop-newest',
    options: {},
    model: (waiting, arriving) =>
      waiting.length < CAPACITY ? { waiting: [...waiting, arriving], lost: 0 } : { waiting, lost: 1 },
  },
  {
    name: 'drop-oldest',
    options: { overflow: 'drop-oldest' },
    model: (waiting, arriving) =>
      waiting.length < CAPACITY
        ? { waiting: [...waiting, arriving], lost: 0 }
        : { waiting: [...waiting.slice(1), arriving], lost: 1 },
  },
  {
    name: 'latest',
    options: {
      overflow: 'latest',
      key: ({ event: payload }) => payload % 4,
      barrier: ({ routing }) => routing.kind === 'barrier',
    },
    model: (waiting, arriving) => {
      const lastBarrier = waiting.findLastIndex(({ kind, isSealed }) => kind === 'barrier' || isSealed);
      const place = waiting.findIndex(
        ({ payload }, index) => index > lastBarrier && payload % 4 === arriving.payload % 4,
      );
      if (place >= 0 && arriving.kind !== 'barrier') {
        return { waiting: waiting.with(place, arriving), lost: 1 };
      }
      const isSealed = arriving.kind === 'barrier';
      return waiting.length < CAPACITY
        ? { waiting: [...waiting, arriving], lost: 0 }
        : { waiting: waiting.map((one) => ({ ...one, ...(isSealed && { isSealed }) })), lost: 1 };
    },
  },
  {
    name: 'reserve',
    options: { reserve: { capacity: 2, kinds: ['end', 'barrier'] } },
    model: (waiting, arriving) => {
      const reserved = waiting.filter((one) => one.reserved).length;
      if (waiting.length - reserved < CAPACITY) {
        return { waiting: [...waiting, arriving], lost: 0 };
      }
      return arriving.kind !== 'chat' && reserved < 2
        ? { waiting: [...waiting, { ...arriving, reserved: true }], lost: 0 }
        : { waiting, lost: 1 };
    },
  },
];

function busOf(options: ConstructorParameters<typeof SharingBus<number>>[0] = {}): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly publish: (kind: string, ...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler, ...options });
  const publish = (kind: string, ...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload, { kind }));
    });
  };
  return { bus, scheduler, publish };
}

describe.each(MODELS)('overflow: $name', ({ options, model }) => {
  const kinds = fc.constantFrom('chat', 'chat', 'end', 'barrier');
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: kinds }, { weight: 1, arbitrary: fc.constant('pull') }), {
    maxLength: 60,
  });

  it('laws 20 and 22: is what a plain list does, pulled', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const { bus, publish } = busOf();
        const receiver = bus.subscribeFiltered(EventFilter.all, { ...options, capacity: CAPACITY });
        let waiting: readonly Waiting[] = [];
        let lagged = 0;
        for (const [payload, step] of story.entries()) {
          if (step === 'pull') {
            if (waiting.length > 0) {
              expect((await receiver.recv())?.event).toBe(waiting[0]?.payload);
              waiting = waiting.slice(1);
            }
          } else {
            publish(step, payload);
            const after = model(waiting, { payload, kind: step });
            waiting = after.waiting;
            lagged += after.lost;
          }
          expect(receiver.lagged).toBe(lagged);
        }
        receiver.close();
        const rest: number[] = [];
        for await (const busEvent of receiver) {
          rest.push(busEvent.event);
        }
        expect(rest).toEqual(waiting.map(({ payload }) => payload));
      }),
      { numRuns: 150 },
    );
  });

  it('laws 20 and 26: is what a plain list does, in turns', () => {
    fc.assert(
      fc.property(steps, (story) => {
        const { bus, scheduler, publish } = busOf();
        const receiver = bus.subscribeFiltered(EventFilter.all, { ...options, capacity: CAPACITY });
        const { values } = collectPayloads(receiver.events$);
        const expected: number[] = [];
        let waiting: readonly Waiting[] = [];
        const deliver = (): void => {
          expected.push(...waiting.map(({ payload }) => payload));
          waiting = [];
          scheduler.flush();
        };
        for (const [payload, step] of story.entries()) {
          if (step === 'pull') {
            deliver();
          } else {
            publish(step, payload);
            waiting = model(waiting, { payload, kind: step }).waiting;
          }
        }
        deliver();
        expect(values).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it('law 25: leaves its neighbours alone, and everything at its end', () => {
    const { bus, scheduler, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, { ...options, capacity: CAPACITY });
    const { values } = collectPayloads(bus.stream());
    publish('chat', 1, 2, 3, 4, 5);
    const { lagged } = receiver;
    receiver[Symbol.dispose]();
    scheduler.flush();
    expect([values, receiver.lagged, bus.subscriberCount]).toEqual([[1, 2, 3, 4, 5], lagged, 1]);
  });

  it('law 28: one warning, and one note', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler, publish } = busOf({ logger });
    collectPayloads(bus.stream(EventFilter.all, { ...options, capacity: CAPACITY }));
    publish('chat', 1, 2, 3, 5, 5, 5);
    scheduler.flush();
    expect(lines.map((line) => line.slice(0, 5))).toEqual(['warn:', 'info:']);
  });
});
