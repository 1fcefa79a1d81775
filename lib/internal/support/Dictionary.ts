/** Texts up to this length are hashed whole. */
const SHORT = 16;
/** A text is at most this many places away from where its hash points to. */
const MOST_STEPS = 16;
const FIRST_PLACES = 2;

/**
 * Values by text, as in a `Map`, for ids that are looked up at each event.
 *
 * A `Map` and an object of V8 need the text's own hash, and an object needs the one copy of the text that V8 keeps. Both are there for a
 * text that was looked up before. A text that comes from a parser has neither, and they cost several times as much as this lookup.
 *
 * Invariants: `slots` holds a text and its value side by side. A text is at the place that its hash points to, or at most `MOST_STEPS` places
 * after it, without an empty place between. A text that finds no place, since many texts have similar hashes, is in `crowd`. At most half of
 * the places are taken, and there are few places if few are taken.
 */
export class Dictionary<V> {
  size = 0;
  private slots = new Array<string | V | undefined>(2 * FIRST_PLACES);
  /** The index of the last slot; all of its bits are set. */
  private last = 2 * FIRST_PLACES - 1;
  /** How far a hash is shifted to become the number of a place. */
  private shift = Math.clz32(FIRST_PLACES - 1);
  private crowd: Map<string, V> | undefined;

  /** The value of `text`. */
  get(text: string): V | undefined {
    const { slots, last } = this;
    let at = (hashOf(text) >>> this.shift) * 2;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const own = slots[at];
      if (own === text) {
        return slots[at + 1] as V;
      }
      if (own === undefined) {
        break;
      }
      at = (at + 2) & last;
    }
    return this.crowd?.get(text);
  }

  /** `value` must not be `undefined`. */
  set(text: string, value: V): this {
    const { crowd } = this;
    if (crowd?.has(text) === true) {
      crowd.set(text, value);
      return this;
    }
    const places = this.slots.length / 2;
    if (this.size * 2 >= places) {
      this.resize(places * 2);
    }
    this.put(text, value);
    return this;
  }

  delete(text: string): void {
    const at = this.placeOf(text);
    if (this.slots[at] === text) {
      this.close(at);
    } else if (this.crowd?.delete(text) !== true) {
      return;
    }
    this.size -= 1;
    const places = this.slots.length / 2;
    if (this.size * 8 < places && places > FIRST_PLACES) {
      this.resize(places / 2);
    }
  }

  /** Adds `text`, or replaces its value. */
  private put(text: string, value: V): void {
    const at = this.placeOf(text);
    const own = this.slots[at];
    if (own !== text) {
      this.size += 1;
    }
    if (own === text || own === undefined) {
      this.slots[at] = text;
      this.slots[at + 1] = value;
    } else {
      (this.crowd ??= new Map<string, V>()).set(text, value);
    }
  }

  /** The index of `text`, or of the empty place for it. If there is neither, that of another text. */
  private placeOf(text: string): number {
    const { slots, last } = this;
    let at = (hashOf(text) >>> this.shift) * 2;
    for (let step = 1; step < MOST_STEPS && slots[at] !== undefined && slots[at] !== text; step += 1) {
      at = (at + 2) & last;
    }
    return at;
  }

  /** Empties the place `at`. Texts behind it that would no longer be found move up. */
  private close(at: number): void {
    const { slots, last } = this;
    let gap = at;
    for (let next = (gap + 2) & last; slots[next] !== undefined; next = (next + 2) & last) {
      const home = (hashOf(slots[next] as string) >>> this.shift) * 2;
      if (((next - home) & last) >= ((next - gap) & last)) {
        slots[gap] = slots[next];
        slots[gap + 1] = slots[next + 1];
        gap = next;
      }
    }
    slots[gap] = undefined;
    slots[gap + 1] = undefined;
  }

  private resize(places: number): void {
    const { slots, crowd } = this;
    this.slots = new Array<string | V | undefined>(2 * places);
    this.last = 2 * places - 1;
    this.shift = Math.clz32(places - 1);
    this.size = 0;
    this.crowd = undefined;
    for (let at = 0; at < slots.length; at += 2) {
      const text = slots[at];
      if (text !== undefined) {
        this.put(text as string, slots[at + 1] as V);
      }
    }
    crowd?.forEach((value, text) => {
      this.put(text, value);
    });
  }
}

/**
 * A hash of `text`. The upper bits are the best.
 *
 * Of a long text, six characters count: each takes as long as a comparison. Ids differ at their end, their middle or their beginning.
 */
function hashOf(text: string): number {
  const { length } = text;
  let hash = length;
  if (length <= SHORT) {
    for (let at = 0; at < length; at += 1) {
      hash = Math.imul(hash, 31) + text.charCodeAt(at);
    }
  } else {
    hash =
      text.charCodeAt(length - 1) +
      (text.charCodeAt(length - 2) << 5) +
      (text.charCodeAt(length - 3) << 10) +
      (text.charCodeAt(length - 4) << 15) +
      (text.charCodeAt((length >>> 1) - 1) << 20) +
      (text.charCodeAt(1) << 25);
  }
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
