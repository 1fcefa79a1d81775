import { eventSchemas } from 'sharing-bus/schema';
import { type Draft, draft } from '../draft.js';
import { isObject, type Json, present } from './shape.js';

/**
 * Converts a `session/update` of the Agent Client Protocol into an event.
 *
 * Fields that are null are left out. Fields that the library does not know, such as `_meta`, are kept. Nothing is checked here: if the
 * schema refuses the draft of a malformed update, {@link asSent} keeps it.
 *
 * @returns `undefined` if it is not an update.
 */
export function updateToEvent(update: unknown): Draft | undefined {
  if (!isObject(update) || typeof update['sessionUpdate'] !== 'string') {
    return undefined;
  }
  const { sessionUpdate, ...fields } = present(update);
  switch (sessionUpdate) {
    case 'user_message_chunk':
      return of('user-message', 'user', 'UserMessageChunk', fields);
    case 'agent_message_chunk':
      return of('agent-message', 'agent', 'AgentMessageChunk', fields);
    case 'agent_thought_chunk':
      return of('agent-thought', 'agent', 'AgentThoughtChunk', fields);
    case 'tool_call':
      return of('tool-call', 'agent', 'ToolCall', toolCall(fields));
    case 'tool_call_update':
      return of('tool-call-update', 'agent', 'ToolCallUpdate', toolCall(fields));
    case 'plan':
      return of('plan', 'agent', 'Plan', { ...fields, ...listAt(fields, 'entries', 'entries') });
    case 'available_commands_update': {
      const { availableCommands: _, ...rest } = fields;
      return of('session-config', 'agent', 'CommandsChanged', {
        ...rest,
        ...listAt(fields, 'availableCommands', 'commands'),
      });
    }
    case 'current_mode_update': {
      const { currentModeId, ...rest } = fields;
      return of('session-config', 'agent', 'ModeChanged', { ...rest, modeId: currentModeId });
    }
    case 'config_option_update':
      return of('session-config', 'agent', 'ConfigOptionsChanged', fields);
    case 'session_info_update':
      return of('session-lifecycle', 'agent', 'SessionInfoChanged', fields);
    case 'usage_update': {
      const { cost, ...rest } = fields;
      return of('usage', 'agent', 'UsageUpdated', {
        ...rest,
        ...present({ cost: isObject(cost) ? present(cost) : cost }),
      });
    }
    case 'notice':
      return of('system', 'agent', 'Notice', fields);
    case 'compaction_update':
      return of('compaction', 'agent', 'CompactionUpdated', fields);
    case 'compaction_summary_chunk':
      return of('compaction', 'agent', 'CompactionSummaryChunk', fields);
    default:
      return asSent(update);
  }
}

/** An update as the agent sent it, under its own name: for kinds that the library does not know. */
export function asSent(update: unknown): Draft | undefined {
  if (!isObject(update) || typeof update['sessionUpdate'] !== 'string') {
    return undefined;
  }
  const { sessionUpdate: name, ...fields } = update;
  return { kind: name, origin: 'agent', event: { ...fields, type: typeOf(name) } };
}

/** A message of the agent with a method that the console does not know. */
export function unknownMessage(method: string, params: unknown): Draft {
  return { kind: method, origin: 'agent', event: { type: typeOf(method), ...present({ params }) } };
}

/** A message of the agent must not pass for an event of the library, such as a registration. */
function typeOf(name: string): string {
  return Object.hasOwn(eventSchemas, name) ? `acp/${name}` : name;
}

/** The event of a permission request. It keeps the tool call, which may be described nowhere else. */
export function permissionRequested(requestId: string, params: unknown): Draft {
  const { toolCall, options } = isObject(params) ? params : {};
  const { toolCallId, title } = isObject(toolCall) ? toolCall : {};
  return of('permission', 'agent', 'PermissionRequested', {
    requestId,
    toolCallId,
    ...present({ title }),
    toolCall,
    options: Array.isArray(options) ? options.map(presentIn) : options,
  });
}

/** The event of the answer to a permission request. */
export function permissionResolved(requestId: string, result: unknown): Draft {
  const outcome = isObject(result) && isObject(result['outcome']) ? result['outcome'] : {};
  const { optionId } = outcome;
  return typeof optionId === 'string' && outcome['outcome'] === 'selected'
    ? draft('permission', 'user', { type: 'PermissionResolved', requestId, outcome: 'selected', optionId })
    : draft('permission', 'user', { type: 'PermissionResolved', requestId, outcome: 'cancelled' });
}

function of(kind: Draft['kind'], origin: Draft['origin'], type: string, fields: Json): Draft {
  return { kind, origin, event: { ...fields, type } };
}

/** ACP's `kind` of a tool is `toolKind` here. */
function toolCall({ kind, ...fields }: Json): Json {
  return { ...fields, ...present({ toolKind: kind }), ...listAt(fields, 'locations', 'locations') };
}

/** The list `fields[from]` under the name `to`. Fields of its entries that are null are left out. */
function listAt(fields: Json, from: string, to: string): Json {
  const list = fields[from];
  return list === undefined ? {} : { [to]: Array.isArray(list) ? list.map(presentIn) : list };
}

function presentIn(value: unknown): unknown {
  return isObject(value) ? present(value) : value;
}
