import type { Ticket } from './entries.js';

/**
 * The tickets of `upstream.publish` whose events have not come here: the bus holds them, or they are of an outer publish.
 *
 * Invariant: each ticket is told what became of its event, once at least.
 */
export class Tickets {
  private readonly expected = new Set<Ticket>();
  private end: Error | undefined;

  /** Says that an event with this ticket will come, now or later. */
  expect(ticket: Ticket): void {
    if (this.end === undefined) {
      this.expected.add(ticket);
    } else {
      ticket.failed(this.end);
    }
  }

  /** Says that it will not come. */
  forget(ticket: Ticket): void {
    this.expected.delete(ticket);
  }

  /**
   * Calls `take` for an event that has come. If it throws, the ticket fails with this error: the bus only logs it, if it held the event, or if
   * the event was published in a callback.
   */
  come(ticket: Ticket | undefined, take: () => void): void {
    if (ticket === undefined) {
      take();
      return;
    }
    this.expected.delete(ticket);
    try {
      take();
    } catch (error) {
      ticket.failed(error);
      throw error;
    }
  }

  /** Fails those whose events have not come, and all later ones, with `error`. */
  close(error: Error): void {
    this.end ??= error;
    const left = [...this.expected];
    this.expected.clear();
    left.forEach((ticket) => {
      ticket.failed(error);
    });
  }
}
