import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { BusPosition, Delivery, Gap } from '../../receiver.js';
import type { UpstreamPage } from '../../upstream.js';
import type { InOrder } from '../dispatch/order.js';
import type { CatchUpOwner } from '../replay/CatchUp.js';
import { withSeq } from '../replay/History.js';
import type { Reading } from '../replay/Reading.js';
import { earlierEpochOf } from '../support/epochs.js';
import { Marks, type Wait } from '../support/Marks.js';
import { isPromise } from '../support/promises.js';
import { OTHERS } from '../support/Tally.js';
import { requirePage } from './checks.js';

/** What a reading reads from. */
export interface Pages<E> {
  /** The place of the newest event that was dispatched. `undefined` before the upstream has said where it stands. */
  readonly position: BusPosition | undefined;
  /** Brings what the upstream has taken over, if it can do so without waiting. */
  settle(): void;
  /** The events that may match, after the place `after`, up to the place `upTo`. */
  page(filter: EventFilter<E>, after: number, upTo: number): UpstreamPage<E> | PromiseLike<UpstreamPage<E>>;
  /** Called when `reading` has stopped. */
  left(reading: UpstreamReading<E>): void;
  /** Whether the bus may be behind the upstream, so that a place after its newest event may exist. */
  readonly mayBeBehind: boolean;
  /** Called when `reading` begins at a place that the bus has not reached. It has to be read on when the bus is there. */
  ahead(reading: UpstreamReading<E>): void;
  /** Calls `work` after other tasks of the platform. */
  later(work: () => void): void;
  readonly inOrder: InOrder;
}

/** The receiver of a reading. */
export interface ReadingOwner<E> extends Pick<
  CatchUpOwner<E>,
  'hasRoom' | 'accepted' | 'accept' | 'lose' | 'hasRead' | 'caughtUp' | 'fail'
> {
  /** The number of the event that was taken last. */
  lastSeq: number;
}

/** After so much work other tasks run, in events that were looked at. */
const MOST_WORK = 4_096;
/** The work of a page, besides its events. An upstream may have searched for some time to make it. */
const PAGE_WORK = 64;

const UNKNOWN: Gap = { type: 'gap', missed: Infinity, byKind: { [OTHERS]: Infinity }, atMost: true };

/**
 * Reads from an upstream, page by page, for a receiver that starts at an earlier place. All methods run in jobs of the bus's order.
 *
 * Invariants: at most one page is read at a time, and none while the receiver has no room. Everything up to `#reached` is in the page, or
 * was looked at.
 */
export class UpstreamReading<E> implements Reading {
  readonly #pages: Pages<E>;
  readonly #filter: EventFilter<E>;
  readonly #owner: ReadingOwner<E>;
  /** Reports a gap of the upstream. */
  readonly #miss: (gap: Gap) => void;
  /** Where to start. `undefined` once that was found. */
  #from: 'start' | BusPosition | undefined;
  #epoch: string | undefined;
  #page: readonly Delivery<E>[] = [];
  #at = 0;
  #reached = 0;
  /** Everything up to this place was taken from the page, or did not match. */
  #passed = 0;
  #isLoading = false;
  /** Counts what may be under way, so that an answer that is no longer wanted is told from the present one. */
  #loads = 0;
  #work = 0;
  #isOver = false;
  #end: BusPosition | undefined;
  #marks: Marks | undefined;

  constructor(
    pages: Pages<E>,
    filter: EventFilter<E>,
    from: 'start' | BusPosition,
    owner: ReadingOwner<E>,
    miss: (gap: Gap) => void,
  ) {
    this.#pages = pages;
    this.#filter = filter;
    this.#from = from;
    this.#owner = owner;
    this.#miss = miss;
  }

  get readUpTo(): number {
    return this.#at < this.#page.length ? this.#passed : this.#reached;
  }

  read(): void {
    const { accepted } = this.#owner;
    this.#work = 0;
    while (!this.#isOver && this.#owner.hasRoom && this.#look()) {
      if (!this.#owner.accept(this.#take())) {
        this.#owner.lose();
      }
    }
    this.#owner.hasRead(accepted);
    if (!this.#isOver && !this.#look() && !this.#isLoading && this.#isComplete) {
      const wasClosed = this.#end !== undefined;
      // False if a predicate has stopped it.
      if (this.stop()) {
        this.#owner.caughtUp(wasClosed);
      }
    }
  }

  readInOrder(inOrder: InOrder): void {
    inOrder.run(() => {
      if (!this.#isOver) {
        this.read();
      }
    }, undefined);
  }

  reached(then: () => Wait | undefined): Wait {
    return (this.#marks ??= new Marks()).reached(this.#last, then);
  }

  release(): void {
    this.#marks?.passed(Infinity);
  }

  forgetMissing(): void {
    this.#page = [];
    this.#at = 0;
  }

  close(): void {
    this.#end = this.#pages.position ?? { epoch: '', seq: 0 };
  }

  stop(): boolean {
    if (this.#isOver) {
      return false;
    }
    this.#isOver = true;
    this.forgetMissing();
    this.#pages.left(this);
    this.release();
    return true;
  }

  /** Called when the upstream's events are others now. What was not read is gone. */
  restart(): void {
    this.#page = [];
    this.#at = 0;
    this.#reached = 0;
    this.#isLoading = false;
    this.#loads += 1;
  }

  /** Called with a gap at the place `seq`. If that place was read already, the gap comes after it. */
  miss(gap: Gap, seq: number): void {
    if (this.#end === undefined && this.#reached >= seq) {
      this.#passed = this.readUpTo;
      this.#page = [...this.#page.slice(this.#at), gap];
      this.#at = 0;
    }
  }

  /** Whether everything was read that it has to read. */
  get #isComplete(): boolean {
    const last = this.#last;
    return this.#end === undefined ? this.#isOpen && this.#reached === last : this.#reached >= last;
  }

