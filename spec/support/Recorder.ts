import type { Listing } from '../../lib/internal/dispatch/Listing.js';
import type { Router } from '../../lib/internal/dispatch/Router.js';
import type { Burst, Destination } from '../../lib/internal/dispatch/Target.js';
import type { EventFilter } from '../../lib/index.js';

/** A destination that keeps what it is offered, as far as it has room, and what its filter threw. */
export class Recorder implements Destination<number> {
  router: Router<number> | undefined;
  filter: EventFilter<number> | undefined;
  place = 0;
  parkedIn: Listing<number> | undefined;
  parkedAt = 0;
  recordsGaps = false;
  /** Of which kinds it was told that it was refused some. */
  readonly missing: [string, number][] = [];
  readonly offered: number[] = [];
  readonly failures: unknown[] = [];
  /** What it was refused, and told of. */
  refused = 0;
  /** How often it was offered anything. */
  calls = 0;
  /** Whether it agrees to be parked when it is full. */
  parks = true;

  constructor(readonly capacity = Infinity) {}

  /** What it was refused in all. */
  get lagged(): number {
    return this.refused + (this.parkedIn?.refusedSince(this.parkedAt) ?? 0);
  }

  get mayPark(): boolean {
    return this.parks && this.offered.length >= this.capacity;
  }

  offerRun({ events }: Burst<number>, from: number, to: number): this | undefined {
    this.calls += 1;
    const taken = events.slice(from, to).slice(0, this.capacity - this.offered.length);
    this.offered.push(...taken.map(({ event }) => event));
    this.refused += to - from - taken.length;
    return taken.length < to - from ? this : undefined;
  }

  countRefused(count: number, byKind?: ReadonlyMap<string, number>): void {
    this.refused += count;
    this.missing.push(...(byKind ?? []));
  }

  fail(error: unknown): void {
    this.failures.push(error);
  }
}
