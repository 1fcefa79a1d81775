import type { BusEvent } from '../../lib/index.js';

/**
 * What a receiver does where there is no room. `barrier` is `latest` with barriers, `reserve` is `drop-newest` with a reserve.
 */
export type Policy = 'drop-newest' | 'reserve' | 'drop-oldest' | 'latest' | 'barrier' | 'evict';

// What goes with a policy is the same in all programs.
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

/** How a receiver ends; with these figures, since it was too slow. */
export type Ending = 'complete' | 'failed' | { readonly pending: number; readonly lagged: number };

/** A receiver as a plain list of what waits: an event is offered when it is published, and its place is free when it is taken. */
export class ListReceiver {
  waiting: Place[] = [];
  /** What is missing behind all that waits. */
  missing: Missing = {};
  lagged = 0;
  delivered = 0;
  /** The number in the history of the event that was taken last. */
  lastTaken: number | undefined;
  highWaterMark = 0;
  ending: Ending | undefined;
  /** Whether it has lost something, and was not said to have caught up since. */
  isLagging = false;
  /** What it has still to read, where it starts with what was published before; nothing is lost while there is any. */
  unread: BusEvent<number>[] = [];
  #isFinite = false;

  constructor(
    readonly capacity: number,
    readonly policy: Policy,
    readonly wants: (event: BusEvent<number>) => boolean,
  ) {}

  /** Laws 20 and 23, and the table of policies. */
  offer(event: BusEvent<number>): void {
    if (this.ending !== undefined || !this.wants(event)) {
      return;
    }
    if (this.unread.length > 0) {
      this.unread.push(event);
      return;
    }
    this.#put(event);
  }

  /** Starts with those of `published` that it wants. */
  start(published: readonly BusEvent<number>[]): void {
    this.unread = published.filter(this.wants);
    this.read();
  }

  /** Reads on, when it joins, and after each turn and each pull: as long as its queue has room. */
  read(): void {
    while (this.unread.length > 0 && this.waiting.length < this.capacity) {
      this.#put(this.unread.shift() as BusEvent<number>);
    }
    if (this.#isFinite && this.unread.length === 0) {
      this.ending ??= 'complete';
    }
  }

  #put(event: BusEvent<number>): void {
    const older = this.#replacedBy(event);
    if (older !== undefined) {
      this.#lose(older.event, older.missing);
      older.event = event;
      return;
    }
    const bars = this.policy === 'barrier' && isBarrier(event);
    if (bars) {
      this.waiting.forEach((place) => {
        place.isReplaceable = false;
      });
    }
    if (this.#refuses(event)) {
      this.#lose(event, this.missing);
      if (this.policy === 'evict') {
        this.ending = { pending: this.waiting.length, lagged: this.lagged };
      }
      return;
    }
    const { missing } = this;
    this.missing = {};
    this.waiting.push({ event, missing, isReserved: !this.#hasRoom, isReplaceable: !bars, isDue: false });
    if (this.waiting.length > this.capacity && this.policy === 'drop-oldest') {
      const oldest = this.waiting.shift() as Place;
      const [next] = this.waiting as [Place];
      add(next.missing, oldest.missing);
      this.#lose(oldest.event, next.missing);
    }
    this.highWaterMark = Math.max(this.highWaterMark, this.waiting.length);
  }

  /** Whether `event`, which it wants, is lost if it is offered now. */
  wouldLose(event: BusEvent<number>): boolean {
    return this.unread.length === 0 && this.#replacedBy(event) === undefined && this.#refuses(event);
  }

  take(): Place {
    this.delivered += 1;
    const place = this.waiting.shift() as Place;
    this.lastTaken = place.event.event + 1;
    return place;
  }

  /** Takes what is missing before the event that is next, or behind all of them. */
  takeMissing(): Missing {
    const next = this.waiting[0] ?? this;
    const { missing } = next;
    next.missing = {};
    return missing;
  }

  /** Law 30. */
  close(): void {
    this.#isFinite = true;
    this.read();
  }

  /** Law 16. */
  fail(): void {
    this.unread = [];
    this.ending ??= 'failed';
  }

  /** Law 31. */
  leave(): void {
    this.ending = 'complete';
    this.unread = [];
    // To be rid of what waits is not to catch up with it.
    this.isLagging &&= this.waiting.length === 0;
    this.waiting = [];
    this.missing = {};
  }

  #lose({ routing }: BusEvent<number>, missing: Missing): void {
    this.lagged += 1;
    this.isLagging = true;
    add(missing, { [routing.kind]: 1 });
  }

  #replacedBy(event: BusEvent<number>): Place | undefined {
    const replaces = this.policy === 'latest' || (this.policy === 'barrier' && !isBarrier(event));
    return replaces
      ? this.waiting.find((place) => place.isReplaceable && keyOf(place.event) === keyOf(event))
      : undefined;
  }

  #refuses({ routing }: BusEvent<number>): boolean {
    if (this.#hasRoom || this.policy === 'drop-oldest') {
      return false;
    }
    const mayUseReserve = this.policy === 'reserve' && RESERVE.kinds.some((kind) => kind === routing.kind);
    return !mayUseReserve || this.waiting.filter(({ isReserved }) => isReserved).length === RESERVE.capacity;
  }

  /** Whether a place is free that any event may take. */
  get #hasRoom(): boolean {
    const common = this.policy === 'reserve' ? this.waiting.filter(({ isReserved }) => !isReserved) : this.waiting;
    return common.length < this.capacity;
  }
}

/** How many are missing. */
export function total(missing: Missing): number {
  return Object.values(missing).reduce((sum, count) => sum + count, 0);
}

function add(missing: Missing, more: Missing): void {
  for (const [kind, count] of Object.entries(more)) {
    missing[kind] = (missing[kind] ?? 0) + count;
  }
}
