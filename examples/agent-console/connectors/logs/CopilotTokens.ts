import type { Draft } from '../../draft.js';
import { isObject, type Json, optionalNumberAt, optionalStringAt } from '../shape.js';
import { usageUpdated, without } from './usage.js';

/** Copilot's counts: its input includes what was cached. */
interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cachedRead: number;
  readonly cachedWrite: number;
}

const NONE: Tokens = { input: 0, output: 0, cachedRead: 0, cachedWrite: 0 };

/**
 * The usage of a session of Copilot CLI, which is told in up to three places that must not be added up: the output in each message, a
 * record of each request (since about 1.0.100), and a sum at shutdown, which may be missing.
 */
export class CopilotTokens {
  #hasRecords = false;
  /** The output of messages, until it is sure that there are no records. */
  #messages: Draft[] = [];
  /** What was told, by model: in all, and since the session was resumed. */
  readonly #told = new Map<string, Tokens>();
  readonly #toldInRun = new Map<string, Tokens>();

  message(output: number | undefined, model: string | undefined, at: number | undefined): Draft[] {
    const earlier = this.flush();
    if (output !== undefined && !this.#hasRecords) {
      this.#messages.push(usageUpdated({ outputTokens: output, model }, at));
      this.#tell(model, { ...NONE, output });
    }
    return earlier;
  }

  record(usage: Json, at: number | undefined): Draft[] {
    if (!this.#hasRecords) {
      this.#hasRecords = true;
      this.#messages = [];
      this.#told.clear();
      this.#toldInRun.clear();
    }
    const model = optionalStringAt(usage, 'model', 'usage');
    const tokens = tokensOf(usage);
    this.#tell(model, tokens);
    return [usageOf(tokens, { usage, model, at })];
  }

  /** What the messages told, if it is sure. */
  flush(): Draft[] {
    return this.#messages.splice(0);
  }

  resume(): void {
    this.#toldInRun.clear();
  }

  /** What no request has told of the sums by model. */
  shutDown(metrics: Json, at: number | undefined): Draft[] {
    const rests = Object.entries(metrics).flatMap(([model, metric]) => {
      const usage = isObject(metric) ? metric['usage'] : undefined;
      return isObject(usage) ? this.#restOf(model, usage, at) : [];
    });
    return [...this.flush(), ...rests];
  }

  #restOf(model: string, usage: Json, at: number | undefined): Draft[] {
    const sum = tokensOf(usage);
    const told = this.#told.get(model) ?? NONE;
    // A sum that is smaller than what was told is that of the time since the session was resumed.
    const before = sum.output < told.output ? (this.#toldInRun.get(model) ?? NONE) : told;
    const rest: Tokens = {
      input: Math.max(0, sum.input - before.input),
      output: Math.max(0, sum.output - before.output),
      cachedRead: Math.max(0, sum.cachedRead - before.cachedRead),
      cachedWrite: Math.max(0, sum.cachedWrite - before.cachedWrite),
    };
    this.#tell(model, rest);
    return Object.values(rest).some((count) => count > 0) ? [usageOf(rest, { usage, model, at, scope: 'rest' })] : [];
  }

  #tell(model = '', tokens: Tokens): void {
    for (const told of [this.#told, this.#toldInRun]) {
      const before = told.get(model) ?? NONE;
      told.set(model, {
        input: before.input + tokens.input,
        output: before.output + tokens.output,
        cachedRead: before.cachedRead + tokens.cachedRead,
        cachedWrite: before.cachedWrite + tokens.cachedWrite,
      });
    }
  }
}

interface Told {
  /** As it was told. */
  readonly usage: Json;
  readonly model: string | undefined;
  readonly at: number | undefined;
  readonly scope?: string;
}

function usageOf({ input, output, cachedRead, cachedWrite }: Tokens, { usage, model, at, scope }: Told): Draft {
  return usageUpdated(
    {
      inputTokens: without(input, cachedRead, cachedWrite),
      outputTokens: output,
      cachedReadTokens: cachedRead,
      cachedWriteTokens: cachedWrite,
      reasoningTokens: optionalNumberAt(usage, 'reasoningTokens', 'usage'),
      model,
      scope,
    },
    at,
  );
}

function tokensOf(usage: Json): Tokens {
  return {
    input: optionalNumberAt(usage, 'inputTokens', 'usage') ?? 0,
    output: optionalNumberAt(usage, 'outputTokens', 'usage') ?? 0,
    cachedRead: optionalNumberAt(usage, 'cacheReadTokens', 'usage') ?? 0,
    cachedWrite: optionalNumberAt(usage, 'cacheWriteTokens', 'usage') ?? 0,
  };
}
