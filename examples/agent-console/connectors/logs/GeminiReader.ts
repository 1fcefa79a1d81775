import { type Draft } from '../../draft.js';
import {
  isObject,
  type Json,
  objectsAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  stringAt,
} from '../shape.js';
import {
  agentSaid,
  agentThought,
  type Mark,
  modelChanged,
  notice,
  textBlock,
  titled,
  turnEnded,
  userSaid,
} from './drafts.js';
import { functionResponsesIn, partsIn, type ResponsePart, resultOfFunction } from './geminiParts.js';
import { toolCall } from './drafts.js';
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';
import { sumOf, usageUpdated, without } from './usage.js';

/**
 * Reads a chat of Gemini CLI: lines, as since about 0.50, or one document.
 *
 * A message is written again, with its id, when the results of its tools are there. So what was read of it is remembered.
 */
export class GeminiReader implements LogReader {
  #session = '';
  #model: string | undefined;
  /** What was read of each message's text. */
  readonly #said = new Map<string, string>();
  readonly #thoughts = new Map<string, number>();
  readonly #called = new Set<string>();
  readonly #answered = new Set<string>();
  /** The usage of the last message of the agent, which may be written again. */
  #usage: { readonly id: string; readonly draft: Draft } | undefined;
  #hasTurn = false;

  read(line: Json): readonly LogStep[] {
    if (typeof line['sessionId'] === 'string') {
      return this.#header(line, line['sessionId']);
    }
    if (isObject(line['$set'])) {
      // Its messages were injected.
      return summaryOf(line['$set']);
    }
    if ('$rewindTo' in line) {
      return [notice('rewind', `back to message ${String(line['$rewindTo'])}`)];
    }
    return this.#message(line);
  }

  end(): readonly LogStep[] {
    return this.#takeUsage();
  }

  /** The first line, or the whole document. */
  #header(line: Json, sessionId: string): readonly LogStep[] {
    this.#session = sessionId;
    const messages = line['messages'] === undefined ? [] : objectsAt(line, 'messages', 'the document');
    return [
      { opens: sessionId, at: timeOf(line['startTime']) },
      ...summaryOf(line),
      ...messages.flatMap((message) => this.#message(message)),
    ];
  }

