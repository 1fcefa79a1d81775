import type { BusPosition } from '../receiver.js';

/** The fields of a block, apart from its data. */
export interface BlockFields {
  readonly event?: string;
  readonly id?: string | undefined;
}

/** Formats a block of an event stream. `data` is JSON, which has no line breaks, so one `data:` line holds it. */
export function block(data: string, { event, id }: BlockFields = {}): string {
  const eventLine = event === undefined ? '' : `event: ${event}\n`;
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${eventLine}${idLine}data: ${data}\n\n`;
}

/** Formats a comment. A client ignores its text, but sees that the connection works. */
export function comment(text: string): string {
  return `: ${text}\n\n`;
}

/** Formats the time after which a client is to reconnect. */
export function retryBlock(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}

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

/** A block that tells the client that nothing more will come, so that it does not come back. */
export function endBlock(reason?: 'revoked'): string {
  return block(JSON.stringify({ reason }), { event: 'end' });
}

/** The number of UTF-8 bytes of `text` if it is at most `limit`, else some number above `limit`. */
export function byteLength(text: string, limit: number): number {
  // A UTF-16 code unit takes one to three bytes, so most texts need not be encoded to decide.
  return text.length > limit || text.length * 3 <= limit ? text.length : new TextEncoder().encode(text).length;
}
