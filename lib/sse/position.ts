import type { BusPosition } from '../receiver.js';
import { block } from './block.js';

const POSITION = /^([0-9A-Za-z-]{1,64}):(0|[1-9][0-9]{0,15})$/;

/** `position` as an `id:` has it. */
export function positionText({ epoch, seq }: BusPosition): string {
  return `${epoch}:${seq}`;
}

/** The position that `text` tells, if it is one. */
export function parsePosition(text: string): BusPosition | undefined {
  const [, epoch = '', digits = ''] = POSITION.exec(text) ?? [];
  const seq = Number(digits);
  return epoch !== '' && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}

/** Tells how far the client has got, and nothing else. */
export function positionBlock(position: BusPosition): string {
  return block('{}', { event: 'position', id: positionText(position) });
}
