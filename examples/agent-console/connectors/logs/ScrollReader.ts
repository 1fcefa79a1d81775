import type { BusEvent } from 'sharing-bus';
import { parseBusEvent } from 'sharing-bus/schema';
import { BadLineError } from '../lines.js';
import type { Json } from '../shape.js';
import type { LogReader, LogStep } from './LogReader.js';

/** Reads a scroll that a console archived. Its registrations are made anew, with scrolls of their own. */
export class ScrollReader implements LogReader {
  read(line: Json): readonly LogStep[] {
    const { routing, origin, event, at } = recorded(line);
    return event.type === 'SessionRegistered'
      ? [{ opens: event.sessionId, at }]
      : [{ kind: routing.kind, origin, event, at, sessionId: routing.nativeSessionId }];
  }

  end(): readonly LogStep[] {
    return [];
  }
}

function recorded(line: Json): BusEvent {
  try {
    return parseBusEvent(line);
  } catch (error) {
    throw new BadLineError(`not an event of a scroll: ${error instanceof Error ? error.message : String(error)}`);
  }
}
