import { draft, type Draft } from '../../draft.js';
import {
  isObject,
  type Json,
  objectAt,
  objectsAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  present,
  stringAt,
} from '../shape.js';
import { CopilotTokens } from './CopilotTokens.js';
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
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';

/** Reads the events of a session of Copilot CLI. Tool calls are taken from their executions: messages have them once more. */
export class CopilotReader implements LogReader {
  readonly #tokens = new CopilotTokens();
  /** The thought that was told last: the message that follows may repeat it. */
  #thought: string | undefined;
  /** Whether the last message of the agent asked for tools, so that the turn goes on. */
  #hasCalls = false;

  read(line: Json): readonly LogStep[] {
    const type = stringAt(line, 'type', 'the line');
    const fields = optionalObjectAt(line, 'data', 'the line') ?? {};
    const at = timeOf(line['timestamp']);
    if (type === 'session.start') {
      return [{ opens: stringAt(fields, 'sessionId', type), at }, ...modelOf(fields, 'selectedModel', at)];
    }
    return this.#talk(type, fields, line, at) ?? besides(type, fields, at);
  }

  end(): readonly LogStep[] {
    return this.#tokens.flush();
  }

  keysOf({ id }: Json): readonly string[] {
    return typeof id === 'string' ? [id] : [];
  }

  /** What the user, the agent and its tools say; `undefined` for any other type. */
  #talk(type: string, fields: Json, line: Json, at: number | undefined): Draft[] | undefined {
    switch (type) {
      case 'user.message':
        return [...this.#tokens.flush(), ...userMessage(fields, { at, messageId: optionalStringAt(line, 'id', type) })];
      case 'assistant.message':
        return this.#message(fields, at);
      case 'assistant.reasoning':
        this.#thought = stringAt(fields, 'content', type);
        return agentThought(this.#thought, { at });
      case 'assistant.turn_end':
        return this.#hasCalls ? [] : [...this.#tokens.flush(), turnEnded('end_turn', at)];
      case 'abort':
        return [...this.#tokens.flush(), turnEnded('cancelled', at)];
      case 'tool.execution_start':
        return [
          toolCall(
            {
              toolCallId: stringAt(fields, 'toolCallId', type),
              name: stringAt(fields, 'toolName', type),
              rawInput: fields['arguments'],
            },
            at,
          ),
        ];
      case 'tool.execution_complete':
        return [resultOf(fields, at)];
      case 'session.usage_record':
        return this.#tokens.record(objectAt(fields['usage'], 'usage'), at);
      case 'session.resume':
        this.#tokens.resume();
        return modelOf(fields, 'selectedModel', at);
      case 'session.shutdown':
        return this.#tokens.shutDown(optionalObjectAt(fields, 'modelMetrics', type) ?? {}, at);
      default:
        return undefined;
    }
  }

  #message(message: Json, at: number | undefined): Draft[] {
    const mark = { at, messageId: optionalStringAt(message, 'messageId', 'assistant.message') };
    const thought = optionalStringAt(message, 'reasoningText', 'assistant.message') ?? '';
    const text = optionalStringAt(message, 'content', 'assistant.message') ?? '';
    const thoughts = thought === this.#thought ? [] : agentThought(thought, mark);
    this.#thought = undefined;
    this.#hasCalls = message['toolRequests'] !== undefined && objectsAt(message, 'toolRequests', 'message').length > 0;
    const output = optionalNumberAt(message, 'outputTokens', 'assistant.message');
    const model = optionalStringAt(message, 'model', 'assistant.message');
    return [
      ...thoughts,
      ...(text === '' ? [] : [agentSaid(textBlock(text), mark)]),
      ...this.#tokens.message(output, model, at),
    ];
  }
}

/** What the user typed. A text with a source of its own, such as a skill, was injected. */
function userMessage(message: Json, mark: { at: number | undefined; messageId: string | undefined }): Draft[] {
  const source = optionalStringAt(message, 'source', 'user.message') ?? 'user';
  return source === 'user' ? [userSaid(textBlock(stringAt(message, 'content', 'user.message')), mark)] : [];
}

function resultOf(fields: Json, at: number | undefined): Draft {
  const { success, result, error } = fields;
  const text = isObject(result) ? result['content'] : isObject(error) ? error['message'] : undefined;
  return toolResult(
    {
      toolCallId: stringAt(fields, 'toolCallId', 'tool.execution_complete'),
      hasFailed: success === false,
      content: typeof text === 'string' ? [textBlock(text)] : [],
      rawOutput: result ?? error,
    },
    at,
  );
}

function modelOf(fields: Json, key: string, at: number | undefined): Draft[] {
  const model = optionalStringAt(fields, key, 'session');
  return model === undefined ? [] : [modelChanged(model, at)];
}

/** What is told beside the talk. Prompts, hooks and bookkeeping say nothing. */
function besides(type: string, fields: Json, at: number | undefined): Draft[] {
  switch (type) {
    case 'session.model_change':
      return modelOf(fields, 'newModel', at);
    case 'session.mode_changed':
      return [draft('session-config', 'agent', { type: 'ModeChanged', modeId: stringAt(fields, 'newMode', type) }, at)];
    case 'session.title_changed':
      return [titled(stringAt(fields, 'title', type), at)];
    case 'session.info':
    case 'session.warning':
    case 'session.error': {
      const severity = type.slice('session.'.length);
      const title = optionalStringAt(fields, `${severity}Type`, type) ?? severity;
      return [notice(title, optionalStringAt(fields, 'message', type), { at, severity })];
    }
    case 'session.truncation':
    case 'session.compaction_complete':
      return [notice(type.slice('session.'.length).replace('_', ' '), JSON.stringify(fields), { at })];
    case 'subagent.started':
    case 'subagent.completed':
    case 'subagent.failed':
      return [notice(type.replace('.', ' '), optionalStringAt(fields, 'agentDisplayName', type), { at })];
    case 'permission.requested':
      return [permissionRequested(fields, at)];
    case 'permission.completed':
      return [permissionResolved(fields, at)];
    default:
      return [];
  }
}

function permissionRequested(fields: Json, at: number | undefined): Draft {
  const request = objectAt(fields['permissionRequest'], 'permissionRequest');
  const title = request['fullCommandText'] ?? request['intention'] ?? request['path'] ?? request['kind'];
  return draft(
    'permission',
    'agent',
    {
      type: 'PermissionRequested',
      requestId: stringAt(fields, 'requestId', 'permission.requested'),
      toolCallId: optionalStringAt(request, 'toolCallId', 'permissionRequest') ?? '',
      // The log has no options.
      options: [],
      ...present({ title: typeof title === 'string' ? title : undefined }),
    },
    at,
  );
}

function permissionResolved(fields: Json, at: number | undefined): Draft {
  const { kind } = objectAt(fields['result'], 'result');
  const optionId = typeof kind === 'string' ? kind : 'unknown';
  const answer =
    optionId === 'cancelled' ? ({ outcome: 'cancelled' } as const) : ({ outcome: 'selected', optionId } as const);
  const requestId = stringAt(fields, 'requestId', 'permission.completed');
  return draft('permission', 'user', { type: 'PermissionResolved', requestId, ...answer }, at);
}
