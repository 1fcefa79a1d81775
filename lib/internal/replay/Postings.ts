import type { BusEvent } from '../../events/BusEvent.js';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { MAX_COUNT } from '../support/require.js';
import type { KeyField, RoutingKey } from '../dispatch/routingKeys.js';

type ListedField = Exclude<KeyField, 'session' | 'any'>;
type Lists = Map<string, Posting>;

/** The numbers of the events that have one key. */
class Posting extends BoundedQueue<number> {
  /**
   * @param lists Where it stands, while it is not empty.
   * @param value The key that it stands there by.
   */
  constructor(
    readonly lists: Lists,
    readonly value: string,
  ) {
    super(MAX_COUNT);
  }
}

/**
 * The numbers of retained events, by the events' keys.
 *
 * Invariants: each list grows; no list is empty. `#entered` has the lists of every event that is there, the oldest first: what an event says
 * of itself when it goes is not asked.
 */
export class Postings {
  readonly #lists: Readonly<Record<ListedField, Lists>> = {
    scrollId: new Map(),
    connectorUid: new Map(),
    connectorId: new Map(),
    kind: new Map(),
    origin: new Map(),
  };
  /** By connector and session. The two are never joined: each may hold any character. */
  readonly #sessions = new Map<string, Lists>();
  readonly #entered = new BoundedQueue<readonly Posting[]>(MAX_COUNT);

  /** Adds `seq`, which is greater than any before, for `busEvent`. */
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

  /** Takes the oldest number out, which there is. */
  removeOldest(): void {
    for (const posting of this.#entered.shift()) {
      const { lists, value } = posting;
      posting.shift();
      if (posting.size === 0) {
        lists.delete(value);
        if (lists === this.#lists.connectorId) {
          // With its last event, the connector's last session goes, too.
          this.#sessions.delete(value);
        }
      }
    }
  }

  /** The least number, from `from` on, of an event that has `key`. */
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

/** Adds `seq` to the list of `value`, and returns that. */
function enter(lists: Lists, value: string, seq: number): Posting {
  let posting = lists.get(value);
  if (posting === undefined) {
    posting = new Posting(lists, value);
    lists.set(value, posting);
  }
  posting.offer(seq);
  return posting;
}
