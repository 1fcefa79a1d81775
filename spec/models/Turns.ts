import type { BusEvent, BusStats, Gap } from '../../lib/index.js';
import type { Differences } from './Differences.js';
import { type Missing, total } from './ListReceiver.js';
import type { Seat } from './Seat.js';
import { shown, shownEnding, shownGap } from './shown.js';

/**
 * What consumers are told, and when, beside what the lists say.
 *
 * An action of the scheduler gives one turn to each receiver for whose consumer there is something when it begins. Which one comes first is not
 * promised, so the model follows the bus in this, and in nothing else: a turn delivers what waited when it began (law 26), one by one, and the place of
 * each is free before its consumer is called.
 */
export class Turns {
  isActing = false;
  readonly #seats: readonly Seat[];
  readonly #differences: Differences;
  readonly #stats: () => BusStats<number>;
  /** Whose turn it is. */
  #current: Seat | undefined;
  /** Who is told the end now, and not in a turn. */
  #answered: Seat | undefined;

  constructor(seats: readonly Seat[], differences: Differences, stats: () => BusStats<number>) {
    this.#seats = seats;
    this.#differences = differences;
    this.#stats = stats;
  }

  /** Before the scheduler runs an action. */
  begin(): void {
    for (const seat of this.#seats) {
      seat.isDue = seat.awaitsTurn;
      seat.mayBeDue = seat.mayHaveIdleTurn;
      seat.laggedBefore = seat.model.lagged;
      seat.wasOpen = seat.isOpen;
    }
    this.isActing = true;
  }

  /** When it has. */
  end(): void {
    this.#endTurn();
    this.noticePulls();
    for (const seat of this.#seats) {
      if (seat.isDue && seat.calls.length > 0) {
        this.answer(seat);
      }
      this.#same(seat, 'its turn is still to come', seat.isDue, false);
      if (seat.watched !== undefined) {
        this.#same(seat, 'lagged$ is behind', (seat.watched.at(-1) ?? 0) < seat.laggedBefore, false);
        this.#same(seat, 'closed$ has told', seat.wasOpen || seat.closings === 1, true);
      }
    }
    this.isActing = false;
  }

  /** `events$`, or `deliveries$`, has told `event`. */
  event(seat: Seat, event: BusEvent<number>): void {
    this.#enter(seat);
    const { model, tellsGaps } = seat;
    let place = seat.inHand;
    seat.inHand = undefined;
    if (place === undefined && model.waiting[0]?.isDue === true) {
      place = model.take();
      if (tellsGaps) {
        this.#same(seat, `not told before event ${event.event}`, place.missing, {});
      }
    }
    this.#same(seat, 'event', event.event, place?.event.event);
  }

  gap(seat: Seat, { missed, byKind }: Gap): void {
    this.#enter(seat);
    const { model } = seat;
    let missing: Missing | undefined;
    if (model.waiting[0]?.isDue === true) {
      seat.inHand = model.take();
      ({ missing } = seat.inHand);
    } else {
      model.read();
      missing = model.waiting.length === 0 ? model.takeMissing() : undefined;
    }
    this.#same(seat, 'missed', missed, total(byKind));
    this.#same(seat, 'gap', shownGap(byKind), missing && shownGap(missing));
  }

  /** `consume` was called: its turns are for one event each. */
  consume(seat: Seat, event: BusEvent<number>): void {
    this.#enter(seat);
    this.#current = undefined;
    const place = seat.model.waiting.length > 0 ? seat.model.take() : undefined;
    this.#same(seat, 'event', event.event, place?.event.event);
  }

  ending(seat: Seat, ending: unknown): void {
    const { model, subscription } = seat;
    // What has ended tells it while it is subscribed to.
    if (subscription !== undefined && seat !== this.#answered) {
      this.#enter(seat);
      model.read();
    }
    this.#same(seat, 'waits at the end', model.waiting.length, 0);
    this.#same(seat, 'ending', shownEnding(ending), shownEnding(model.ending));
    seat.isThrough = true;
  }

  /** `lagged$` is told: all that the turn delivers, it has delivered. */
  lagged(): void {
    this.#endTurn();
    this.noticePulls();
  }

  /** Lets `seat` leave. A `consume` pulls, and calls that wait are answered at once: so it is told of the end now, if it asks for the next event. */
  atOnce(seat: Seat, leave: () => void): void {
    const { form } = seat.plan;
    if (form !== 'consume' && form !== 'slow consume') {
      leave();
      return;
    }
    this.#answered = seat;
    leave();
    this.#answered = undefined;
    seat.isDue &&= !seat.isThrough;
  }

  /** Takes out of the model what the next call of a receiver that is pulled has to give; `undefined` where nothing is there. */
  nextPulled({ model, tellsGaps }: Seat): string | undefined {
    if (tellsGaps) {
      const missing = model.takeMissing();
      if (total(missing) > 0) {
        return shownGap(missing);
      }
    }
    if (model.waiting.length > 0) {
      return shown(model.take().event);
    }
    const { ending } = model;
    // An error is told once.
    model.ending &&= 'complete';
    return ending && shownEnding(ending);
  }

  /** Answers the calls that wait, as far as there is something. */
  answer(seat: Seat): void {
    seat.isDue = false;
    while (seat.calls.length > 0) {
      const next = this.nextPulled(seat);
      if (next === undefined) {
        break;
      }
      seat.pulled.push(next);
      seat.calls.shift();
    }
    seat.model.read();
  }

  /**
   * A call that waits is answered in a turn, and its promise tells later: that an event is gone is seen in the figures.
   */
  noticePulls(): void {
    const asked = this.#seats.filter(
      ({ calls, isOpen, model }) => calls.length > 0 && isOpen && model.waiting.length > 0,
    );
    if (asked.length > 0) {
      const { receivers } = this.#stats();
      for (const seat of asked) {
        const { delivered = 0 } = receivers.find(({ id }) => id === seat.id) ?? {};
        if (delivered > seat.model.delivered) {
          this.answer(seat);
        }
      }
    }
  }

  /** The turn of `seat` has begun, or goes on. */
  #enter(seat: Seat): void {
    if (this.#current === seat) {
      return;
    }
    this.#endTurn();
    this.noticePulls();
    this.#same(seat, 'may have a turn', this.isActing && (seat.isDue || seat.mayBeDue), true);
    seat.isDue = false;
    seat.mayBeDue = false;
    for (const place of seat.model.waiting) {
      place.isDue = true;
    }
    this.#current = seat;
  }

  #endTurn(): void {
    const seat = this.#current;
    this.#current = undefined;
    if (seat === undefined || seat.isThrough) {
      return;
    }
    const { model } = seat;
    this.#same(seat, 'left over in its turn', model.waiting.filter(({ isDue }) => isDue).length, 0);
    model.read();
    const { waiting, ending, missing } = model;
    if (waiting.length === 0) {
      this.#same(seat, 'was told its end', ending !== undefined, false);
      if (seat.tellsGaps) {
        this.#same(seat, 'not told in its turn', missing, {});
      }
    }
  }

  #same({ id }: Seat, what: string, actual: unknown, expected: unknown): void {
    this.#differences.same(`receiver ${id}: ${what}`, actual, expected);
  }
}
