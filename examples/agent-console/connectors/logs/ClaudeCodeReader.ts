import type { ContentBlock } from 'sharing-bus';
import type { Draft } from '../../draft.js';
import {
  isObject,
  type Json,
  objectAt,
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
  toolCall,
  toolResult,
  turnEnded,
  userSaid,
} from './drafts.js';
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';
import { usageUpdated } from './usage.js';

/** Texts in a user's name that no user typed: commands and their output, interruptions, news of background tasks. */
const NOT_TYPED = /^<(?:command-|local-command-|task-notification|bash-)|^\[Request interrupted/;
const INTERRUPTED = '[Request interrupted';

/** The ACP names of the reasons to stop that end a turn. */
const STOP_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['end_turn', 'end_turn'],
  ['stop_sequence', 'end_turn'],
  ['max_tokens', 'max_tokens'],
  ['refusal', 'refusal'],
]);

/** The model of messages that Claude Code wrote itself. */
const SYNTHETIC = '<synthetic>';

/** A request that may get further lines. Each of its lines has its usage so far, so the last one is right. */
interface Request {
  readonly id: string;
  readonly usage: Draft;
  readonly end: Draft | undefined;
}

/**
 * Reads a transcript of Claude Code, or of one of its subagents.
 *
 * A message of the agent has a line for each part of its content. All of them have its id and its usage.
 */
export class ClaudeCodeReader implements LogReader {
  #session: string | undefined;
  /** What came before the first line that names the session. */
  #early: Draft[] = [];
  /** The request at work, of the session itself and of each subagent that reports in its log. */
  readonly #requests = new Map<string, Request>();
  #model: string | undefined;
  #hasTurn = false;

  read(line: Json): readonly LogStep[] {
    const opening = this.#openingOf(line);
    const drafts = this.#draftsOf(line);
    if (this.#session === undefined && opening === undefined) {
      this.#early.push(...drafts);
      return [];
    }
    if (opening === undefined) {
      return drafts;
    }
    this.#session = opening.opens;
    return [opening, ...this.#early.splice(0), ...drafts];
  }

  end(): readonly LogStep[] {
    return [...this.#early.splice(0), ...[...this.#requests.keys()].flatMap((lane) => this.#finish(lane))];
  }

  keysOf({ uuid }: Json): readonly string[] {
    return typeof uuid === 'string' ? [uuid] : [];
  }

  /** A subagent has its parent's session id, and an id of its own. */
  #openingOf(line: Json): (LogStep & { readonly opens: string }) | undefined {
    const { sessionId, isSidechain, agentId } = line;
    const opens = isSidechain === true && typeof agentId === 'string' ? agentId : sessionId;
    return this.#session === undefined && typeof opens === 'string'
      ? { opens, at: timeOf(line['timestamp']) }
      : undefined;
  }

  #draftsOf(line: Json): Draft[] {
    const at = timeOf(line['timestamp']);
    switch (line['type']) {
      case 'assistant':
        return this.#assistant(line, '', at);
      case 'user':
        return this.#user(line, at);
      case 'system':
        return this.#system(line, at);
      case 'progress':
        return this.#progress(line, at);
      case 'attachment':
        return attachment(line, at);
      case 'summary':
        return title(line, 'summary', at);
      case 'custom-title':
        return title(line, 'customTitle', at);
      case 'ai-title':
        return title(line, 'aiTitle', at);
      case 'cost-state':
        return costs(line, at);
      default:
        // Snapshots of files, prompts and state: no part of the talk.
        return [];
    }
  }

  /** @param lane Whose message it is: that of the session itself, or the id of a subagent. */
  #assistant(line: Json, lane: string, at: number | undefined): Draft[] {
    const message = objectAt(line['message'], 'message');
    const messageId = optionalStringAt(message, 'id', 'message');
    const model = optionalStringAt(message, 'model', 'message');
    const parts = partsOf(message).flatMap((part) => agentPart(part, { at, messageId }));
    if (model === SYNTHETIC) {
      return line['isApiErrorMessage'] === true ? [...parts, ...this.#endTurn(lane, 'error', at)] : parts;
    }
    const usage = usageOf(message, { at, messageId }, model);
    const finished = messageId === undefined || this.#requests.get(lane)?.id !== messageId ? this.#finish(lane) : [];
    if (messageId !== undefined && usage !== undefined) {
      this.#requests.set(lane, { id: messageId, usage, end: this.#endOf(message, lane, at) });
    }
    this.#hasTurn ||= lane === '';
    const change = lane === '' && model !== undefined && model !== this.#model ? [modelChanged(model, at)] : [];
    this.#model = change.length > 0 ? model : this.#model;
    return [...finished, ...change, ...parts, ...(messageId === undefined && usage !== undefined ? [usage] : [])];
  }

