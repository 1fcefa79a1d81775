import { Dictionary } from '../support/Dictionary.js';
import type { Uuid } from '../../events/Uuid.js';

/** A learned binding, with its neighbours in the order of use. */
interface Binding {
  readonly connectorId: string;
  readonly sessionId: string;
  scrollId: Uuid;
  older: Binding | undefined;
  newer: Binding | undefined;
}

/**
 * A cache of scroll ids by the pair of connector id and native session id. It keeps at most `maxBindings`, and evicts the least recently
 * used one.
 *
 * Invariants: the key is the pair, never a string joined from both; the links from `oldest` to `newest` contain every binding once, in the
 * order of use; a connector without bindings has no map.
 */
export class BindingCache {
  private readonly byConnector = new Map<string, Dictionary<Binding>>();
  private readonly maxBindings: number;
  size = 0;
  private oldest: Binding | undefined;
  private newest: Binding | undefined;

  constructor(maxBindings: number) {
    this.maxBindings = maxBindings;
  }

  /** Returns the scroll id of the pair. Does not count as a use. */
  peek(connectorId: string, sessionId: string): Uuid | undefined {
    return this.byConnector.get(connectorId)?.get(sessionId)?.scrollId;
  }

  /** Returns the scroll id of the pair. A hit counts as a use, a miss does not. */
  use(connectorId: string, sessionId: string): Uuid | undefined {
    if (this.size === 0) {
      return undefined;
    }
    const binding = this.byConnector.get(connectorId)?.get(sessionId);
    if (binding === undefined) {
      return undefined;
    }
    this.touch(binding);
    return binding.scrollId;
  }

  /** Binds the pair, replacing an older binding of it. Returns the binding that was evicted, if one was. */
  learn(connectorId: string, sessionId: string, scrollId: Uuid): Readonly<Binding> | undefined {
    const sessions = this.byConnector.get(connectorId);
    const known = sessions?.get(sessionId);
    if (known !== undefined) {
      known.scrollId = scrollId;
      this.touch(known);
      return undefined;
    }
    const binding: Binding = { connectorId, sessionId, scrollId, older: undefined, newer: undefined };
    if (sessions === undefined) {
      this.byConnector.set(connectorId, new Dictionary<Binding>().set(sessionId, binding));
    } else {
      sessions.set(sessionId, binding);
    }
    this.append(binding);
    this.size += 1;
    return this.size > this.maxBindings ? this.evictOldest() : undefined;
  }

  private evictOldest(): Binding | undefined {
    const binding = this.oldest;
    if (binding !== undefined) {
      this.unlink(binding);
      this.size -= 1;
      const sessions = this.byConnector.get(binding.connectorId);
      sessions?.delete(binding.sessionId);
      if (sessions?.size === 0) {
        this.byConnector.delete(binding.connectorId);
      }
    }
    return binding;
  }

  private touch(binding: Binding): void {
    if (binding !== this.newest) {
      this.unlink(binding);
      this.append(binding);
    }
  }

  private append(binding: Binding): void {
    binding.older = this.newest;
    binding.newer = undefined;
    if (this.newest === undefined) {
      this.oldest = binding;
    } else {
      this.newest.newer = binding;
    }
    this.newest = binding;
  }

  /** Removes a binding that is not the newest, so it has a newer neighbour. */
  private unlink({ older, newer }: Binding): void {
    if (older === undefined) {
      this.oldest = newer;
    } else {
      older.newer = newer;
    }
    (newer as Binding).older = older;
  }
}
