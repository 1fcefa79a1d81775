import { requireFunction, requireType } from './require.js';
import { contain } from './promises.js';
import { show } from './show.js';

/**
 * Receives the log lines of the library, each as one string. A `Console` is a logger. Levels without a method are not logged.
 *
 * **Errors** What a method throws is contained and, if possible, logged with `warn`. A method may return a promise; a rejection is treated
 * in the same way.
 */
export interface Logger {
  readonly debug?: ((...line: unknown[]) => void) | undefined;
  readonly info?: ((...line: unknown[]) => void) | undefined;
  readonly warn?: ((...line: unknown[]) => void) | undefined;
}

/** Writes one line; never throws. */
export type Log = (level: keyof Logger, line: string) => void;

/**
 * Validates a logger. It may have more members than the levels.
 *
 * @throws TypeError that names it `what`, if a level is not a function.
 */
export function requireLogger(what: string, logger: Logger | undefined): void {
  if (logger === undefined) {
    return;
  }
  if (typeof logger !== 'function') {
    requireType(what, 'object', logger);
  }
  for (const level of ['debug', 'info', 'warn'] as const) {
    const write = levelOf(logger, level);
    if (write !== undefined) {
      requireFunction(`${what}.${level}`, write);
    }
  }
}

/** Reads a level. An error of its getter is contained here, as it is when a line is written. */
function levelOf(logger: Logger, level: keyof Logger): unknown {
  try {
    return logger[level];
  } catch {
    return undefined;
  }
}

/** Makes a {@link Log} that contains the errors and rejections of `logger`, and logs them with `warn` if that still works. */
export function loggingTo(logger: Logger | undefined): Log {
  const attempt = (level: keyof Logger, line: string, fail: (error: unknown) => void): void => {
    contain(() => logger?.[level]?.(`sharing-bus: ${line}`), fail);
  };
  return (level, line) => {
    attempt(level, line, (error) => {
      attempt('warn', `the logger threw ${show(error)} at the line: ${line}`, () => undefined);
    });
  };
}
