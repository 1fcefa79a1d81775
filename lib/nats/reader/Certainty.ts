/** What a {@link Certainty} knew when the server was asked for the state of the stream. */
export interface Asked {
  readonly seq: number;
  readonly received: number;
  /** Every wanted message up to this place was brought, if it is still there. */
  readonly end: number;
}

/** A sign of the server that was on its way when the end of the stream was asked for may be older than that. So one is not enough. */
const SIGNS = 2;

/**
 * How far a reader that gets a part of the messages has everything that it wants. A jump from one place to another is no loss there. So it
 * compares the oldest place that the stream still has with the last one up to which it was certain.
 *
 * Invariant: each wanted message up to the place `upTo` was brought, or was counted by `check`.
 */
export class Certainty {
  upTo: number;
  /** Number of messages after `upTo` that were brought. */
  private received = 0;
  /** The end of the stream when the server was asked last. If the server has nothing to send later on, all that is wanted up to there was brought. */
  end = 0;
  private signs = 0;

  constructor(upTo: number) {
    this.upTo = upTo;
  }

  /** A message was brought. */
  brought(): void {
    this.received += 1;
  }

  /** The server has nothing to send. */
  idle(): void {
    this.signs += 1;
  }

  /**
   * To be called before the server is asked for the state of the stream.
   *
   * @param seq The place of the last message that was brought.
   */
  ask(seq: number): Asked {
    return { seq, received: this.received, end: this.signs >= SIGNS ? this.end : 0 };
  }

  /**
   * Called with the answer.
   *
   * @param first The oldest place that the stream still has.
   * @param last Its newest place.
   * @returns The most wanted messages that may be gone and were not brought.
   */
  check({ seq, received, end }: Asked, first: number, last: number): number {
    const gone = Math.max(0, first - 1 - this.upTo);
    // Of those that were brought, so many are gone at least.
    const brought = Math.max(0, received - Math.max(0, seq - first + 1));
    this.upTo = Math.max(this.upTo, seq, first - 1, end);
    this.received -= received;
    this.end = last;
    this.signs = 0;
    return Math.max(0, gone - brought);
  }

  /** The places are others now, and everything up to `seq` is of no interest. */
  begin(seq: number): void {
    this.upTo = seq;
    this.end = 0;
    this.received = 0;
  }
}
