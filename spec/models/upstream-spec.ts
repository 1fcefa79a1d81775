import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { type BusReceiver, type Delivery, EventFilter, matches, SharingBus } from '../../lib/index.js';
import { event } from '../support/events.js';
import { type Bringing, MemoryLog, MemoryUpstream } from '../support/MemoryUpstream.js';

type Step =
  | { readonly do: 'publish'; readonly at: number; readonly count: number }
  | {
      readonly do: 'subscribe';
      readonly at: number;
      readonly capacity: number;
      readonly from: number;
      readonly kinds: boolean;
    }
  | { readonly do: 'wait'; readonly frames: number }
  | { readonly do: 'gap' | 'skip' | 'trim'; readonly count: number }
  | { readonly do: 'down' | 'up' | 'take' | 'attach' | 'close' | 'dispose'; readonly at: number };

const at = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), at, count: fc.constantFrom(1, 2, 9, 70) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      at,
      capacity: fc.constantFrom(1, 3, 64, 1_000),
      from: fc.constantFrom(-1, 0, 0, 1, 5, 40),
      kinds: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), frames: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('gap' as const, 'skip' as const, 'trim' as const),
      count: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'down' as const,
        'up' as const,
        'take' as const,
        'take' as const,
        'attach' as const,
        'close' as const,
        'dispose' as const,
      ),
      at,
    }),
  },
);

interface Seat {
  readonly bus: SharingBus<number>;
  readonly receiver: BusReceiver<number>;
  readonly filter: EventFilter<number>;
  /** The place after which it begins. */
  readonly after: number;
  readonly seen: Delivery<number>[];
  isAttached: boolean;
  isGone: boolean;
  /** The last place that was dispatched when it was closed. */
  end: number;
}

/** Counts what was delivered and is missing of the places that the log has had. */
function account(seat: Seat, log: MemoryLog<number>): void {
  const { receiver, filter, seen, after, end } = seat;
  const had = [...log.gone, ...log.kept].filter(({ seq }) => seq > after && seq <= end);
  const events = had.flatMap((one) => ('event' in one && matches(filter, one.event) ? [one.event] : []));
  const delivered = seen.flatMap((one) => (one.type === 'event' ? [one.event] : []));
  const seqs = delivered.map(({ seq }) => seq as number);
  expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  const wanted = new Set(events.map(({ seq }) => seq));
  expect(seqs.filter((seq) => !wanted.has(seq))).toEqual([]);
  const gaps = seen.reduce((sum, one) => sum + (one.type === 'gap' ? one.missed : 0), 0);
  expect(gaps).toBe(receiver.lagged + receiver.missed);
  // Only a receiver that begins inside of a gap does not know how many events of it are behind its place.
  const isVague = seen.some((one) => one.type === 'gap' && one.atMost === true);
  expect(isVague && filter.type === 'all' && after === 0).toBe(false);
  if (filter.type === 'all' && !isVague) {
    const inGaps = had.reduce((sum, one) => sum + ('gap' in one ? one.gap.missed : 0), 0);
    expect(delivered.length + gaps).toBe(events.length + inGaps);
  } else {
    expect(delivered.length + receiver.lagged).toBeLessThanOrEqual(events.length);
    expect(delivered.length + gaps).toBeGreaterThanOrEqual(events.length);
  }
}

describe('a bus with an upstream', () => {
  it.each<Bringing>(['at once', 'when asked', 'later'])(
    'laws 15, 18 and 22: accounts for each place, whatever is published, read, lost and delayed; brought %s',
    (bringing) => {
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 40 }),
          fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
          fc.constantFrom(undefined, 1, 10),
          fc.constantFrom(2, 5, 256),
          (story, delays, capacity, pageSize) => {
            const time = new VirtualTimeScheduler();
            const log = new MemoryLog<number>();
            const buses = [0, 1].map((index) => {
              const upstream = new MemoryUpstream<number>(log, bringing, [...delays.slice(index), ...delays], pageSize);
              const history = capacity === undefined ? undefined : { capacity };
              return { upstream, bus: new SharingBus<number>({ scheduler: time, upstream, history }) };
            });
            const seats: Seat[] = [];
            const run = (frames: number): void => {
              time.maxFrames = time.frame + frames;
              time.flush();
            };
            const busAt = (index: number): (typeof buses)[number] => buses[index % 2] as (typeof buses)[number];
            let payload = 0;
            for (const one of story) {
              if (one.do === 'publish') {
                for (let count = 0; count < one.count; count += 1) {
                  payload += 1;
                  busAt(one.at).bus.publish(event(payload, { kind: payload % 3 === 0 ? 'a' : 'b' }));
                }
              } else if (one.do === 'subscribe') {
                const { bus } = busAt(one.at);
                const filter = one.kinds ? EventFilter.kind('a') : (EventFilter.all as EventFilter<number>);
                const { epoch, seq } = bus.position as { epoch: string; seq: number };
                const from = one.from === -1 ? 'now' : one.from === 0 ? 'start' : { epoch, seq: one.from };
                const receiver = bus.subscribeFiltered(filter, { capacity: one.capacity, from });
                // A place that this bus has not reached may exist.
                const named = bringing === 'when asked' ? Math.min(one.from, seq) : one.from;
                const after = from === 'now' ? seq : from === 'start' ? 0 : named;
                seats.push({
                  bus,
                  receiver,
                  filter,
                  after,
                  seen: [],
                  isAttached: false,
                  isGone: false,
                  end: Infinity,
                });
              } else if (one.do === 'wait') {
                run(one.frames);
              } else if (one.do === 'skip') {
                log.skip(one.count);
              } else if (one.do === 'trim') {
                log.trim(one.count);
              } else if (one.do === 'gap') {
                log.addGap({ missed: one.count, byKind: { a: one.count } });
                log.tell();
              } else if (one.do === 'down' || one.do === 'up') {
                const { upstream } = busAt(one.at);
                if (one.do === 'down') {
                  upstream.isDown = bringing === 'later';
                } else {
                  upstream.comeBack();
                }
              } else if ('at' in one) {
                const seat = seats[one.at];
                if (seat === undefined || seat.isGone) {
                  continue;
                }
                const { receiver, seen } = seat;
                if (one.do === 'close') {
                  seat.end = Math.min(seat.end, seat.bus.position?.seq ?? 0);
                  receiver.close();
                } else if (one.do === 'dispose') {
                  receiver[Symbol.dispose]();
                  seat.isGone = true;
                } else if (!seat.isAttached && one.do === 'attach') {
                  seat.isAttached = true;
                  receiver.deliveries$.subscribe((delivery) => seen.push(delivery));
                } else if (!seat.isAttached) {
                  const next = receiver.deliveries.tryRecv();
                  if (next.type === 'event' || next.type === 'gap') {
                    seen.push(next);
                  }
                }
              }
            }
            buses.forEach(({ upstream }) => {
              upstream.comeBack();
            });
            run(Infinity);
            for (const seat of seats) {
              if (!seat.isGone && !seat.isAttached) {
                seat.receiver.deliveries$.subscribe((delivery) => seat.seen.push(delivery));
              }
            }
            run(Infinity);
            buses.forEach(({ bus }) => {
              bus.close();
            });
            run(Infinity);
            for (const seat of seats) {
              if (!seat.isGone) {
                account(seat, log);
              }
            }
            expect(buses.map(({ upstream }) => [upstream.isClosed, upstream.joined])).toEqual([
              [true, []],
              [true, []],
            ]);
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});
