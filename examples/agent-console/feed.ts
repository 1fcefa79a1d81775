import { type BusEvent, SharingBus } from 'sharing-bus';
import type { Gate } from './gate.js';
import type { Ledger } from './ledger.js';

/** The way onto the bus: through the gate, then published, then counted. */
export class Feed {
  readonly bus = new SharingBus();

  /**
   * @param beforePublish Called with each event at the last moment at which one can subscribe and still receive it.
   */
  constructor(
    private readonly gate: Gate,
    private readonly ledger: Ledger,
    private readonly beforePublish: (busEvent: BusEvent) => void,
  ) {}

  /**
   * Publishes `busEvent` as soon as the archivist has room for it.
   *
   * @param weight About how many bytes of memory it holds.
   */
  async publish(busEvent: BusEvent, weight: number): Promise<void> {
    await this.gate.enter(weight);
    this.beforePublish(busEvent);
    this.bus.publish(busEvent);
    this.ledger.enter(busEvent);
  }
}