  #user(line: Json, at: number | undefined): Draft[] {
    const message = objectAt(line['message'], 'message');
    const mark = { at, messageId: optionalStringAt(line, 'uuid', 'the line') };
    return partsOf(message).flatMap((part) =>
      part['type'] === 'tool_result' ? [resultOf(part, line['toolUseResult'], at)] : this.#typed(part, line, mark),
    );
  }

  /** What a part in the user's name says, if the user typed it, or should know it. */
  #typed(part: Json, line: Json, mark: Mark): Draft[] {
    const text = part['type'] === 'text' ? stringAt(part, 'text', 'text part') : '';
    if (line['isMeta'] === true) {
      return [];
    }
    if (line['isCompactSummary'] === true) {
      return [notice('summary of the talk so far', text, mark)];
    }
    if (text.startsWith(INTERRUPTED)) {
      return [notice('interrupted', text, mark), ...this.#endTurn('', 'cancelled', mark.at)];
    }
    if (NOT_TYPED.test(text)) {
      return [notice('command', text, mark)];
    }
    const content = blockOf(part);
    this.#hasTurn = true;
    return content === undefined ? [] : [userSaid(content, mark)];
  }

  #system(line: Json, at: number | undefined): Draft[] {
    const text = optionalStringAt(line, 'content', 'the line');
    const { subtype } = line;
    switch (subtype) {
      case 'turn_duration':
        return [...this.#finish(''), ...this.#endTurn('', 'end_turn', at)];
      case 'api_error':
        return [notice('error of the model', text ?? JSON.stringify(line['error']), { at, severity: 'error' })];
      case 'stop_hook_summary':
        return (Array.isArray(line['hookErrors']) && line['hookErrors'].length > 0) ||
          line['preventedContinuation'] === true
          ? [notice('stop hooks', JSON.stringify(line['hookErrors']), { at, severity: 'warning' })]
          : [];
      default:
        return text === undefined ? [] : [notice(String(subtype).replaceAll('_', ' '), text, { at })];
    }
  }

  /** Up to 2.1.42, a subagent's messages are in the log of its parent. */
  #progress(line: Json, at: number | undefined): Draft[] {
    const progress = line['data'];
    if (!isObject(progress) || progress['type'] !== 'agent_progress' || !isObject(progress['message'])) {
      return [];
    }
    const { message } = progress;
    const agentId = optionalStringAt(progress, 'agentId', 'data') ?? 'subagent';
    return (message['type'] === 'assistant' ? this.#assistant(message, agentId, at) : []).map((one) =>
      ofAgent(one, agentId),
    );
  }

  /** What is known when a request gets no further lines. */
  #finish(lane: string): Draft[] {
    const request = this.#requests.get(lane);
    this.#requests.delete(lane);
    if (request === undefined) {
      return [];
    }
    this.#hasTurn &&= request.end === undefined;
    return [request.usage, ...(request.end === undefined ? [] : [request.end])];
  }

  #endOf(message: Json, lane: string, at: number | undefined): Draft | undefined {
    const reason = lane === '' ? STOP_REASONS.get(message['stop_reason']) : undefined;
    return reason === undefined ? undefined : turnEnded(reason, at);
  }

  #endTurn(lane: string, reason: string, at: number | undefined): Draft[] {
    const finished = this.#finish(lane);
    const hadTurn = this.#hasTurn && lane === '';
    this.#hasTurn &&= lane !== '';
    return [...finished, ...(hadTurn ? [turnEnded(reason, at)] : [])];
  }
}

/** Content is a list of parts, or a text. */
function partsOf(message: Json): Json[] {
  const { content } = message;
  if (content === undefined || content === null) {
    return [];
  }
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsAt(message, 'content', 'message');
}

