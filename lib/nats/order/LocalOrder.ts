import type { BusEvent, ScrollBinding } from '../../events/BusEvent.js';
import { OTHERS } from '../../internal/support/Tally.js';
import type { BusPosition, Gap } from '../../receiver.js';
import type { UpstreamBus } from '../../upstream.js';
import type { PlacedBinding } from './bindings.js';
import { Decoder } from './Decoder.js';
import type { Doubles } from './Doubles.js';
import { type Entry, idOf, runOf } from '../outbox/entries.js';
import { withoutTicket } from '../outbox/messages.js';
import type { Order } from './order.js';
import type { Pulled } from '../reader/Pull.js';
import { Registrations } from './Registrations.js';
import { bindingIn, type Settings } from '../settings.js';
import { pairIn, pairToken } from '../stream/subjects.js';

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
  private readonly own = new Map<string, OwnRegistration>();
  /** What the bus has learned, by its places. Empty without the option `filter`: then the bus alone binds. */
  private readonly registrations = new Registrations(MAX_SESSIONS);
  private readonly decoder: Decoder<E>;

  /**
   * @param run Identifies the messages of this run of the process.
   * @param doubles Knows the ids of messages that came before.
   */
  constructor(
    private readonly settings: Settings<E>,
    private readonly bus: UpstreamBus<E>,
    private readonly run: string,
    private readonly doubles: Doubles,
  ) {
    this.decoder = new Decoder(settings, this.registrations);
  }

  start(_end: BusPosition, bindings: readonly PlacedBinding[]): void {
    this.bus.begin({ epoch: this.run, seq: 0 });
    this.rebind(bindings);
  }

  published(busEvent: BusEvent<E>, { id, pair }: Entry, isForwarded: boolean): void {
    if (pair !== undefined && isForwarded) {
      this.expect(pair, id);
    }
    if (pair !== undefined) {
      this.learn(bindingIn(this.settings, busEvent));
    }
    if (this.settings.idOf !== undefined) {
      // An earlier run, or another process, may have sent the same event.
      this.doubles.has(id);
    }
    // The bus has bound it before.
    if (this.decoder.wants(busEvent)) {
      this.bus.event(withoutTicket(busEvent), this.next(), true);
    }
  }

  isReturn(pulled: Pulled, wasPending: boolean): boolean {
    const isOwn = wasPending || runOf(pulled.message) === this.run;
    if (this.own.size > 0) {
      this.noteRegistration(pulled, isOwn);
    }
    return isOwn;
  }

  bring(pulled: Pulled): boolean {
    const { busEvent, binding } = this.decoder.eventIn({ ...pulled, seq: this.seq + 1 });
    const isWanted = this.decoder.wants(busEvent);
    const seq = isWanted ? this.next() : this.seq;
    if (isWanted) {
      // The bus binds it: what counts is what was registered before in its own order.
      this.bus.event(busEvent, seq);
    } else if (binding !== undefined) {
      this.bus.bind(binding);
    }
    this.learn(binding, seq);
    return isWanted;
  }

  gaveUp({ id, pair = '' }: Entry): void {
    if (this.own.get(pair)?.id === id) {
      this.own.delete(pair);
    }
  }

  gap(gap: Omit<Gap, 'type'>): void {
    this.bus.gap(this.decoder.told(gap), this.next());
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
      if (!this.own.has(pairToken(binding.connectorId, binding.sessionId))) {
        this.learn(binding);
        this.bus.bind(binding);
      }
    }
  }

  private next(): number {
    this.seq += 1;
    return this.seq;
  }

  /** @param seq The last place that the bus had when it learned the binding. */
  private learn(binding: ScrollBinding | undefined, seq = this.seq): void {
    if (binding !== undefined && this.settings.filter !== undefined) {
      this.registrations.learn(binding, seq);
    }
  }

  private expect(pair: string, id: string): void {
    this.own.delete(pair);
    this.own.set(pair, { id, isOverridden: false });
    if (this.own.size > MAX_SESSIONS) {
      for (const oldest of this.own.keys()) {
        this.own.delete(oldest);
        break;
      }
    }
  }

  private noteRegistration(pulled: Pulled, isOwn: boolean): void {
    const { message } = pulled;
    const pair = pairIn(this.settings.prefix, message.subject) ?? '';
    const own = this.own.get(pair);
    if (own === undefined) {
      return;
    }
    // With `idOf`, another process may have stored it first.
    if (own.id === idOf(message)) {
      this.own.delete(pair);
      if (own.isOverridden) {
        this.bindAgain(pulled);
      }
    } else if (!isOwn) {
      own.isOverridden = true;
    }
  }

  /** In the stream, an own registration is after one that has come since. All buses hold the last one. */
  private bindAgain(pulled: Pulled): void {
    try {
      const { binding } = this.decoder.eventIn(pulled);
      if (binding !== undefined) {
        this.learn(binding);
        this.bus.bind(binding);
      }
    } catch {
      // It was delivered when it was published. What `parse` says of it now does not matter.
    }
  }
}
