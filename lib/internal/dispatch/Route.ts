import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { KeyField, RoutingKey } from './routingKeys.js';
import type { Burst, Destination, Target } from './Target.js';

type ComparedField = Exclude<KeyField, 'session' | 'any'>;

/** The state that all routes to one destination share. */
export interface RouteProgress {
  /**
   * The number of the first event that was not checked yet, since an event may be found by several keys. `Infinity` if no more are
   * checked.
   */
  next: number;
}

/** Lists a destination by one key that does not decide alone: a filter remains to be checked, or the destination has several keys. */
export class Route<E> implements Target<E> {
  private readonly destination: Destination<E>;
  /** Set if the remaining filter compares one field with one value. Reading them from the filter takes longer than comparing. */
  private readonly field: ComparedField | undefined;
  private readonly value: string | undefined;
  /** Any other remaining filter. */
  private readonly filter: EventFilter<E> | undefined;
  private readonly progress: RouteProgress | undefined;
  readonly key: RoutingKey;
  place = 0;

  /**
   * @param rest What an event that has the key must also match. `undefined` if nothing remains to be checked.
   * @param progress Needed if an event may be found by several keys, or if `rest` may throw.
   */
  constructor(
    destination: Destination<E>,
    key: RoutingKey,
    rest: EventFilter<E> | undefined,
    progress: RouteProgress | undefined,
  ) {
    const [field, value] = rest === undefined ? [] : comparison(rest);
    this.destination = destination;
    this.field = field;
    this.value = value;
    this.filter = field === undefined ? rest : undefined;
    this.progress = progress;
    this.key = key;
  }

  offerRun(burst: Burst<E>, from: number, to: number): undefined {
    const progress = this.progress;
    let start = from;
    if (progress !== undefined) {
      start = Math.max(from, progress.next - burst.first);
      progress.next = Math.max(progress.next, burst.first + to);
    }
    if (this.field === undefined && this.filter === undefined) {
      if (start < to) {
        this.destination.offerRun(burst, start, to);
      }
      return;
    }
    for (let at = start; at < to; at += 1) {
      if (this.matches(burst.events[at] as BusEvent<E>)) {
        this.destination.offerRun(burst, at, at + 1);
      }
    }
  }

  /** Whether the remaining filter matches. If it throws, the destination fails. Errors of `offerRun` are not caught here. */
  private matches(busEvent: BusEvent<E>): boolean {
    try {
      if (this.filter !== undefined) {
        return this.progress?.next !== Infinity && passes(this.filter, busEvent);
      }
      const field = this.field as ComparedField;
      return (field === 'origin' ? busEvent.origin : busEvent.routing[field]) === this.value;
    } catch (error) {
      if (this.progress !== undefined) {
        // The filter is not called again, not even before the destination is removed.
        this.progress.next = Infinity;
      }
      this.destination.fail(error);
      return false;
    }
  }
}

/** The field and the value that `filter` compares. Empty if it is not a comparison with one value. */
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
