import { type Event, EventFilter } from 'sharing-bus';
import { type Source, Watcher } from './Watcher.js';

/** Prints each permission request of an agent, and the answer. */
export class Notifier extends Watcher {
  constructor(source: Source, print: (line: string) => void) {
    super(source, { name: 'notifier', filter: EventFilter.kind('permission') }, ({ event, routing }) => {
      const text = notice(event);
      if (text !== undefined) {
        print(`${routing.connectorId ?? 'an agent'} ${text}`);
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
