import type { BusPosition, Delivery } from '../receiver.js';
import { report } from '../internal/support/report.js';
import { answerOf, contain } from '../internal/support/promises.js';
import { show } from '../internal/support/show.js';
import type { BusEvent } from '../events/BusEvent.js';
import { ValidationError } from '../schema/ValidationError.js';
import type { EventBlock } from './EventBlocks.js';
import { gapOfOne, parseGap, UNKNOWN_GAP } from './gapData.js';
import { parsePosition, positionText } from './blocks.js';
import { Places } from './Places.js';

/** A longer id that is not a position is not kept: it has to fit into a URL. */
const LONGEST_ID = 256;
const COLON = 58;
const ZERO = 48;

/** The application's functions that a reader calls. */
export interface BlockReaderOptions<E> {
  readonly parse: (value: unknown) => BusEvent<E>;
  readonly onInvalid?: ((error: ValidationError, text: string) => void) | undefined;
  readonly onPosition?: ((position: BusPosition) => void) | undefined;
}

/**
 * Turns blocks into deliveries, across all connections of one stream.
 *
 * Invariant: everything up to the place in an epoch was delivered or reported as missing.
 */
export class BlockReader<E> {
  /** The id to resume from, as the server sent it. */
  lastId: string | undefined;
  /** Whether the server has sent `end`: nothing more will come. */
  hasEnded = false;

  /** Whether a gap of unknown size was the last delivery, and what follows is still unknown. */
  #isLost = false;
  readonly #places = new Places();
  readonly #options: BlockReaderOptions<E>;

  constructor(options: BlockReaderOptions<E>) {
    this.#options = options;
  }

  /** Call this when the stream goes on at an unknown place. Returns the gap, unless nothing was delivered since the last one. */
  loseTrack(): readonly Delivery<E>[] {
    const isKnown = this.#isLost;
    this.#isLost = true;
    return isKnown ? [] : [UNKNOWN_GAP];
  }

  /** Yields what a block brings, and moves on when that was taken. Returns whether it was an event that is new. */
  *read(block: EventBlock): Generator<Delivery<E>, boolean> {
    if (this.hasEnded) {
      return false;
    }
    const position = block.id === undefined ? undefined : this.#positionOf(block.id);
    const delivery = this.#isOld(block, position) ? undefined : this.#deliveryOf(block, position);
    try {
      if (delivery !== undefined) {
        this.#isLost = false;
        yield delivery;
      }
    } finally {
      // Also if the consumer leaves: what it has taken is delivered.
      if (block.id !== undefined) {
        this.#move(block.id, position);
      }
    }
    return delivery !== undefined && (block.event ?? 'message') === 'message';
  }

  /** Parses an id. Ids mostly have the epoch of the one before. */
  #positionOf(id: string): BusPosition | undefined {
    const { current } = this.#places;
    if (current !== undefined && id.startsWith(current.epoch) && id.charCodeAt(current.epoch.length) === COLON) {
      const seq = smallInteger(id, current.epoch.length + 1);
      if (seq !== undefined) {
        return { epoch: current.epoch, seq };
      }
    }
    return parsePosition(id);
  }

  /** Whether what the block brings was delivered before. */
  #isOld({ event = 'message' }: EventBlock, position: BusPosition | undefined): boolean {
    if (position === undefined || !this.#places.isBehind(position)) {
      return false;
    }
    // The gap at a change of epochs is about the epoch that was left.
    return event === 'message' || (event === 'gap' && position.epoch === this.#places.current?.epoch);
  }

  #deliveryOf(block: EventBlock, position: BusPosition | undefined): Delivery<E> | undefined {
    switch (block.event ?? 'message') {
      case 'message':
        return this.#eventOf(block, position) ?? gapOfOne();
      case 'gap':
        return this.#gapOf(block);
      case 'end':
        this.hasEnded = true;
        return undefined;
      default:
        // A block of a later version or of the application.
        return undefined;
    }
  }

  #eventOf(block: EventBlock, position: BusPosition | undefined): Delivery<E> | undefined {
    const value = this.#valueOf(block);
    if (value === undefined) {
      return undefined;
    }
    try {
      const event = answerOf('parse', this.#options.parse(value.value));
      return { type: 'event', event: position === undefined ? event : { ...event, seq: position.seq } };
    } catch (error) {
      this.#invalid(
        block,
        error instanceof ValidationError ? error : invalid(`reading it threw ${show(error)}`, error),
      );
      return undefined;
    }
  }

  #gapOf(block: EventBlock): Delivery<E> {
    const gap = parseGap(this.#valueOf(block)?.value);
    if (gap === undefined) {
      this.#invalid(block, invalid(`expected a gap, got ${show(block.data)}`));
    }
    return gap ?? gapOfOne();
  }

  #valueOf(block: EventBlock): { readonly value: unknown } | undefined {
    if (block.isTooLong) {
      this.#invalid(block, invalid('it is longer than maxEventLength'));
      return undefined;
    }
    try {
      return { value: JSON.parse(block.data) as unknown };
    } catch (error) {
      this.#invalid(block, invalid(`expected JSON, got ${show(block.data)}`, error));
      return undefined;
    }
  }

  #move(id: string, position: BusPosition | undefined): void {
    if (position === undefined) {
      this.lastId = id !== '' && id.length <= LONGEST_ID ? id : undefined;
      return;
    }
    const hasMoved = this.#places.move(position);
    const reached = this.#places.current as BusPosition;
    this.lastId = reached.seq === position.seq ? id : positionText(reached);
    if (hasMoved) {
      guarded(this.#options.onPosition, reached);
    }
  }

  #invalid({ data }: EventBlock, error: ValidationError): void {
    guarded(this.#options.onInvalid, error, data);
  }
}

/** The positive integer of at most 15 digits that `text` has from the index `from` to its end. `undefined` if it has something else there. */
function smallInteger(text: string, from: number): number | undefined {
  const digits = text.length - from;
  if (digits === 0 || digits > 15 || text.charCodeAt(from) === ZERO) {
    return undefined;
  }
  let value = 0;
  for (let at = from; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    value = value * 10 + digit;
  }
  return value;
}

/** Calls a function of the application. An error that it throws, or that its promise rejects with, is reported and ends nothing. */
export function guarded<A extends readonly unknown[]>(act: ((...args: A) => void) | undefined, ...args: A): void {
  contain(act, report, ...args);
}

function invalid(message: string, cause?: unknown): ValidationError {
  return new ValidationError('a bus event', [{ path: '(root)', message }], cause === undefined ? undefined : { cause });
}
