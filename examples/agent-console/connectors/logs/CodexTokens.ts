import type { Draft } from '../../draft.js';
import { isObject, type Json, optionalNumberAt, optionalObjectAt, optionalStringAt } from '../shape.js';
import { usageUpdated, without } from './usage.js';

/** Codex's counts: its input includes what was cached, and its output includes reasoning. */
interface Tokens {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

const NONE: Tokens = { input: 0, cached: 0, output: 0, reasoning: 0 };

/**
 * The usage of a rollout, from its running totals.
 *
 * A total is told again and again, also when it has not changed, so what counts is the difference. A total that shrinks, or that is the
 * usage of the last request alone, began anew.
 */
export class CodexTokens {
  #total = NONE;
  #hasTotals = false;
  /** Records of requests. They are for logs that have no totals. */
  #records: Draft[] = [];

  /** The usage that a `token_count` tells. In a replay it is the parent's, from which the session goes on counting. */
  count(event: Json, model: string | undefined, isReplay: boolean, at: number | undefined): Draft[] {
    const info = optionalObjectAt(event, 'info', 'token_count');
    const total = tokensOf(info?.['total_token_usage']);
    if (total === undefined) {
      return [];
    }
    this.#hasTotals = true;
    this.#records = [];
    const before = beganAnew(total, tokensOf(info?.['last_token_usage']), this.#total) ? NONE : this.#total;
    const hasChanged = !isSame(total, this.#total);
    this.#total = total;
    return isReplay || !hasChanged ? [] : [usageOf(minus(total, before), model, undefined, at)];
  }

  record(payload: Json, model: string | undefined, isReplay: boolean, at: number | undefined): Draft[] {
    const tokens = tokensOf(payload['usage']);
    if (tokens !== undefined && !isReplay && !this.#hasTotals) {
      this.#records.push(usageOf(tokens, model, optionalStringAt(payload, 'response_id', 'token_usage_record'), at));
    }
    return [];
  }

  /** What is known when no total will come. */
  end(): Draft[] {
    return this.#records.splice(0);
  }
}

function beganAnew(total: Tokens, last: Tokens | undefined, before: Tokens): boolean {
  return total.input < before.input || total.output < before.output || (last !== undefined && isSame(total, last));
}

function usageOf(
  { input, cached, output, reasoning }: Tokens,
  model: string | undefined,
  requestId: string | undefined,
  at: number | undefined,
): Draft {
  return usageUpdated(
    {
      inputTokens: without(input, cached),
      cachedReadTokens: cached,
      outputTokens: output,
      reasoningTokens: reasoning,
      model,
      requestId,
    },
    at,
  );
}

function tokensOf(usage: unknown): Tokens | undefined {
  return isObject(usage)
    ? {
        input: optionalNumberAt(usage, 'input_tokens', 'usage') ?? 0,
        cached: optionalNumberAt(usage, 'cached_input_tokens', 'usage') ?? 0,
        output: optionalNumberAt(usage, 'output_tokens', 'usage') ?? 0,
        reasoning: optionalNumberAt(usage, 'reasoning_output_tokens', 'usage') ?? 0,
      }
    : undefined;
}

function minus(some: Tokens, others: Tokens): Tokens {
  return {
    input: some.input - others.input,
    cached: some.cached - others.cached,
    output: some.output - others.output,
    reasoning: some.reasoning - others.reasoning,
  };
}

function isSame(some: Tokens, others: Tokens): boolean {
  return (
    some.input === others.input &&
    some.cached === others.cached &&
    some.output === others.output &&
    some.reasoning === others.reasoning
  );
}
