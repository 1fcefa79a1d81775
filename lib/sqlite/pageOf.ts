import type { UpstreamPage } from '../upstream.js';
import type { Page } from './StoredEvents.js';

/** A page as the bus takes it. */
export function pageOf<E>({ placed, reached }: Page<E>): UpstreamPage<E> {
  return { deliveries: placed.map(({ delivery }) => delivery), reached };
}
