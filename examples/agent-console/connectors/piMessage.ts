import type { ContentBlock, ToolCallContent } from 'sharing-bus';
import { draft, type Draft, noticeOf } from '../draft.js';
import { BadLineError } from './lines.js';
import {
  type Json,
  objectAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  present,
  stringAt,
} from './shape.js';

/** The ACP names of pi's tools. */
const TOOL_KINDS: ReadonlyMap<string, string> = new Map([
  ['read', 'read'],
  ['write', 'edit'],
  ['edit', 'edit'],
  ['bash', 'execute'],
  ['grep', 'search'],
  ['find', 'search'],
  ['ls', 'search'],
]);

/** The ACP names of pi's reasons to stop. Not `toolUse`: the turn goes on. */
const STOP_REASONS: ReadonlyMap<string, string> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['aborted', 'cancelled'],
  ['error', 'error'],
]);

/** Messages of other roles become notices. */
type Role = 'user' | 'assistant';

/**
 * The events of a message of a pi session: one for each part of its content, in order, then its usage, its error and the end of the
 * turn.
 *
 * @throws BadLineError if it is not a message.
 */
export function eventsOfMessage(message: Json): Draft[] {
  const role = stringAt(message, 'role', 'message');
  return [...eventsOfContent(role, message), ...usageOf(message), ...endOf(message)];
}

function eventsOfContent(role: string, message: Json): Draft[] {
  switch (role) {
    case 'user':
    case 'assistant':
      return partsOf(message['content']).map((part) => eventOfPart(role, part));
    case 'toolResult':
      return [toolResult(message)];
    default:
      return [noticeOf(`message of role ${role}`, message)];
  }
}

/** Content is a string or a list of parts. */
function partsOf(content: unknown): Json[] {
  if (typeof content === 'string') {
    return [{ type: 'text', text: content }];
  }
  if (!Array.isArray(content)) {
    throw new BadLineError('message.content must be a string or an array');
  }
  return content.map((part, index) => {
    const whole = objectAt(part, `content[${index}]`);
    stringAt(whole, 'type', `content[${index}]`);
    return whole;
  });
}

function eventOfPart(role: Role, part: Json): Draft {
  switch (part['type']) {
    case 'thinking':
      return draft('agent-thought', 'agent', {
        type: 'AgentThoughtChunk',
        content: { type: 'text', text: stringAt(part, 'thinking', 'thinking part') },
      });
    case 'toolCall': {
      const name = stringAt(part, 'name', 'toolCall part');
      return draft('tool-call', 'agent', {
        type: 'ToolCall',
        toolCallId: stringAt(part, 'id', 'toolCall part'),
        title: name,
        toolKind: TOOL_KINDS.get(name) ?? 'other',
        status: 'in_progress',
        ...(part['arguments'] !== undefined && { rawInput: part['arguments'] }),
      });
    }
    default: {
      const content = contentBlock(part);
      return content === undefined
        ? noticeOf(`${role} content of type ${String(part['type'])}`, part)
        : said(role, content);
    }
  }
}

function said(role: Role, content: ContentBlock): Draft {
  return role === 'user'
    ? draft('user-message', 'user', { type: 'UserMessageChunk', content })
    : draft('agent-message', 'agent', { type: 'AgentMessageChunk', content });
}

/** A part of a type that ACP has, too; `undefined` for any other part. */
function contentBlock(part: Json): ContentBlock | undefined {
  switch (part['type']) {
    case 'text':
      return { type: 'text', text: stringAt(part, 'text', 'text part') };
    case 'image':
    case 'audio':
    case 'resource':
    case 'resource_link':
      return { ...part, type: part['type'] };
    default:
      return undefined;
  }
}

function toolResult(message: Json): Draft {
  const isError = message['isError'] ?? false;
  if (typeof isError !== 'boolean') {
    throw new BadLineError('message.isError must be a boolean');
  }
  const content = partsOf(message['content']).map((part): ToolCallContent => ({
    type: 'content',
    content: contentBlock(part) ?? part,
  }));
  return draft('tool-call-update', 'agent', {
    type: 'ToolCallUpdate',
    toolCallId: stringAt(message, 'toolCallId', 'message'),
    status: isError ? 'failed' : 'completed',
    content,
    ...present({ title: optionalStringAt(message, 'toolName', 'message'), rawOutput: message['details'] }),
  });
}

function usageOf(message: Json): Draft[] {
  const usage = optionalObjectAt(message, 'usage', 'message');
  if (usage === undefined) {
    return [];
  }
  const cost = optionalObjectAt(usage, 'cost', 'usage');
  const total = cost === undefined ? undefined : optionalNumberAt(cost, 'total', 'usage.cost');
  return [
    draft('usage', 'agent', {
      type: 'UsageUpdated',
      ...present({
        inputTokens: optionalNumberAt(usage, 'input', 'usage'),
        outputTokens: optionalNumberAt(usage, 'output', 'usage'),
        cachedReadTokens: optionalNumberAt(usage, 'cacheRead', 'usage'),
        cachedWriteTokens: optionalNumberAt(usage, 'cacheWrite', 'usage'),
        cost: total === undefined ? undefined : { amount: total, currency: 'USD' },
      }),
    }),
  ];
}

function endOf(message: Json): Draft[] {
  const error = optionalStringAt(message, 'errorMessage', 'message');
  const reason = optionalStringAt(message, 'stopReason', 'message');
  const ends: Draft[] = [];
  if (error !== undefined) {
    ends.push(draft('system', 'agent', { type: 'ErrorRaised', message: error }));
  }
  if (reason !== undefined && reason !== 'toolUse') {
    const stopReason = STOP_REASONS.get(reason) ?? reason;
    ends.push(draft('session-lifecycle', 'agent', { type: 'TurnEnded', stopReason }));
  }
  return ends;
}
