import type {
  HistoryOptions,
  Overflow,
  OverflowOptions,
  ReceiverOptions,
  SharingBusOptions,
} from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { queueScheduler, type SchedulerAction, Subscription } from 'rxjs';
import { type BusEvent, type BusReceiver, type Delivery, EventFilter, matches, SharingBus } from '../../lib/index.js';
import { matchesEverything } from '../../lib/events/EventFilter.js';
import { anyEvent, anyFilter } from '../support/arbitraries.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { sqliteUpstream } from '../../lib/sqlite/index.js';
import { tempFile } from '../sqlite/support/files.js';
import { type Bringing, MemoryLog, MemoryUpstream } from '../support/MemoryUpstream.js';

interface Waiting {
  busEvent: BusEvent<number>;
  /** How many are missing before it. */
  gap: number;
  isVague: boolean;
}

/** What is held waits for its registration, or for others to come: no time passes. */
class TimelessScheduler extends ManualScheduler {
  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return delay === 0 ? super.schedule(work, 0, state) : new Subscription();
  }
}

const keyOf = ({ event: payload }: BusEvent<number>): number => payload % 3;

function policyOf(overflow: Overflow): OverflowOptions<number> {
  return overflow === 'latest' ? { overflow, key: keyOf } : { overflow };
}
const sizeOf = ({ event: payload }: BusEvent<number>): number => (payload % 4) + 1;

function shown(delivery: Delivery<number>): string {
  return delivery.type === 'event'
    ? `${delivery.event.seq}:${delivery.event.event}`
    : `[${delivery.atMost ? '<=' : ''}${delivery.missed}]`;
}

/** Whether `filter` could answer `wanted` of an event whose payload is gone, were its predicates to answer as they like. */
function could(filter: EventFilter<number>, wanted: boolean, busEvent: BusEvent<number>): boolean {
  const partCould = (part: EventFilter<number>): boolean => could(part, wanted, busEvent);
  switch (filter.type) {
    case 'where':
      return true;
    case 'not':
      return could(filter.filter, !wanted, busEvent);
    case 'and':
      return wanted ? filter.filters.every(partCould) : filter.filters.some(partCould);
    case 'or':
      return wanted ? filter.filters.some(partCould) : filter.filters.every(partCould);
    default:
      return matches(filter, busEvent) === wanted;
  }
}

/** The history, as a plain list: what it retains, and between these what it could not. */
class ListHistory {
  last = 0;
  known: BusEvent<number>[] = [];

  constructor(
    readonly capacity: number,
    readonly maxBytes: number,
  ) {}

  get first(): number {
    return this.last - this.known.length + 1;
  }

  get retained(): readonly BusEvent<number>[] {
    return this.known.filter((one) => !this.isTooLarge(one));
  }

  isTooLarge(busEvent: BusEvent<number>): boolean {
    return sizeOf(busEvent) > this.maxBytes;
  }

  /** Makes room; returns what goes. */
  makeRoom(busEvent: BusEvent<number>): readonly BusEvent<number>[] {
    const gone: BusEvent<number>[] = [];
    const bytes = (): number => this.retained.reduce((sum, one) => sum + sizeOf(one), 0);
    while (
      !this.isTooLarge(busEvent) &&
      this.retained.length > 0 &&
      (this.retained.length === this.capacity || bytes() + sizeOf(busEvent) > this.maxBytes)
    ) {
      const [oldest] = this.retained as [BusEvent<number>];
      gone.push(oldest);
      this.known = this.known.slice(this.known.indexOf(oldest) + 1);
    }
    return gone;
  }

  add(busEvent: BusEvent<number>): void {
    this.last += 1;
    this.known.push(busEvent);
  }
}

/** An event that was too large to be retained, for one who had still to read what came before it. */
interface Hole {
  readonly isVague: boolean;
}

/** A receiver, as plain lists: what waits, and what it has still to read before it is there. */
class ListReceiver {
  waiting: Waiting[] = [];
  unread: (BusEvent<number> | Hole)[] = [];
  isLive = false;
  isClosed = false;
  isDead = false;
  hasFailed = false;
  lagged = 0;
  missed = 0;
  #tailGap = 0;
  #tailIsVague = false;

  constructor(
    readonly filter: EventFilter<number>,
    readonly capacity: number,
    readonly overflow: Overflow,
  ) {}

