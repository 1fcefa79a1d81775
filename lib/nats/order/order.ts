import type { BusEvent } from '../../events/BusEvent.js';
import type { BusPosition, Gap } from '../../receiver.js';
import type { UpstreamPage, UpstreamRead } from '../../upstream.js';
import type { PlacedBinding } from './bindings.js';
import type { Entry } from '../outbox/entries.js';
import type { Pulled } from '../reader/Pull.js';

/** The order in which a bus delivers its own events and those of the stream. It says which places they have, and binds them. */
export interface Order<E> {
  /** Begins where the stream ends. */
  start(end: BusPosition, bindings: readonly PlacedBinding[]): void;
  /** Called with each event that the bus has published, before anything comes back. */
  published(busEvent: BusEvent<E>, entry: Entry, isForwarded: boolean): void;
  /** Called with each event that was given up. */
  gaveUp(entry: Entry): void;
  /**
   * Called with each message, before it is read.
   *
   * @param wasPending Whether an event of this process with the same id was not known to be stored.
   * @returns Whether it is of this bus, and was delivered before.
   */
  isReturn(pulled: Pulled, wasPending: boolean): boolean;
  /**
   * Brings the event of a message, if the bus wants it.
   *
   * @returns Whether it does.
   * @throws If it is no event.
   */
  bring(pulled: Pulled): boolean;
  /** Brings a gap that stands at the place `seq` of the stream. Some of its events may not be wanted. */
  gap(gap: Omit<Gap, 'type'>, seq: number): void;
  /** Brings a hole up to the place `seq` of the stream: whatever was there is gone. */
  hole(gap: Omit<Gap, 'type'>, seq: number): void;
  /** The places of the stream are others from now on. */
  restart(position: BusPosition): void;
  /** Learns the bindings of the stream anew, before {@link restart}. */
  rebind(bindings: readonly PlacedBinding[]): void;
  /** Reads what is kept, if the stream is what receivers resume in. */
  readonly read: ((request: UpstreamRead<E>) => Promise<UpstreamPage<E>>) | undefined;
}
