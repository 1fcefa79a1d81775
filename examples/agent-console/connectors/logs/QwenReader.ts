import { draft, type Draft } from '../../draft.js';
import { isObject, type Json, optionalNumberAt, optionalObjectAt, optionalStringAt, stringAt } from '../shape.js';
import {
  agentSaid,
  agentThought,
  type Mark,
  modelChanged,
  notice,
  textBlock,
  titled,
  toolCall,
  turnEnded,
  userSaid,
} from './drafts.js';
import { functionResponsesIn, type Part, partsIn, resultOfFunction } from './geminiParts.js';
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';
import { sumOf, usageUpdated, without } from './usage.js';

/** Subtypes of user lines that the user typed. Lines of others are injected. */
const TYPED: ReadonlySet<unknown> = new Set([undefined, 'mid_turn_user_message']);

/** Reads a chat of Qwen Code. Its telemetry repeats the usage of the messages, so it is not read. */
export class QwenReader implements LogReader {
  #session: string | undefined;
  #model: string | undefined;
  #hasTurn = false;

  read(line: Json): readonly LogStep[] {
    const at = timeOf(line['timestamp']);
    const opening = this.#session === undefined ? [{ opens: sessionOf(line), at }] : [];
    const drafts = this.#draftsOf(line, { at, messageId: stringAt(line, 'uuid', 'the line') });
    this.#session ??= sessionOf(line);
    return [...opening, ...drafts];
  }

  end(): readonly LogStep[] {
    return [];
  }

  keysOf({ uuid }: Json): readonly string[] {
    return typeof uuid === 'string' ? [uuid] : [];
  }

  #draftsOf(line: Json, mark: Mark & { readonly messageId: string }): Draft[] {
    const message = optionalObjectAt(line, 'message', 'the line');
    const parts = partsIn(message?.['parts']);
    switch (line['type']) {
      case 'user':
        return this.#user(line, parts, mark);
      case 'assistant':
        return [
          ...this.#modelOf(line, mark.at),
          ...parts.flatMap((part, index) => agentPart(part, `${mark.messageId}-${index}`, mark)),
          ...usageOf(line, mark),
        ];
      case 'tool_result':
        return functionResponsesIn(parts).map((part) => {
          const status = optionalObjectAt(line, 'toolCallResult', 'the line')?.['status'];
          return resultOfFunction(part, status === 'error' || status === 'cancelled' ? true : undefined, mark.at);
        });
      case 'system':
        return systemDrafts(line, mark.at);
      default:
        return [];
    }
  }

  #user(line: Json, parts: readonly Part[], mark: Mark): Draft[] {
    const shown = optionalObjectAt(line, 'systemPayload', 'the line')?.['displayText'];
    const text = typeof shown === 'string' ? shown : parts.map((part) => part.text ?? '').join('');
    if (text === '') {
      return [];
    }
    if (!TYPED.has(line['subtype'])) {
      return [notice(String(line['subtype']).replaceAll('_', ' '), text, mark)];
    }
    const ended = this.#hasTurn && line['subtype'] === undefined ? [turnEnded('end_turn', mark.at)] : [];
    this.#hasTurn = true;
    return [...ended, userSaid(textBlock(text), mark)];
  }

  #modelOf(line: Json, at: number | undefined): Draft[] {
    const model = optionalStringAt(line, 'model', 'the line');
    if (model === undefined || model === this.#model) {
      return [];
    }
    this.#model = model;
    return [modelChanged(model, at)];
  }
}

/** A subagent has its parent's session id, and an id of its own. */
function sessionOf(line: Json): string {
  const { isSidechain, agentId } = line;
  return isSidechain === true && typeof agentId === 'string' ? agentId : stringAt(line, 'sessionId', 'the line');
}

/** @param callId For a call that has no id. */
function agentPart({ text = '', isThought, functionCall }: Part, callId: string, mark: Mark): Draft[] {
  if (functionCall !== undefined) {
    const toolCallId = optionalStringAt(functionCall, 'id', 'functionCall') ?? callId;
    const name = stringAt(functionCall, 'name', 'functionCall');
    return [toolCall({ toolCallId, name, rawInput: functionCall['args'] }, mark.at)];
  }
  if (isThought) {
    return agentThought(text, mark);
  }
  return text === '' ? [] : [agentSaid(textBlock(text), mark)];
}

/**
 * Its input includes what was cached. Its output includes thoughts, as OpenAI counts, or excludes them, as Gemini does: the total tells.
 */
function usageOf(line: Json, { at, messageId }: Mark): Draft[] {
  const usage = optionalObjectAt(line, 'usageMetadata', 'the line');
  if (usage === undefined) {
    return [];
  }
  const input = optionalNumberAt(usage, 'promptTokenCount', 'usageMetadata');
  const cached = optionalNumberAt(usage, 'cachedContentTokenCount', 'usageMetadata');
  const output = optionalNumberAt(usage, 'candidatesTokenCount', 'usageMetadata');
  const thoughts = optionalNumberAt(usage, 'thoughtsTokenCount', 'usageMetadata');
  const total = optionalNumberAt(usage, 'totalTokenCount', 'usageMetadata');
  const hasThoughtsApart = total !== undefined && total === sumOf(input, output, thoughts);
  return [
    usageUpdated(
      {
        inputTokens: without(input, cached),
        cachedReadTokens: cached,
        outputTokens: hasThoughtsApart ? sumOf(output, thoughts) : output,
        reasoningTokens: thoughts,
        model: optionalStringAt(line, 'model', 'the line'),
        requestId: messageId,
      },
      at,
    ),
  ];
}

function systemDrafts(line: Json, at: number | undefined): Draft[] {
  const payload = optionalObjectAt(line, 'systemPayload', 'the line') ?? {};
  switch (line['subtype']) {
    case 'custom_title':
      return [titled(stringAt(payload, 'customTitle', 'custom_title'), at)];
    case 'chat_compression':
      return [notice('compaction', JSON.stringify(payload['info']), { at })];
    case 'slash_command':
      return payload['phase'] === 'invocation'
        ? [notice('command', optionalStringAt(payload, 'rawCommand', 'slash_command'), { at })]
        : [];
    case 'rewind':
      return [notice('rewind', JSON.stringify(payload), { at })];
    case 'session_approval_mode': {
      const modeId = stringAt(payload, 'mode', 'session_approval_mode');
      return [draft('session-config', 'user', { type: 'ModeChanged', modeId }, at)];
    }
    default:
      return isObject(payload['error'])
        ? [notice('error', JSON.stringify(payload['error']), { at, severity: 'error' })]
        : [];
  }
}
