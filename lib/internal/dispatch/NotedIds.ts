import type { Uuid } from '../../events/Uuid.js';
import { Dictionary } from '../support/Dictionary.js';

/** The most texts that are kept as they came, a power of two. */
const RECENT = 16;
/** The most copies of a generation. */
const COPIES = 2048;

/**
 * Canonical UUIDs that events had lately, so that they need not be parsed again. The last 2,048 that were added are known.
 *
 * Invariant: each copy is in one or both of the two generations. When the young one is full, it becomes the old one.
 */
export class NotedIds {
  /**
   * The texts themselves: in V8, comparing a text with itself takes half of the time of comparing it with a copy. There are few of them,
   * since a text that was cut out of a line of a log keeps the whole line.
   */
  private readonly recent = new Array<Uuid | undefined>(RECENT);
  private young = new Dictionary<Uuid>();
  private old = new Dictionary<Uuid>();

  /** Whether `text` was noted, and is not forgotten. */
  has(text: string): boolean {
    const { recent, young } = this;
    const end = text.length - 1;
    // Where it is kept as it came, or beside it. Any text may be asked for; one that is too short is at 0.
    const place = ((text.charCodeAt(end) * 7) ^ text.charCodeAt(end - 1)) & (RECENT - 1);
    if (recent[place] === text || recent[place ^ 1] === text) {
      return true;
    }
    if (young.get(text) === undefined) {
      const copy = this.old.get(text);
      if (copy === undefined) {
        return false;
      }
      this.keep(copy);
    }
    recent[place ^ 1] = recent[place];
    recent[place] = text;
    return true;
  }

  /** Notes `id`. */
  add(id: Uuid): void {
    // A copy refers to nothing else. It must be in one piece: others take three times as long to compare.
    this.keep(JSON.parse(`"${id}"`) as Uuid);
  }

  private keep(copy: Uuid): void {
    if (this.young.size >= COPIES) {
      this.old = this.young;
      this.young = new Dictionary();
    }
    this.young.set(copy, copy);
  }
}
