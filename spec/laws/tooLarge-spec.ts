import type { OverflowOptions, ReceiverOptions, SharingBusOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BusReceiver, type Delivery, EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { toEventStream } from '../../lib/sse/index.js';
import { collect, recordingLogger } from '../support/collect.js';
import { survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

const MAX_BYTES = 50;

/** A bus whose events are as large as their payload; from 51 on, one is too large. Those from 60 on are of the kind `other`. */
function busOf(capacity = 100, options: SharingBusOptions<number> = {}) {
  const scheduler = new ManualScheduler();
  const history = { capacity, maxBytes: MAX_BYTES, sizeOf: ({ event: payload }: { event: number }) => payload };
  const bus = new SharingBus<number>({ scheduler, history, ...options });
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload, { kind: payload < 60 ? 'k' : 'other' }));
    });
  };
  const { epoch = '' } = bus.position ?? {};
  const resume = (seq: number, filter: EventFilter<number> = EventFilter.all, more: ReceiverOptions<number> = {}) =>
    bus.subscribeFiltered(filter, { from: { epoch, seq }, ...more });
  return { bus, scheduler, publish, resume };
}

const ofKind = EventFilter.kind('k') as EventFilter<number>;

/** Deliveries, as short as can be: payloads, and gaps in brackets, with `<=` where they are vague. */
function shown(deliveries: readonly Delivery<number>[]): string {
  return deliveries
    .map((one) => (one.type === 'event' ? String(one.event.event) : `[${one.atMost ? '<=' : ''}${one.missed}]`))
    .join(' ');
}

/** What `receiver` has, pulled, then what ends it. */
async function pulled(receiver: BusReceiver<number>): Promise<string> {
  const deliveries: Delivery<number>[] = [];
  receiver.close();
  for await (const delivery of receiver.deliveries) {
    deliveries.push(delivery);
  }
  return shown(deliveries);
}

