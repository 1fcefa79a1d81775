import type { Uuid } from '../../events/Uuid.js';

/** The most texts that are kept as they came, a power of two. */
const RECENT = 32;
/** The most copies, a power of two. */
const COPIES = 256;

/**
 * Canonical UUIDs that events had lately, so that they need not be parsed again.
 *
 * Invariant: a copy is at the place that its hash points to, or at the place beside it.
 */
export class NotedIds {
  /**
   * The texts themselves: in V8, comparing a text with itself takes half of the time of comparing it with a copy. There are few of them,
   * since a text that was cut out of a line of a log keeps the whole line.
   */
  private readonly recent = new Array<Uuid | undefined>(RECENT).fill(undefined);
  private readonly copies = new Array<Uuid | undefined>(COPIES).fill(undefined);

  /** Whether `text` was noted, and is not forgotten. */
  has(text: string): boolean {
    const own = ownPlaceOf(text);
    if (this.recent[own] === text) {
      return true;
    }
    const at = placeOf(text);
    if (this.copies[at] === text || this.copies[at + 1] === text) {
      this.recent[own] = text;
      return true;
    }
    return false;
  }

  /** Notes `id`, in the place of an older one. */
  add(id: Uuid): void {
    const at = placeOf(id);
    this.copies[at + 1] = this.copies[at];
    this.copies[at] = copyOf(id);
    this.recent[ownPlaceOf(id)] = id;
  }
}

/** A copy that refers to nothing else, and is stored as one piece: others take three times as long to compare. */
function copyOf(id: Uuid): Uuid {
  return JSON.parse(`"${id}"`) as Uuid;
}

/** Where a text is kept as it came. Any text may be asked for; one that is too short is at 0. */
function ownPlaceOf(text: string): number {
  const end = text.length - 1;
  return Math.imul(text.charCodeAt(end) + (text.charCodeAt(end - 1) << 7), FACTOR) >>> 27;
}

/** Where a copy is kept. */
function placeOf(text: string): number {
  const end = text.length - 1;
  const sum = text.charCodeAt(end) + (text.charCodeAt(end - 2) << 7) + (text.charCodeAt(end - 3) << 14);
  return (Math.imul(sum, FACTOR) >>> 24) & -2;
}

/** Its products have good upper bits. */
const FACTOR = 0x9e3779b1;
