import type { Msg } from '@nats-io/nats-core';
import type { BusEvent } from '../events/BusEvent.js';
import { OTHERS } from '../internal/support/Tally.js';
import type { BusPosition, Gap } from '../receiver.js';
import type { UpstreamBus } from '../upstream.js';
import type { PlacedBinding } from './bindings.js';
import type { Doubles } from './Doubles.js';
import { type Entry, idOf, runOf } from './entries.js';
import { withoutTicket } from './messages.js';
import { eventIn, type Order } from './order.js';
import type { Pulled } from './Pull.js';
import { bindingIn, type Settings } from './settings.js';
import { pairIn, pairToken } from './subjects.js';

/** As the default of `maxBindings`. */
const MAX_SESSIONS = 65_536;
const UNKNOWN: Omit<Gap, 'type'> = { missed: Infinity, byKind: { [OTHERS]: Infinity }, atMost: true };

/** The last registration of a session that this bus has published, until it comes back from the stream. */
interface OwnRegistration {
  readonly id: string;
  /** Whether one of another process has come since. It is before this one in the stream. */
  isOverridden: boolean;
}

/**
 * The bus's own order: it delivers its own events when they are published, and those of others as they come. Its own events are skipped when
 * they come back. See docs/decisions.md, D-108.
 *
 * Invariant: `seq` is the last place that the bus was given. The places are of this run only.
 */
export class LocalOrder<E> implements Order<E> {
  readonly read = undefined;
  private seq = 0;
  /** By the token of the session's pair. The oldest first. */
  private readonly registrations = new Map<string, OwnRegistration>();

  /**
   * @param run Identifies the messages of this run of the process.
   * @param doubles Knows the ids of messages that came before.
   */
  constructor(
    private readonly settings: Settings<E>,
    private readonly bus: UpstreamBus<E>,
    private readonly run: string,
    private readonly doubles: Doubles,
  ) {}

  start(_end: BusPosition, bindings: readonly PlacedBinding[]): void {
    this.bus.begin({ epoch: this.run, seq: 0 });
    this.rebind(bindings);
  }

  published(busEvent: BusEvent<E>, { id, pair }: Entry, isForwarded: boolean): void {
    if (pair !== undefined && isForwarded) {
      this.expect(pair, id);
    }
    if (this.settings.idOf !== undefined) {
      // An earlier run, or another process, may have sent the same event.
      this.doubles.has(id);
    }
    this.bus.event(withoutTicket(busEvent), this.next(), true);
  }

  isReturn({ message }: Pulled, wasPending: boolean): boolean {
    const isOwn = wasPending || runOf(message) === this.run;
    if (this.registrations.size > 0) {
      this.noteRegistration(message, isOwn);
    }
    return isOwn;
  }

  bring({ message }: Pulled): void {
    // The bus binds it: what counts is what was registered before in its own order.
    this.bus.event(eventIn(this.settings, message), this.next());
  }

  gap(gap: Omit<Gap, 'type'>): void {
    this.bus.gap(gap, this.next());
  }

  hole(gap: Omit<Gap, 'type'>): void {
    // Some of these events may be of this bus.
    this.bus.gap({ ...gap, atMost: true }, this.next());
  }

  restart(): void {
    this.bus.gap(UNKNOWN, this.next());
  }

  rebind(bindings: readonly PlacedBinding[]): void {
    for (const { binding } of bindings) {
      // A registration of this bus that is on its way will be the last one in the stream.
      if (!this.registrations.has(pairToken(binding.connectorId, binding.sessionId))) {
        this.bus.bind(binding);
      }
    }
  }

  private next(): number {
    this.seq += 1;
    return this.seq;
  }

  private expect(pair: string, id: string): void {
    this.registrations.delete(pair);
    this.registrations.set(pair, { id, isOverridden: false });
    if (this.registrations.size > MAX_SESSIONS) {
      for (const oldest of this.registrations.keys()) {
        this.registrations.delete(oldest);
        break;
      }
    }
  }

  private noteRegistration(message: Msg, isOwn: boolean): void {
    const pair = pairIn(this.settings.prefix, message.subject) ?? '';
    const own = this.registrations.get(pair);
    if (own === undefined) {
      return;
    }
    if (!isOwn) {
      own.isOverridden = true;
    } else if (own.id === idOf(message)) {
      this.registrations.delete(pair);
      if (own.isOverridden) {
        this.bindAgain(message);
      }
    }
  }

  /** In the stream, an own registration is after one that has come since. All buses hold the last one. */
  private bindAgain(message: Msg): void {
    try {
      const binding = bindingIn(this.settings, eventIn(this.settings, message));
      if (binding !== undefined) {
        this.bus.bind(binding);
      }
    } catch {
      // It was delivered when it was published. What `parse` says of it now does not matter.
    }
  }
}
