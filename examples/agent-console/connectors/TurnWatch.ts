import { tellsEachTurn } from './agentUsage.js';
import { isObject, type Json } from './shape.js';

/** pi-acp tells its version, before the turn or in it. */
const GREETING = /^\s*pi v\d+\.\d+/;
/** What agents say themselves, and not their model: Copilot, and pi-acp when it retries. */
const OWN_WORDS = /^\s*(?:Info: |Retrying \(attempt \d|Retry finished, resuming\.)/;
/** How much is kept of what the agent said last. */
const WORDS_KEPT = 400;

/**
 * Whether the model has answered in a turn. Several agents end a turn as if all was well when their model could not be asked, and say the
 * reason in a message of their own.
 */
export class TurnWatch {
  /** Set when a permission was denied: an agent may cancel its turn then. */
  isDenied = false;
  #worked = false;
  /** All that was said in messages, and whether the model may have said any of it. */
  #words = '';
  #hasSpoken = false;
  #lastChunk = '';
  #hasUsage = false;

  /** Takes an update of the turn. */
  update(update: Json): void {
    switch (update['sessionUpdate']) {
      case 'agent_thought_chunk':
      case 'tool_call':
      case 'tool_call_update':
        this.#worked = true;
        break;
      case 'agent_message_chunk': {
        const { content, _meta: meta } = update;
        const isText = isObject(content) && content['type'] === 'text';
        const text = isText && !GREETING.test(String(content['text'])) ? String(content['text']) : '';
        this.#worked ||= !isText;
        this.#hasUsage ||= isObject(meta) && hasOutput(meta['usage']);
        this.#lastChunk = text.trim() === '' ? this.#lastChunk : text;
        this.#hasSpoken ||= text.trim() !== '' && !OWN_WORDS.test(text);
        this.#words = (this.#words + text).slice(-WORDS_KEPT);
        break;
      }
      default:
        break;
    }
  }

  /**
   * Why a turn that has ended was none; `undefined` if the model has answered.
   *
   * @param isCommand Whether the prompt is a command of the agent, which needs no model.
   */
  failure(answer: Json, agent: string | undefined, isCommand: boolean): string | undefined {
    const stopReason = typeof answer['stopReason'] === 'string' ? answer['stopReason'] : 'unknown';
    const words = this.#words.trim();
    const said = words === '' ? '' : `; it said: ${words}`;
    if (stopReason === 'cancelled' && this.isDenied) {
      return undefined;
    }
    if (stopReason === 'refusal' || stopReason === 'cancelled') {
      return `ended its turn by itself (${stopReason})${said}`;
    }
    return this.#hasAnswer(answer, agent, isCommand)
      ? undefined
      : `ended its turn (${stopReason}) without an answer from its model${said}`;
  }

  #hasAnswer(answer: Json, agent: string | undefined, isCommand: boolean): boolean {
    if (this.#worked || (isCommand && this.#words !== '')) {
      return true;
    }
    if (!this.#hasSpoken) {
      return false;
    }
    const { usage, _meta: meta } = answer;
    const quota = isObject(meta) && isObject(meta['quota']) ? meta['quota']['token_count'] : undefined;
    if (this.#hasUsage || [usage, quota].some(hasOutput)) {
      return true;
    }
    const isError = [this.#lastChunk, this.#words].some((text) => /^\s*(?:api )?error\b/i.test(text));
    if (isError || usage === null) {
      return false;
    }
    // A model may be one that does not count.
    return isObject(usage) || isObject(quota) || !tellsEachTurn(agent);
  }
}

function hasOutput(usage: unknown): boolean {
  return isObject(usage) && [usage['outputTokens'], usage['output_tokens']].some((count) => Number(count ?? 0) > 0);
}