  start(history: ListHistory, after: number, isOurs: boolean): void {
    const missing = isOurs ? Math.max(0, history.first - 1 - after) : Infinity;
    this.missed = this.#tailGap = missing;
    this.#tailIsVague = missing > 0 && (!isOurs || !matchesEverything(this.filter));
    for (const one of history.known.slice(Math.max(0, (isOurs ? after : 0) + 1 - history.first))) {
      const isHole = history.isTooLarge(one);
      if (isHole ? could(this.filter, true, one) : matches(this.filter, one)) {
        this.unread.push(isHole ? { isVague: could(this.filter, false, one) } : one);
        this.missed += isHole ? 1 : 0;
      }
    }
    this.#read();
  }

  evicted(busEvent: BusEvent<number>): void {
    if (this.unread[0] === busEvent) {
      this.unread.shift();
      this.#lose();
      this.#read();
    }
  }

  published(busEvent: BusEvent<number>, isRetained: boolean): void {
    if (this.isDead || this.isClosed || !matches(this.filter, busEvent)) {
      return;
    }
    if (this.isLive) {
      this.#put(busEvent);
    } else if (isRetained) {
      this.unread.push(busEvent);
    } else {
      // It is told behind what is unread.
      this.unread.push({ isVague: false });
      this.#countLost();
    }
  }

  get hasDelivery(): boolean {
    return this.waiting.length > 0 || this.#tailGap > 0;
  }

  /** What `deliveries.recv()` gives. */
  takeDelivery(): string {
    const [first] = this.waiting;
    if (first === undefined || first.gap > 0) {
      return this.#takeGap(first);
    }
    return this.takeEvent();
  }

  /** What `recv()` gives. */
  takeEvent(): string {
    const { busEvent } = this.waiting.shift() as Waiting;
    this.#read();
    return shown({ type: 'event', event: busEvent });
  }

  /** What a turn gives to `events$` or to `deliveries$`. */
  takeTurn(withGaps: boolean): readonly string[] {
    const out: string[] = [];
    const waiting = this.waiting;
    this.waiting = [];
    for (const one of waiting) {
      if (withGaps && one.gap > 0) {
        out.push(this.#takeGap(one));
      }
      out.push(shown({ type: 'event', event: one.busEvent }));
    }
    this.#read();
    if (withGaps && this.waiting.length === 0 && this.#tailGap > 0) {
      out.push(this.#takeGap(undefined));
    }
    return out;
  }

  dispose(): void {
    this.isDead = true;
    this.waiting = [];
    this.unread = [];
  }

  #takeGap(first: Waiting | undefined): string {
    const gap = first ?? { gap: this.#tailGap, isVague: this.#tailIsVague };
    const text = `[${gap.isVague ? '<=' : ''}${gap.gap}]`;
    if (first === undefined) {
      this.#tailGap = 0;
      this.#tailIsVague = false;
    } else {
      first.gap = 0;
      first.isVague = false;
    }
    return text;
  }

  #read(): void {
    this.#passHoles();
    while (!this.isDead && this.waiting.length < this.capacity && this.unread.length > 0) {
      this.#put(this.unread.shift() as BusEvent<number>);
      this.#passHoles();
    }
    this.isLive ||= this.unread.length === 0 && !this.isDead;
  }

  /** What was too large, before the next that is to be read, is missing before that. */
  #passHoles(): void {
    for (let [next] = this.unread; next !== undefined && 'isVague' in next; [next] = this.unread) {
      this.#tailGap += 1;
      this.#tailIsVague ||= next.isVague;
      this.unread.shift();
    }
  }

  #lose(): void {
    this.#tailGap += 1;
    this.#countLost();
  }

  #countLost(): void {
    this.lagged += 1;
    if (this.overflow === 'evict') {
      this.isClosed = true;
      this.hasFailed = true;
      this.unread = this.unread.filter((one) => 'isVague' in one);
      this.#passHoles();
    }
  }

  #put(busEvent: BusEvent<number>): void {
    if (this.overflow === 'latest') {
      const same = this.waiting.find((one) => keyOf(one.busEvent) === keyOf(busEvent));
      if (same !== undefined) {
        same.busEvent = busEvent;
        same.gap += 1;
        this.lagged += 1;
        return;
      }
    }
    const arriving = { busEvent, gap: this.#tailGap, isVague: this.#tailIsVague };
    if (this.waiting.length < this.capacity || this.overflow === 'drop-oldest') {
      this.#tailGap = 0;
      this.#tailIsVague = false;
      this.waiting.push(arriving);
    } else {
      this.#lose();
    }
    if (this.waiting.length > this.capacity) {
      const oldest = this.waiting.shift() as Waiting;
      const next = this.waiting[0] as Waiting;
      next.gap += oldest.gap + 1;
      next.isVague ||= oldest.isVague;
      this.lagged += 1;
    }
  }
}

