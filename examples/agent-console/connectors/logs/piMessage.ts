import type { ContentBlock } from 'sharing-bus';
import { draft, type Draft, noticeOf } from '../../draft.js';
import { BadLineError } from '../lines.js';
import {
  type Json,
  objectAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  present,
  stringAt,
} from '../shape.js';
import {
  agentSaid,
  agentThought,
  type Mark,
  notice,
  textBlock,
  toolCall,
  toolResult,
  turnEnded,
  userSaid,
} from './drafts.js';
import { usageUpdated } from './usage.js';

/** The ACP names of pi's reasons to stop. Not `toolUse`: the turn goes on. */
const STOP_REASONS: ReadonlyMap<string, string> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['aborted', 'cancelled'],
  ['error', 'error'],
]);

export interface PiMark extends Mark {
  /** Identifies the request of the message. */
  readonly requestId?: string | undefined;
}

/**
 * The events of a message of a pi session: one for each part of its content, in order, then its usage and its error.
 *
 * @throws BadLineError if it is not a message.
 */
export function eventsOfMessage(message: Json, mark: PiMark): Draft[] {
  const role = stringAt(message, 'role', 'message');
  const usage = optionalObjectAt(message, 'usage', 'message');
  const model = optionalStringAt(message, 'model', 'message');
  const error = optionalStringAt(message, 'errorMessage', 'message');
  return [
    ...eventsOfContent(role, message, mark),
    ...(usage === undefined ? [] : [piUsage(usage, model, mark)]),
    ...(error === undefined ? [] : [draft('system', 'agent', { type: 'ErrorRaised', message: error }, mark.at)]),
  ];
}

/** The end of a turn, if the message is one. */
export function endOfTurn(
  message: Json,
  at: number | undefined,
): { readonly draft: Draft; readonly hasFailed: boolean } | undefined {
  const reason = optionalStringAt(message, 'stopReason', 'message');
  return reason === undefined || reason === 'toolUse'
    ? undefined
    : { draft: turnEnded(STOP_REASONS.get(reason) ?? reason, at), hasFailed: reason === 'error' };
}

/** The usage of one request, as pi writes it: by the library's definition, and with its price. */
export function piUsage(usage: Json, model: string | undefined, { at, requestId }: PiMark): Draft {
  const cost = optionalObjectAt(usage, 'cost', 'usage');
  return usageUpdated(
    {
      inputTokens: optionalNumberAt(usage, 'input', 'usage'),
      outputTokens: optionalNumberAt(usage, 'output', 'usage'),
      reasoningTokens: optionalNumberAt(usage, 'reasoning', 'usage'),
      cachedReadTokens: optionalNumberAt(usage, 'cacheRead', 'usage'),
      cachedWriteTokens: optionalNumberAt(usage, 'cacheWrite', 'usage'),
      cost: cost === undefined ? undefined : optionalNumberAt(cost, 'total', 'usage.cost'),
      model,
      requestId,
    },
    at,
  );
}

function eventsOfContent(role: string, message: Json, mark: Mark): Draft[] {
  switch (role) {
    case 'user':
    case 'assistant':
      return partsOf(message['content']).flatMap((part) => eventsOfPart(role, part, mark));
    case 'toolResult':
      return [resultOf(message, mark)];
    case 'bashExecution':
      return bashExecution(message, mark);
    case 'custom':
    case 'hookMessage':
      return [customMessage(message, mark)];
    case 'branchSummary':
    case 'compactionSummary':
      return [notice(role, optionalStringAt(message, 'summary', 'message'), mark)];
    case 'system':
      // The prompt of the agent's makers, and no part of the talk.
      return [];
    default:
      return [noticeOf(`message of role ${role}`, message, mark.at)];
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

function eventsOfPart(role: 'user' | 'assistant', part: Json, mark: Mark): Draft[] {
  switch (part['type']) {
    case 'thinking':
      return agentThought(stringAt(part, 'thinking', 'thinking part'), mark);
    case 'toolCall':
      return [
        toolCall(
          {
            toolCallId: stringAt(part, 'id', 'toolCall part'),
            name: stringAt(part, 'name', 'toolCall part'),
            rawInput: part['arguments'],
          },
          mark.at,
        ),
      ];
    default: {
      const content = contentBlock(part);
      return content === undefined
        ? [noticeOf(`${role} content of type ${String(part['type'])}`, part, mark.at)]
        : [role === 'user' ? userSaid(content, mark) : agentSaid(content, mark)];
    }
  }
}

/** A part of a type that ACP has, too; `undefined` for any other part. */
function contentBlock(part: Json): ContentBlock | undefined {
  switch (part['type']) {
    case 'text':
      return textBlock(stringAt(part, 'text', 'text part'));
    case 'image':
    case 'audio':
    case 'resource':
    case 'resource_link':
      return { ...part, type: part['type'] };
    default:
      return undefined;
  }
}

function resultOf(message: Json, { at }: Mark): Draft {
  const isError = message['isError'] ?? false;
  if (typeof isError !== 'boolean') {
    throw new BadLineError('message.isError must be a boolean');
  }
  return toolResult(
    {
      toolCallId: stringAt(message, 'toolCallId', 'message'),
      name: optionalStringAt(message, 'toolName', 'message'),
      hasFailed: isError,
      content: partsOf(message['content']).map((part) => contentBlock(part) ?? (part as unknown as ContentBlock)),
      rawOutput: message['details'],
    },
    at,
  );
}

/** A command that the user ran in pi. */
function bashExecution(message: Json, { at, messageId }: Mark): Draft[] {
  const { command, output, role: _role, ...rawOutput } = message;
  const toolCallId = messageId ?? `bash at ${String(message['timestamp'])}`;
  const hasFailed = message['cancelled'] === true || (message['exitCode'] ?? 0) !== 0;
  const content = typeof output === 'string' ? [textBlock(output)] : [];
  return [
    toolCall({ toolCallId, name: 'bash', rawInput: present({ command }) }, at, 'user'),
    toolResult({ toolCallId, hasFailed, content, rawOutput }, at, 'user'),
  ];
}

/** A message of an extension. What pi does not show to people is kept as it is. */
function customMessage(message: Json, { at }: Mark): Draft {
  const texts = partsOf(message['content']).map((part) => part['text']);
  return message['display'] === true && texts.every((text) => typeof text === 'string')
    ? notice(optionalStringAt(message, 'customType', 'message') ?? 'note', texts.join('\n'), { at })
    : noticeOf('message of role custom', message, at);
}
