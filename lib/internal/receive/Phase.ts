/**
 * Where a receiver is in its life.
 *
 * - `live`: it has a slot on the bus, and is offered the published events.
 * - `closing`: it no longer has a slot. It is still offered the events published before it was closed, or reads them from the history.
 * - `draining`: it accepts no more events. Its consumer gets the waiting events, then the ending.
 * - `over`: it accepts no more events and has no consumer. If a consumer subscribes to the events that still wait, it is `draining` again.
 */
export type Phase = 'live' | 'closing' | 'draining' | 'over';
