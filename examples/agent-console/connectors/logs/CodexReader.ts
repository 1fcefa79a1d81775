import type { ContentBlock } from 'sharing-bus';
import { draft, type Draft } from '../../draft.js';
import { isObject, type Json, objectAt, objectsAt, optionalObjectAt, optionalStringAt, stringAt } from '../shape.js';
import { CodexTokens } from './CodexTokens.js';
import {
  agentSaid,
  agentThought,
  modelChanged,
  notice,
  textBlock,
  titled,
  toolCall,
  toolResult,
  turnEnded,
  userSaid,
} from './drafts.js';
import { ForkReplay } from './ForkReplay.js';
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';

/**
 * Reads a rollout of Codex.
 *
 * Most of the talk is in it twice: as items, which the model gets, and as events, which the user sees. What users typed is taken from the
 * events, since items in their name are injected, too; everything else from the items. The statuses of tool calls are in the events.
 */
export class CodexReader implements LogReader {
  /** The payload of the first line. */
  #meta: Json | undefined;
  #replay: ForkReplay | undefined;
  readonly #tokens = new CodexTokens();
  #model: string | undefined;
  /** The user's last message, while nothing came after it: it may be told by two kinds of events. */
  #typed: string | undefined;
  /** Calls that failed, by what the events said. */
  readonly #failed = new Set<string>();
  /** Calls whose result was read. */
  readonly #answered = new Set<string>();

  read(line: Json): readonly LogStep[] {
    const type = stringAt(line, 'type', 'the line');
    const payload = optionalObjectAt(line, 'payload', 'the line') ?? {};
    const at = timeOf(line['timestamp']);
    if (type === 'session_meta') {
      return this.#readMeta(payload, at);
    }
    const hadReplay = this.#replay?.isOver === false;
    this.#replay?.advance(line, payload, at);
    const isOver = hadReplay && this.#replay?.isOver === true;
    return [
      ...(isOver ? [notice('fork', 'what follows is of this session', { at })] : []),
      ...this.#draftsOf(type, payload, at),
    ];
  }

  end(): readonly LogStep[] {
    return this.#tokens.end();
  }

