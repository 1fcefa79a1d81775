import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BusEvent } from '../library.js';

/** A server of event streams, as the bench uses it. */
export interface Broadcast {
  handle(request: IncomingMessage, response: ServerResponse): void;
  publish(busEvent: BusEvent): void;
  /** Number of open streams. */
  readonly size: number;
}
