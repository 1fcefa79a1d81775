import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalUuid, InvalidUuidError, newUuid, parseUuid } from '../../lib/events/Uuid.js';

const CANONICAL = '67e55044-10b1-426f-9247-bb680e5fe0c8';
const DIGITS = CANONICAL.replaceAll('-', '');
const NIL = '00000000-0000-0000-0000-000000000000';
const MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const ACCEPTED: readonly (readonly [how: string, text: string, canonical: string])[] = [
  ['canonical', CANONICAL, CANONICAL],
  ['hyphenated, upper case', CANONICAL.toUpperCase(), CANONICAL],
  ['hyphenated, mixed case', '67E55044-10b1-426F-9247-bB680e5fe0C8', CANONICAL],
  ['32 digits', DIGITS, CANONICAL],
  ['32 digits, upper case', DIGITS.toUpperCase(), CANONICAL],
  ['braced', `{${CANONICAL}}`, CANONICAL],
  ['braced, upper case', `{${CANONICAL.toUpperCase()}}`, CANONICAL],
  ['URN', `urn:uuid:${CANONICAL}`, CANONICAL],
  ['URN, digits in upper case', `urn:uuid:${CANONICAL.toUpperCase()}`, CANONICAL],
  ['nil', NIL, NIL],
  ['nil, 32 digits', NIL.replaceAll('-', ''), NIL],
  ['max', MAX, MAX],
  ['max, upper case', MAX.toUpperCase(), MAX],
  ['version 0, variant 0', '67e55044-10b1-026f-0247-bb680e5fe0c8', '67e55044-10b1-026f-0247-bb680e5fe0c8'],
  ['version 15, variant 15', '67e55044-10b1-f26f-f247-bb680e5fe0c8', '67e55044-10b1-f26f-f247-bb680e5fe0c8'],
];

const REFUSED: readonly (readonly [how: string, value: unknown])[] = [
  ['empty', ''],
  ['one digit too few', CANONICAL.slice(1)],
  ['one digit too many', `${CANONICAL}0`],
  ['31 digits', DIGITS.slice(1)],
  ['33 digits', `${DIGITS}0`],
  ['36 digits', `${DIGITS}0000`],
  ['45 digits', `${DIGITS}${'0'.repeat(13)}`],
  ['a digit that is none', CANONICAL.replace('6', 'g')],
  ['32 characters, one no digit', DIGITS.replace('6', 'g')],
  ['32 characters, one a hyphen', `${DIGITS.slice(0, 8)}-${DIGITS.slice(9)}`],
  ['a hyphen one place early', '67e5504-410b1-426f-9247-bb680e5fe0c8'],
  ['hyphens one place late', '67e550441-0b14-26f9-247b-b680e5fe0c8'],
  ['hyphens in groups of five', '67e55-04410-b1426-f9247-bb680e5fe0c8'],
  ['a hyphen left out', CANONICAL.replace('-', '')],
  ['a hyphen doubled', CANONICAL.replace('-', '--')],
  ['hyphens only', '-'.repeat(36)],
  ['another dash', CANONICAL.replaceAll('-', '–')],
  ['braces around 32 digits', `{${DIGITS}}`],
  ['braces around 34 digits', `{${DIGITS}00}`],
  ['opened and not closed', `{${CANONICAL}`],
  ['closed and not opened', `${CANONICAL}}`],
  ['closed the wrong way round', `}${CANONICAL}{`],
  ['braced twice', `{{${CANONICAL}}}`],
  ['round brackets', `(${CANONICAL})`],
  ['empty braces', '{}'],
  ['URN:UUID:', `URN:UUID:${CANONICAL}`],
  ['Urn:uuid:', `Urn:uuid:${CANONICAL}`],
  ['URN of 32 digits', `urn:uuid:${DIGITS}`],
  ['URN of braces', `urn:uuid:{${CANONICAL}}`],
  ['braced URN', `{urn:uuid:${CANONICAL}}`],
  ['urn: alone', `urn:${CANONICAL}`],
  ['uuid: alone', `uuid:${CANONICAL}`],
  ['URN of nothing', 'urn:uuid:'],
  ['a space before', ` ${CANONICAL}`],
  ['a space after', `${CANONICAL} `],
  ['a newline after', `${CANONICAL}\n`],
  ['a newline after 32 digits', `${DIGITS}\n`],
  ['a newline inside braces', `{${CANONICAL}\n}`],
  ['a NUL after', `${CANONICAL}\0`],
  ['two lines', `${CANONICAL}\n${CANONICAL}`],
  ['0x before', `0x${DIGITS}`],
  ['full-width digits', '６７ｅ５５０４４-10b1-426f-9247-bb680e5fe0c8'],
  ['a letter that lower-cases to two', `${CANONICAL.slice(0, -1)}İ`],
  ['huge', CANONICAL.repeat(100_000)],
  ['undefined', undefined],
  ['null', null],
  ['a number', 67],
  ['a bigint', 67n],
  ['a String object', new String(CANONICAL)],
  ['an array of one', [CANONICAL]],
  ['what prints as one', { toString: () => CANONICAL }],
  ['a symbol', Symbol(CANONICAL)],
];

