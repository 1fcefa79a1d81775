/** The signals that end a program in order, and the exit codes that tell of them. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof SIGNALS;

/** One Ctrl-C may arrive twice: from the terminal, and passed on by a parent. Later, it is a second one. */
const SAME_INTERRUPT = 500;

/** Aborts `stop` on the first signal and exits on the next; the function tells which one it was. */
export function onInterrupt(stop: AbortController): () => Signal | undefined {
  let first: { readonly signal: Signal; readonly at: number } | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = { signal, at: performance.now() };
        stop.abort();
      } else if (performance.now() - first.at > SAME_INTERRUPT) {
        process.exit(SIGNALS[signal]);
      }
    });
  }
  return () => first?.signal;
}
