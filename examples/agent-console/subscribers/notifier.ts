import { type Event, EventFilter } from 'sharing-bus';
import { type Source, Watcher } from './Watcher.js';

/** Tells of each permission that an agent asks for, and of the answer. */
export class Notifier extends Watcher {
  constructor(source: Source, tell: (line: string) => void) {
    super(source, { name: 'notifier', filter: EventFilter.kind('permission') }, ({ event, routing }) => {
      const text = notice(event);
      if (text !== undefined) {
        tell(`${routing.connectorId ?? 'an agent'} ${text}`);
      }
    });
  }
}

function notice(event: Event): string | undefined {
  if (event.type === 'PermissionRequested') {
    return `asks permission: ${event.title ?? event.toolCallId}`;
  }
  if (event.type === 'PermissionResolved') {
    return event.outcome === 'selected' ? `was answered: ${event.optionId ?? 'selected'}` : 'got no answer: cancelled';
  }
  return undefined;
}