type Start = 'now' | 'start' | 'elsewhere' | number;

type Step =
  | { readonly do: 'publish'; readonly busEvent: BusEvent<number> }
  | {
      readonly do: 'subscribe';
      readonly filter: EventFilter<number>;
      readonly capacity: number;
      readonly overflow: Overflow;
      readonly start: Start;
    }
  | { readonly do: 'turn' }
  | { readonly do: 'closeBus' }
  | { readonly do: 'recv' | 'recvDelivery' | 'events$' | 'deliveries$' | 'close' | 'dispose'; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: anyEvent.map((busEvent): Step => ({ do: 'publish', busEvent })) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      filter: fc.oneof(fc.constant(EventFilter.all as EventFilter<number>), anyFilter),
      capacity: fc.constantFrom(1, 1, 2, 3, 64, 100),
      overflow: fc.constantFrom<Overflow>('drop-newest', 'drop-newest', 'drop-oldest', 'latest', 'evict'),
      start: fc.oneof(fc.constantFrom<Start>('now', 'start', 'start', 'elsewhere'), fc.nat(12)),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'turn' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('recv' as const, 'recvDelivery' as const, 'recvDelivery' as const),
      at: fc.nat(9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('events$' as const, 'deliveries$' as const, 'close' as const, 'dispose' as const),
      at: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'closeBus' }) },
);

interface Pair {
  readonly receiver: BusReceiver<number>;
  readonly model: ListReceiver;
  readonly expected: string[];
  readonly actual: string[];
  readonly endings: unknown[];
  attached?: 'events$' | 'deliveries$';
}

/** What keeps the events: the bus, or an upstream that brings them at once or when it is asked. */
type Keeper = 'the bus' | Exclude<Bringing, 'later'> | 'a file';

const KEEPERS: readonly Keeper[] = ['the bus', 'at once', 'when asked', 'a file'];

/** A file takes longer. */
function runsOf(keeper: Keeper): number {
  return keeper === 'a file' ? 40 : 400;
}

function keptBy(keeper: Keeper, history: HistoryOptions<number>): Partial<SharingBusOptions<number>> {
  if (keeper === 'a file') {
    return { upstream: sqliteUpstream<number>({ file: tempFile() }) };
  }
  if (keeper === 'the bus') {
    return { history };
  }
  const upstream = new MemoryUpstream(new MemoryLog<number>(), keeper, [], 3);
  // No other bus is ahead of this one.
  upstream.bring ??= () => undefined;
  return { upstream };
}