describe('an event that is larger than maxBytes', () => {
  it('is itself not retained; what was stays, and a resume is told of it in its place', async () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 51, 2, 52, 53, 3, 54);
    const places: readonly [string, number][] = [
      ['1 [1] 2 [2] 3 [1]', 4],
      ['[1] 2 [2] 3 [1]', 4],
      ['2 [2] 3 [1]', 3],
      ['[2] 3 [1]', 3],
      ['[1] 3 [1]', 2],
      ['3 [1]', 1],
      ['[1]', 1],
      ['', 0],
    ];
    for (const [seq, [text, missed]] of places.entries()) {
      const [one, other, small] = [resume(seq), resume(seq), resume(seq, EventFilter.all, { capacity: 1 })];
      const { values } = collect(other.deliveries$);
      scheduler.flush();
      expect([shown(values), other.missed, other.lagged]).toEqual([text, missed, 0]);
      expect([await pulled(small), small.missed, small.lagged]).toEqual([text, missed, 0]);
      expect(await pulled(one)).toBe(text);
      other[Symbol.dispose]();
    }
    expect(bus.position?.seq).toBe(7);
  });

  it('is told with its kind, and to those alone whose filter it passes', async () => {
    const { bus, publish } = busOf();
    publish(1, 60, 2, 51);
    const from = 'start';
    const all: Delivery<number>[] = [];
    const receiver = bus.subscribeFiltered(EventFilter.all, { from });
    receiver.close();
    for await (const delivery of receiver.deliveries) {
      all.push(delivery);
    }
    expect(all.filter(({ type }) => type === 'gap')).toEqual([
      { type: 'gap', missed: 1, byKind: { other: 1 } },
      { type: 'gap', missed: 1, byKind: { k: 1 } },
    ]);
    const isEven = EventFilter.where<number>(({ event: payload }) => payload % 2 === 0);
    for (const [filter, text, missed] of [
      [ofKind, '1 2 [1]', 1],
      [EventFilter.not<number>(ofKind), '[1]', 1],
      [EventFilter.and<number>(ofKind, EventFilter.kind('other')), '', 0],
      [EventFilter.or<number>(EventFilter.kind('other'), ofKind), '1 [1] 2 [1]', 2],
      // Nobody can ask a predicate any more, where that decides.
      [isEven, '[<=1] 2 [<=1]', 2],
      [EventFilter.not(isEven), '1 [<=2]', 2],
      [EventFilter.and<number>(ofKind, isEven), '2 [<=1]', 1],
      [EventFilter.and<number>(isEven, EventFilter.kind('none')), '', 0],
      [EventFilter.or<number>(ofKind, isEven), '1 [<=1] 2 [1]', 2],
      [EventFilter.or<number>(EventFilter.all, isEven), '1 [1] 2 [1]', 2],
    ] as readonly [EventFilter<number>, string, number][]) {
      const one = bus.subscribeFiltered(filter, { from });
      expect([one.missed, await pulled(one)]).toEqual([missed, text]);
    }
  });

  it('takes no room: the next retained event evicts as many as without it', async () => {
    const { publish, resume } = busOf(3);
    publish(20, 20, 1, 99, 99);
    expect(await pulled(resume(0))).toBe('20 20 1 [2]');
    publish(29);
    // The first has gone, since four are too many. The other three have 50 bytes.
    expect(await pulled(resume(0))).toBe('[1] 20 1 [2] 29');
    publish(4);
    expect(await pulled(resume(0))).toBe('[2] 1 [2] 29 4');
    publish(5);
    // What has gone and what was not retained are one gap. Of the one, nobody knows for whom it was; of the other, that is known.
    expect(await pulled(resume(0))).toBe('[5] 29 4 5');
    expect(await pulled(resume(0, ofKind))).toBe('[<=3] 29 4 5');
    expect(await pulled(resume(3, ofKind))).toBe('29 4 5');
    expect(await pulled(resume(4))).toBe('[1] 29 4 5');
    publish(40);
    expect(await pulled(resume(0))).toBe('[6] 4 5 40');
    expect(await pulled(resume(3, ofKind))).toBe('[<=3] 4 5 40');
  });

  it('is known by its filter also where nothing is retained', async () => {
    const { publish, resume } = busOf();
    publish(99, 51, 99);
    expect(await pulled(resume(0))).toBe('[3]');
    expect(await pulled(resume(0, ofKind))).toBe('[1]');
    expect(await pulled(resume(2, ofKind))).toBe('');
    publish(1);
    expect(await pulled(resume(1, ofKind))).toBe('[1] 1');
  });

  it('is found among many others as they are: at the number of each, by each key', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 20, 51, 61), { maxLength: 60 }),
        fc.constantFrom(1, 3, 7, 100),
        fc.constantFrom<EventFilter<number>>(
          EventFilter.all,
          ofKind,
          EventFilter.kind('other'),
          EventFilter.where(() => true),
        ),
        (payloads, capacity, filter) => {
          const { scheduler, publish, resume } = busOf(capacity);
          publish(...payloads);
          for (let seq = 0; seq <= payloads.length; seq += 1) {
            const receiver = resume(seq, filter, { capacity: 2 });
            const { values } = collect(receiver.deliveries$);
            scheduler.flush();
            let next = seq + 1;
            let missed = 0;
            for (const one of values) {
              if (one.type === 'gap') {
                next += one.missed;
                missed += one.missed;
              } else {
                // With a filter, others are between.
                expect(one.event.seq).toBeGreaterThanOrEqual(next);
                expect([one.event.event, filter.type === 'all' ? next : one.event.seq]).toEqual([
                  payloads[(one.event.seq ?? 0) - 1],
                  one.event.seq,
                ]);
                next = (one.event.seq ?? 0) + 1;
              }
            }
            expect(missed).toBe(receiver.missed);
            receiver[Symbol.dispose]();
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is vague with its neighbours where one of them is', async () => {
    const { publish, resume } = busOf();
    publish(1, 60, 51, 2, 51, 60, 3);
    const others: EventFilter<number> = EventFilter.or(
      EventFilter.kind('other'),
      EventFilter.where(({ event: payload }) => payload === 2),
    );
    expect(await pulled(resume(0, others))).toBe('[<=2] 2 [<=2]');
    expect(await pulled(resume(1, others))).toBe('[<=2] 2 [<=2]');
    expect(await pulled(resume(2, others))).toBe('[<=1] 2 [<=2]');
    expect(await pulled(resume(5, others))).toBe('[1]');
  });

  it('is delivered to the open receivers', () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 2);
    const receivers = [bus.subscribeAll(), resume(0), resume(0, EventFilter.all, { capacity: 3 })];
    publish(99);
    const seen = receivers.map(({ deliveries$ }) => collect(deliveries$).values);
    scheduler.flush();
    expect(seen.map(shown)).toEqual(['99', '1 2 99', '1 2 99']);
    expect(bus.explain(event(99)).map(({ why }) => why)).toEqual(Array(3).fill('it would wait behind 0 others'));
    expect(receivers.map(({ lagged, missed }) => lagged + missed)).toEqual([0, 0, 0]);
  });
});

