import { isObject, type Json } from './shape.js';

/** Tool calls that change something: an agent asks before them, unless its mode says otherwise. */
const CHANGING = new Set<unknown>(['edit', 'delete', 'move', 'execute']);
/** The most calls to remember. The oldest is forgotten first. */
const MOST = 10_000;

interface KnownCall {
  title?: unknown;
  kind?: unknown;
  rawInput?: unknown;
  /** Whether the agent has asked for permission. */
  asked: boolean;
}

/** What an agent has told about its tool calls: later messages tell only what has changed. */
export class ToolCalls {
  readonly #calls = new Map<unknown, KnownCall>();

  /** @returns The title of a call that changed something without a question; `undefined` for any other update. */
  update(update: Json): string | undefined {
    const { toolCallId, status } = update;
    const call = this.#learn(toolCallId, update);
    if (status !== 'completed' && status !== 'failed') {
      return undefined;
    }
    this.#calls.delete(toolCallId);
    return status === 'completed' && !call.asked && CHANGING.has(call.kind)
      ? String(call.title ?? toolCallId)
      : undefined;
  }

  /**
   * Takes a permission request.
   *
   * @returns Its parameters, with the title and the input of the call, which some agents tell only with the call.
   */
  request(params: unknown): unknown {
    const toolCall = isObject(params) ? params['toolCall'] : undefined;
    if (!isObject(params) || !isObject(toolCall)) {
      return params;
    }
    const call = this.#learn(toolCall['toolCallId'], toolCall);
    call.asked = true;
    const { title, rawInput } = call;
    return {
      ...params,
      toolCall: { ...(title !== undefined && { title }), ...(rawInput !== undefined && { rawInput }), ...toolCall },
    };
  }

  #learn(toolCallId: unknown, told: Json): KnownCall {
    const call = this.#calls.get(toolCallId) ?? { asked: false };
    this.#calls.delete(toolCallId);
    this.#calls.set(toolCallId, call);
    for (const name of ['title', 'kind', 'rawInput'] as const) {
      call[name] = told[name] ?? call[name];
    }
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= MOST) {
        break;
      }
      this.#calls.delete(oldest);
    }
    return call;
  }
}
