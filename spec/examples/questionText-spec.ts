import { describe, expect, it } from '@jest/globals';
import { questionText } from '../../examples/angular-console/src/app/permissions/questionText.js';

describe('the text of a permission request', () => {
  it('has the input of the call, or else its content, one field on each line', () => {
    const content = [{ type: 'diff', path: '/bed.txt', newText: 'beans' }];
    expect(questionText({ toolCall: { rawInput: { command: 'dig', deep: true, at: [1, 2] }, content } })).toBe(
      'command: dig\ndeep: true\nat: [1,2]',
    );
    expect(questionText({ toolCall: { content } })).toBe('type: diff\npath: /bed.txt\nnewText: beans');
    expect(questionText({ toolCall: { rawInput: 'dig' } })).toBe('dig');
  });

  it.each([{}, { toolCall: null }, { toolCall: {} }, { toolCall: { rawInput: null } }, { toolCall: { rawInput: '' } }])(
    'is empty where nothing is told: %j',
    (event) => {
      expect(questionText(event)).toBe('');
    },
  );

  it('lets no value pass for another field, or hide a part of itself', () => {
    expect(questionText({ toolCall: { rawInput: { content: 'a\npath: /safe', 'b\nc': 1 } } })).toBe(
      'content: a\n  path: /safe\nb\n  c: 1',
    );
    expect(questionText({ toolCall: { rawInput: { command: 'rm \u202e\u200b\r\u001b[2K\tx' } } })).toBe(
      'command: rm \\u{202e}\\u{200b}\\u{d}\\u{1b}[2K\tx',
    );
  });

  it('says how much of a long text is not shown', () => {
    expect(questionText({ toolCall: { rawInput: 'x'.repeat(5000) } })).toBe(
      `${'x'.repeat(4000)} … (1,000 more characters)`,
    );
    expect(questionText({ toolCall: { rawInput: 'x'.repeat(4001) } })).toMatch(/ … \(1 more character\)$/);
  });
});