describe('a receiver that catches up, when an event comes that is larger than maxBytes', () => {
  it('law 22: has lost it at the call, where its queue is full, and is told so in its place', async () => {
    const { bus, publish, resume } = busOf();
    publish(1, 2, 3);
    const receiver = resume(0, ofKind, { capacity: 2 });
    const other = resume(0, EventFilter.kind('other'));
    publish(51);
    expect([receiver.lagged, bus.stats().dropped]).toEqual([1, 1]);
    publish(4, 52, 99, 53);
    expect([receiver.lagged, receiver.missed, other.lagged]).toEqual([3, 0, 0]);
    expect(bus.explain(event(54, { kind: 'k' }))[0]).toMatchObject({
      drops: true,
      why: 'it is too large for the history, and 2 wait before it',
    });
    publish(5);
    expect(await pulled(receiver)).toBe('1 2 3 [1] 4 [2] 5');
    expect([receiver.lagged, await pulled(other)]).toEqual([3, '99']);
  });

  it('law 28: begins to lag by it, and has caught up when it has read all', () => {
    const { lines, logger } = recordingLogger();
    const { scheduler, publish, resume } = busOf(100, { logger });
    publish(1, 2, 3);
    const receiver = resume(0, EventFilter.all, { capacity: 2 });
    const counts = collect(receiver.lagged$);
    publish(99, 99);
    const { values } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), counts.values]).toEqual(['1 2 3 [2]', [0, 2]]);
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 0 begins to lag: its queue of 2 is full',
      'info: sharing-bus: receiver 0 has caught up; lagged: 2',
    ]);
    publish(99);
    scheduler.flush();
    expect(shown(values)).toBe('1 2 3 [2] 99');
  });

  it('is told of what was lost before it was there, and since, as one gap where nothing is between', async () => {
    const { publish, resume } = busOf();
    publish(1, 2, 98);
    const receiver = resume(0, EventFilter.all, { capacity: 1 });
    const vague = resume(
      0,
      EventFilter.where(({ event: payload }) => payload !== 99),
      { capacity: 1 },
    );
    publish(99, 97, 3);
    expect([receiver.missed, receiver.lagged, vague.missed, vague.lagged]).toEqual([1, 2, 1, 1]);
    expect(await pulled(receiver)).toBe('1 2 [3] 3');
    expect(await pulled(vague)).toBe('1 2 [<=2] 3');
  });

  it('is told of it in its place, also where what stood before it has gone unread', async () => {
    const { publish, resume } = busOf(3);
    publish(1, 2, 3);
    const receiver = resume(0, EventFilter.all, { capacity: 1 });
    publish(99, 4, 5, 99, 6);
    expect(receiver.lagged).toBe(4);
    expect(await pulled(receiver)).toBe('1 [3] 4 5 [1] 6');
  });

  it('law 16: asks its predicate at the call: what that throws ends it, and all that it has lost is told', () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 2, 3);
    const choosy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 99) {
        throw new Error('no 99');
      }
      return true;
    });
    const receiver = resume(0, choosy, { capacity: 1 });
    publish(98, 99);
    expect([bus.subscriberCount, receiver.lagged]).toEqual([0, 1]);
    const { values, endings } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), endings]).toEqual(['1 [1]', [new Error('no 99')]]);
  });

  it('ends by it where it evicts, and the gap is told before the end', () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 98, 2, 3);
    const receiver = resume(0, EventFilter.all, { capacity: 2, overflow: 'evict' });
    publish(99);
    expect([bus.subscriberCount, receiver.lagged, receiver.missed]).toEqual([0, 1, 1]);
    const { values, endings } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), endings]).toEqual(['1 [1] 2 [1]', [expect.any(SlowConsumerError)]]);
  });

  it.each<OverflowOptions<number>>([
    { overflow: 'drop-oldest' },
    { overflow: 'latest', key: ({ event: payload }) => payload },
  ])('with $overflow: has lost it as any other that it could not read', async (overflow) => {
    const { publish, resume } = busOf();
    publish(1, 2, 3, 4);
    const receiver = resume(0, EventFilter.all, { capacity: 2, ...overflow });
    publish(99, 5);
    expect(receiver.lagged).toBe(1);
    expect(await pulled(receiver)).toBe('1 2 3 4 [1] 5');
  });

  it('law 21: loses it only where all its places are taken at that moment, also in its turn', () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 2, 3, 4, 5);
    const receiver = resume(0, EventFilter.all, { capacity: 3 });
    const seen: Delivery<number>[] = [];
    receiver.deliveries$.subscribe((delivery) => {
      seen.push(delivery);
      if (delivery.type === 'event' && delivery.event.event === 1) {
        // One place is free, and two are to be read.
        publish(98);
      } else if (delivery.type === 'event' && delivery.event.event === 5) {
        publish(99);
      }
    });
    scheduler.turn();
    expect([shown(seen), receiver.lagged]).toEqual(['1 2 3', 1]);
    scheduler.flush();
    expect([shown(seen), receiver.lagged, bus.stats().delivered]).toEqual(['1 2 3 4 5 [1] 99', 1, 6]);
    const roomy = resume(0, EventFilter.all, { capacity: 4 });
    const got: Delivery<number>[] = [];
    roomy.deliveries$.subscribe((delivery) => {
      got.push(delivery);
      if (delivery.type === 'event' && delivery.event.event === 3) {
        publish(97);
      }
    });
    scheduler.flush();
    expect([shown(got), roomy.lagged, roomy.missed]).toEqual(['1 2 3 4 5 [2] 97', 0, 2]);
  });

  it('is through with what was published before its close: later ones are nothing to it', async () => {
    const { publish, resume } = busOf();
    publish(1, 2);
    const asked: number[] = [];
    const filter = EventFilter.where<number>(({ event: payload }) => asked.push(payload) > 0);
    const receiver = resume(0, filter, { capacity: 1 });
    publish(98);
    receiver.close();
    publish(99, 3);
    expect([receiver.lagged, await pulled(receiver), asked.includes(99)]).toEqual([1, '1 2 [1]', false]);
  });

  it('law 31: has lost nothing that makes its predicate leave', () => {
    const { bus, publish, resume } = busOf();
    publish(1, 2);
    const receiver = resume(
      0,
      EventFilter.where<number>(({ event: payload }) => {
        if (payload === 99) {
          receiver[Symbol.dispose]();
        }
        return true;
      }),
      { capacity: 1 },
    );
    publish(99, 99);
    expect([receiver.lagged, bus.stats().dropped, bus.subscriberCount]).toEqual([0, 0, 0]);
  });

  it('law 31: is told of nothing when it has left', () => {
    const { scheduler, publish, resume } = busOf();
    publish(1, 98, 2);
    const receiver = resume(0, EventFilter.all, { capacity: 1 });
    publish(99);
    receiver[Symbol.dispose]();
    const { values, endings } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), endings, receiver.lagged]).toEqual(['', ['complete'], 1]);
  });

  it('gets no gaps by events$, and counts them all the same', () => {
    const { scheduler, publish, resume } = busOf();
    publish(1, 98, 2, 3);
    const receiver = resume(0, EventFilter.all, { capacity: 1 });
    const { values } = collect(receiver.events$);
    publish(99);
    scheduler.flush();
    expect([values.map(({ event: payload }) => payload), receiver.lagged, receiver.missed]).toEqual([[1, 2, 3], 1, 1]);
    // The record was given up.
    const closed = resume(0, EventFilter.all, { capacity: 1 });
    const { endings } = collect(closed.events$);
    closed.close();
    scheduler.flush();
    expect([endings, closed.missed, collect(closed.deliveries$)]).toMatchObject([
      ['complete'],
      2,
      { values: [], endings: ['complete'] },
    ]);
  });

  it('answers a call that waits with a gap at the end, and a flush resolves', async () => {
    const { bus, scheduler, publish, resume } = busOf();
    publish(1, 99);
    const receiver = resume(0, EventFilter.all, { capacity: 1 });
    const flushed = bus.flush();
    const [first, second] = [receiver.deliveries.recv(), receiver.deliveries.recv()];
    scheduler.flush();
    await flushed;
    expect(shown([(await first) as Delivery<number>, (await second) as Delivery<number>])).toBe('1 [1]');
  });

  it('is served as an event stream, whose ids resume behind each gap', async () => {
    const { bus, publish } = busOf();
    publish(1, 98, 99, 2);
    const { epoch = '' } = bus.position ?? {};
    const ids: (string | undefined)[] = [];
    for (const seq of [0, 1, 2, 3]) {
      const response = toEventStream(bus, new Request(`http://a.test/?from=${epoch}:${seq}`), {
        filter: EventFilter.all,
      });
      const { value } = (await (response.body as ReadableStream<Uint8Array>).getReader().read()) as {
        value: Uint8Array;
      };
      const text = new TextDecoder().decode(value);
      ids.push(
        [...text.matchAll(/(?:event: (\w+)\n)?id: [^:]*:(\d+)/g)]
          .map(([, what = 'event', id]) => `${what} ${id}`)
          .join(),
      );
    }
    expect(ids).toEqual(['event 1,gap 3,event 4', 'gap 3,event 4', 'gap 3,event 4', 'event 4']);
  });
});

