import { draft, type Draft, noticeOf } from '../../draft.js';
import { type Json, objectAt, optionalObjectAt, optionalStringAt, present, stringAt } from '../shape.js';
import { notice, titled } from './drafts.js';
import type { LogReader, LogStep } from './LogReader.js';
import { endOfTurn, eventsOfMessage, piUsage } from './piMessage.js';
import { timeOf } from './timeOf.js';

/** The lines of `pi --mode json` that repeat, or announce, what `message_end` says. */
const REPEATS: ReadonlySet<string> = new Set([
  'agent_end',
  'turn_start',
  'turn_end',
  'message_start',
  'message_update',
  'tool_execution_start',
  'tool_execution_update',
  'tool_execution_end',
]);

/**
 * Reads a session log of the pi coding agent, of any version, and the output of `pi --mode json`.
 *
 * A log is a tree: each entry names its parent, which is the entry before it, except where a branch begins.
 */
export class PiReader implements LogReader {
  name: string | undefined;
  #last: string | undefined;
  /** The end of a turn that failed. If the next message is the agent's, then pi tried again, and the turn went on. */
  #failure: Draft | undefined;

  read(line: Json): readonly LogStep[] {
    const type = stringAt(line, 'type', 'the line');
    const drafts = this.#stepsOf(type, line);
    const branch = this.#branchOf(line);
    return branch === undefined ? drafts : [branch, ...drafts];
  }

  end(): readonly LogStep[] {
    return this.#takeFailure();
  }

  /** By id and time. A log of version 1 has no ids; when pi rewrites it, it gets some, and the times stay. */
  keysOf(line: Json): readonly string[] {
    const { type, id, timestamp } = line;
    const byTime = typeof timestamp === 'string' ? [`${String(type)} at ${timestamp}`] : [];
    return typeof id === 'string' ? [`${id} at ${String(timestamp)}`, ...byTime] : byTime;
  }

  #stepsOf(type: string, line: Json): readonly LogStep[] {
    const at = timeOf(line['timestamp']);
    switch (type) {
      case 'session':
        return [...this.#takeFailure(), { opens: stringAt(line, 'id', 'session'), at }, ...headerOf(line, at)];
      case 'message':
      case 'message_end':
        return this.#message(line, at);
      case 'model_change':
      case 'thinking_level_change': {
        const drafts = optionsOf(line, at);
        return drafts.length > 0 ? drafts : [noticeOf(`empty ${type}`, line, at)];
      }
      case 'session_info': {
        const title = optionalStringAt(line, 'name', 'session_info');
        return title === undefined ? [] : [titled(title, at)];
      }
      case 'usage':
        return usageOf(line, at);
      case 'compaction':
      case 'branch_summary': {
        const title = type === 'compaction' ? 'compaction' : 'summary of the branch that was left';
        return [notice(title, optionalStringAt(line, 'summary', type), { at }), ...usageOf(line, at)];
      }
      case 'custom_message':
        return eventsOfMessage({ ...line, role: 'custom' }, { at });
      case 'agent_start':
        this.name = 'the output of pi --mode json';
        return [];
      default:
        return REPEATS.has(type) ? [] : [noticeOf(`log line of type ${type}`, line, at)];
    }
  }

  #message(line: Json, written: number | undefined): readonly LogStep[] {
    const message = objectAt(line['message'], 'message');
    const at = written ?? timeOf(message['timestamp']);
    const messageId = optionalStringAt(line, 'id', 'message');
    const drafts = eventsOfMessage(message, { at, messageId, requestId: requestIdOf(line) });
    const ending = endOfTurn(message, at);
    const isRetry = message['role'] === 'assistant';
    const before = this.#takeFailure();
    if (ending?.hasFailed === true) {
      this.#failure = ending.draft;
    }
    const ends = ending === undefined || ending.hasFailed ? [] : [ending.draft];
    return [...(isRetry ? [] : before), ...drafts, ...ends];
  }

  #takeFailure(): Draft[] {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? [] : [failure];
  }

  /** Says where a branch begins. */
  #branchOf(line: Json): Draft | undefined {
    const { id, parentId } = line;
    const last = this.#last;
    this.#last = typeof id === 'string' && line['type'] !== 'session' ? id : undefined;
    if (last === undefined || this.#last === undefined || parentId === undefined || parentId === last) {
      return undefined;
    }
    const from = typeof parentId === 'string' ? `goes on from ${parentId}` : 'starts anew';
    return notice('branch', `${this.#last} ${from}, not from ${last}`, { at: timeOf(line['timestamp']) });
  }
}

/** What the first line says besides the id. */
function headerOf(line: Json, at: number | undefined): Draft[] {
  const parent = optionalStringAt(line, 'parentSession', 'session');
  return [
    ...optionsOf(line, at),
    ...(parent === undefined ? [] : [notice('fork', `the first entries are those of ${parent}`, { at })]),
  ];
}

/** One event for the model and the thinking level, if the line has them. */
function optionsOf(line: Json, at: number | undefined): Draft[] {
  const provider = optionalStringAt(line, 'provider', 'the line');
  const model = optionalStringAt(line, 'modelId', 'the line');
  const thinking = optionalStringAt(line, 'thinkingLevel', 'the line');
  const configOptions = [
    ...(model === undefined ? [] : [{ id: 'model', ...present({ provider }), currentValue: model }]),
    ...(thinking === undefined ? [] : [{ id: 'thinking_level', currentValue: thinking }]),
  ];
  return configOptions.length === 0
    ? []
    : [draft('session-config', 'user', { type: 'ConfigOptionsChanged', configOptions }, at)];
}

/** The usage of an entry that is not a message, if it has one. */
function usageOf(line: Json, at: number | undefined): Draft[] {
  const usage = optionalObjectAt(line, 'usage', 'the line');
  const model = optionalStringAt(line, 'model', 'the line');
  return usage === undefined ? [] : [piUsage(usage, model, { at, requestId: requestIdOf(line) })];
}

/** A fork repeats the entries of its parent with their ids and times. Ids alone are short, and other sessions may have them, too. */
function requestIdOf({ id, timestamp }: Json): string | undefined {
  return typeof id === 'string' ? `${id}@${String(timestamp)}` : undefined;
}
