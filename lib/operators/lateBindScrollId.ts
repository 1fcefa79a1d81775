import { type ScrollBinding, type LateBindOptions, LATE_BIND_OPTIONS } from '../options.js';
import { defer, map, type MonoTypeOperatorFunction, noop, type OperatorFunction, pipe, scan } from 'rxjs';
import { BindingCache } from '../internal/publish/BindingCache.js';
import { type Log, loggingTo, requireLogger } from '../internal/support/logging.js';
import { answerOf } from '../internal/support/promises.js';
import { requireCount, requireFunction, requireOptions } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import { type BusEvent, canonicalBusEvent, withIds } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { canonicalUuid, type Uuid } from '../events/Uuid.js';

type BindingOf<E> = NonNullable<LateBindOptions<E>['bindingOf']>;

const DEFAULT_MAX_BINDINGS = 65_536;

/** The state that `scan` holds: the bindings, and for an instant the event that they were put to. */
export interface Enrichment<E> {
  readonly bindings: BindingCache;
  evictions: number;
  enriched: BusEvent<E> | undefined;
  /** The binding that the present event has taught, if it has. */
  learned: ScrollBinding | undefined;
}

/**
 * Gives events the scroll id that their session was registered under.
 *
 * ```text
 * in:   -a-------R(a)-----a------|
 * out:  -a-------R(a,#1)--a(#1)--|
 * ```
 *
 * **Details** A registration teaches the binding of its connector id and session id, and carries it itself. An event
 * with both ids and no scroll id gets the one that was last registered for exactly this pair; what was published
 * before stays unbound. Ids come out canonical. Nothing is lost, held back or reordered; an event is copied only where
 * it changes, and its payload never. Each subscription has a cache of its own, and the least recently used binding goes
 * when it is full.
 *
 * **Errors** A malformed event ends the stream with `InvalidBusEventError`. A registration whose scroll id is no UUID
 * is logged and teaches nothing; so does a `bindingOf` that throws, or returns a promise. `RangeError` at the call for a bad `maxBindings`,
 * `TypeError` for another option of the wrong type, or an unknown one.
 *
 * @example
 * ```ts
 * agentEvents$.pipe(lateBindScrollId()).subscribe(({ routing }) => console.log(routing.scrollId));
 * ```
 *
 * @param options See {@link LateBindOptions}.
 * @returns An operator with one cache for each subscription.
 * @see The rule is that of `publish` in the Rust SharingBus.
 */
export function lateBindScrollId<E = Event>(options: LateBindOptions<E> = {}): MonoTypeOperatorFunction<BusEvent<E>> {
  requireOptions('lateBindScrollId: options', options, LATE_BIND_OPTIONS);
  return pipe(
    map((busEvent: BusEvent<E>) => canonicalBusEvent(busEvent)),
    enrichCanonical(options),
    map(takeEnriched),
  );
}

/**
 * {@link lateBindScrollId} for events that are known to be canonical, such as those that a bus has accepted. It emits its one state for
 * each event; the subscriber takes `enriched` out of it at once. Never fails.
 */
export function enrichCanonical<E>(options: LateBindOptions<E>): OperatorFunction<BusEvent<E>, Enrichment<E>> {
  const { bindingOf = sessionRegistered, maxBindings = DEFAULT_MAX_BINDINGS, logger } = options;
  requireCount('lateBindScrollId: maxBindings', maxBindings);
  requireFunction('lateBindScrollId: bindingOf', bindingOf);
  requireLogger('lateBindScrollId: logger', logger);
  const log = loggingTo(logger);

  return (source) =>
    // A seed given to scan would be shared by all subscriptions: each makes its own.
    defer(() => {
      const seed: Enrichment<E> = {
        bindings: new BindingCache(maxBindings),
        evictions: 0,
        enriched: undefined,
        learned: undefined,
      };
      return source.pipe(
        scan((state, busEvent) => {
          const enriched = enrich(state, busEvent, bindingOf, log);
          // Set last: what bindingOf or the logger sends through this operator has come out by now.
          state.enriched = enriched;
          return state;
        }, seed),
      );
    });
}

/** Takes the event out of the state, which holds bindings only between events. */
function takeEnriched<E>(state: Enrichment<E>): BusEvent<E> {
  const enriched = state.enriched as BusEvent<E>;
  state.enriched = undefined;
  return enriched;
}

