import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escape, pairToken, subjectOf, tokenOf } from '../../lib/nats/stream/subjects.js';

/** The text of an escaped one. */
function unescaped(token: string): string {
  if (token === '=') {
    return '';
  }
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at += 1) {
    if (token[at] === '=') {
      bytes.push(parseInt(token.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(token.charCodeAt(at));
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

const TOKEN = /^[\w=-]{1,64}$/;
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)) });

describe('a token', () => {
  it('stands for each character of Unicode, and for no other one', () => {
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      const token = tokenOf(character);
      const isSurrogate = code >= 0xd800 && code < 0xe000;
      if (!TOKEN.test(token) || (!isSurrogate && unescaped(token) !== character)) {
        throw new Error(`U+${code.toString(16)} gives ${token}`);
      }
    }
    expect(tokenOf('\ud800')).not.toBe(tokenOf('\ud801'));
  });

  it('is made of any text, and leads back to it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenOf(text)).toMatch(TOKEN);
        if (!/[\ud800-\udfff]/u.test(text)) {
          expect(unescaped(escape(text))).toBe(text);
        }
      }),
    );
  });

  it('is the text itself where that is readable', () => {
    expect(['plan', 'tool-call', 'a_b', 'X9'].map(tokenOf)).toEqual(['plan', 'tool-call', 'a_b', 'X9']);
    expect(['', '_', '_a', 'a.b', '*', '>', 'a b', 'é'].map(tokenOf)).toEqual([
      ...['=', '=5f', '=5fa', 'a=2eb', '=2a', '=3e', 'a=20b', '=c3=a9'],
    ]);
  });

  it('of a long text is a digest, and different texts have different ones', () => {
    const [one, other] = [tokenOf('x'.repeat(65)), tokenOf(`${'x'.repeat(64)}y`)];
    expect(one).toMatch(/^=h[\da-f]{32}$/);
    expect(other).not.toBe(one);
    expect(tokenOf('x'.repeat(64))).toBe('x'.repeat(64));
    expect(tokenOf('.'.repeat(22))).toMatch(/^=h/);
  });
});

describe('a subject', () => {
  const id = '67e55044-10b1-426f-9247-bb680e5fe0c8';

  it('has the connector, the scroll and the kind, or _ for what is absent', () => {
    expect(subjectOf('bus', { kind: 'plan' }, undefined)).toBe('bus._._.plan');
    expect(subjectOf('a.b', { kind: 'my kind', scrollId: id, connectorUid: id }, undefined)).toBe(
      `a.b.${id}.${id}.my=20kind`,
    );
  });

  it('of a registration has a token for the exact pair', () => {
    expect(subjectOf('bus', { kind: 'plan' }, pairToken('a', 'b:c'))).toMatch(/^bus\._\._\.plan\.[\da-f]{32}$/);
    const tokens = [pairToken('a', 'b:c'), pairToken('a:b', 'c'), pairToken('a.b', 'c'), pairToken('a', 'b.c')];
    expect(new Set([...tokens, pairToken('', ''), pairToken('', '.')]).size).toBe(6);
  });
});
