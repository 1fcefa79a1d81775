import type { BusEvent, ContentBlock, Event } from 'sharing-bus';
import { printable } from '../printable.js';

/** An event as one line: its kind and its main content. */
export function eventText({ routing, event }: BusEvent, width: number): string {
  const kind = printable(routing.kind, 18).padEnd(18);
  return `${kind} ${printable(gist(event), Math.max(20, width - 19))}`;
}

function gist(event: Event): string {
  switch (event.type) {
    case 'UserMessageChunk':
    case 'AgentMessageChunk':
    case 'AgentThoughtChunk':
      return textOf(event.content);
    case 'ToolCall':
      return `${event.title} ${event.status ?? ''} ${event.rawInput === undefined ? '' : JSON.stringify(event.rawInput)}`;
    case 'ToolCallUpdate':
      return `${event.title ?? event.toolCallId} ${event.status ?? ''}`;
    case 'Plan':
      return event.entries.map(({ content, status }) => `${content} (${status})`).join('; ');
    case 'SessionRegistered':
      return `session ${event.sessionId} of ${event.connectorId} has scroll ${event.scrollId}`;
    case 'PermissionRequested':
      return `${event.title ?? event.toolCallId}: ${event.options.map(({ name }) => name).join(' / ')}`;
    case 'PermissionResolved':
      return `${event.outcome} ${event.optionId ?? ''}`;
    default: {
      const { type, ...fields } = event;
      return Object.keys(fields).length === 0 ? type : `${type} ${JSON.stringify(fields)}`;
    }
  }
}

function textOf(content: ContentBlock): string {
  return content.type === 'text' ? content.text : `[${content.type}]`;
}
