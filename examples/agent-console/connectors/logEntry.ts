import type { BusEvent } from 'sharing-bus';
import { parseBusEvent } from 'sharing-bus/schema';
import { draft, type Draft, noticeOf } from '../draft.js';
import { BadLineError } from './lines.js';
import { eventsOfMessage } from './piMessage.js';
import { isObject, type Json, objectAt, optionalStringAt, present, stringAt } from './shape.js';

/** The content of one line of a log. */
export type LogEntry =
  | { readonly type: 'session'; readonly sessionId: string; readonly drafts: readonly Draft[]; readonly at?: number }
  | { readonly type: 'events'; readonly drafts: readonly Draft[]; readonly at?: number }
  /** A line of a scroll that the console archived. */
  | { readonly type: 'recorded'; readonly busEvent: BusEvent };

/**
 * Reads the JSON value of a line of a pi session log, or of a scroll that the console archived.
 *
 * @throws BadLineError if it is neither.
 */
export function logEntry(value: unknown): LogEntry {
  const line = objectAt(value, 'the line');
  return isRecorded(line) ? { type: 'recorded', busEvent: recorded(line) } : piEntry(line);
}

/** Whether it is a line of a scroll: pi's lines have no `routing`. */
function isRecorded(line: Json): boolean {
  return isObject(line['routing']) && 'event' in line;
}

function recorded(line: Json): BusEvent {
  try {
    return parseBusEvent(line);
  } catch (error) {
    throw new BadLineError(`not an event of a scroll: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function piEntry(line: Json): LogEntry {
  const type = stringAt(line, 'type', 'the line');
  const at = present({ at: timeOf(line) });
  switch (type) {
    case 'session':
      return { type: 'session', sessionId: stringAt(line, 'id', 'session'), drafts: optionsOf(line), ...at };
    case 'message':
      return { type: 'events', drafts: eventsOfMessage(objectAt(line['message'], 'message')), ...at };
    case 'model_change':
    case 'thinking_level_change': {
      const drafts = optionsOf(line);
      return { type: 'events', drafts: drafts.length > 0 ? drafts : [noticeOf(`empty ${type}`, line)], ...at };
    }
    case 'session_info':
      return { type: 'events', drafts: [titleOf(line)], ...at };
    default:
      return { type: 'events', drafts: [noticeOf(`log line of type ${type}`, line)], ...at };
  }
}

/** One event for the model and the thinking level, if the line has them. */
function optionsOf(line: Json): Draft[] {
  const provider = optionalStringAt(line, 'provider', 'the line');
  const model = optionalStringAt(line, 'modelId', 'the line');
  const thinking = optionalStringAt(line, 'thinkingLevel', 'the line');
  const configOptions = [
    ...(model === undefined ? [] : [{ id: 'model', ...present({ provider }), currentValue: model }]),
    ...(thinking === undefined ? [] : [{ id: 'thinking_level', currentValue: thinking }]),
  ];
  return configOptions.length === 0
    ? []
    : [draft('session-config', 'user', { type: 'ConfigOptionsChanged', configOptions })];
}

function titleOf(line: Json): Draft {
  const title = optionalStringAt(line, 'name', 'session_info');
  return draft('session-lifecycle', 'user', { type: 'SessionInfoChanged', ...present({ title }) });
}

/** The timestamp in milliseconds; `undefined` if the line has none. */
function timeOf(line: Json): number | undefined {
  const time = line['timestamp'];
  const milliseconds = typeof time === 'string' ? Date.parse(time) : time;
  return typeof milliseconds === 'number' && Number.isFinite(milliseconds) ? milliseconds : undefined;
}
