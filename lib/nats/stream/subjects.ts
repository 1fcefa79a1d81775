import { v5 } from 'uuid';
import type { EventRouting } from '../../events/BusEvent.js';

/** A namespace of UUIDs for {@link digest}. Any UUID will do, but it must stay the same in all processes. */
const NAMESPACE = '5d3b0c1e-7a52-4f0e-9c57-2b8f1f3f6a10';

/** The longest token that is written out. */
const LONGEST = 64;

const PLAIN = /^[\dA-Za-z-][\w-]{0,63}$/;
const KEPT = /[\dA-Za-z-]/;

/** Stands for a field that an event does not have. A text of its own that begins with `_` is escaped. */
export const ABSENT = '_';

/** 32 hexadecimal digits of SHA-1 for a text of ASCII. */
export function digest(text: string): string {
  return v5(text, NAMESPACE).replaceAll('-', '');
}

/** A token of a subject that stands for `text`. Different texts have different tokens, except that long ones are told apart by a digest. */
export function tokenOf(text: string): string {
  if (PLAIN.test(text)) {
    return text;
  }
  const escaped = escape(text);
  return escaped.length <= LONGEST ? escaped : `=h${digest(escaped)}`;
}

/** `text` as a token of any length. `=xx` stands for a byte of its UTF-8; `=` for the empty text. */
export function escape(text: string): string {
  if (text === '') {
    return '=';
  }
  let escaped = '';
  for (const character of text) {
    const isKept = KEPT.test(character) || (character === '_' && escaped !== '');
    escaped += isKept
      ? character
      : bytesOf(character.codePointAt(0) as number)
          .map(hex)
          .join('');
  }
  return escaped;
}

function hex(byte: number): string {
  return `=${byte.toString(16).padStart(2, '0')}`;
}

/** The UTF-8 of a code point. Half of a surrogate pair is written like any other code point. */
function bytesOf(code: number): number[] {
  const rest = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x80) {
    return [code];
  }
  if (code < 0x800) {
    return [0xc0 | (code >> 6), rest(0)];
  }
  return code < 0x10000 ? [0xe0 | (code >> 12), rest(6), rest(0)] : [0xf0 | (code >> 18), rest(12), rest(6), rest(0)];
}

/** The fifth token of a registration: a digest of the exact pair. */
export function pairToken(connectorId: string, sessionId: string): string {
  return digest(`${escape(connectorId)}.${escape(sessionId)}`);
}

/**
 * The subject of an event: `prefix.<connectorUid>.<scrollId>.<kind>`, and a fifth token for a registration. It is a hint: the event has its
 * routing in it.
 */
export function subjectOf(
  prefix: string,
  { connectorUid, scrollId, kind }: EventRouting,
  pair: string | undefined,
): string {
  const subject = `${prefix}.${connectorUid ?? ABSENT}.${scrollId ?? ABSENT}.${tokenOf(kind)}`;
  return pair === undefined ? subject : `${subject}.${pair}`;
}

/** The subject of epoch markers. No event has it, nor that of gaps: events have three or four tokens after the prefix. */
export function markerSubject(prefix: string): string {
  return `${prefix}.=epoch`;
}

/** The subject of gaps: events that were delivered by the bus of their publisher only. */
export function gapSubject(prefix: string): string {
  return `${prefix}.=gap`;
}

/** The fifth token of a registration's subject. `undefined` for other subjects. */
export function pairIn(prefix: string, subject: string): string | undefined {
  return subject.slice(prefix.length + 1).split('.')[3];
}

/** Matches the subjects of all registrations. */
export function registrationSubjects(prefix: string): string {
  return `${prefix}.*.*.*.*`;
}
