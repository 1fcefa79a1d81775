import type { BusPosition } from '../receiver.js';
import { block } from './block.js';

const POSITION = /^([0-9A-Za-z-]{1,64}):(0|[1-9][0-9]{0,15})$/;

/** Formats a position as the `id:` of a block. */
export function positionText({ epoch, seq }: BusPosition): string {
  return `${epoch}:${seq}`;
}

/** Parses a position. `undefined` if `text` is malformed. */
export function parsePosition(text: string): BusPosition | undefined {
  const [, epoch = '', digits = ''] = POSITION.exec(text) ?? [];
  const seq = Number(digits);
  return epoch !== '' && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}

/** A block that only tells the client its position. */
export function positionBlock(position: BusPosition): string {
  return block('{}', { event: 'position', id: positionText(position) });
}
