import { show } from './show.js';

/** Where the library writes its few lines; a `Console` is one. What is left out stays silent. */
export interface Logger {
  readonly debug?: ((...line: unknown[]) => void) | undefined;
  readonly info?: ((...line: unknown[]) => void) | undefined;
  readonly warn?: ((...line: unknown[]) => void) | undefined;
}

/** Writes one line; never throws. */
export type Log = (level: keyof Logger, line: string) => void;

/** A {@link Log} that contains whatever `logger` throws, and says so where `logger` still can. */
export function loggingTo(logger: Logger | undefined): Log {
  const attempt = (level: keyof Logger, line: string): unknown => {
    try {
      logger?.[level]?.(`sharing-bus: ${line}`);
      return undefined;
    } catch (error) {
      return { error };
    }
  };
  return (level, line) => {
    const failure = attempt(level, line) as { error: unknown } | undefined;
    if (failure !== undefined) {
      attempt('warn', `the logger threw ${show(failure.error)} at the line: ${line}`);
    }
  };
}
