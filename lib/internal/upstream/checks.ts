import type { BusPosition, Gap } from '../../receiver.js';
import type { Upstream, UpstreamLink, UpstreamPage } from '../../upstream.js';
import { isPromise } from '../support/promises.js';
import { requireFunction, requireType } from '../support/require.js';
import { show } from '../support/show.js';

/** The epochs that an event stream can name. */
const EPOCH = /^[0-9A-Za-z-]{1,64}$/;

/** @throws TypeError if it is not an upstream. */
export function requireUpstream<E>(upstream: Partial<Upstream<E>>): void {
  // The most likely mistake.
  if (isPromise(upstream)) {
    throw new TypeError('upstream: expected an upstream, got a promise; await it');
  }
  requireType('upstream', 'object', upstream);
  requireFunction('upstream.open', upstream.open);
}

/** @throws TypeError if it is not the link of an upstream. */
export function requireLink<E>(link: Partial<UpstreamLink<E>>): void {
  requireType('upstream.open: the link', 'object', link);
  requireFunction('upstream.open: link.publish', link.publish);
  requireFunction('upstream.open: link.close', link.close);
}

/** @throws TypeError or RangeError if it is not a position. */
export function checkedPosition(position: unknown): BusPosition {
  requireType('begin: position', 'object', position);
  const { epoch, seq } = position as Partial<BusPosition>;
  if (typeof epoch !== 'string' || !EPOCH.test(epoch)) {
    throw new TypeError(`begin: epoch must be 1 to 64 characters of 0-9, A-Z, a-z and -, got ${show(epoch)}`);
  }
  if (!(Number.isSafeInteger(seq) && (seq as number) >= 0)) {
    throw new RangeError(`begin: seq must be an integer from 0, got ${show(seq)}`);
  }
  return { epoch, seq: seq as number };
}

/** @throws TypeError or RangeError if it is not a gap of at least one event. */
export function checkedGap(gap: unknown): Omit<Gap, 'type'> {
  requireType('gap', 'object', gap);
  const { missed, byKind = {}, atMost } = gap as Partial<Gap>;
  if (!(missed === Infinity || (Number.isSafeInteger(missed) && (missed as number) > 0))) {
    throw new RangeError(`gap: missed must be an integer from 1, or Infinity, got ${show(missed)}`);
  }
  requireType('gap: byKind', 'object', byKind);
  if (!(Object.values(byKind).reduce((sum, count) => sum + count, 0) <= (missed as number))) {
    throw new RangeError(`gap: byKind must not count more than ${missed}, got ${show(byKind)}`);
  }
  return { missed: missed as number, byKind, ...(atMost === true && { atMost }) };
}

/**
 * Checks the page that an upstream has read.
 *
 * @param after The place after which it must go on.
 * @param upTo The last place that was wanted.
 * @throws TypeError or RangeError if it does not.
 */
export function requirePage<E>(page: UpstreamPage<E>, after: number, upTo: number): void {
  requireType('upstream: the page that was read', 'object', page);
  const { deliveries, reached } = page;
  let last = after;
  for (const delivery of deliveries) {
    requireDelivery(delivery);
    if (delivery.type === 'event') {
      const { seq } = delivery.event;
      if (seq === undefined || seq <= last || seq > upTo) {
        throw new RangeError(`upstream: expected an event from place ${last + 1} to ${upTo}, got ${show(seq)}`);
      }
      last = seq;
    } else {
      checkedGap(delivery);
    }
  }
  if (!(reached >= last && reached > after)) {
    throw new RangeError(`upstream: expected to reach a place after ${Math.max(last, after)}, got ${show(reached)}`);
  }
}

/** @throws TypeError if it is neither an event nor a gap. */
function requireDelivery(delivery: unknown): void {
  const { type, event } = (delivery ?? {}) as { readonly type?: unknown; readonly event?: unknown };
  if (type !== 'gap' && !(type === 'event' && typeof event === 'object' && event !== null)) {
    throw new TypeError(`upstream: expected { type: 'event', event } or a gap, got ${show(delivery)}`);
  }
}