  #readMeta(payload: Json, at: number | undefined): readonly LogStep[] {
    const id = stringAt(payload, 'id', 'session_meta');
    if (this.#meta === undefined) {
      this.#meta = payload;
      this.#replay = typeof payload['forked_from_id'] === 'string' ? new ForkReplay(payload, at) : undefined;
      return [{ opens: id, at }];
    }
    // A session that is resumed has its own line again. That of another session begins the history of a parent.
    if (id === this.#meta['id'] || this.#replay?.isOver === true) {
      return [];
    }
    this.#replay ??= new ForkReplay(this.#meta, at);
    return [notice('fork', `what follows is of session ${id}`, { at })];
  }

  #draftsOf(type: string, payload: Json, at: number | undefined): Draft[] {
    switch (type) {
      case 'turn_context':
        return this.#context(payload, at);
      case 'response_item':
        return this.#item(payload, at);
      case 'event_msg':
        return this.#event(payload, at);
      case 'compacted':
        return [notice('compaction', optionalStringAt(payload, 'message', 'compacted'), { at })];
      case 'token_usage_record':
        return this.#tokens.record(payload, this.#model, this.#isReplay, at);
      default:
        return [];
    }
  }

  get #isReplay(): boolean {
    return this.#replay?.isOver === false;
  }

  #context(payload: Json, at: number | undefined): Draft[] {
    const model = optionalStringAt(payload, 'model', 'turn_context');
    if (model === undefined || model === this.#model) {
      return [];
    }
    this.#model = model;
    return [modelChanged(model, at)];
  }

  #item(item: Json, at: number | undefined): Draft[] {
    const mark = { at, messageId: optionalStringAt(item, 'id', 'item') };
    switch (item['type']) {
      case 'message':
        if (item['role'] !== 'assistant') {
          return [];
        }
        this.#typed = undefined;
        return textsOf(item, 'content').map((text) => agentSaid(textBlock(text), mark));
      case 'reasoning':
        return textsOf(item, 'summary').flatMap((text) => agentThought(text, mark));
      case 'function_call':
        return [callOf(item, stringAt(item, 'name', 'function_call'), jsonIn(item['arguments']), at)];
      case 'custom_tool_call':
        return [callOf(item, stringAt(item, 'name', 'custom_tool_call'), item['input'], at)];
      case 'local_shell_call':
        return [callOf(item, 'local_shell', item['action'], at)];
      case 'web_search_call':
        return webSearch(item, at);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return [this.#output(item, at)];
      default:
        return [];
    }
  }

  #output(item: Json, at: number | undefined): Draft {
    const toolCallId = stringAt(item, 'call_id', 'output');
    const { output } = item;
    this.#answered.add(toolCallId);
    return toolResult(
      {
        toolCallId,
        hasFailed: this.#failed.delete(toolCallId) || (isObject(output) && output['success'] === false),
        content: outputBlocks(output),
      },
      at,
    );
  }

  #event(event: Json, at: number | undefined): Draft[] {
    switch (event['type']) {
      case 'user_message':
        return this.#userTyped(stringAt(event, 'message', 'user_message'), at);
      case 'item_completed':
        return this.#completed(objectAt(event['item'], 'item'), at);
      case 'token_count':
        return this.#tokens.count(event, this.#model, this.#isReplay, at);
      case 'exec_command_end':
        return this.#ended(event['call_id'], event['exit_code'] !== 0, at);
      case 'patch_apply_end':
        return this.#ended(event['call_id'], event['success'] === false, at);
      case 'mcp_tool_call_end':
        return this.#ended(event['call_id'], isObject(event['result']) && 'Err' in event['result'], at);
      case 'task_complete':
        return [turnEnded('end_turn', at)];
      case 'turn_aborted':
        return [turnEnded('cancelled', at)];
      case 'thread_name_updated': {
        const name = optionalStringAt(event, 'thread_name', 'event');
        return name === undefined ? [] : [titled(name, at)];
      }
      case 'plan_update':
        return [planOf(event, at)];
      case 'error':
      case 'stream_error':
      case 'warning': {
        const severity = event['type'] === 'warning' ? 'warning' : 'error';
        return [notice(event['type'], optionalStringAt(event, 'message', 'event'), { at, severity })];
      }
      default:
        return [];
    }
  }

  #userTyped(text: string, at: number | undefined): Draft[] {
    if (text === this.#typed) {
      return [];
    }
    this.#typed = text;
    return [userSaid(textBlock(text), { at })];
  }

  /** Since about 0.160, what the user sees comes as items, too. Their texts are those of the other items. */
  #completed(item: Json, at: number | undefined): Draft[] {
    return item['type'] === 'UserMessage'
      ? this.#userTyped(textsOf(item, 'content').join('\n'), at)
      : this.#ended(item['id'], item['status'] === 'failed' || item['status'] === 'declined', at);
  }

  /** The end of a tool call. As a rule, its output follows. */
  #ended(toolCallId: unknown, hasFailed: boolean, at: number | undefined): Draft[] {
    if (!hasFailed || typeof toolCallId !== 'string') {
      return [];
    }
    if (!this.#answered.has(toolCallId)) {
      this.#failed.add(toolCallId);
      return [];
    }
    return [draft('tool-call-update', 'agent', { type: 'ToolCallUpdate', toolCallId, status: 'failed' }, at)];
  }
}

function callOf(item: Json, name: string, rawInput: unknown, at: number | undefined): Draft {
  return toolCall({ toolCallId: stringAt(item, 'call_id', 'call'), name, rawInput }, at);
}

/** It is done by the model's provider, and has no output of its own. */
function webSearch(item: Json, at: number | undefined): Draft[] {
  const toolCallId = optionalStringAt(item, 'id', 'web_search_call') ?? `web_search at ${String(at)}`;
  return [
    toolCall({ toolCallId, name: 'web_search', rawInput: item['action'] }, at),
    toolResult({ toolCallId, hasFailed: item['status'] === 'failed', content: [] }, at),
  ];
}

function planOf(event: Json, at: number | undefined): Draft {
  const entries = objectsAt(event, 'plan', 'plan_update').map((step) => ({
    content: stringAt(step, 'step', 'plan'),
    priority: 'medium',
    status: stringAt(step, 'status', 'plan'),
  }));
  return draft('plan', 'agent', { type: 'Plan', entries }, at);
}

/** The texts of a list of parts. Other parts, such as images, have none. */
function textsOf(holder: Json, key: string): string[] {
  return holder[key] === undefined || holder[key] === null
    ? []
    : objectsAt(holder, key, 'item').flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
}

/** An output is a text, a list of parts, or an object with one of them. */
function outputBlocks(output: unknown): ContentBlock[] {
  if (typeof output === 'string') {
    return [textBlock(output)];
  }
  if (Array.isArray(output)) {
    return output.filter(isObject).flatMap(({ text, image_url: uri }) => {
      const image = { type: 'resource_link', name: 'image', uri } as const;
      return typeof text === 'string' ? [textBlock(text)] : typeof uri === 'string' ? [image] : [];
    });
  }
  return isObject(output) ? outputBlocks(output['content'] ?? output['content_items']) : [];
}

/** The arguments of a call, which are JSON as the model wrote it. */
function jsonIn(text: unknown): unknown {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : text;
  } catch {
    return text;
  }
}
