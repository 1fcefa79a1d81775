import { requireType } from '../internal/support/require.js';
import { answerOf } from '../internal/support/promises.js';

/** The values that the letters of a diagram stand for: an object that lists them, or a function that makes them from a letter. */
export type MarbleValues<T> = Readonly<Record<string, T>> | ((letter: string) => T);

/** Makes a dictionary for RxJS. RxJS reads only the letters of its diagram, so each value is made when it is read. */
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

/** The event or gap that is listed for `letter`, if there is one. */
function listed<T>(values: Readonly<Record<string, T>> | undefined, letter: string): T | undefined {
  const value = values?.[letter];
  if (value !== undefined) {
    requireType(`values.${letter}`, 'object', value);
  }
  return value;
}
