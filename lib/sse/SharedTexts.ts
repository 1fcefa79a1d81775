import type { BusEvent } from '../events/BusEvent.js';

/** The most characters of texts that are kept for streams that are behind. One longer text may be kept alone. */
const MOST_KEPT = 1_048_576;

/** Encodes a text as bytes that no code changes. The buffers of Node are the bytes that its streams take without a copy. */
const encode = encoder();

/** A piece of a stream. */
export class Chunk {
  readonly text: string;
  private encoded: Uint8Array | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The text as bytes, which must not be changed: other streams send them, too. They are made once. */
  get bytes(): Uint8Array {
    return (this.encoded ??= encode(this.text));
  }
}

/** A chunk of the events that follow each other in one or more streams. */
export class SharedChunk<E> extends Chunk {
  /** The chunk with one more event that was asked for last, and those with other ones. */
  next: SharedChunk<E> | undefined;
  readonly event: BusEvent<E> | undefined;
  others: Map<BusEvent<E>, SharedChunk<E>> | undefined;

  /** @param event The last event; `undefined` if there is none. */
  constructor(text: string, event?: BusEvent<E>) {
    super(text);
    this.event = event;
  }
}

/** The text of an event, or of the gap in its place with the error because of which it cannot be sent. */
export interface EventEntry {
  readonly text: string;
  readonly error?: { readonly reason: unknown };
}

/**
 * The texts of events, each made once for all streams of a server.
 *
 * Invariants: chunks, and the entries of events that cannot be sent, are kept until the end of a round only. Texts of single events are kept
 * longer only while a stream is behind, and then the newest of them, up to 1 MiB of characters.
 */
export class SharedTexts<E> {
  private readonly write: (busEvent: BusEvent<E>) => EventEntry;
  private readonly entries = new Map<BusEvent<E>, EventEntry>();
  /** The entries of events that cannot be sent. Their texts are short, but the events may be large. */
  private unsendable = new Map<BusEvent<E>, EventEntry>();
  private length = 0;
  private root = new SharedChunk<E>('');

  /** @param write Makes the text of an event. */
  constructor(write: (busEvent: BusEvent<E>) => EventEntry) {
    this.write = write;
  }

  /** The chunk without an event. */
  get empty(): SharedChunk<E> {
    return this.root;
  }

  /** Characters that are kept. */
  get kept(): number {
    return this.length;
  }

  /** The text of `busEvent`. */
  entryOf(busEvent: BusEvent<E>): EventEntry {
    const known = this.entries.get(busEvent) ?? this.unsendable.get(busEvent);
    if (known !== undefined) {
      return known;
    }
    const entry = this.write(busEvent);
    if (entry.error !== undefined) {
      this.unsendable.set(busEvent, entry);
      return entry;
    }
    this.entries.set(busEvent, entry);
    this.length += entry.text.length;
    if (this.length > MOST_KEPT) {
      this.forgetOldest();
    }
    return entry;
  }

  /** The chunk with the events of `chunk` and then `busEvent`, whose text is that of `entry`. */
  with(chunk: SharedChunk<E>, busEvent: BusEvent<E>, entry: EventEntry): SharedChunk<E> {
    const { next } = chunk;
    if (next?.event === busEvent) {
      return next;
    }
    let found = chunk.others?.get(busEvent);
    if (found === undefined) {
      found = new SharedChunk(chunk.text + entry.text, busEvent);
      if (next !== undefined) {
        (chunk.others ??= new Map<BusEvent<E>, SharedChunk<E>>([[next.event as BusEvent<E>, next]])).set(
          busEvent,
          found,
        );
      }
    }
    chunk.next = found;
    return found;
  }

  /** Call this at the end of a round. @param isNeeded Whether a stream may still need events that others have sent. */
  endRound(isNeeded: boolean): void {
    this.root = new SharedChunk('');
    if (this.unsendable.size > 0) {
      this.unsendable = new Map();
    }
    if (!isNeeded) {
      this.entries.clear();
      this.length = 0;
    }
  }

  private forgetOldest(): void {
    for (const [busEvent, { text }] of this.entries) {
      if (this.length <= MOST_KEPT || this.entries.size === 1) {
        return;
      }
      this.entries.delete(busEvent);
      this.length -= text.length;
    }
  }
}

function encoder(): (text: string) => Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { from(text: string): Uint8Array } };
  let utf8: InstanceType<typeof TextEncoder> | undefined;
  // Made at the first text: not every engine that loads this module has one.
  return Buffer === undefined ? (text) => (utf8 ??= new TextEncoder()).encode(text) : (text) => Buffer.from(text);
}
