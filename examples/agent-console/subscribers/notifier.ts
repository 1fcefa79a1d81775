import { type Event, EventFilter } from 'sharing-bus';
import { shortMode } from '../connectors/SessionMode.js';
import { permissionText } from '../screen/eventText.js';
import { type Source, Watcher } from './Watcher.js';

/** Prints the mode of an agent, each permission request of it, and the answer. */
export class Notifier extends Watcher {
  constructor(source: Source, print: (line: string) => void) {
    super(
      source,
      { name: 'notifier', filter: EventFilter.kind('permission', 'session-config') },
      ({ event, routing }) => {
        const text = notice(event);
        if (text !== undefined) {
          print(`${routing.connectorId ?? 'an agent'} ${text}`);
        }
      },
    );
  }
}

function notice(event: Event): string | undefined {
  if (event.type === 'PermissionRequested') {
    return `asks permission: ${permissionText(event)}`;
  }
  if (event.type === 'PermissionResolved') {
    return event.outcome === 'selected' ? `was answered: ${event.optionId ?? 'selected'}` : 'got no answer: cancelled';
  }
  return event.type === 'ModeChanged' ? `is in mode ${shortMode(event.modeId)}` : undefined;
}
