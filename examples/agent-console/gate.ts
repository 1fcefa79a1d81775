/** Events that may be on the bus and not yet on disk. The archivist's queue has at least this many places. */
export const MAX_EVENTS_IN_FLIGHT = 512;
const MAX_BYTES_IN_FLIGHT = 16 * 1024 * 1024;

/**
 * Lets events onto the bus only as fast as the archivist writes them: this is what makes the archive lossless, and
 * memory bounded, whatever the size of the input.
 *
 * Invariants: never more than {@link MAX_EVENTS_IN_FLIGHT} events are inside; nor more than 16 MiB of them, unless it
 * is one event alone; those who wait come in one after the other.
 */
export class Gate {
  /** What each event inside weighs, the oldest first. */
  readonly #inside: number[] = [];
  readonly #waiting: { readonly weight: number; readonly admit: () => void }[] = [];
  #bytes = 0;

  /** Resolves when there is room for an event of about `weight` bytes; the event is inside from then on. */
  async enter(weight: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#hasRoom(weight)) {
      this.#admit(weight);
      return;
    }
    await new Promise<void>((admit) => {
      this.#waiting.push({ weight, admit });
    });
  }

  /** The `count` events that came in first are on disk, or given up. */
  leave(count: number): void {
    for (const weight of this.#inside.splice(0, count)) {
      this.#bytes -= weight;
    }
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#admit(next.weight);
      next.admit();
    }
  }

  #hasRoom(weight: number): boolean {
    const { length } = this.#inside;
    return length === 0 || (length < MAX_EVENTS_IN_FLIGHT && this.#bytes + weight <= MAX_BYTES_IN_FLIGHT);
  }

  #admit(weight: number): void {
    this.#inside.push(weight);
    this.#bytes += weight;
  }
}
