import { requireFunction, requireType } from './require.js';
import { contain } from './promises.js';
import { show } from './show.js';

/**
 * Where the library writes its few lines; a `Console` is one. What is left out stays silent. A method may return a promise: what that
 * rejects with is told as what the method throws.
 */
export interface Logger {
  readonly debug?: ((...line: unknown[]) => void) | undefined;
  readonly info?: ((...line: unknown[]) => void) | undefined;
  readonly warn?: ((...line: unknown[]) => void) | undefined;
}

/** Writes one line; never throws. */
export type Log = (level: keyof Logger, line: string) => void;

/** Throws a `TypeError` that names it `what` where `logger` is given, and cannot be written to. It may have more than its levels. */
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

/** What reading it throws is contained here, as it is when a line is written. */
function levelOf(logger: Logger, level: keyof Logger): unknown {
  try {
    return logger[level];
  } catch {
    return undefined;
  }
}

/** A {@link Log} that contains whatever `logger` throws, at once or by a promise, and says so where `logger` still can. */
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
