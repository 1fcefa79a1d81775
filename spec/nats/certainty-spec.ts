import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Certainty } from '../../lib/nats/reader/Certainty.js';

describe('Certainty', () => {
  it('counts what may be gone since it was certain, less what was brought of it', () => {
    const certainty = new Certainty(10);
    [12, 15].forEach(() => {
      certainty.brought();
    });
    // 11 to 20 are gone. 12 and 15 were brought before.
    expect(certainty.check(certainty.ask(15), 21, 30)).toBe(8);
    expect(certainty.upTo).toBe(20);
    expect(certainty.check(certainty.ask(15), 21, 30)).toBe(0);
  });

  it('is certain up to the end of the stream that the server has told, after two signs and if nothing went meanwhile', () => {
    const certainty = new Certainty(10);
    const check = (first: number, last: number): number => certainty.check(certainty.ask(10), first, last);
    expect(check(1, 30)).toBe(0);
    certainty.idle();
    expect([check(1, 30), certainty.upTo]).toEqual([0, 10]);
    certainty.idle();
    certainty.idle();
    expect([check(5, 40), certainty.upTo]).toEqual([0, 30]);
    expect([check(31, 50), certainty.upTo]).toEqual([0, 30]);
    expect([check(36, 50), certainty.upTo]).toEqual([5, 35]);
    // In another epoch, the end is another one.
    certainty.begin(3);
    certainty.idle();
    certainty.idle();
    expect([certainty.check(certainty.ask(3), 4, 9), certainty.upTo]).toEqual([0, 3]);
  });

  it('never counts less than what is lost, and nothing as long as the stream has all since the last check', () => {
    const message = fc.record({
      isWanted: fc.boolean(),
      step: fc.constantFrom('read', 'check', 'idle', 'gone', 'none'),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (program) => {
        const certainty = new Certainty(0);
        const wanted: number[] = [];
        let [first, last, seq, lost, counted, safe] = [1, 0, 0, 0, 0, 0];
        const check = (): void => {
          const more = certainty.check(certainty.ask(seq), first, last);
          if (first <= safe + 1) {
            expect(more).toBe(0);
          }
          counted += more;
          expect(counted).toBeGreaterThanOrEqual(lost);
          safe = certainty.upTo;
        };
        for (const { isWanted, step } of program) {
          last += 1;
          if (isWanted) {
            wanted.push(last);
          }
          if (step === 'read' || step === 'idle') {
            // It gets what there is, and only then a sign.
            for (let next = wanted[0]; next !== undefined; next = step === 'idle' ? wanted[0] : undefined) {
              seq = wanted.shift() ?? 0;
              certainty.brought();
            }
            if (step === 'idle') {
              certainty.idle();
            }
          } else if (step === 'gone') {
            first = Math.max(first, Math.ceil((first + last) / 2));
            while ((wanted[0] ?? Infinity) < first) {
              wanted.shift();
              lost += 1;
            }
          } else if (step === 'check') {
            check();
          }
        }
        check();
      }),
      { numRuns: 2_000 },
    );
  });
});
