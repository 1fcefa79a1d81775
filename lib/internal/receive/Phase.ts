/**
 * Where a receiver is in its life.
 *
 * - `live`: it has a slot on the bus, and is offered what is published.
 * - `closing`: it has no slot any more. It is still offered what was published before it was closed, or reads that from the history.
 * - `draining`: it accepts nothing more. Its consumer is given what waits, then the ending.
 * - `over`: it accepts nothing more and has no consumer. A consumer that comes for what still waits makes it draining again.
 */
export type Phase = 'live' | 'closing' | 'draining' | 'over';
