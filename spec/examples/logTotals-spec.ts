import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleProcess, fixtures, runConsole } from './support/agentConsole.js';

const LONG = 60_000;

type Json = Readonly<Record<string, unknown>>;

/** Tokens and money, each as far as it is told. */
interface Totals {
  /** All tokens: input, read from a cache and written to it, output. */
  readonly all?: number;
  /** Input without what was cached. */
  readonly input?: number;
  /** Input with what was read from a cache and written to it. */
  readonly inputWithCached?: number;
  readonly cachedRead?: number;
  readonly cachedWrite?: number;
  /** Output with reasoning. */
  readonly output?: number;
  /** In USD. */
  readonly cost?: number;
}

/** The field at `path`, such as `data.usage`. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (inner as Json | undefined)?.[name], value);
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + Number(value ?? 0), 0);
}

/** The sum of the fields at `path`, where they are numbers. */
function sumAt(values: readonly unknown[], path: string): number {
  return sum(values.map((value) => at(value, path)));
}

/** All values in `value` of fields called `name`. */
function fieldsCalled(name: string, value: unknown): unknown[] {
  return typeof value !== 'object' || value === null
    ? []
    : Object.entries(value as Json).flatMap(([key, inner]) => (key === name ? [inner] : fieldsCalled(name, inner)));
}

function ofType(values: readonly unknown[], type: string): unknown[] {
  return values.filter((value) => at(value, 'type') === type);
}

/** What each file tells in all, read without the console. */
const LOGS: readonly (readonly [name: string, session: string, told: (values: readonly unknown[]) => Totals])[] = [
  [
    'copilot.jsonl',
    'cp-1',
    (lines) => {
      const [end] = ofType(lines, 'session.shutdown');
      const usages = Object.values(at(end, 'data.modelMetrics') as Json).map((metric) => at(metric, 'usage'));
      return {
        inputWithCached: sumAt(usages, 'inputTokens'),
        output: sumAt(usages, 'outputTokens'),
        cachedRead: sumAt(usages, 'cacheReadTokens'),
        cachedWrite: sumAt(usages, 'cacheWriteTokens'),
      };
    },
  ],
  [
    'copilot-old.jsonl',
    'cp-2',
    (lines) => {
      const end = lines.findLastIndex((line) => at(line, 'type') === 'session.shutdown');
      const usages = Object.values(at(lines[end], 'data.modelMetrics') as Json).map((metric) => at(metric, 'usage'));
      // The session went on after its sum.
      const after = ofType(lines.slice(end), 'assistant.message');
      return {
        inputWithCached: sumAt(usages, 'inputTokens'),
        output: sumAt(usages, 'outputTokens') + sumAt(after, 'data.outputTokens'),
      };
    },
  ],
  [
    'opencode.json',
    'oc-1',
    ([session]) => ({
      input: Number(at(session, 'info.tokens.input')),
      cachedRead: Number(at(session, 'info.tokens.cache.read')),
      cachedWrite: Number(at(session, 'info.tokens.cache.write')),
      output: sum([at(session, 'info.tokens.output'), at(session, 'info.tokens.reasoning')]),
      cost: Number(at(session, 'info.cost')),
    }),
  ],
  [
    'codex.jsonl',
    'cx-1',
    (lines) => {
      const last = lines.map((line) => at(line, 'payload.info.total_token_usage')).findLast((one) => one !== undefined);
      return {
        all: Number(at(last, 'total_tokens')),
        inputWithCached: Number(at(last, 'input_tokens')),
        cachedRead: Number(at(last, 'cached_input_tokens')),
        output: Number(at(last, 'output_tokens')),
      };
    },
  ],
  [
    'claude-code.jsonl',
    'cc-1',
    (lines) => {
      const last = ofType(lines, 'cost-state').at(-1);
      const models = Object.values(at(last, 'modelUsage') as Json);
      return {
        input: sumAt(models, 'inputTokens'),
        output: sumAt(models, 'outputTokens'),
        cost: Number(at(last, 'totalCostUSD')),
      };
    },
  ],
  // These tell a total of each request, and none of the session.
  [
    'gemini.jsonl',
    'ge-1',
    (lines) => {
      const messages = new Map(ofType(lines, 'gemini').map((line) => [at(line, 'id'), line]));
      return { all: sumAt([...messages.values()], 'tokens.total') };
    },
  ],
  ['gemini.json', 'ge-2', ([session]) => ({ all: sum(fieldsCalled('total', at(session, 'messages'))) })],
  ['qwen.jsonl', 'qw-1', (lines) => ({ all: sumAt(ofType(lines, 'assistant'), 'usageMetadata.totalTokenCount') })],
  ['pi.jsonl', 'pi-1', (lines) => ({ all: sum(fieldsCalled('totalTokens', lines)) })],
];

/** The values of a file: its lines, or the one document that it is. */
function valuesOf(name: string): unknown[] {
  const text = readFileSync(join(fixtures, 'logs', name), 'utf8');
  const lines = name.endsWith('.json') ? [text] : text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('the sum of the console', () => {
  let run: Awaited<ReturnType<typeof runConsole>>;

  beforeAll(async () => {
    run = await runConsole(...LOGS.map(([name]) => join(fixtures, 'logs', name)), '--json');
  }, LONG);
  afterAll(() => ConsoleProcess.stopAll(), LONG);

  it.each(LOGS)('is the total that %s tells itself', (name, session, read) => {
    const told = read(valuesOf(name));
    const used = run.summary.sessions.find(({ nativeSessionId }) => nativeSessionId === session)?.usage ?? [];
    const [input, cachedRead, cachedWrite, output] = [
      sumAt(used, 'inputTokens'),
      sumAt(used, 'cachedReadTokens'),
      sumAt(used, 'cachedWriteTokens'),
      sumAt(used, 'outputTokens'),
    ];
    const summed: Required<Totals> = {
      all: input + cachedRead + cachedWrite + output,
      input,
      inputWithCached: input + cachedRead + cachedWrite,
      cachedRead,
      cachedWrite,
      output,
      cost: sumAt(used, 'cost.USD'),
    };
    expect(Math.max(...Object.values(told).map(Number))).toBeGreaterThan(0);
    expect(summed).toMatchObject(told);
  });
});
