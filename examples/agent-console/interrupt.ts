/** The signals that end the program in an orderly way, with their exit codes. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof SIGNALS;

/** One Ctrl-C may arrive twice: from the terminal, and from a parent process. After this many milliseconds, it is a second one. */
const SAME_INTERRUPT_MS = 500;

/** Aborts `stop` on the first signal, and exits on the next. Returns a function that returns the first signal. */
export function onInterrupt(stop: AbortController): () => Signal | undefined {
  let first: { readonly signal: Signal; readonly at: number } | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = { signal, at: performance.now() };
        stop.abort();
      } else if (performance.now() - first.at > SAME_INTERRUPT_MS) {
        process.exit(SIGNALS[signal]);
      }
    });
  }
  return () => first?.signal;
}
