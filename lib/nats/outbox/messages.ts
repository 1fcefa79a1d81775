import type { BusEvent, ScrollBinding } from '../../events/BusEvent.js';
import { answerOf } from '../../internal/support/promises.js';
import { show } from '../../internal/support/show.js';
import { type Entry, headersSize, type Ticket } from './entries.js';
import { EventTooLargeError } from '../errors.js';
import type { Loss } from './gaps.js';
import { bindingIn, sessionLane, type Settings } from '../settings.js';
import { digest, escape, gapSubject, pairToken, subjectOf } from '../stream/subjects.js';
import { isAmong } from '../stream/subjectsOf.js';

/** Carries a ticket from `upstream.publish` to the link, through the copies that the bus makes of an envelope. */
export const TICKET = Symbol('ticket');

interface Ticketed {
  readonly [TICKET]?: Ticket;
}

export function withTicket<E>(busEvent: BusEvent<E>, ticket: Ticket): BusEvent<E> {
  const { routing, origin, event, at } = busEvent;
  const named = at === undefined ? { routing, origin, event } : { routing, origin, event, at };
  const ticketed: BusEvent<E> & Ticketed = { ...busEvent, ...named, [TICKET]: ticket };
  return ticketed;
}

/** The envelope as it was before {@link withTicket}. */
export function withoutTicket<E>(busEvent: BusEvent<E>): BusEvent<E> {
  if (ticketOf(busEvent) === undefined) {
    return busEvent;
  }
  const { [TICKET]: _, ...rest } = busEvent as BusEvent<E> & Ticketed;
  return rest;
}

export function ticketOf(busEvent: BusEvent<unknown>): Ticket | undefined {
  return (busEvent as Ticketed)[TICKET];
}

/** Writes events as messages, with ids. */
export class Writer<E> {
  private count = 0;

  /**
   * @param run Identifies this run of the process.
   * @param maxBytes Returns the most bytes of a message.
   * @param place Returns a place before that of all messages that are written from now on.
   */
  constructor(
    private readonly settings: Settings<E>,
    private readonly run: string,
    private readonly maxBytes: () => number,
    private readonly place: () => number,
  ) {}

  /**
   * @throws EventTooLargeError if it is too large. TypeError if it cannot be written as JSON, or if a function of the application answers with
   *   something else than a string. What these functions throw.
   */
  write(busEvent: BusEvent<E>): Entry {
    const { prefix, stream, serialize, order, subjects } = this.settings;
    const id = this.idFor(busEvent);
    const run = order === 'local' ? this.run : undefined;
    const binding = bindingIn(this.settings, busEvent);
    const lane = this.laneFor(busEvent, binding);
    const payload = toJson(answerOf('serialize', serialize(busEvent)));
    const { kind } = busEvent.routing;
    const bytes = bytesOf(payload) + headersSize({ id, run }, stream);
    const maxBytes = this.maxBytes();
    if (bytes > maxBytes) {
      throw new EventTooLargeError(bytes, maxBytes, kind);
    }
    const pair = binding === undefined ? undefined : pairToken(binding.connectorId, binding.sessionId);
    const subject = subjectOf(prefix, busEvent.routing, pair);
    const isBrought = subjects === undefined || isAmong(subjects, subject);
    const ticket = ticketOf(busEvent);
    const spareBytes = maxBytes - bytes;
    return {
      id,
      lane,
      payload,
      subject,
      kind,
      pair,
      run,
      ticket,
      spareBytes,
      ...(!isBrought && { after: this.place() }),
    };
  }

  /** Writes the message of a gap. */
  writeGap({ payload }: Loss, ticket: Ticket): Entry {
    const { node, prefix } = this.settings;
    this.count += 1;
    return {
      ...{ id: `${node}.${this.run}.${this.count}`, subject: gapSubject(prefix), payload, lane: '' },
      ...{ kind: undefined, pair: undefined, run: this.run, ticket, spareBytes: 0 },
    };
  }

  /** A registration is in the lane of the session that it registers, since the order of the two says which events are bound. */
  private laneFor(busEvent: BusEvent<E>, binding: ScrollBinding | undefined): string {
    const { laneOf } = this.settings;
    if (laneOf !== undefined) {
      return requireText('laneOf', answerOf('laneOf', laneOf(busEvent)));
    }
    if (binding !== undefined) {
      return sessionLane(binding.connectorId, binding.sessionId);
    }
    const { connectorId, nativeSessionId, connectorUid } = busEvent.routing;
    return connectorId === undefined || nativeSessionId === undefined
      ? (connectorUid ?? '')
      : sessionLane(connectorId, nativeSessionId);
  }

  private idFor(busEvent: BusEvent<E>): string {
    const { idOf: own, node } = this.settings;
    if (own === undefined) {
      this.count += 1;
      return `${node}.${this.run}.${this.count}`;
    }
    const id = requireText('idOf', answerOf('idOf', own(busEvent)));
    // Other characters cannot be in a header.
    return /^[\x21-\x7e]{1,256}$/.test(id) ? id : `=h${digest(escape(id))}`;
  }
}

function requireText(what: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${what} must return a string, got ${show(value)}`);
  }
  return value;
}

function toJson(value: unknown): string {
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`the event cannot be written as JSON: ${show(error)}`, { cause: error });
  }
  // JSON has no text for `undefined`, a symbol and a function.
  if (typeof text !== 'string') {
    throw new TypeError(`serialize must return a value that JSON can hold, got ${show(value)}`);
  }
  return text;
}

/** The length of `text` in UTF-8. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) {
      // Each half of a surrogate pair counts 2, the pair has 4.
      bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2;
    }
  }
  return bytes;
}
