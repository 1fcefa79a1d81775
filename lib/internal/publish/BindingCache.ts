import { Dictionary } from '../support/Dictionary.js';
import type { Uuid } from '../../events/Uuid.js';

/** One learned binding, and its neighbours in the order of use. */
interface Binding {
  readonly connectorId: string;
  readonly sessionId: string;
  scrollId: Uuid;
  older: Binding | undefined;
  newer: Binding | undefined;
}

/**
 * Scroll ids by the pair of connector id and native session id, at most `maxBindings` of them.
 *
 * Invariants: the pair is the key, never a text joined from it; `oldest` to `newest` links every binding once, in the
 * order of use; a connector without bindings has no map.
 */
export class BindingCache {
  readonly #byConnector = new Map<string, Dictionary<Binding>>();
  readonly #maxBindings: number;
  #size = 0;
  #oldest: Binding | undefined;
  #newest: Binding | undefined;

  constructor(maxBindings: number) {
    this.#maxBindings = maxBindings;
  }

  get size(): number {
    return this.#size;
  }

  /** The scroll id of the pair; to look is no use. */
  peek(connectorId: string, sessionId: string): Uuid | undefined {
    return this.#byConnector.get(connectorId)?.get(sessionId)?.scrollId;
  }

  /** The scroll id of the pair. Finding it is a use; missing it is not. */
  use(connectorId: string, sessionId: string): Uuid | undefined {
    const binding = this.#byConnector.get(connectorId)?.get(sessionId);
    if (binding === undefined) {
      return undefined;
    }
    this.#touch(binding);
    return binding.scrollId;
  }

  /** Binds the pair, over an older binding of it; returns the binding that had to go for it, if one had to. */
  learn(connectorId: string, sessionId: string, scrollId: Uuid): Readonly<Binding> | undefined {
    const sessions = this.#byConnector.get(connectorId);
    const known = sessions?.get(sessionId);
    if (known !== undefined) {
      known.scrollId = scrollId;
      this.#touch(known);
      return undefined;
    }
    const binding: Binding = { connectorId, sessionId, scrollId, older: undefined, newer: undefined };
    if (sessions === undefined) {
      this.#byConnector.set(connectorId, new Dictionary<Binding>().set(sessionId, binding));
    } else {
      sessions.set(sessionId, binding);
    }
    this.#append(binding);
    this.#size += 1;
    return this.#size > this.#maxBindings ? this.#evictOldest() : undefined;
  }

  #evictOldest(): Binding | undefined {
    const binding = this.#oldest;
    if (binding !== undefined) {
      this.#unlink(binding);
      this.#size -= 1;
      const sessions = this.#byConnector.get(binding.connectorId);
      sessions?.delete(binding.sessionId);
      if (sessions?.size === 0) {
        this.#byConnector.delete(binding.connectorId);
      }
    }
    return binding;
  }

  #touch(binding: Binding): void {
    if (binding !== this.#newest) {
      this.#unlink(binding);
      this.#append(binding);
    }
  }

  #append(binding: Binding): void {
    binding.older = this.#newest;
    binding.newer = undefined;
    if (this.#newest === undefined) {
      this.#oldest = binding;
    } else {
      this.#newest.newer = binding;
    }
    this.#newest = binding;
  }

  /** Takes out one that is not the newest: there is one behind it. */
  #unlink({ older, newer }: Binding): void {
    if (older === undefined) {
      this.#oldest = newer;
    } else {
      older.newer = newer;
    }
    (newer as Binding).older = older;
  }
}