/** `busEvent` as {@link enrichCanonical} would make it now; nothing is learned, used or logged. */
export function foreseeEnriched<E>(
  busEvent: BusEvent<E>,
  bindings: BindingCache | undefined,
  { bindingOf = sessionRegistered }: LateBindOptions<E>,
): BusEvent<E> {
  const { connectorId, nativeSessionId, scrollId: preset, connectorUid } = busEvent.routing;
  const known =
    preset === undefined && connectorId !== undefined && nativeSessionId !== undefined
      ? bindings?.peek(connectorId, nativeSessionId)
      : preset;
  const scrollId = learnable(registrationIn(busEvent.event, bindingOf, noop))?.scrollId ?? known;
  return scrollId === preset ? busEvent : withIds(busEvent, scrollId, connectorUid);
}

function enrich<E>(state: Enrichment<E>, busEvent: BusEvent<E>, bindingOf: BindingOf<E>, log: Log): BusEvent<E> {
  state.learned = undefined;
  try {
    const { connectorId, nativeSessionId, scrollId: preset, connectorUid } = busEvent.routing;
    let scrollId = preset;
    if (preset === undefined && connectorId !== undefined && nativeSessionId !== undefined) {
      scrollId = state.bindings.use(connectorId, nativeSessionId);
    }
    // A registration comes second, and overrides what was found.
    const registration = registrationIn(busEvent.event, bindingOf, log);
    if (registration !== undefined) {
      scrollId = learn(state, registration, log) ?? scrollId;
    }
    return scrollId === preset ? busEvent : withIds(busEvent, scrollId, connectorUid);
  } catch (error) {
    // Only an envelope whose getters change their mind comes here. The stream must not end for it.
    log('warn', `an event could not be read again: ${show(error)}`);
    return busEvent;
  }
}

/** The fields of the binding that `event` registers, each read once. What reading them throws is contained here. */
function registrationIn<E>(event: E, bindingOf: BindingOf<E>, log: Log): ScrollBinding | undefined {
  try {
    const binding = bindingOf(event) as ScrollBinding | null | undefined;
    if (binding === undefined || binding === null) {
      return undefined;
    }
    const { connectorId, sessionId, scrollId } = answerOf('bindingOf', binding);
    return { connectorId, sessionId, scrollId };
  } catch (error) {
    log('warn', `bindingOf threw ${show(error)}; nothing is registered`);
    return undefined;
  }
}

/** `binding` with its canonical scroll id; `undefined` where there is no binding, or none to be learned. */
function learnable(binding: ScrollBinding | undefined): (ScrollBinding & { readonly scrollId: Uuid }) | undefined {
  const scrollId = canonicalUuid(binding?.scrollId);
  // What an application's bindingOf returns may be anything.
  const { connectorId, sessionId } = (binding ?? {}) as Partial<Record<keyof ScrollBinding, unknown>>;
  return scrollId === undefined || typeof connectorId !== 'string' || typeof sessionId !== 'string'
    ? undefined
    : { connectorId, sessionId, scrollId };
}

/** Learns `binding` and returns its scroll id; `undefined` if it is refused. */
function learn<E>(state: Enrichment<E>, binding: ScrollBinding, log: Log): Uuid | undefined {
  const learned = learnable(binding);
  if (learned === undefined) {
    const { connectorId, sessionId, scrollId: given } = binding;
    log(
      'warn',
      `a registration was refused: connector ${show(connectorId)}, session ${show(sessionId)}, scroll id ${show(given)}`,
    );
    return undefined;
  }
  const { connectorId, sessionId, scrollId } = learned;
  state.learned = learned;
  const evicted = state.bindings.learn(connectorId, sessionId, scrollId);
  if (evicted !== undefined) {
    state.evictions += 1;
    log(
      'info',
      `the binding of connector ${show(evicted.connectorId)}, session ${show(evicted.sessionId)} was evicted; ` +
        `evicted so far: ${state.evictions}`,
    );
  }
  return scrollId;
}

/** The binding in a `SessionRegistered`, whatever else the payloads are. */
function sessionRegistered(event: unknown): ScrollBinding | undefined {
  const payload = event as Partial<Event> | null | undefined;
  return payload?.type === 'SessionRegistered' ? (payload as ScrollBinding) : undefined;
}