/** Law 9, read off character by character. */
function readAsRustDoes(text: string): string | undefined {
  const hyphenated = (inner: string): string | undefined => {
    const groups = inner.split('-');
    const right = groups.map((group) => group.length).join() === '8,4,4,4,12' && groups.every(isHex);
    return right ? inner.toLowerCase() : undefined;
  };
  if (text.startsWith('urn:uuid:')) {
    return hyphenated(text.slice('urn:uuid:'.length));
  }
  if (text.startsWith('{') && text.endsWith('}')) {
    return hyphenated(text.slice(1, -1));
  }
  if (text.length === 32 && isHex(text)) {
    return hyphenated([0, 8, 12, 16, 20].map((at, i, all) => text.slice(at, all[i + 1])).join('-'));
  }
  return hyphenated(text);
}

function isHex(text: string): boolean {
  return Array.from(text).every((digit) => '0123456789abcdefABCDEF'.includes(digit));
}

describe('parseUuid', () => {
  it.each(ACCEPTED)('law 9: accepts %s', (_how, text, canonical) => {
    expect(parseUuid(text)).toBe(canonical);
    expect(canonicalUuid(text)).toBe(canonical);
  });

  it.each(REFUSED)('law 9: refuses %s', (_how, value) => {
    expect(() => parseUuid(value as string)).toThrow(InvalidUuidError);
    expect(canonicalUuid(value)).toBeUndefined();
  });

  it('law 9: agrees with a reader that goes character by character, on texts one slip away from a UUID', () => {
    const spelling = fc
      .tuple(
        fc.uuid(),
        fc.constantFrom(
          (id: string) => id,
          (id: string) => id.replaceAll('-', ''),
          (id: string) => `{${id}}`,
          (id: string) => `urn:uuid:${id}`,
        ),
        fc.boolean(),
      )
      .map(([id, spell, upper]) => spell(upper ? id.toUpperCase() : id));
    const slip = fc.record({
      at: fc.nat(45),
      removed: fc.nat(2),
      added: fc.string({ unit: fc.constantFrom('0', 'a', 'F', 'g', '-', '{', '}', ':', ' ', '\n'), maxLength: 2 }),
    });
    fc.assert(
      fc.property(spelling, fc.array(slip, { maxLength: 2 }), (text, slips) => {
        const spelled = slips.reduce((so, { at, removed, added }) => {
          return so.slice(0, at) + added + so.slice(at + removed);
        }, text);
        expect(canonicalUuid(spelled)).toBe(readAsRustDoes(spelled));
        expect(canonicalUuid(text)).toBe(readAsRustDoes(text));
      }),
      { numRuns: 500 },
    );
  });

  it('gives back the very text where it is canonical', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(parseUuid(parseUuid(id.toUpperCase()))).toBe(id);
      }),
    );
  });
});

describe('InvalidUuidError', () => {
  it('is a TypeError that keeps and shows the value', () => {
    const error = new InvalidUuidError('nonsense');
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'InvalidUuidError', value: 'nonsense', message: 'not a UUID: "nonsense"' });
  });

  it('stays short for a value that is long', () => {
    expect(new InvalidUuidError('x'.repeat(1_000_000)).message.length).toBeLessThan(120);
  });
});

describe('newUuid', () => {
  it('makes canonical UUIDs of version 7', () => {
    const id = newUuid();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseUuid(id)).toBe(id);
  });

  it('makes each once, in an order that sorts', () => {
    const ids = Array.from({ length: 1_000 }, newUuid);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });
});
