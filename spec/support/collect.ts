import type { Observable, Subscription } from 'rxjs';
import type { BusEvent, Logger } from '../../lib/index.js';

/** What a consumer was given so far. */
export interface Collected<T> {
  readonly values: T[];
  readonly endings: unknown[];
  readonly subscription: Subscription;
}

/** Subscribes, and keeps what comes: values, then `'complete'` or the error. */
export function collect<T>(source: Observable<T>): Collected<T> {
  const values: T[] = [];
  const endings: unknown[] = [];
  const subscription = source.subscribe({
    next: (value) => values.push(value),
    error: (error: unknown) => endings.push(error),
    complete: () => endings.push('complete'),
  });
  return { values, endings, subscription };
}

/** The payloads of `source`, as they come. */
export function collectPayloads<E>(source: Observable<BusEvent<E>>): Collected<E> {
  const values: E[] = [];
  const endings: unknown[] = [];
  const subscription = source.subscribe({
    next: ({ event }) => values.push(event),
    error: (error: unknown) => endings.push(error),
    complete: () => endings.push('complete'),
  });
  return { values, endings, subscription };
}

/** A logger that keeps its lines, each with its level in front. */
export function recordingLogger(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (...line: unknown[]): void => {
      lines.push(`${level}: ${line.join(' ')}`);
    };
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn') } };
}