  get #isOpen(): boolean {
    return this.#pages.position !== undefined;
  }

  /** The last place that it has to read. */
  get #last(): number {
    const { position } = this.#pages;
    const end = this.#end;
    // A closed receiver has nothing to read in a later epoch.
    return end === undefined ? (position?.seq ?? 0) : end.epoch === position?.epoch ? end.seq : 0;
  }

  /** Finds the next matching event. Returns whether there is one now. */
  #look(): boolean {
    while (!this.#isOver) {
      const next = this.#page[this.#at];
      if (next === undefined) {
        if (this.#work > MOST_WORK ? this.#pause() : !this.#load()) {
          return false;
        }
      } else if (next.type !== 'event') {
        this.#at += 1;
        this.#miss(next);
      } else if (this.#matches(next.event)) {
        this.#marks?.passed(this.readUpTo);
        return true;
      } else {
        this.#passed = next.event.seq as number;
        this.#at += 1;
      }
    }
    return false;
  }

  /** Goes on later, so that a search through many events does not keep the process from other work. */
  #pause(): true {
    if (this.#isLoading) {
      return true;
    }
    const go = this.#waiting();
    this.#pages.later(() => {
      go(() => {
        this.read();
      });
    });
    return true;
  }

  /** Whether the event matches. If a predicate throws, the receiver ends. */
  #matches(busEvent: BusEvent<E>): boolean {
    try {
      // The predicate may have stopped this.
      return passes(this.#filter, busEvent) && !this.#isOver;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #take(): BusEvent<E> {
    const { event } = this.#page[this.#at] as { readonly event: BusEvent<E> };
    this.#at += 1;
    this.#passed = event.seq as number;
    return earlierEpochOf(event) ? withSeq(event, this.#passed) : event;
  }

  /** Reads the next page. Returns whether there is one now. */
  #load(): boolean {
    this.#marks?.passed(this.#reached);
    if (this.#isLoading) {
      return false;
    }
    this.#pages.settle();
    this.#begin();
    if (this.#isOver || !this.#isOpen || this.#reached >= this.#last) {
      return false;
    }
    const upTo = this.#last;
    try {
      const page = this.#pages.page(this.#filter, this.#reached, upTo);
      if (!isPromise(page)) {
        this.#accept(page, upTo);
        return true;
      }
      this.#await(page, upTo);
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  /** Finds its place, when the upstream has said where it stands, and again in each of its epochs. */
  #begin(): void {
    const { position } = this.#pages;
    if (position === undefined || position.epoch === this.#epoch) {
      return;
    }
    const from = this.#from;
    const isOurs = from === 'start' || from?.epoch === position.epoch;
    this.#epoch = position.epoch;
    this.#from = undefined;
    this.#reached = isOurs && from !== 'start' ? from.seq : 0;
    if (this.#reached > position.seq) {
      if (this.#pages.mayBeBehind) {
        // It was read at another bus. What comes up to there was seen.
        this.#pages.ahead(this);
      } else {
        // All events were seen.
        this.#reached = position.seq;
      }
    }
    this.#owner.lastSeq = this.#reached;
    if (!isOurs) {
      this.#miss(UNKNOWN);
    }
  }

  /** Begins to wait. Returns the function that goes on, in a job, unless this has stopped or begun anew meanwhile. */
  #waiting(): (act: () => void) => void {
    this.#isLoading = true;
    const load = (this.#loads += 1);
    return (act) => {
      this.#pages.inOrder.run(() => {
        if (!this.#isOver && load === this.#loads) {
          this.#isLoading = false;
          act();
        }
      }, undefined);
    };
  }

  #await(answer: PromiseLike<UpstreamPage<E>>, upTo: number): void {
    const go = this.#waiting();
    answer.then(
      (page) => {
        go(() => {
          try {
            this.#accept(page, upTo);
          } catch (error) {
            this.#fail(error);
            return;
          }
          this.read();
        });
      },
      (error: unknown) => {
        go(() => {
          this.#fail(error);
        });
      },
    );
  }

  /** @throws TypeError or RangeError if the page does not go on where the last one ended. */
  #accept(page: UpstreamPage<E>, upTo: number): void {
    requirePage(page, this.#reached, upTo);
    const { deliveries, reached } = page;
    this.#page = deliveries;
    this.#at = 0;
    this.#work += PAGE_WORK + deliveries.length;
    this.#passed = this.#reached;
    this.#reached = Math.min(reached, upTo);
  }

  #fail(error: unknown): void {
    if (this.stop()) {
      this.#owner.fail(error);
    }
  }
}
