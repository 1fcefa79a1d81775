import type { Gap } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';

/** One who has asked for an event: is told one thing, once. */
export interface Pull<E> {
  next(busEvent: BusEvent<E>): void;
  /** Where it wants to know of what is missing before the next event. */
  gap?(gap: Gap): void;
  /** There will be none. Called without an argument; it is named so that the `resolve` of a promise will do. */
  complete(none?: undefined): void;
  error(error: unknown): void;
  /** What must not be collected before it is told. */
  readonly holder?: object;
}
