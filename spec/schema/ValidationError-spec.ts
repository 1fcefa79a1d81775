import { describe, expect, it } from '@jest/globals';
import { pathText, ValidationError } from '../../lib/schema/ValidationError.js';

describe('ValidationError', () => {
  it('lists every problem, and keeps what was behind it', () => {
    const issues = [
      { path: 'id', message: 'must be a string, got 7' },
      { path: 'kinds[0]', message: 'must be a string, got null' },
    ];
    const cause = new Error('a getter threw');
    const error = new ValidationError('an event filter', issues, { cause });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'ValidationError', issues, cause });
    expect(error.message).toBe(
      'not an event filter: id: must be a string, got 7; kinds[0]: must be a string, got null',
    );
  });
});

describe('pathText', () => {
  it.each([
    [[], '(root)'],
    [['routing', 'scrollId'], 'routing.scrollId'],
    [['filters', 2, 'id'], 'filters[2].id'],
    [[0, 'a'], '[0].a'],
    [['a b', '$c', ''], '["a b"].$c[""]'],
    [['constructor', Symbol('s')], 'constructor[Symbol(s)]'],
  ])('tells where: %j', (path, text) => {
    expect(pathText(path)).toBe(text);
  });

  it('cuts what nobody would read', () => {
    const path = Array.from({ length: 300 }, () => 'ab');
    expect(pathText(path)).toHaveLength(121);
    expect(pathText(path).endsWith('…')).toBe(true);
  });
});