  #message(message: Json): Draft[] {
    const id = stringAt(message, 'id', 'message');
    const type = stringAt(message, 'type', 'message');
    const mark = { at: timeOf(message['timestamp']), messageId: id };
    switch (type) {
      case 'user':
        return this.#user(message, mark);
      case 'gemini':
        return this.#gemini(message, id, mark);
      default: {
        const text = partsIn(message['content']).map(({ text: one }) => one ?? '');
        return this.#isNew(id) ? [notice(type, text.join(''), { at: mark.at, severity: type })] : [];
      }
    }
  }

  #user(message: Json, mark: Mark & { readonly messageId: string }): Draft[] {
    const results = functionResponsesIn(partsIn(message['content'])).flatMap((part) => this.#result(part, mark.at));
    const said = partsIn(message['displayContent'] ?? message['content'])
      .map(({ text }) => text ?? '')
      .join('');
    if (said === '' || !this.#isNew(mark.messageId)) {
      return results;
    }
    const ended = this.#hasTurn ? [turnEnded('end_turn', mark.at)] : [];
    this.#hasTurn = true;
    return [...results, ...this.#takeUsage(), ...ended, userSaid(textBlock(said), mark)];
  }

  #gemini(message: Json, id: string, mark: Mark): Draft[] {
    const parts = partsIn(message['content']);
    const model = optionalStringAt(message, 'model', 'message');
    const finished = this.#usage !== undefined && this.#usage.id !== id ? this.#takeUsage() : [];
    const changed = model !== undefined && model !== this.#model ? [modelChanged(model, mark.at)] : [];
    this.#model = model ?? this.#model;
    const tokens = optionalObjectAt(message, 'tokens', 'message');
    if (tokens !== undefined) {
      this.#usage = { id, draft: geminiUsage(tokens, `${this.#session} ${id}`, model, mark.at) };
    }
    const text = parts.map((part) => (part.isThought ? '' : (part.text ?? ''))).join('');
    return [
      ...finished,
      ...changed,
      ...this.#newThoughts(message, id, mark),
      ...parts.flatMap((part) =>
        part.isThought && this.#isNew(`${id} ${part.text ?? ''}`) ? agentThought(part.text ?? '', mark) : [],
      ),
      ...this.#newText(text, id, mark),
      ...this.#calls(message, mark.at),
    ];
  }

  #newText(text: string, id: string, mark: Mark): Draft[] {
    const before = this.#said.get(id) ?? '';
    this.#said.set(id, text);
    const added = text.startsWith(before) ? text.slice(before.length) : text;
    return added === '' ? [] : [agentSaid(textBlock(added), mark)];
  }

  #newThoughts(message: Json, id: string, mark: Mark): Draft[] {
    const thoughts = Array.isArray(message['thoughts']) ? objectsAt(message, 'thoughts', 'message') : [];
    const read = this.#thoughts.get(id) ?? 0;
    this.#thoughts.set(id, thoughts.length);
    return thoughts.slice(read).flatMap(({ subject, description }) => {
      const text = [subject, description].filter((one) => typeof one === 'string' && one !== '');
      return agentThought(text.join(': '), mark);
    });
  }

  #calls(message: Json, at: number | undefined): Draft[] {
    const calls = Array.isArray(message['toolCalls']) ? objectsAt(message, 'toolCalls', 'message') : [];
    return calls.flatMap((call) => {
      const toolCallId = stringAt(call, 'id', 'toolCall');
      const calledAt = timeOf(call['timestamp']) ?? at;
      const isNew = !this.#called.has(toolCallId);
      this.#called.add(toolCallId);
      const name = stringAt(call, 'name', 'toolCall');
      const [response] = functionResponsesIn(partsIn(call['result']));
      return [
        ...(isNew ? [toolCall({ toolCallId, name, rawInput: call['args'] }, at)] : []),
        ...(response === undefined && !isFinal(call)
          ? []
          : this.#result({ ...response, id: toolCallId, call }, calledAt)),
      ];
    });
  }

  /** The result of a call, which is told twice: in the message of the agent, and in the user's name. */
  #result(part: ResponsePart & { readonly call?: Json }, at: number | undefined): Draft[] {
    if (this.#answered.has(part.id)) {
      return [];
    }
    this.#answered.add(part.id);
    const status = part.call === undefined ? undefined : optionalStringAt(part.call, 'status', 'toolCall');
    return [resultOfFunction(part, status === undefined || status === 'success' ? undefined : true, at)];
  }

  #isNew(key: string): boolean {
    const isNew = !this.#said.has(key);
    this.#said.set(key, '');
    return isNew;
  }

  #takeUsage(): Draft[] {
    const usage = this.#usage;
    this.#usage = undefined;
    return usage === undefined ? [] : [usage.draft];
  }
}

/** Whether a call without a result gets none. */
function isFinal(call: Json): boolean {
  return ['error', 'cancelled'].includes(String(call['status']));
}

function summaryOf(fields: Json): Draft[] {
  const summary = optionalStringAt(fields, 'summary', 'chat');
  return summary === undefined ? [] : [titled(summary, timeOf(fields['lastUpdated']))];
}

/** Gemini's input includes what was cached, but not what its tools add; its output excludes thoughts. */
function geminiUsage(tokens: Json, requestId: string, model: string | undefined, at: number | undefined): Draft {
  const cached = optionalNumberAt(tokens, 'cached', 'tokens');
  const thoughts = optionalNumberAt(tokens, 'thoughts', 'tokens');
  const input = without(optionalNumberAt(tokens, 'input', 'tokens'), cached);
  return usageUpdated(
    {
      inputTokens: sumOf(input, optionalNumberAt(tokens, 'tool', 'tokens')),
      cachedReadTokens: cached,
      outputTokens: sumOf(optionalNumberAt(tokens, 'output', 'tokens'), thoughts),
      reasoningTokens: thoughts,
      model,
      requestId,
    },
    at,
  );
}
