import type { Draft } from '../draft.js';
import { isObject, type Json, present } from './shape.js';

/** The counts of `UsageUpdated`. */
interface Counts {
  inputTokens?: number;
  outputTokens?: number;
  reasoningTokens?: number;
  cachedReadTokens?: number;
  cachedWriteTokens?: number;
}

/** How an agent counts. */
interface Counting {
  /** Its input includes the tokens that were read from a cache or written to one. */
  readonly cachedInInput: boolean;
  readonly reasoningInOutput: boolean;
  /** What the usage in the answer to a prompt is about. Default: `turn`. */
  readonly scope?: string;
}

const APART: Counting = { cachedInInput: false, reasoningInOutput: true };

/** By `agentInfo.name`, in lower case. Each was seen. An agent that is not here is read by its total, and else by `APART`. */
const COUNTINGS: Readonly<Record<string, Counting>> = {
  '@agentclientprotocol/claude-agent-acp': APART,
  '@agentclientprotocol/codex-acp': APART,
  copilot: { cachedInInput: true, reasoningInOutput: true },
  'gemini-cli': { cachedInInput: true, reasoningInOutput: false },
  'qwen-code': { cachedInInput: true, reasoningInOutput: true },
  // It tells only the last request of a turn.
  opencode: { cachedInInput: false, reasoningInOutput: false, scope: 'request' },
  kilo: { cachedInInput: false, reasoningInOutput: false, scope: 'request' },
};

/** Agents that tell the usage of each turn in which their model has answered. */
const TELL_EACH_TURN = new Set([
  '@agentclientprotocol/claude-agent-acp',
  '@agentclientprotocol/codex-acp',
  'copilot',
  'kilo',
  'opencode',
]);

/** Whether an agent of this name tells the usage of each turn in which its model has answered. */
export function tellsEachTurn(agent: string | undefined): boolean {
  return TELL_EACH_TURN.has(agent?.toLowerCase() ?? '');
}

/**
 * The usage that an agent tells in its answer to a prompt: as `usage`, and by model in `_meta.quota`.
 *
 * @param agent The agent's `agentInfo.name`.
 * @param model The model of the session, for an agent that does not say which it used.
 */
export function usageOfAnswer(answer: Json, agent: string | undefined, model: string | undefined): Draft[] {
  const quota = isObject(answer['_meta']) ? answer['_meta']['quota'] : undefined;
  const scope = countingOf(agent)?.scope ?? 'turn';
  const byModel = modelsOf(quota, agent);
  const turn = countsOf(answer['usage'], agent);
  if (turn === undefined) {
    const whole = countsOf(isObject(quota) ? quota['token_count'] : undefined, agent);
    return byModel.length > 0
      ? byModel.map((one) => usage({ scope, ...one }))
      : whole === undefined
        ? []
        : [usage({ scope, model, ...whole })];
  }
  const main = byModel.length === 1 ? byModel[0] : byModel.find((one) => isSame(one, turn));
  if (main !== undefined) {
    // An agent may ask a model besides: for a title, for instance. That is in the counts by model and in the cost, not in the turn.
    const others = byModel.filter((one) => one !== main);
    const besides = [rest(main, turn), ...others].filter((one) => one !== undefined);
    return [
      usage({ scope, model: main.model, ...turn }),
      ...besides.map((one) => usage({ scope: 'rest', model: main.model, ...one })),
    ];
  }
  return byModel.length > 0 && isSame(sumOf(byModel), turn)
    ? byModel.map((one) => usage({ scope, ...one }))
    : [usage({ scope, model: byModel.length === 0 ? model : undefined, ...turn })];
}

/** The usage that Qwen Code tells with an empty chunk of a message, for each request. */
export function usageOfChunk(update: Json, agent: string | undefined, model: string | undefined): Draft[] {
  const { _meta: meta } = update;
  const counts = update['sessionUpdate'] === 'agent_message_chunk' && isObject(meta) && countsOf(meta['usage'], agent);
  return counts ? [usage({ scope: 'request', model, ...counts })] : [];
}

/** The model that a `usage_update` names; else that of the session. */
export function modelOfUsageUpdate(update: Json, model: string | undefined): string | undefined {
  const named = isObject(update['_meta']) ? update['_meta']['_claude/model'] : undefined;
  return typeof named === 'string' ? named : model;
}

