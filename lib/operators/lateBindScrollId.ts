import { type LateBindOptions, LATE_BIND_OPTIONS } from '../options.js';
import { defer, map, type MonoTypeOperatorFunction, noop, type OperatorFunction, pipe, scan } from 'rxjs';
import { BindingCache } from '../internal/publish/BindingCache.js';
import { type Log, loggingTo, requireLogger } from '../internal/support/logging.js';
import { answerOf } from '../internal/support/promises.js';
import { requireCount, requireFunction, requireOptions } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import { type BusEvent, canonicalBusEvent, type ScrollBinding, withIds } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { canonicalUuid, type Uuid } from '../events/Uuid.js';

type BindingOf<E> = NonNullable<LateBindOptions<E>['bindingOf']>;

const DEFAULT_MAX_BINDINGS = 65_536;

/** The state of `scan`: the bindings, and the enriched event until the subscriber takes it out. */
export interface Enrichment<E> {
  readonly bindings: BindingCache;
  evictions: number;
  enriched: BusEvent<E> | undefined;
  /** The binding that the present event has registered, if it has. */
  learned: ScrollBinding | undefined;
}

/**
 * Sets the scroll id of events whose session is registered.
 *
 * ```text
 * in:   -a-------R(a)-----a------|
 * out:  -a-------R(a,#1)--a(#1)--|
 * ```
 *
 * **Details** A registration is an event for which `bindingOf` returns a binding: the scroll id of a connector id and a session id. An
 * event with these two ids and without a scroll id gets the scroll id that was last registered for exactly this pair. The registration
 * itself gets its own. Events before the registration stay without one. All ids are emitted in their canonical spelling. The operator
 * loses, delays and reorders nothing. It copies the envelope of an event only if an id changes, and never the payload. Each subscription
 * has its own cache of bindings; when the cache is full, the least recently used binding is forgotten.
 *
 * **Errors** A malformed event ends the stream with `InvalidBusEventError`. If the scroll id of a registration is not a UUID, or if
 * `bindingOf` throws or returns a promise, that is logged and nothing is registered. The call throws `RangeError` if `maxBindings` is out
 * of range, and `TypeError` if another option has the wrong type or is unknown.
 *
 * @example
 * ```ts
 * agentEvents$.pipe(lateBindScrollId()).subscribe(({ routing }) => console.log(routing.scrollId));
 * ```
 *
 * @param options See {@link LateBindOptions}.
 * @returns An operator with one cache for each subscription.
 * @see `publish` of the Rust SharingBus, which has the same rule.
 */
export function lateBindScrollId<E = Event>(options: LateBindOptions<E> = {}): MonoTypeOperatorFunction<BusEvent<E>> {
  requireOptions('lateBindScrollId: options', options, LATE_BIND_OPTIONS);
  return pipe(
    map((busEvent: BusEvent<E>) => canonicalBusEvent(busEvent)),
    enrichCanonical(enricherOf(options)),
    map(takeEnriched),
  );
}

/** Sets the scroll ids of events, and learns the bindings that registrations among them tell. */
export interface Enricher<E> {
  /** Creates a state without bindings. */
  readonly seed: () => Enrichment<E>;
  /** Returns `busEvent` with its scroll id, and sets `learned` in the state. Never throws. */
  enrich(state: Enrichment<E>, busEvent: BusEvent<E>): BusEvent<E>;
  /** Learns a binding that no event has told. Returns it in canonical form, or `undefined` if it is not valid. */
  learn(state: Enrichment<E>, binding: ScrollBinding): ScrollBinding | undefined;
}

/** @throws RangeError if `maxBindings` is out of range, TypeError if another option has the wrong type. */
export function enricherOf<E>(options: LateBindOptions<E>): Enricher<E> {
  const { bindingOf = sessionRegistered, maxBindings = DEFAULT_MAX_BINDINGS, logger } = options;
  requireCount('lateBindScrollId: maxBindings', maxBindings);
  requireFunction('lateBindScrollId: bindingOf', bindingOf);
  requireLogger('lateBindScrollId: logger', logger);
  const log = loggingTo(logger);
  return {
    seed: () => ({ bindings: new BindingCache(maxBindings), evictions: 0, enriched: undefined, learned: undefined }),
    enrich: (state, busEvent) => enrich(state, busEvent, bindingOf, log),
    learn: (state, binding) => {
      const { learned } = state;
      const isValid = learn(state, binding, log) !== undefined;
      const canonical = state.learned;
      state.learned = learned;
      return isValid ? canonical : undefined;
    },
  };
}

/**
 * {@link lateBindScrollId} for events that are canonical, such as those that a bus has accepted. For each event, it emits its one state
 * object. The subscriber must take `enriched` out of it at once. Never fails.
 *
 * @param seed Called for each subscription. It returns the state to begin with.
 */
export function enrichCanonical<E>(
  enricher: Enricher<E>,
  seed: () => Enrichment<E> = enricher.seed,
): OperatorFunction<BusEvent<E>, Enrichment<E>> {
  return (source) =>
    // A seed passed to `scan` directly would be shared by all subscriptions.
    defer(() =>
      source.pipe(
        scan((state, busEvent) => {
          const enriched = enricher.enrich(state, busEvent);
          // Set last: events that `bindingOf` or the logger sends through this operator have been emitted by now.
          state.enriched = enriched;
          return state;
        }, seed()),
      ),
    );
}

/** Takes the event out of the state, which must not keep an event. */
function takeEnriched<E>(state: Enrichment<E>): BusEvent<E> {
  const enriched = state.enriched as BusEvent<E>;
  state.enriched = undefined;
  return enriched;
}

/** Returns `busEvent` as {@link enrichCanonical} would emit it now. No binding is learned or used, and nothing is logged. */
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
    // A registration comes second, and overrides the scroll id that was found.
    const registration = registrationIn(busEvent.event, bindingOf, log);
    if (registration !== undefined) {
      scrollId = learn(state, registration, log) ?? scrollId;
    }
    return scrollId === preset ? busEvent : withIds(busEvent, scrollId, connectorUid);
  } catch (error) {
    // Only an envelope whose getters behave differently than before throws here. The stream must not end because of it.
    log('warn', `an event could not be read again: ${show(error)}`);
    return busEvent;
  }
}

/** The binding that `event` registers. Each field is read once. Errors are caught and logged. */
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

/** `binding`, with its scroll id in canonical form. `undefined` if there is no binding, or if it is not valid. */
function learnable(binding: ScrollBinding | undefined): (ScrollBinding & { readonly scrollId: Uuid }) | undefined {
  const scrollId = canonicalUuid(binding?.scrollId);
  // An application's `bindingOf` may return anything.
  const { connectorId, sessionId } = (binding ?? {}) as Partial<Record<keyof ScrollBinding, unknown>>;
  return scrollId === undefined || typeof connectorId !== 'string' || typeof sessionId !== 'string'
    ? undefined
    : { connectorId, sessionId, scrollId };
}

/** Learns `binding` and returns its scroll id. `undefined` if the binding is refused. */
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

/** The binding in a `SessionRegistered`. A payload may be of any type. */
function sessionRegistered(event: unknown): ScrollBinding | undefined {
  const payload = event as Partial<Event> | null | undefined;
  return payload?.type === 'SessionRegistered' ? (payload as ScrollBinding) : undefined;
}