function agentPart(part: Json, mark: Mark): Draft[] {
  switch (part['type']) {
    case 'text':
      return [agentSaid(textBlock(stringAt(part, 'text', 'text part')), mark)];
    case 'thinking':
      return agentThought(stringAt(part, 'thinking', 'thinking part'), mark);
    case 'tool_use':
    case 'server_tool_use':
      return [
        toolCall(
          {
            toolCallId: stringAt(part, 'id', 'tool_use part'),
            name: stringAt(part, 'name', 'tool_use part'),
            rawInput: part['input'],
          },
          mark.at,
        ),
      ];
    default: {
      const { tool_use_id: toolCallId } = part;
      return typeof toolCallId === 'string'
        ? [toolResult({ toolCallId, hasFailed: false, content: [], rawOutput: part['content'] }, mark.at)]
        : [];
    }
  }
}

function resultOf(part: Json, rawOutput: unknown, at: number | undefined): Draft {
  const { content } = part;
  const blocks =
    typeof content === 'string'
      ? [textBlock(content)]
      : Array.isArray(content)
        ? content.filter(isObject).flatMap((one) => blockOf(one) ?? [])
        : [];
  return toolResult(
    {
      toolCallId: stringAt(part, 'tool_use_id', 'tool_result part'),
      hasFailed: part['is_error'] === true,
      content: blocks,
      rawOutput,
    },
    at,
  );
}

/** A part as a content block. Anthropic's images and documents have their data in `source`. */
function blockOf(part: Json): ContentBlock | undefined {
  const { type, source } = part;
  if (type === 'text') {
    return textBlock(stringAt(part, 'text', 'text part'));
  }
  if ((type === 'image' || type === 'document') && isObject(source)) {
    const { data, media_type: mimeType, url: uri } = source;
    return type === 'image' && typeof data === 'string'
      ? { type: 'image', data, mimeType }
      : { type: 'resource_link', name: type, uri: uri ?? `data:${String(mimeType)}` };
  }
  return undefined;
}

/** Input without what was cached, by Anthropic's own count. Reasoning is part of the output, and not told apart. */
function usageOf(message: Json, { at, messageId }: Mark, model: string | undefined): Draft | undefined {
  const usage = optionalObjectAt(message, 'usage', 'message');
  return usage === undefined
    ? undefined
    : usageUpdated(
        {
          inputTokens: optionalNumberAt(usage, 'input_tokens', 'usage'),
          outputTokens: optionalNumberAt(usage, 'output_tokens', 'usage'),
          cachedReadTokens: optionalNumberAt(usage, 'cache_read_input_tokens', 'usage'),
          cachedWriteTokens: optionalNumberAt(usage, 'cache_creation_input_tokens', 'usage'),
          model,
          requestId: messageId,
        },
        at,
      );
}

/** The cost of the session so far, by model, with that of its subagents. */
function costs(line: Json, at: number | undefined): Draft[] {
  const models = optionalObjectAt(line, 'modelUsage', 'cost-state') ?? {};
  const total = optionalNumberAt(line, 'totalCostUSD', 'cost-state');
  const byModel = Object.entries(models).flatMap(([model, used]) => {
    const cost = isObject(used) ? optionalNumberAt(used, 'costUSD', 'modelUsage') : undefined;
    return cost === undefined ? [] : [usageUpdated({ scope: 'session', model, cost }, at)];
  });
  return byModel.length > 0 || total === undefined ? byModel : [usageUpdated({ scope: 'session', cost: total }, at)];
}

/** What a user typed while the agent was at work. */
function attachment(line: Json, at: number | undefined): Draft[] {
  const attached = line['attachment'];
  if (!isObject(attached) || attached['type'] !== 'queued_command' || typeof attached['prompt'] !== 'string') {
    return [];
  }
  const { prompt } = attached;
  return NOT_TYPED.test(prompt)
    ? [notice('command', prompt, { at })]
    : [userSaid(textBlock(prompt), { at, messageId: optionalStringAt(line, 'uuid', 'the line') })];
}

function title(line: Json, key: string, at: number | undefined): Draft[] {
  return [titled(stringAt(line, key, 'the line'), at)];
}

/** Marks an event as one of a subagent, as Claude's ACP adapter does. */
function ofAgent(one: Draft, agentId: string): Draft {
  return one.kind === 'usage' ? one : { ...one, event: { ...one.event, _meta: { claudeCode: { agentId } } } };
}
