import { describe, expect, it } from '@jest/globals';
import { parsePosition, positionText } from '../../lib/sse/blocks.js';

describe('parsePosition', () => {
  it.each([
    { epoch: 'e', seq: 0 },
    { epoch: '01890a5d-ac96-774b-bcce-b302099a8057', seq: 1 },
    { epoch: 'x'.repeat(64), seq: Number.MAX_SAFE_INTEGER },
  ])('reads what positionText writes: %j', (position) => {
    expect(parsePosition(positionText(position))).toEqual(position);
  });

  it.each([
    '',
    ':',
    'e',
    'e:',
    ':1',
    'e:-1',
    'e:+1',
    'e:01',
    'e:1.0',
    'e:1e3',
    'e: 1',
    ' e:1',
    'e:1\n',
    'e:1:2',
    'é:1',
    'e_f:1',
    `${'x'.repeat(65)}:1`,
    'e:9007199254740992',
    'e:99999999999999999',
    'e:Infinity',
  ])('takes %j for none', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });
});
