/** What the letters of a diagram stand for: listed, or made of the letter. */
export type MarbleValues<T> = Readonly<Record<string, T>> | ((letter: string) => T);

/** A dictionary as RxJS wants it, which is asked for the letters that a diagram has, and for no others. */
export function marbleValues<T, R>(
  values: MarbleValues<T> | undefined,
  otherwise: (letter: string) => T,
  made: (value: T) => R,
): Record<string, R> {
  const valueOf = typeof values === 'function' ? values : (letter: string) => values?.[letter] ?? otherwise(letter);
  return new Proxy<Record<string, R>>({}, { get: (_target, letter) => made(valueOf(String(letter))) });
}