function usage(fields: Json): Draft {
  return { kind: 'usage', origin: 'agent', event: { type: 'UsageUpdated', ...present(fields) } };
}

function countingOf(agent: string | undefined): Counting | undefined {
  const name = agent?.toLowerCase() ?? '';
  return Object.hasOwn(COUNTINGS, name) ? COUNTINGS[name] : undefined;
}

function modelsOf(quota: unknown, agent: string | undefined): (Counts & { readonly model: string })[] {
  const list: unknown = isObject(quota) ? quota['model_usage'] : undefined;
  return (Array.isArray(list) ? list : []).flatMap((entry: unknown) => {
    const { model, token_count: tokens } = isObject(entry) ? entry : {};
    const counts = countsOf(tokens, agent);
    return typeof model === 'string' && counts !== undefined ? [{ model, ...counts }] : [];
  });
}

/** An agent's counts by the definition of `UsageUpdated`; `undefined` if there are none. */
function countsOf(told: unknown, agent: string | undefined): Counts | undefined {
  if (!isObject(told)) {
    return undefined;
  }
  const input = numberOf(told, 'inputTokens', 'input_tokens');
  const output = numberOf(told, 'outputTokens', 'output_tokens');
  const reasoning = numberOf(told, 'thoughtTokens', 'reasoningOutputTokens');
  const read = numberOf(told, 'cachedReadTokens', 'cachedInputTokens');
  const written = numberOf(told, 'cachedWriteTokens', 'cacheWriteInputTokens');
  // An agent whose model does not count says 0 for all: it does not know.
  if (![input, output, reasoning, read, written].some((count) => count !== undefined && count > 0)) {
    return undefined;
  }
  const cached = (read ?? 0) + (written ?? 0);
  const total = numberOf(told, 'totalTokens', 'total_tokens');
  const { cachedInInput, reasoningInOutput } = countingBy(
    (input ?? 0) + (output ?? 0),
    cached,
    reasoning ?? 0,
    total,
    agent,
  );
  return present({
    inputTokens: input === undefined ? undefined : Math.max(0, cachedInInput ? input - cached : input),
    outputTokens: output === undefined ? undefined : reasoningInOutput ? output : output + (reasoning ?? 0),
    reasoningTokens: reasoning,
    cachedReadTokens: read,
    cachedWriteTokens: written,
  });
}

/** How `agent` counts: as its total says, where that says anything. */
function countingBy(
  sum: number,
  cached: number,
  reasoning: number,
  total: number | undefined,
  agent: string | undefined,
): Counting {
  const known = countingOf(agent) ?? APART;
  const all = [true, false].flatMap((cachedInInput) =>
    [true, false].map((reasoningInOutput) => ({ cachedInInput, reasoningInOutput })),
  );
  const fits = ({ cachedInInput, reasoningInOutput }: Counting): boolean =>
    total === sum + (cachedInInput ? 0 : cached) + (reasoningInOutput ? 0 : reasoning);
  return [known, ...all].find(fits) ?? known;
}

const NAMES = ['inputTokens', 'outputTokens', 'reasoningTokens', 'cachedReadTokens', 'cachedWriteTokens'] as const;

function isSame(some: Counts, others: Counts): boolean {
  return NAMES.every((name) => (some[name] ?? 0) === (others[name] ?? 0));
}

function sumOf(all: readonly Counts[]): Counts {
  return Object.fromEntries(NAMES.map((name) => [name, all.reduce((sum, one) => sum + (one[name] ?? 0), 0)]));
}

/** What `all` counts beyond `part`; `undefined` if that is nothing, or if `part` is no part of it. */
function rest(all: Counts, part: Counts): Counts | undefined {
  const left = NAMES.map((name) => [name, (all[name] ?? 0) - (part[name] ?? 0)] as const);
  return left.every(([, count]) => count >= 0) && left.some(([, count]) => count > 0)
    ? Object.fromEntries(left.filter(([name]) => all[name] !== undefined))
    : undefined;
}

function numberOf(holder: Json, ...names: readonly string[]): number | undefined {
  const found = names.map((name) => holder[name]).find((value) => typeof value === 'number' && Number.isFinite(value));
  return found as number | undefined;
}
