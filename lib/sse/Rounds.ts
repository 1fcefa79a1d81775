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
 * Sends what the streams of a server have, in rounds. A round begins when the receivers that have got events in the same turn of the bus
 * have all said so, so that each stream sends all of its events at once, and streams with the same events send the same bytes.
 */
export class Rounds {
  private ready: Ready[] = [];
  private isPlanned = false;
  private readonly host: RoundHost;
  private readonly run = (): void => {
    this.isPlanned = false;
    const { ready } = this;
    this.ready = [];
    this.host.begin();
    for (const one of ready) {
      one.proceed();
    }
    this.host.end();
  };

  constructor(host: RoundHost) {
    this.host = host;
  }

  /** `one` has something to send. */
  add(one: Ready): void {
    this.ready.push(one);
    this.plan();
  }

  /** Plans a round, which may be one in which no stream sends. */
  plan(): void {
    if (!this.isPlanned) {
      this.isPlanned = true;
      outOfContext(() => {
        void Promise.resolve().then(this.run);
      });
    }
  }
}
