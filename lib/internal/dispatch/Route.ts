import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { KeyField, RoutingKey } from './routingKeys.js';
import type { Burst, Destination, Target } from './Target.js';

type ComparedField = Exclude<KeyField, 'session' | 'any'>;

/** What several routes to one destination know together. */
export interface Asked {
  /** The number of the next event that was not yet asked about: an event may be found by several keys. */
  next: number;
}

/** The way to a destination that has to be asked, or one of several ways to it. */
export class Route<E> implements Target<E> {
  readonly #destination: Destination<E>;
  /** Where the question is whether a field has a value. What lies elsewhere takes longer to fetch than to compare. */
  readonly #field: ComparedField | undefined;
  readonly #value: string | undefined;
  /** Any other question; `undefined` if there is no other. */
  readonly #filter: EventFilter<E> | undefined;
  readonly #asked: Asked | undefined;
  readonly key: RoutingKey;
  place = 0;

  /**
   * @param rest What an event that has the key must pass, too; `undefined`: nothing.
   * @param asked Needed where an event may come twice, or where the question may throw.
   */
  constructor(
    destination: Destination<E>,
    key: RoutingKey,
    rest: EventFilter<E> | undefined,
    asked: Asked | undefined,
  ) {
    const [field, value] = rest === undefined ? [] : comparison(rest);
    this.#destination = destination;
    this.#field = field;
    this.#value = value;
    this.#filter = field === undefined ? rest : undefined;
    this.#asked = asked;
    this.key = key;
  }

  offerRun(burst: Burst<E>, from: number, to: number): undefined {
    const asked = this.#asked;
    let start = from;
    if (asked !== undefined) {
      start = Math.max(from, asked.next - burst.first);
      asked.next = Math.max(asked.next, burst.first + to);
    }
    if (this.#field === undefined && this.#filter === undefined) {
      if (start < to) {
        this.#destination.offerRun(burst, start, to);
      }
      return;
    }
    for (let at = start; at < to; at += 1) {
      if (this.#wants(burst.events[at] as BusEvent<E>)) {
        this.#destination.offerRun(burst, at, at + 1);
      }
    }
  }

  /** What the question throws is the destination's end; what goes wrong with an offer is not. */
  #wants(busEvent: BusEvent<E>): boolean {
    try {
      if (this.#filter !== undefined) {
        return this.#asked?.next !== Infinity && passes(this.#filter, busEvent);
      }
      const field = this.#field as ComparedField;
      return (field === 'origin' ? busEvent.origin : busEvent.routing[field]) === this.#value;
    } catch (error) {
      if (this.#asked !== undefined) {
        // Nothing more is asked, also before the destination is taken off.
        this.#asked.next = Infinity;
      }
      this.#destination.fail(error);
      return false;
    }
  }
}

/** The field and the value that `filter` compares, where it does no more than that. */
export function comparison<E>(filter: EventFilter<E>): [field: ComparedField, value: string | undefined] | [] {
  switch (filter.type) {
    case 'scrollId':
    case 'connectorUid':
      return [filter.type, filter.id];
    case 'connectorId':
      return [filter.type, filter.connectorId];
    case 'kind':
      return filter.kinds.length === 1 ? [filter.type, filter.kinds[0]] : [];
    case 'origin':
      return filter.origins.length === 1 ? [filter.type, filter.origins[0]] : [];
    default:
      return [];
  }
}
