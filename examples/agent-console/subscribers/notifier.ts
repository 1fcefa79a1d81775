import { type Event, EventFilter, type EventKind } from 'sharing-bus';
import { shortMode } from '../connectors/SessionMode.js';
import { permissionText } from '../screen/eventText.js';
import { type Source, Watcher } from './Watcher.js';

/** The kinds of which it may tell. */
export const NOTICE_KINDS: readonly EventKind[] = ['permission', 'session-config'];

/** Prints the mode of an agent, each permission request of it, and the answer. */
export class Notifier extends Watcher {
  constructor(source: Source, print: (line: string) => void) {
    super(source, { name: 'notifier', filter: EventFilter.kind(...NOTICE_KINDS) }, ({ event, routing }) => {
      const text = notice(event);
      if (text !== undefined) {
        print(`${routing.connectorId ?? 'an agent'} ${text}`);
      }
    });
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
