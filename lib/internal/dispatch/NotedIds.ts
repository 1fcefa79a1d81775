import type { Uuid } from '../../events/Uuid.js';
import { Dictionary } from '../support/Dictionary.js';

/** The most texts that are kept as they came, a power of two. */
const RECENT = 16;
/** The most copies of a generation. */
const COPIES = 2048;

/**
 * Canonical UUIDs that events had lately, so that they need not be parsed again. At least the last 2,048 different ones are known.
 *
 * Invariant: each copy is in one or both of the two generations. When the young one is full, it becomes the old one.
 */
export class NotedIds {
  /**
   * The texts themselves: in V8, comparing a text with itself takes half of the time of comparing it with a copy. There are few of them,
   * since a text that was cut out of a line of a log keeps the whole line.
   */
  private readonly recent = new Array<Uuid | undefined>(RECENT).fill(undefined);
  private young = new Dictionary<Uuid>();
  private old = new Dictionary<Uuid>();

  /** Whether `text` was noted, and is not forgotten. */
  has(text: string): boolean {
    const place = placeOf(text);
    return this.recent[place] === text || this.hasCopy(text, place);
  }

  /** Notes `id`. */
  add(id: Uuid): void {
    this.recent[placeOf(id)] = id;
    this.addCopy(copyOf(id));
  }

  private hasCopy(text: string, place: number): boolean {
    if (this.young.get(text) === undefined) {
      const copy = this.old.get(text);
      if (copy === undefined) {
        return false;
      }
      this.addCopy(copy);
    }
    this.recent[place] = text;
    return true;
  }

  private addCopy(copy: Uuid): void {
    if (this.young.size >= COPIES) {
      this.old = this.young;
      this.young = new Dictionary();
    }
    this.young.set(copy, copy);
  }
}

/** A copy that refers to nothing else, and is stored as one piece: others take three times as long to compare. */
function copyOf(id: Uuid): Uuid {
  return JSON.parse(`"${id}"`) as Uuid;
}

/** Where `text` is kept as it came. Any text may be asked for; one that is too short is at 0. */
function placeOf(text: string): number {
  const end = text.length - 1;
  const sum = text.charCodeAt(end) + (text.charCodeAt(end - 1) << 7) + (text.charCodeAt(end - 2) << 14);
  return Math.imul(sum, 0x9e3779b1) >>> 28;
}
