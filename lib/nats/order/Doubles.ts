/**
 * Finds events that are stored twice: published again after the server had forgotten their ids.
 *
 * Invariant: `ids` has the last `capacity` ids at most, the oldest first.
 */
export class Doubles {
  private readonly ids = new Set<string>();

  constructor(private readonly capacity: number) {}

  clear(): void {
    this.ids.clear();
  }

  /** Whether `id` was among the last ones. If not, it is from now on. */
  has(id: string): boolean {
    if (this.ids.has(id)) {
      return true;
    }
    this.ids.add(id);
    if (this.ids.size > this.capacity) {
      for (const oldest of this.ids) {
        this.ids.delete(oldest);
        break;
      }
    }
    return false;
  }
}
