import type { ContentBlock, Cost, Event, UsageUpdated } from 'sharing-bus';
import { shortMode } from '../connectors/SessionMode.js';
import { isObject, type Json } from '../connectors/shape.js';

/** With as many digits as it needs: a small amount is not 0. Made once: `toLocaleString` would make one for each amount. */
const AMOUNT = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 });

/** The main content of an event, for people to read. */
export function eventText(event: Event): string {
  switch (event.type) {
    case 'UserMessageChunk':
    case 'AgentMessageChunk':
    case 'AgentThoughtChunk':
    case 'CompactionSummaryChunk':
      return contentText(event.content);
    case 'ToolCall':
    case 'ToolCallUpdate':
      return callText(event.title ?? event.toolCallId, subjectOf({ ...event }));
    case 'Plan':
      return event.entries.map(({ content, status }) => `${content} (${status})`).join('; ');
    case 'Connected':
      return connectionText({ ...event });
    case 'SessionRegistered':
      return `session ${event.sessionId} of ${event.connectorId} has scroll ${event.scrollId}`;
    case 'SessionInfoChanged':
      return event.title === undefined ? fieldsText(event) : `title: ${event.title}`;
    case 'PermissionRequested':
      return `${permissionText(event)}: ${event.options.map(({ name }) => name).join(' / ')}`;
    case 'PermissionResolved':
      return `${event.outcome} ${event.optionId ?? ''}`;
    case 'ModeChanged':
      return `mode: ${shortMode(event.modeId)}`;
    case 'CommandsChanged':
      return `commands: ${event.commands.map(({ name }) => name).join(', ')}`;
    case 'ConfigOptionsChanged':
      return event.configOptions.map(optionText).join(', ');
    case 'UsageUpdated':
      return usageText(event);
    case 'Notice':
      return `${event.severity}: ${[event.title, event.description].filter((one) => one !== undefined).join(': ')}`;
    case 'ErrorRaised':
      return `error: ${event.message}`;
    case 'TurnEnded':
      return `end of turn: ${event.stopReason}`;
    case 'CompactionUpdated':
      return `compaction: ${event.status} ${event.error ?? (event.summary ?? []).map(contentText).join('')}`;
    default:
      return fieldsText(event);
  }
}

/** What a permission is asked for: the title, and the command or the file of the tool call. */
export function permissionText(event: { readonly toolCallId: string; readonly title?: string }): string {
  const { toolCall } = event as Json;
  return callText(event.title ?? event.toolCallId, isObject(toolCall) ? subjectOf(toolCall) : undefined);
}

/** A tool call: its title, and what it is about, unless the title says that. */
export function callText(title: string, subject: string | undefined): string {
  return subject === undefined || title.includes(subject) ? title : `${title}: ${subject}`;
}

export function contentText(content: ContentBlock): string {
  return content.type === 'text' ? content.text : `[${content.type}]`;
}

/** The command of a tool call, or else the file that it touches. */
export function subjectOf({ rawInput, locations, content }: Json): string | undefined {
  const { command, cmd } = isObject(rawInput) ? rawInput : {};
  const line: unknown = command ?? cmd;
  if (typeof line === 'string' || Array.isArray(line)) {
    return Array.isArray(line) ? line.map(String).join(' ') : line;
  }
  const places = [locations, content].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []));
  return places.map(({ path }) => path).find((path) => typeof path === 'string');
}

function connectionText({ initialize }: Json): string {
  const { agentInfo, protocolVersion } = isObject(initialize) ? initialize : {};
  if (!isObject(agentInfo)) {
    return 'Connected';
  }
  return `connected to ${String(agentInfo['title'] ?? agentInfo['name'])} ${String(agentInfo['version'])}, protocol ${String(protocolVersion)}`;
}

function optionText(option: unknown): string {
  const { currentValue, id } = isObject(option) ? option : {};
  return typeof id === 'string' && ['string', 'boolean', 'number'].includes(typeof currentValue)
    ? `${id}: ${shortMode(String(currentValue))}`
    : JSON.stringify(option);
}

function usageText(usage: UsageUpdated): string {
  const { cachedReadTokens, cachedWriteTokens, cost, inputTokens, model, outputTokens, reasoningTokens, size, used } =
    usage;
  const parts = [
    [inputTokens, 'in'],
    [cachedReadTokens, 'read from cache'],
    [cachedWriteTokens, 'written to cache'],
    [outputTokens, 'out'],
    [reasoningTokens, 'of it reasoning'],
  ] as const;
  const told = parts.filter(([count]) => count !== undefined).map(([count, name]) => `${count} ${name}`);
  return [
    ...(told.length === 0 ? [] : [`tokens: ${told.join(', ')}`]),
    ...(used === undefined ? [] : [`context: ${used} of ${size ?? '?'}`]),
    ...(cost === undefined ? [] : [costText(cost)]),
    ...(model === undefined ? [] : [model]),
  ].join('; ');
}

function costText({ amount, currency }: Cost): string {
  return `${AMOUNT.format(amount)} ${currency}`;
}

function fieldsText({ type, ...fields }: Event): string {
  return Object.keys(fields).length === 0 ? type : `${type} ${JSON.stringify(fields)}`;
}
