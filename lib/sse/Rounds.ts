import { outOfContext } from '../internal/support/context.js';

/** A stream that has something to send. */
export interface Ready {
  /** Sends it. Never throws. */
  proceed(): void;
}

/** What is done around a round. */
export interface RoundHost {
  begin(): void;
  end(): void;
}

/**
 * Sends what the streams of a server have got in the same turn of the bus. A round begins with the first stream that says that it has
 * something, and ends in a microtask: after all others, whose receivers were answered in the same turn.
 */
export class Rounds {
  /** Whether a round has begun and not ended. */
  isBegun = false;
  private readonly host: RoundHost;
  private readonly end = (): void => {
    this.isBegun = false;
    this.host.end();
  };

  constructor(host: RoundHost) {
    this.host = host;
  }

  /** `one` has something to send, and sends it now. */
  add(one: Ready): void {
    this.begin();
    one.proceed();
  }

  /** Begins a round, if none has begun. */
  begin(): void {
    if (!this.isBegun) {
      this.isBegun = true;
      this.host.begin();
      outOfContext(() => {
        void Promise.resolve().then(this.end);
      });
    }
  }
}
