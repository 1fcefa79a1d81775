import type { BusEvent } from '../../lib/index.js';
import type { Differences } from './Differences.js';
import { total } from './ListReceiver.js';
import { eventAbout } from './programs.js';
import type { Bus } from './runProgram.js';
import type { Seat } from './Seat.js';
import type { Turns } from './Turns.js';

/** Compares what a bus says of itself with its model. */
export class Inspection {
  /** Whether the bus is asked about an event that is not published: its filters are, too. */
  isAsking = false;
  readonly #bus: Bus;
  readonly #seats: readonly Seat[];
  readonly #differences: Differences;
  readonly #turns: Turns;
  readonly #witness: number | undefined;
  readonly #hasHistory: boolean;
  #published = 0;
  #bound = 0;

  constructor(
    bus: Bus,
    seats: readonly Seat[],
    differences: Differences,
    turns: Turns,
    /** The id of a receiver that does not belong to the program. */
    witness: number | undefined,
    hasHistory: boolean,
  ) {
    this.#hasHistory = hasHistory;
    this.#bus = bus;
    this.#seats = seats;
    this.#differences = differences;
    this.#turns = turns;
    this.#witness = witness;
  }

  published({ routing }: BusEvent<number>): void {
    this.#published += 1;
    this.#bound += routing.scrollId === undefined ? 0 : 1;
  }

  /** `lagged` is exact whenever it is read. */
  checkLagged({ id, handle, model }: Seat): void {
    if (handle !== undefined) {
      this.#differences.same(`receiver ${id}: lagged`, handle.lagged, model.lagged);
    }
  }

  /** Law 28, after a call of `publish`. */
  checkLagging(): void {
    for (const { id, isOpen, model, saysThatItLags } of this.#seats) {
      if (isOpen && model.isLagging !== saysThatItLags) {
        this.#differences.same(`receiver ${id}: says that it lags`, saysThatItLags, model.isLagging);
      }
    }
  }

  /** All that can be seen. Called between turns, it settles what is staged. */
  check(): void {
    if (this.#differences.first !== undefined) {
      return;
    }
    this.#seats.forEach((seat) => {
      this.checkLagged(seat);
    });
    this.#turns.noticePulls();
    const { receivers, published, bound, unbound, delivered, dropped } = this.#bus.stats();
    const open = this.#seats.filter(({ isOpen }) => isOpen);
    const shown = this.#withoutWitness(receivers).map(
      ({ id, capacity, waiting, highWaterMark, delivered: given, lagged }) => {
        return { id, capacity, waiting, highWaterMark, delivered: given, lagged };
      },
    );
    this.#differences.same(
      'receivers',
      shown,
      open.map(({ id, model }) => {
        const { capacity, waiting, highWaterMark, delivered: given, lagged } = model;
        return { id, capacity, waiting: waiting.length, highWaterMark, delivered: given, lagged };
      }),
    );
    this.#differences.same('subscriberCount', this.#bus.subscriberCount, receivers.length);
    if (!this.#turns.isActing) {
      this.#differences.same('published', { published, bound, unbound }, this.#expectedCounts);
      this.#differences.same(
        'dropped',
        dropped,
        sum(this.#seats, ({ model }) => model.lagged),
      );
      // One that is closed, and pulled, may have had its turn already.
      if (!this.#seats.some(({ calls, isOpen, model }) => calls.length > 0 && !isOpen && model.waiting.length > 0)) {
        this.#differences.same(
          'delivered',
          delivered,
          sum(this.#seats, ({ model }) => model.delivered),
        );
      }
    }
    this.#checkForesight(open);
    this.#seats.forEach((seat) => {
      this.#checkPosition(seat);
    });
  }

  /** When the program is over, and its bus closed. */
  checkEnd(): void {
    this.check();
    for (const {
      id,
      isLoop,
      hasLeft,
      hasConsumer,
      isThrough,
      calls,
      pulled,
      got,
      model,
      watched,
      isWatchOver,
      closings,
    } of this.#seats) {
      const same = (what: string, actual: unknown, expected: unknown): void => {
        this.#differences.same(`receiver ${id}: ${what}`, actual, expected);
      };
      same('was told its end', isLoop || isThrough, hasConsumer);
      same('calls that wait', calls.length, 0);
      same('pulled', got, pulled);
      same('lags at the end', model.isLagging && !hasLeft && model.waiting.length === 0, false);
      if (watched !== undefined) {
        same('lagged$ grows', isGrowing(watched), true);
        same('the last of lagged$', watched.at(-1), model.lagged);
        same('the end of lagged$', isWatchOver, true);
        same('closed$ has told', closings, 1);
      }
    }
  }

  get #expectedCounts(): unknown {
    return { published: this.#published, bound: this.#bound, unbound: this.#published - this.#bound };
  }

  #checkForesight(open: readonly Seat[]): void {
    const event = eventAbout(this.#published, this.#published);
    this.isAsking = true;
    const foreseen = this.#bus.explain(event).map(({ id, matches, drops }) => ({ id, matches, drops }));
    this.isAsking = false;
    const expected = open.map(({ id, model }) => {
      const matches = model.wants(event);
      return { id, matches, drops: matches && model.wouldLose(event) };
    });
    this.#differences.same('explain', this.#withoutWitness(foreseen), expected);
  }

  /** To start from the position of a receiver misses nothing, and repeats nothing but with `latest`. */
  #checkPosition({ id, isOpen, calls, handle, model, inHand, forgetsGaps }: Seat): void {
    const { waiting, unread, ending, lastTaken } = model;
    const isKnown = inHand === undefined && (isOpen || calls.length === 0);
    const isReading = waiting.length === 0 && unread.length > 0;
    if (handle === undefined || !isKnown || isReading) {
      return;
    }
    const isGapNext = !forgetsGaps && total((waiting[0] ?? model).missing) > 0;
    // The first event has the number 1 there, and 0 in a program.
    const oldest = waiting.length > 0 ? Math.min(...waiting.map(({ event }) => event.event)) : undefined;
    const next = oldest ?? (ending === undefined ? this.#published : lastTaken);
    const before = isGapNext && lastTaken !== undefined ? Math.min(lastTaken, oldest ?? Infinity) : next;
    // One that has taken nothing is where it has started.
    const isPlaced = lastTaken !== undefined || !(isGapNext || next === undefined);
    if (isPlaced || !this.#hasHistory) {
      this.#differences.same(`receiver ${id}: position`, handle.position?.seq, this.#hasHistory ? before : undefined);
    }
  }

  #withoutWitness<T extends { readonly id: number }>(told: readonly T[]): readonly T[] {
    return told.filter(({ id }) => id !== this.#witness);
  }
}

function isGrowing(counts: readonly number[]): boolean {
  return counts.every((count, index) => index === 0 || count > (counts[index - 1] as number));
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((before, value) => before + of(value), 0);
}
