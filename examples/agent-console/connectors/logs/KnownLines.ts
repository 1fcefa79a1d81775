import { createHash } from 'node:crypto';

/**
 * Which lines of a followed log were read before. A log that is rewritten, truncated or replaced is read again from its start, and most of
 * it is known then.
 *
 * Invariant: a line is known by a key and by how many lines of the same key came before it in its pass through the file.
 */
export class KnownLines {
  readonly #known = new Set<string>();
  readonly #inPass = new Map<string, number>();

  /** The file is read from its start again. */
  startPass(): void {
    this.#inPass.clear();
  }

  /** Whether the line was read in an earlier pass. It is known from now on. */
  isKnown(keys: readonly string[], bytes: Uint8Array): boolean {
    const places = (keys.length > 0 ? keys : [digestOf(bytes)]).map((key) => this.#placeOf(key));
    const isKnown = places.some((place) => this.#known.has(place));
    for (const place of places) {
      this.#known.add(place);
    }
    return isKnown;
  }

  #placeOf(key: string): string {
    const before = this.#inPass.get(key) ?? 0;
    this.#inPass.set(key, before + 1);
    return `${before} ${key}`;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}
