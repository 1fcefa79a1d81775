import type { BusEvent } from '../../events/BusEvent.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { MAX_COUNT } from '../support/require.js';
import type { KeyField, RoutingKey } from '../dispatch/routingKeys.js';

type ListedField = Exclude<KeyField, 'session' | 'any'>;
type Lists = Map<string, Posting>;

/** The numbers of the events that have one key. */
class Posting extends BoundedQueue<number> {
  /**
   * @param lists The map that contains this list while it is not empty.
   * @param value The key of this list in that map.
   */
  constructor(
    readonly lists: Lists,
    readonly value: string,
  ) {
    super(MAX_COUNT);
  }
}

/**
 * The numbers of retained events, by the keys of the events.
 *
 * Invariants: the numbers in each list increase; no list is empty. `#entered` has the lists of every retained event, the oldest first, so
 * the event need not be read again when it leaves.
 */
export class Postings {
  readonly #lists: Readonly<Record<ListedField, Lists>> = {
    scrollId: new Map(),
    connectorUid: new Map(),
    connectorId: new Map(),
    kind: new Map(),
    origin: new Map(),
  };
  /** By connector and session. The two ids are never joined into one string, since each may contain any character. */
  readonly #sessions = new Map<string, Lists>();
  readonly #entered = new BoundedQueue<readonly Posting[]>(MAX_COUNT);

  /** Adds `seq` for the keys of `busEvent`. It must be greater than all earlier numbers. */
  add({ routing, origin }: BusEvent<unknown>, seq: number): void {
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
    const lists = this.#lists;
    const entered = [enter(lists.kind, kind, seq), enter(lists.origin, origin, seq)];
    if (scrollId !== undefined) {
      entered.push(enter(lists.scrollId, scrollId, seq));
    }
    if (connectorUid !== undefined) {
      entered.push(enter(lists.connectorUid, connectorUid, seq));
    }
    if (connectorId !== undefined) {
      entered.push(enter(lists.connectorId, connectorId, seq));
      if (nativeSessionId !== undefined) {
        entered.push(enter(this.#sessionsOf(connectorId), nativeSessionId, seq));
      }
    }
    this.#entered.offer(entered);
  }

  /** Removes the oldest number, which must exist. */
  removeOldest(): void {
    for (const posting of this.#entered.shift()) {
      const { lists, value } = posting;
      posting.shift();
      if (posting.size === 0) {
        lists.delete(value);
        if (lists === this.#lists.connectorId) {
          // The connector's last event is also that of its last session.
          this.#sessions.delete(value);
        }
      }
    }
  }

  /** The smallest number from `from` on of an event that has `key`. */
  next({ field, value, nativeSessionId = '' }: RoutingKey, from: number): number | undefined {
    const list =
      field === 'session'
        ? this.#sessions.get(value)?.get(nativeSessionId)
        : this.#lists[field as ListedField].get(value);
    if (list === undefined) {
      return undefined;
    }
    let [low, high] = [0, list.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list.at(middle) as number) < from) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < list.size ? list.at(low) : undefined;
  }

  #sessionsOf(connectorId: string): Lists {
    let sessions = this.#sessions.get(connectorId);
    if (sessions === undefined) {
      sessions = new Map();
      this.#sessions.set(connectorId, sessions);
    }
    return sessions;
  }
}

/** Adds `seq` to the list of `value`. Returns that list. */
function enter(lists: Lists, value: string, seq: number): Posting {
  let posting = lists.get(value);
  if (posting === undefined) {
    posting = new Posting(lists, value);
    lists.set(value, posting);
  }
  posting.offer(seq);
  return posting;
}