describe('events that are larger than maxBytes, without end', () => {
  it('are known one by one up to 1,024; of older ones only the number is kept', async () => {
    const { publish, resume } = busOf();
    publish(1);
    for (let n = 0; n < 3_000; n += 1) {
      publish(n % 2 === 0 ? 51 : 99);
    }
    publish(2);
    expect(await pulled(resume(0))).toBe('1 [3000] 2');
    expect(await pulled(resume(3_001 - 1_024, ofKind))).toBe('[512] 2');
    expect(await pulled(resume(3_001 - 1_025, ofKind))).toBe('[<=513] 2');
    expect(await pulled(resume(0, ofKind))).toBe(`1 [<=${3_000 - 512}] 2`);
    expect(await pulled(resume(3_000, ofKind))).toBe('2');
  });

  it('hold no payload, nor does a receiver that is behind hold one', async () => {
    const scheduler = new ManualScheduler();
    const isLarge = ({ event: payload }: { event: { large: boolean } }): number => (payload.large ? 2 : 1);
    const bus = new SharingBus<{ large: boolean }>({
      scheduler,
      history: { capacity: 9, maxBytes: 1, sizeOf: isLarge },
    });
    bus.publish(event({ large: false }));
    const behind = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    bus.publish(event({ large: false }));
    const refs = Array.from({ length: 50 }, () => {
      const payload = { large: true };
      bus.publish(event(payload));
      return new WeakRef(payload);
    });
    expect(await survivors(refs)).toBe(0);
    expect([behind.lagged, bus.position?.seq]).toEqual([51, 52]);
  });
});
