import type { Differences } from './Differences.js';
import type { Place } from './ListReceiver.js';
import type { Bus } from './runProgram.js';
import type { Seat, Work } from './Seat.js';

interface Flush {
  /** What it waits for, by receivers: the places of events that waited, and events that were still to be read. */
  readonly places: readonly (readonly [Seat, ReadonlySet<Place>, ReadonlySet<unknown>])[];
  /** The work of a `consume` that has called it, and would wait for itself. */
  readonly caller: Work | undefined;
  isOver: boolean;
  /** The name of the error that it was rejected with. */
  error: string | undefined;
}

/** The calls of `flush` in a program. */
export class Flushes {
  readonly #bus: Bus;
  readonly #seats: readonly Seat[];
  readonly #differences: Differences;
  readonly #flushes: Flush[] = [];
  /** Those of which it is not known yet whether they would wait for themselves. */
  #undecided: Flush[] = [];

  constructor(bus: Bus, seats: readonly Seat[], differences: Differences) {
    this.#bus = bus;
    this.#seats = seats;
    this.#differences = differences;
  }

  /** Whether promises have to be settled before more is done. */
  get areUndecided(): boolean {
    return this.#undecided.length > 0;
  }

  get hasAny(): boolean {
    return this.#flushes.length > 0;
  }

  /** Calls `flush`; `caller` is the seat whose consumer does so. */
  add(caller: Seat | undefined): void {
    const waitedFor = this.#seats.filter(
      ({ isOpen, isThrough, subscription }) => isOpen || (subscription !== undefined && !isThrough),
    );
    const waits = caller?.isOpen === true && caller.model.waiting.length + caller.model.unread.length > 0;
    const flush: Flush = {
      places: waitedFor.map((seat) => [seat, new Set(seat.model.waiting), new Set(seat.model.unread)]),
      caller: waits ? caller.work : undefined,
      isOver: false,
      error: undefined,
    };
    this.#flushes.push(flush);
    this.#undecided.push(flush);
    this.#bus.flush().then(
      () => {
        flush.isOver = true;
      },
      (error: unknown) => {
        flush.error = String((error as Partial<Error>).name);
      },
    );
  }

  /** When promises are settled: a `consume` that is not through would wait for itself. */
  decide(): void {
    for (const { caller, error } of this.#undecided.splice(0)) {
      const waitsForItself = caller?.isThrough === false;
      this.#differences.same('a flush is rejected', error, waitsForItself ? 'DeadlockError' : undefined);
    }
  }

  /** When nothing is scheduled. */
  check(): void {
    for (const { places, isOver, error } of this.#flushes) {
      // One that is closed and has no subscriber is not waited for any more.
      const isWaitedFor = places.some(
        ([{ model, isOpen, subscription }, waited, unread]) =>
          (isOpen || subscription !== undefined) &&
          (model.waiting.some((place) => waited.has(place) || unread.has(place.event)) ||
            model.unread.some((event) => unread.has(event))),
      );
      this.#differences.same('a flush is over', isOver, error === undefined && !isWaitedFor);
    }
  }
}