describe('history and resume', () => {
  const settings = fc.record({
    capacity: fc.constantFrom(1, 2, 3, 5, 100),
    maxBytes: fc.constantFrom(undefined, 1, 2, 3, 5, 9),
    holds: fc.boolean(),
  });

  it.each<Keeper>(KEEPERS)(
    'laws 13, 15, 20 to 26, 30, 31 and 33: equal plain lists, wherever receivers start; kept by %s',
    async (keeper) => {
      await fc.assert(
        fc.asyncProperty(
          settings,
          fc.array(step, { maxLength: 60 }),
          async ({ capacity: most, maxBytes: bytes, holds }, story) => {
            const scheduler = new TimelessScheduler();
            // An upstream has no limits here.
            const [capacity, maxBytes] = keeper === 'the bus' ? [most, bytes] : [100, undefined];
            const bus = new SharingBus<number>({
              scheduler,
              ...keptBy(keeper, { capacity, maxBytes, sizeOf }),
              holdUnbound: holds ? { capacity: 2, maxAgeMs: 1, totalCapacity: 3 } : undefined,
              bindingOf: (payload) =>
                payload % 9 === 0 ? { connectorId: 'a', sessionId: 'c', scrollId: uuid(10) } : undefined,
            });
            const history = new ListHistory(capacity, maxBytes ?? Infinity);
            const pairs: Pair[] = [];
            const published: BusEvent<number>[] = [];
            const { epoch = '' } = bus.position ?? {};
            // It sees each event in its place, and takes none.
            const witness = bus.subscribeFiltered(
              EventFilter.where((busEvent: BusEvent<number>) => {
                published.push(busEvent);
                for (const gone of history.makeRoom(busEvent)) {
                  pairs.forEach(({ model }) => {
                    model.evicted(gone);
                  });
                }
                history.add(busEvent);
                pairs.forEach(({ model }) => {
                  model.published(busEvent, !history.isTooLarge(busEvent));
                });
                return false;
              }),
            );
            const attach = (pair: Pair, how: 'events$' | 'deliveries$'): void => {
              pair.attached = how;
              const observer = {
                error: (error: unknown) => pair.endings.push(error),
                complete: () => pair.endings.push('complete'),
              };
              if (how === 'events$') {
                pair.receiver.events$.subscribe({
                  next: (busEvent) => pair.actual.push(shown({ type: 'event', event: busEvent })),
                  ...observer,
                });
              } else {
                pair.receiver.deliveries$.subscribe({
                  next: (delivery) => pair.actual.push(shown(delivery)),
                  ...observer,
                });
              }
            };
            const turn = (): void => {
              for (const { model, attached, expected } of pairs) {
                if (attached !== undefined && !model.isDead) {
                  expected.push(...model.takeTurn(attached === 'deliveries$'));
                }
              }
            };
            let isOpen = true;
            for (const one of story) {
              if (one.do === 'publish') {
                bus.publish(one.busEvent);
                continue;
              }
              // Everything that was published is in the model by now.
              expect(bus.position).toEqual({ epoch, seq: history.last });
              if (one.do === 'turn') {
                turn();
                scheduler.turn();
              } else if (one.do === 'closeBus') {
                bus.close();
                isOpen = false;
                pairs.forEach(({ model }) => {
                  model.isClosed = true;
                });
              } else if (one.do === 'subscribe') {
                if (isOpen) {
                  const { filter, capacity: room, overflow, start } = one;
                  const from: ReceiverOptions['from'] =
                    start === 'elsewhere'
                      ? { epoch: 'another', seq: 2 }
                      : typeof start === 'number'
                        ? { epoch, seq: start }
                        : start;
                  const model = new ListReceiver(filter, room, overflow);
                  const receiver = bus.subscribeFiltered(filter, { capacity: room, ...policyOf(overflow), from });
                  if (start === 'now') {
                    model.isLive = true;
                  } else {
                    const after = typeof start === 'number' ? Math.min(start, history.last) : 0;
                    model.start(history, after, start !== 'elsewhere');
                  }
                  expect(receiver.missed).toBe(model.missed);
                  pairs.push({ receiver, model, expected: [], actual: [], endings: [] });
                }
              } else {
                const pair = pairs[one.at];
                if (pair === undefined || pair.model.isDead) {
                  continue;
                }
                const { receiver, model, expected, actual } = pair;
                if (one.do === 'close') {
                  receiver.close();
                  model.isClosed = true;
                } else if (one.do === 'dispose') {
                  receiver[Symbol.dispose]();
                  model.dispose();
                } else if (pair.attached !== undefined) {
                  continue;
                } else if (one.do === 'recv') {
                  if (model.waiting.length > 0) {
                    expected.push(model.takeEvent());
                    const busEvent = await receiver.recv();
                    actual.push(busEvent === undefined ? 'none' : shown({ type: 'event', event: busEvent }));
                  }
                } else if (one.do === 'recvDelivery') {
                  if (model.hasDelivery) {
                    expected.push(model.takeDelivery());
                    const delivery = await receiver.deliveries.recv();
                    actual.push(delivery === undefined ? 'none' : shown(delivery));
                  }
                } else {
                  attach(pair, one.do);
                }
              }
              expect(bus.position).toEqual({ epoch, seq: history.last });
              const stats = new Map(bus.stats().receivers.map((each) => [each.id, each]));
              for (const { receiver, model, expected, actual } of pairs) {
                expect(receiver.lagged).toBe(model.lagged);
                expect(actual).toEqual(expected);
                const { waiting } = stats.get(receiver.id) ?? {};
                expect(waiting).toBe(model.isClosed || model.isDead ? undefined : model.waiting.length);
              }
            }
            bus.close();
            pairs.forEach((pair) => {
              pair.model.isClosed = true;
              if (pair.attached === undefined && !pair.model.isDead) {
                attach(pair, 'deliveries$');
              }
            });
            for (let round = 0; round < 120; round += 1) {
              turn();
            }
            scheduler.flush();
            for (const { model, expected, actual, endings, attached } of pairs) {
              expect(actual).toEqual(expected);
              expect(endings).toHaveLength(attached === undefined ? 0 : 1);
              expect(endings.some((ending) => ending !== 'complete')).toBe(model.hasFailed && !model.isDead);
            }
            expect(published.map(({ seq }) => seq)).toEqual(published.map((_, index) => index + 1));
            expect([scheduler.pending, bus.subscriberCount]).toEqual([0, 0]);
            witness[Symbol.dispose]();
          },
        ),
        { numRuns: runsOf(keeper) },
      );
    },
  );

  type Deed = 'publish' | 'publish twice' | 'subscribe' | 'close' | 'dispose' | 'recv' | 'flush' | 'nothing';

  const deeds = fc.array(
    fc.constantFrom<Deed>('publish', 'publish', 'publish twice', 'subscribe', 'close', 'dispose', 'flush', 'nothing'),
    { maxLength: 80 },
  );
  const starts = fc.array(
    fc.record({
      capacity: fc.constantFrom(1, 2, 3, 64, 100),
      overflow: fc.constantFrom<'drop-newest' | 'drop-oldest'>('drop-newest', 'drop-oldest'),
      start: fc.oneof(fc.constant<Start>('start'), fc.nat(6)),
      acts: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  );

  const limits = fc.record({
    capacity: fc.constantFrom(1, 2, 4, 100),
    maxBytes: fc.constantFrom(undefined, undefined, 1, 2, 3, 20),
  });

  it.each(['later', 'at once'].flatMap((when) => KEEPERS.map((keeper) => ({ when, keeper }))))(
    'law 15: have no hole and no double, whatever handlers and predicates do; turns $when, kept by $keeper',
    ({ when, keeper }) => {
      fc.assert(
        fc.property(limits, starts, deeds, fc.nat(6), (history, plans, story, before) => {
          const manual = new ManualScheduler();
          const bus = new SharingBus<number>({
            scheduler: when === 'later' ? manual : queueScheduler,
            ...keptBy(keeper, { ...history, sizeOf }),
          });
          const { epoch = '' } = bus.position ?? {};
          const views: { receiver: BusReceiver<number>; after: number; seen: Delivery<number>[]; isGone: boolean }[] =
            [];
          const left = [...story];
          let isOver = false;
          let plan = 0;
          const subscribe = (): void => {
            const next = plans[plan];
            plan += 1;
            if (next === undefined) {
              return;
            }
            const { start, acts, capacity: room, overflow } = next;
            const filter = acts
              ? EventFilter.where<number>(() => {
                  act();
                  return true;
                })
              : EventFilter.all;
            const after = start === 'start' ? 0 : Math.min(start as number, bus.position?.seq ?? 0);
            const from = start === 'start' ? start : { epoch, seq: after };
            const receiver = bus.subscribeFiltered(filter, { capacity: room, overflow, from });
            const view = { receiver, after, seen: [], isGone: false };
            views.push(view);
            const { seen } = view as (typeof views)[number];
            receiver.deliveries$.subscribe((delivery) => {
              seen.push(delivery);
              act();
            });
          };
          const act = (): void => {
            const deed = isOver ? 'nothing' : left.shift();
            const view = views[left.length % Math.max(views.length, 1)];
            if (deed === 'publish' || deed === 'publish twice') {
              bus.publish(event(left.length));
              if (deed === 'publish twice') {
                bus.publish(event(left.length));
              }
            } else if (deed === 'subscribe') {
              subscribe();
            } else if (deed === 'flush') {
              void bus.flush();
            } else if (deed !== 'nothing' && view !== undefined) {
              view.isGone = true;
              if (deed === 'close') {
                view.receiver.close();
              } else {
                view.receiver[Symbol.dispose]();
              }
            }
          };
          for (let n = 0; n < before; n += 1) {
            bus.publish(event(-1));
          }
          subscribe();
          while (left.length > 0) {
            act();
            if (left.length % 3 === 0) {
              manual.turn();
            }
          }
          isOver = true;
          manual.flush();
          bus.close();
          manual.flush();
          const { seq: last = 0 } = bus.position ?? {};
          for (const { receiver, after, seen, isGone } of views) {
            let next = after + 1;
            let missed = 0;
            for (const delivery of seen) {
              if (delivery.type === 'gap') {
                next += delivery.missed;
                missed += delivery.missed;
              } else {
                expect(delivery.event.seq).toBe(next);
                next += 1;
              }
            }
            if (!isGone) {
              expect(missed).toBe(receiver.lagged + receiver.missed);
              expect(seen.length === 0 ? last : next - 1).toBe(last);
            }
          }
          expect([manual.pending, bus.subscriberCount]).toEqual([0, 0]);
        }),
        { numRuns: runsOf(keeper) },
      );
    },
  );
});
