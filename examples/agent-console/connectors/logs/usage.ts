import { draft, type Draft } from '../../draft.js';
import { present } from '../shape.js';

/**
 * What an agent says that it used, by the definition of `UsageUpdated`: input without what was cached, output with its reasoning.
 * `undefined` is unknown.
 */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly cachedReadTokens?: number | undefined;
  readonly cachedWriteTokens?: number | undefined;
  /** In USD. */
  readonly cost?: number | undefined;
  readonly model?: string | undefined;
  readonly requestId?: string | undefined;
  readonly scope?: string | undefined;
}

export function usageUpdated({ cost, ...counts }: Usage, at?: number): Draft {
  const money = cost === undefined ? undefined : { amount: cost, currency: 'USD' };
  return draft('usage', 'agent', { type: 'UsageUpdated', ...present({ ...counts, cost: money }) }, at);
}

/** `total` without its `parts`, for agents that count one in the other. `undefined` if the total is unknown; an unknown part is none. */
export function without(total: number | undefined, ...parts: readonly (number | undefined)[]): number | undefined {
  return total === undefined
    ? undefined
    : Math.max(
        0,
        parts.reduce<number>((rest, part = 0) => rest - part, total),
      );
}

/** The sum, for agents that count the parts one by one. `undefined` if all are unknown. */
export function sumOf(...parts: readonly (number | undefined)[]): number | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, part) => sum + part, 0);
}
