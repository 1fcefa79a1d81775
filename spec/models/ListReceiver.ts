import type { BusEvent } from '../../lib/index.js';

/** What a receiver of the model does where there is no room; `barrier` is `latest` with barriers, `reserve` is `drop-newest` with a reserve. */
export type Policy = 'drop-newest' | 'reserve' | 'drop-oldest' | 'latest' | 'barrier' | 'evict';

/** Options that every receiver of a program has for its policy. */
export const keyOf = ({ event }: BusEvent<number>): number => event % 3;
export const isBarrier = ({ event }: BusEvent<number>): boolean => event % 5 === 0;
export const RESERVE = { capacity: 2, kinds: ['b'] } as const;

/** How many events are missing, by their kind. */
export type Missing = Record<string, number>;

/** An event that waits, and what is missing before it. */
export interface Place {
  event: BusEvent<number>;
  missing: Missing;
  /** Whether it has one of the reserved places. */
  readonly isReserved: boolean;
  /** Whether a newer event of its key may take its place. */
  isReplaceable: boolean;
  /** Whether it waited when the present turn of its receiver began. */
  isDue: boolean;
}

/** How a receiver ended, for its consumer. */
export type Ending = 'complete' | { readonly pending: number; readonly lagged: number };

function add(missing: Missing, more: Missing): void {
  for (const [kind, count] of Object.entries(more)) {
    missing[kind] = (missing[kind] ?? 0) + count;
  }
}

/** A receiver as a plain list of what waits: each event is offered when it is published, and taken when it is handed over. */
export class ListReceiver {
  waiting: Place[] = [];
  /** What is missing behind the last event that waits. */
  missing: Missing = {};
  lagged = 0;
  delivered = 0;
  highWaterMark = 0;
  ending: Ending | undefined;

  constructor(
    readonly capacity: number,
    readonly policy: Policy,
    readonly wants: (event: BusEvent<number>) => boolean,
  ) {}

  /** Law 20, and the table of policies. */
  offer(event: BusEvent<number>): void {
    if (this.ending !== undefined || !this.wants(event)) {
      return;
    }
    const older = this.#replacedBy(event);
    if (older !== undefined) {
      this.#lose(older.event, older.missing);
      older.event = event;
      return;
    }
    if (this.policy === 'barrier' && isBarrier(event)) {
      this.waiting.forEach((place) => {
        place.isReplaceable = false;
      });
    }
    if (this.#isFullFor(event) && this.policy !== 'drop-oldest') {
      this.#lose(event, this.missing);
      if (this.policy === 'evict') {
        this.ending = { pending: this.waiting.length, lagged: this.lagged };
      }
      return;
    }
    this.waiting.push({
      event,
      missing: this.missing,
      isReserved: this.#commonPlaces === 0,
      isReplaceable: !(this.policy === 'barrier' && isBarrier(event)),
      isDue: false,
    });
    this.missing = {};
    if (this.policy === 'drop-oldest' && this.waiting.length > this.capacity) {
      const oldest = this.waiting.shift() as Place;
      const { missing } = this.waiting[0] as Place;
      add(missing, oldest.missing);
      this.#lose(oldest.event, missing);
    }
    this.highWaterMark = Math.max(this.highWaterMark, this.waiting.length);
  }

  /** What becomes of an event that it wants, if it is offered now: whether that one is lost. */
  wouldRefuse(event: BusEvent<number>): boolean {
    return this.policy !== 'drop-oldest' && this.#replacedBy(event) === undefined && this.#isFullFor(event);
  }

  /** Takes the next event out: its place is free from now on. */
  take(): Place {
    this.delivered += 1;
    return this.waiting.shift() as Place;
  }

  /** Takes what is missing behind all that waits. */
  takeMissing(): Missing {
    const { missing } = this;
    this.missing = {};
    return missing;
  }

  /** Nothing more comes, what waits stays. */
  close(): void {
    this.ending ??= 'complete';
  }

  /** Nothing more comes, what waits is gone. */
  leave(): void {
    this.ending = 'complete';
    this.waiting = [];
    this.missing = {};
  }

  #lose({ routing }: BusEvent<number>, missing: Missing): void {
    this.lagged += 1;
    add(missing, { [routing.kind]: 1 });
  }

  #replacedBy(event: BusEvent<number>): Place | undefined {
    if (this.policy === 'latest' || (this.policy === 'barrier' && !isBarrier(event))) {
      return this.waiting.find((place) => place.isReplaceable && keyOf(place.event) === keyOf(event));
    }
    return undefined;
  }

  #isFullFor({ routing }: BusEvent<number>): boolean {
    if (this.#commonPlaces > 0) {
      return false;
    }
    const reserved = this.waiting.filter(({ isReserved }) => isReserved).length;
    return !(
      this.policy === 'reserve' &&
      RESERVE.kinds.some((kind) => kind === routing.kind) &&
      reserved < RESERVE.capacity
    );
  }

  /** Free places that any event may take. */
  get #commonPlaces(): number {
    return (
      this.capacity -
      (this.policy === 'reserve' ? this.waiting.filter((place) => !place.isReserved) : this.waiting).length
    );
  }
}
