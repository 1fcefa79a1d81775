import { requireType } from '../internal/support/require.js';
import { answerOf } from '../internal/support/promises.js';

/** What the letters of a diagram stand for: listed, or made of the letter. */
export type MarbleValues<T> = Readonly<Record<string, T>> | ((letter: string) => T);

/** A dictionary as RxJS wants it, which is asked for the letters that a diagram has, and for no others. */
export function marbleValues<T, R>(
  values: MarbleValues<T> | undefined,
  otherwise: (letter: string) => T,
  made: (value: T) => R,
): Record<string, R> {
  if (values !== undefined && typeof values !== 'function') {
    requireType('values', 'object', values);
  }
  const valueOf =
    typeof values === 'function' ? values : (letter: string) => listed(values, letter) ?? otherwise(letter);
  return new Proxy<Record<string, R>>(
    {},
    { get: (_target, letter) => made(answerOf('values', valueOf(String(letter)))) },
  );
}

/** What `letter` is listed with, an event or a gap, if it is. */
function listed<T>(values: Readonly<Record<string, T>> | undefined, letter: string): T | undefined {
  const value = values?.[letter];
  if (value !== undefined) {
    requireType(`values.${letter}`, 'object', value);
  }
  return value;
}
