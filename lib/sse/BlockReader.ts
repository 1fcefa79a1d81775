import type { Subscriber } from 'rxjs';
import type { BusPosition, Delivery } from '../receiver.js';
import { report } from '../internal/support/report.js';
import { answerOf, contain } from '../internal/support/promises.js';
import { show } from '../internal/support/show.js';
import type { BusEvent } from '../events/BusEvent.js';
import { ValidationError } from '../schema/ValidationError.js';
import type { EventBlock } from './EventBlocks.js';
import { gapOfOne, parseGap } from './gapData.js';
import { parsePosition } from './position.js';

/** What may stand in a header. */
const HEADER_VALUE = /^[\x20-\x7e]+$/;

/** What a reader does with what it reads. */
export interface BlockReaderOptions<E> {
  readonly parse: (value: unknown) => BusEvent<E>;
  readonly onInvalid?: ((error: ValidationError, text: string) => void) | undefined;
  readonly onPosition?: ((position: BusPosition) => void) | undefined;
}

/**
 * Makes deliveries of blocks, over all connections of one stream.
 *
 * Invariant: `last` is the place up to which everything was delivered, or told to be missing.
 */
export class BlockReader<E> {
  /** The id to resume with, as the server gave it. */
  lastId: string | undefined;
  /** Whether the server said that nothing more will come. */
  hasEnded = false;

  #last: BusPosition | undefined;
  readonly #options: BlockReaderOptions<E>;
  readonly #out: Subscriber<Delivery<E>>;

  constructor(out: Subscriber<Delivery<E>>, options: BlockReaderOptions<E>) {
    this.#out = out;
    this.#options = options;
  }

  /** Returns whether it was more than a greeting. */
  read(block: EventBlock): boolean {
    if (this.#out.closed || this.hasEnded) {
      return true;
    }
    const position = block.id === undefined ? undefined : parsePosition(block.id);
    if (position !== undefined && this.#isBehind(position) && block.event !== 'position') {
      // Everything up to there was delivered before.
      return true;
    }
    const delivery = this.#deliveryOf(block, position);
    if (delivery !== undefined) {
      this.#out.next(delivery);
    }
    if (block.id !== undefined) {
      this.#move(block.id, position);
    }
    return block.event !== 'position';
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
        // Of a later version, or of the application's own.
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
      this.#invalid(block, invalid('it is no gap'));
    }
    return gap ?? gapOfOne();
  }

  #valueOf(block: EventBlock): { readonly value: unknown } | undefined {
    if (block.isTooLong) {
      this.#invalid(block, invalid('it is too long'));
      return undefined;
    }
    try {
      return { value: JSON.parse(block.data) as unknown };
    } catch (error) {
      this.#invalid(block, invalid(`it is no JSON: ${show(block.data)}`, error));
      return undefined;
    }
  }

  #move(id: string, position: BusPosition | undefined): void {
    if (position === undefined) {
      this.lastId = HEADER_VALUE.test(id) ? id : undefined;
    } else if (!this.#isBehind(position)) {
      this.lastId = id;
      this.#last = position;
      guarded(this.#options.onPosition, position);
    }
  }

  #isBehind({ epoch, seq }: BusPosition): boolean {
    return this.#last?.epoch === epoch && seq <= this.#last.seq;
  }

  #invalid({ data }: EventBlock, error: ValidationError): void {
    guarded(this.#options.onInvalid, error, data);
  }
}

/** Calls what the application gave. What that throws, or its promise rejects with, is its own, and ends nothing here. */
export function guarded<A extends readonly unknown[]>(act: ((...args: A) => void) | undefined, ...args: A): void {
  contain(act, report, ...args);
}

function invalid(message: string, cause?: unknown): ValidationError {
  return new ValidationError('a bus event', [{ path: '(root)', message }], cause === undefined ? undefined : { cause });
}
