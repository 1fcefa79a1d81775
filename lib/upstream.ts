import type { SchedulerLike } from 'rxjs';
import type { BusEvent, ScrollBinding } from './events/BusEvent.js';
import type { Event } from './events/Event.js';
import type { EventFilter } from './events/EventFilter.js';

import type { BusPosition, Delivery, Gap } from './receiver.js';

// The seam between a bus and what orders and keeps its events. Everything that an upstream can see of a bus is in this file.

/**
 * Orders and keeps the events of a bus in its place: a database, a message broker. Pass it as the option `upstream` of a `SharingBus`. One
 * object serves one bus.
 *
 * ```text
 * bus.publish -> check -> scroll id -> link.publish -> (the upstream gives the event its place, and keeps it) -> bus.event -> receivers
 * ```
 *
 * @typeParam E The payload.
 */
export interface Upstream<E = Event> {
  /**
   * Connects this upstream to a bus. The constructor of the bus calls it once.
   *
   * @param bus Takes what this upstream brings. It may be used before `open` returns.
   * @throws To refuse. The constructor of the bus throws the same error.
   */
  open(bus: UpstreamBus<E>): UpstreamLink<E>;
}

/** The side of a bus that an upstream uses. After the bus was closed, the methods that bring something do nothing. */
export interface UpstreamBus<E = Event> {
  /** The scheduler of the bus. Timers of an upstream that run on it follow a test's virtual time. */
  readonly scheduler: SchedulerLike;
  /** Passes a line to the logger of the bus. */
  log(level: 'info' | 'warn', line: string): void;
  /**
   * Says where the upstream stands: right after the event `seq`. Call it before the first event; until then the bus has no `position`, and
   * receivers that start `from` a place wait.
   *
   * **Details** A later call means that the upstream's events are others now, as after a restore of an older copy. Each receiver then gets
   * a gap of unknown size, and the events that follow `position` after it.
   *
   * **Errors** Throws `TypeError` or `RangeError` for a malformed position. An epoch has 1 to 64 characters, of `0-9 A-Z a-z -`.
   */
  begin(position: BusPosition): void;
  /**
   * Dispatches an event, of this process or of another one. If it has no scroll id and its session is registered, it gets one. If it is a
   * registration, its binding is learned.
   *
   * **Gotchas** What filters and `bindingOf` publish is handed over to `publish` before `event` returns, and receivers may come and go.
   *
   * **Errors** Throws `InvalidBusEventError` for a malformed event and `RangeError` if `seq` is not larger than the last place. Nothing is
   * dispatched then.
   *
   * @param seq Its place, an integer from 1. Places increase. A place may be left out; that is no gap.
   * @param isOwn Whether its binding needs no care: this bus has published it with nothing of another process in between, or the upstream
   * binds events itself. Then it keeps its scroll id as it is, and `bindingOf` is not called again. Default false.
   */
  event(busEvent: BusEvent<E>, seq: number, isOwn?: boolean): void;
  /**
   * Dispatches a gap: events up to the place `seq` that nobody will ever get. It counts in `missed` of each receiver, not in `lagged`. For
   * a receiver whose filter cannot be applied, it is an upper bound.
   *
   * **Gotchas** A gap may have the last place again, if it has none of its own. A receiver that starts at this place later is not told.
   *
   * **Errors** Throws `RangeError` if `seq` is smaller than the last place, or if the gap has no events.
   */
  gap(gap: Omit<Gap, 'type'>, seq: number): void;
  /**
   * Teaches a binding without an event, as after a restart. Events of this session that are published or brought from now on get its scroll
   * id, and those that are held for it go on.
   *
   * **Errors** Throws `TypeError` if it is not a binding.
   */
  bind(binding: ScrollBinding): void;
  /**
   * What `bus`, any value, is to this upstream: its own bus, which is `open` or `closed`, or `another` value. For a method of an upstream that gets
   * a bus from the application. A Proxy of the bus is the bus.
   */
  stateOf(bus: unknown): 'open' | 'closed' | 'another';
  /** Ends the bus, as `close` does. With `error`, its receivers end with this error, after what waits. */
  end(error?: unknown): void;
}

/** What a bus reads from its upstream. */
export interface UpstreamRead<E = Event> {
  /** Which events are wanted. Others may be among the result. */
  readonly filter: EventFilter<E>;
  /** The place after which to begin; 0 for the oldest event. */
  readonly after: number;
  /** The last place that is wanted. All events up to it were dispatched. */
  readonly upTo: number;
  /** The most events to return, from 1. */
  readonly limit: number;
}

/** Kept events, in order. */
export interface UpstreamPage<E = Event> {
  /**
   * Events with their `seq`, and gaps where events that may match are no longer kept, also those that were told by
   * `gap`.
   *
   * **Gotchas** The bus takes these events as they are. Ids must be canonical, as `publish` has passed them on, and an event that came without
   * its scroll id must have the one that its session had then. Otherwise a receiver that reads does not get what an open one got.
   */
  readonly deliveries: readonly Delivery<E>[];
  /** Every wanted event up to this place is among `deliveries`. At least the place of the last one; `upTo` if there are no more. */
  readonly reached: number;
}

/**
 * The side of an upstream that its bus uses. After the bus was closed, only `read` is called, for receivers that have still to read earlier
 * events, and then `close`. After that, nothing is called.
 */
export interface UpstreamLink<E = Event> {
  /**
   * Takes over an event. It is valid, and has its scroll id if that is known. The upstream brings it by `bus.event`, now or later.
   *
   * @throws To refuse the event. `bus.publish` throws the same error, and nothing is dispatched. If the event was published inside of a
   *   callback of the bus, or was held, the error is logged.
   */
  publish(busEvent: BusEvent<E>): void;
  /**
   * Brings all events that `publish` has taken over, before it returns. Only an upstream that can do so without waiting has this method.
   * The bus calls it once in the turn after a `publish`, and earlier if a program could see otherwise that they are missing. So a burst
   * costs one transaction, and no program sees an event before it is kept. It may be called while a method of the {@link UpstreamBus} runs.
   *
   * **Errors** It must not throw. Events that cannot be kept are told by `bus.gap` or `bus.end`.
   */
  bring?: (() => void) | undefined;
  /**
   * Resolves when each event that `publish` has taken over so far was brought or given up. `bus.flush` and `bus.connect` wait for it.
   * An upstream with `bring` need not have it.
   */
  settled?: (() => PromiseLike<void>) | undefined;
  /**
   * Reads kept events for a receiver that starts `from` an earlier place. Without it, the bus has only what its option `history` keeps.
   *
   * **Errors** If it throws or rejects, the receiver ends with this error.
   */
  read?: ((request: UpstreamRead<E>) => UpstreamPage<E> | PromiseLike<UpstreamPage<E>>) | undefined;
  /** A receiver has joined. Without this method, all events are brought. What `join` and `leave` throw is logged. */
  join?: ((filter: EventFilter<E>) => void) | undefined;
  /** A receiver with this filter, the same object as in `join`, has left. */
  leave?: ((filter: EventFilter<E>) => void) | undefined;
  /** The bus was closed, and no receiver reads any more. Called once. `bring` was called before. Nothing more is dispatched. */
  close(): void;
}
