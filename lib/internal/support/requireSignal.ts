import { requireFunction } from './requireFunction.js';

/** Throws a `TypeError` that names it `what` where `signal` is given, and is no `AbortSignal`. */
export function requireSignal(what: string, signal: AbortSignal | undefined): void {
  if (signal !== undefined) {
    requireFunction(`${what}.addEventListener`, (signal as Partial<AbortSignal> | null)?.addEventListener);
  }
}
