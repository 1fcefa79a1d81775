import { type BusEvent, canonicalBusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import type { BusPosition, Gap } from '../../receiver.js';
import type { Upstream, UpstreamBus, UpstreamLink, UpstreamPage } from '../../upstream.js';
import type { Inflow, Stage } from '../dispatch/Stage.js';
import type { InOrder } from '../dispatch/order.js';
import type { Outlet } from '../publish/Publisher.js';
import { missOutside } from '../receive/missOutside.js';
import type { Receiver } from '../receive/Receiver.js';
import type { Past } from '../receive/replayFrom.js';
import { checkedHistory, withSeq } from '../replay/History.js';
import { scheduleOutOfContext } from '../support/context.js';
import { earlierEpochOf } from '../support/epochs.js';
import type { Log } from '../support/logging.js';
import { show } from '../support/show.js';
import { OTHERS } from '../support/Tally.js';
import { behind } from '../support/throughProxies.js';
import { checkedGap, checkedPosition, requireLink, requireUpstream } from './checks.js';
import { noteEpochOf } from './epochsOf.js';
import { Tail } from './Tail.js';
import type { UpstreamHost } from './UpstreamHost.js';
import { type Pages, UpstreamReading } from './UpstreamReading.js';

/** How many of the newest events are in memory if the upstream takes time to read, and the bus has no option `history`. */
const DEFAULT_TAIL = 1_024;
/** The most events of a page that an upstream reads. */
const PAGE = 256;
const UNKNOWN: Omit<Gap, 'type'> = { missed: Infinity, byKind: { [OTHERS]: Infinity }, atMost: true };

/**
 * Connects a bus with its upstream: what the publisher hands over, what the upstream brings, and what receivers read from it.
 *
 * Invariants: events are dispatched in the order of their places. `#taken` is the last place that the upstream has given; `position` is the
 * last one that was dispatched.
 */
export class UpstreamPort<E> implements Outlet<E>, Past<E>, Inflow, Pages<E> {
  isWaiting = false;
  isDispatching = false;
  readonly inOrder: InOrder;
  readonly #stage: Stage<E>;
  readonly #log: Log;
  #host: UpstreamHost<E> | undefined;
  #link: UpstreamLink<E> | undefined;
  #tail = new Tail<E>(checkedHistory({ capacity: DEFAULT_TAIL }));
  #taken: BusPosition | undefined;
  #isClosed = false;
  /** Whether what the upstream brings is dispatched at once: a job of the order runs, and this is its place. */
  #isDirect = false;
  /** How many jobs of the upstream wait for their place in the order. */
  #queued = 0;
  readonly #readings = new Set<UpstreamReading<E>>();
  /** Those that begin at a place that the bus has not reached. */
  readonly #ahead = new Set<UpstreamReading<E>>();
  readonly #wanted = new Map<Receiver<E>, EventFilter<E>>();
  position: BusPosition | undefined;
  readonly isSparse = true;

  constructor(stage: Stage<E>, log: Log) {
    this.#stage = stage;
    this.#log = log;
    this.inOrder = stage.inOrder;
  }

  /**
   * Opens `upstream`.
   *
   * @throws What its `open` throws, and TypeError if it is not an upstream.
   */
  connect(upstream: Upstream<E>, host: UpstreamHost<E>): void {
    requireUpstream(upstream);
    this.#host = host;
    if (host.history !== undefined) {
      this.#tail = new Tail(checkedHistory(host.history));
    }
    const link = upstream.open(this.#bus());
    requireLink(link);
    if (this.#isClosed) {
      link.close();
      return;
    }
    this.#link = link;
    if (link.bring !== undefined) {
      this.#stage.inflow = this;
      if (host.history === undefined) {
        this.#tail = new Tail(undefined);
        this.#tail.reset(this.last);
      }
    }
  }

  get last(): number {
    return this.position?.seq ?? 0;
  }

  publish(busEvent: BusEvent<E>): void {
    const link = this.#link;
    if (link === undefined) {
      return;
    }
    this.#directly(() => {
      link.publish(busEvent);
    });
    if (link.bring !== undefined) {
      this.isWaiting = true;
      try {
        this.#stage.expectInflow();
      } catch (error) {
        // The event is taken over. The next call asks the scheduler again.
        this.#log('warn', `the scheduler threw ${show(error)}`);
      }
    }
  }

  append(busEvent: BusEvent<E>, seq: number): BusEvent<E> {
    this.#reach(seq);
    const numbered = busEvent.seq === seq && !earlierEpochOf(busEvent) ? busEvent : withSeq(busEvent, seq);
    this.#tail.addEvent(numbered, seq);
    return numbered;
  }

  bring(): void {
    this.isWaiting = false;
    this.#directly(() => {
      this.#tell(this.#link, 'bring');
    });
  }

  close(): void {
    if (this.isWaiting) {
      this.#stage.settle();
    }
    this.#isClosed = true;
    this.#closeIfUnread();
  }

  /** Resolves when everything that was handed over so far was brought or given up. */
  settled(): PromiseLike<void> | undefined {
    return this.#isClosed ? undefined : this.#link?.settled?.();
  }

  isTooLarge(): boolean {
    return false;
  }

  replay(receiver: Receiver<E>, filter: EventFilter<E>, from: 'start' | BusPosition): void {
    receiver.filter = filter;
    const reading = new UpstreamReading(this, filter, from, receiver, (gap) => {
      missOutside(receiver, filter, gap);
    });
    this.#readings.add(reading);
    receiver.more.catchUp = reading;
    reading.read();
  }

  joined(receiver: Receiver<E>, filter: EventFilter<E>): void {
    const link = this.#isClosed ? undefined : this.#link;
    if (link?.join !== undefined) {
      this.#wanted.set(receiver, filter);
      this.#tell(link, 'join', filter);
    }
  }

  left(who: Receiver<E> | UpstreamReading<E>): void {
    if (who instanceof UpstreamReading) {
      this.#readings.delete(who);
      this.#ahead.delete(who);
      this.#closeIfUnread();
      return;
    }
    const filter = this.#wanted.get(who);
    if (filter !== undefined) {
      this.#wanted.delete(who);
      if (!this.#isClosed) {
        this.#tell(this.#link, 'leave', filter);
      }
    }
  }

  settle(): void {
    this.#stage.settle();
  }

  get mayBeBehind(): boolean {
    return this.#link?.bring === undefined;
  }

  ahead(reading: UpstreamReading<E>): void {
    this.#ahead.add(reading);
  }

  later(work: () => void): void {
    scheduleOutOfContext(this.#stage.clock.scheduler, work, 1);
  }

  page(filter: EventFilter<E>, after: number, upTo: number): UpstreamPage<E> | PromiseLike<UpstreamPage<E>> {
    const { floor } = this.#tail;
    if (after >= floor) {
      return this.#tail.page(after, upTo);
    }
    const end = Math.min(upTo, floor);
    const link = this.#link;
    if (link?.read !== undefined) {
      return link.read({ filter, after, upTo: end, limit: PAGE });
    }
    const missed = end - after;
    return { deliveries: [{ type: 'gap', missed, byKind: { [OTHERS]: missed }, atMost: true }], reached: end };
  }

  /** What the upstream gets. */
  #bus(): UpstreamBus<E> {
    const host = this.#host as UpstreamHost<E>;
    return {
      scheduler: this.#stage.clock.scheduler,
      log: (level, line) => {
        this.#log(level, line);
      },
      begin: (position) => {
        this.#begin(position);
      },
      event: (busEvent, seq, isOwn = false) => {
        this.#event(busEvent, seq, isOwn);
      },
      gap: (gap, seq) => {
        this.#gap(gap, seq);
      },
      bind: (binding) => {
        if (!this.#isClosed) {
          this.#host?.publisher.bind(binding);
        }
      },
      stateOf: (bus) => (behind(bus) !== host.bus ? 'another' : host.receivers.isClosed ? 'closed' : 'open'),
      end: (...failure) => {
        const [error] = failure;
        if (!this.#isClosed) {
          this.#run((host) => {
            host.end(error === undefined ? undefined : { error });
          });
        }
      },
    };
  }

  /** Closes the link, when the bus is closed and no receiver reads any more. */
  #closeIfUnread(): void {
    const link = this.#link;
    if (this.#isClosed && this.#readings.size === 0 && link !== undefined) {
      this.#link = undefined;
      this.#tell(link, 'close');
    }
  }

  #begin(position: BusPosition): void {
    const { epoch, seq } = checkedPosition(position);
    if (this.#isClosed) {
      return;
    }
    if (epoch === this.#taken?.epoch) {
      throw new RangeError(`begin: expected another epoch than the present one, got ${show(epoch)}`);
    }
    this.#taken = { epoch, seq };
    this.#run(() => {
      this.#stage.settle();
      this.#enter({ epoch, seq });
    });
  }

  /** Goes to another epoch, or to the first one. */
  #enter(position: BusPosition): void {
    const earlier = this.position?.epoch;
    if (earlier !== undefined) {
      for (const receiver of this.#receivers()) {
        noteEpochOf(receiver, earlier);
      }
      this.#miss(UNKNOWN);
    }
    this.position = position;
    this.#tail.reset(position.seq);
    this.#ahead.clear();
    for (const reading of [...this.#readings]) {
      reading.restart();
      reading.readInOrder(this.inOrder);
    }
  }

  #event(busEvent: BusEvent<E>, seq: number, isOwn: boolean): void {
    const canonical = canonicalBusEvent(busEvent, this.#stage);
    if (this.#isClosed) {
      return;
    }
    this.#take('event', seq, 1);
    this.#run(({ publisher }) => {
      publisher.arrive(canonical, seq, isOwn);
      // Also if the event could not be read.
      this.#reach(seq);
    });
  }

  #gap(gap: Omit<Gap, 'type'>, seq: number): void {
    if (this.#isClosed) {
      return;
    }
    const told: Gap = { type: 'gap', ...checkedGap(gap) };
    this.#take('gap', seq, 0);
    this.#run(() => {
      this.#stage.settle();
      this.#miss(told);
      this.#tail.addGap(told, this.last, seq);
      for (const reading of this.#readings) {
        if (!this.#ahead.has(reading)) {
          reading.miss(told, seq);
        }
      }
      this.#reach(seq);
    });
  }

  /** Moves on to the place `seq`, at least `step` after the last one. */
  #take(call: string, seq: number, step: number): void {
    const taken = this.#taken;
    if (taken === undefined) {
      throw new RangeError(`${call}: expected a call of begin first, got place ${show(seq)}`);
    }
    if (!(Number.isSafeInteger(seq) && seq >= taken.seq + step)) {
      throw new RangeError(`${call}: expected a place from ${taken.seq + step} on, got ${show(seq)}`);
    }
    this.#taken = { epoch: taken.epoch, seq };
  }

  #reach(seq: number): void {
    if (this.last < seq) {
      this.position = { epoch: (this.position as BusPosition).epoch, seq };
    }
    for (const reading of this.#ahead) {
      if (reading.readUpTo <= seq) {
        this.#ahead.delete(reading);
        reading.readInOrder(this.inOrder);
      }
    }
  }

  #miss(gap: Omit<Gap, 'type'>): void {
    for (const receiver of this.#receivers()) {
      if (receiver.phase === 'live' && receiver.filter !== undefined && receiver.parts?.catchUp === undefined) {
        missOutside(receiver, receiver.filter, gap);
      }
    }
  }

  #receivers(): readonly Receiver<E>[] {
    return this.#host === undefined ? [] : [...this.#host.receivers.all()];
  }

  /**
   * Runs `job` in its place in the order. What the upstream has still to bring comes after it, and so does what it brings because a predicate
   * of the event that is being dispatched has led to it.
   */
  #run(job: (host: UpstreamHost<E>) => void): void {
    const dispatch = (host: UpstreamHost<E>): void => {
      const before = this.isDispatching;
      this.isDispatching = true;
      try {
        job(host);
      } finally {
        this.isDispatching = before;
      }
    };
    const host = this.#host as UpstreamHost<E>;
    if (this.#isDirect && !this.isDispatching && this.#queued === 0) {
      dispatch(host);
    } else {
      this.#queued += 1;
      this.inOrder.run((to) => {
        this.#queued -= 1;
        dispatch(to);
      }, host);
    }
  }

  /** Calls a method of the upstream, if it has that. What it throws is logged: the bus goes on. */
  #tell(link: UpstreamLink<E> | undefined, name: 'join' | 'leave' | 'bring' | 'close', filter?: EventFilter<E>): void {
    try {
      link?.[name]?.(filter as EventFilter<E>);
    } catch (error) {
      this.#log('warn', `the upstream's ${name} threw ${show(error)}`);
    }
  }

  /** Calls the upstream. What it brings meanwhile is dispatched at once. */
  #directly(call: () => void): void {
    const before = this.#isDirect;
    this.#isDirect = true;
    try {
      call();
    } finally {
      this.#isDirect = before;
    }
  }
}
