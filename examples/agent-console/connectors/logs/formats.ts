import { isObject, type Json } from '../shape.js';
import { ClaudeCodeReader } from './ClaudeCodeReader.js';
import { CodexReader } from './CodexReader.js';
import { CopilotReader } from './CopilotReader.js';
import { GeminiReader } from './GeminiReader.js';
import type { LogReader } from './LogReader.js';
import { OpenCodeReader } from './OpenCodeReader.js';
import { PiReader } from './PiReader.js';
import { QwenReader } from './QwenReader.js';
import { ScrollReader } from './ScrollReader.js';

/** A kind of log. */
export interface LogFormat {
  /** For people, such as `a session log of pi`. */
  readonly name: string;
  /** The first part of the names of its connectors. */
  readonly connector: string;
  /** Whether a log whose first value is this one is of this kind. */
  readonly begins: (first: Json) => boolean;
  /** A reader for one log. `undefined`: it is known, and not read. */
  readonly reader?: () => LogReader;
}

/** All kinds, in the order in which they are asked. */
const FORMATS: readonly LogFormat[] = [
  {
    name: 'a scroll of this console',
    connector: 'scroll',
    begins: ({ routing, event }) => isObject(routing) && isObject(event),
    reader: () => new ScrollReader(),
  },
  {
    name: 'a rollout of Codex',
    connector: 'codex',
    begins: ({ type, payload }) => type === 'session_meta' && isObject(payload),
    reader: () => new CodexReader(),
  },
  {
    name: 'a session of Copilot CLI',
    connector: 'copilot',
    begins: ({ type, data }) => type === 'session.start' && isObject(data),
    reader: () => new CopilotReader(),
  },
  {
    name: 'an export of OpenCode',
    connector: 'opencode',
    begins: ({ info, messages }) => isObject(info) && typeof info['id'] === 'string' && Array.isArray(messages),
    reader: () => new OpenCodeReader(),
  },
  {
    name: 'a chat of Gemini CLI',
    connector: 'gemini',
    begins: ({ sessionId, projectHash }) => typeof sessionId === 'string' && typeof projectHash === 'string',
    reader: () => new GeminiReader(),
  },
  {
    name: 'a chat of Qwen Code',
    connector: 'qwen',
    begins: (first) => hasIds(first) && (hasParts(first) || 'systemPayload' in first),
    reader: () => new QwenReader(),
  },
  {
    name: 'a transcript of Claude Code',
    connector: 'claude-code',
    begins: (first) => hasIds(first) || isClaudeCodeState(first),
    reader: () => new ClaudeCodeReader(),
  },
  {
    name: 'a session log of pi',
    connector: 'pi',
    begins: ({ type, message }) => type === 'session' || (type === 'message' && isObject(message)) || isPiEntry(type),
    reader: () => new PiReader(),
  },
  { name: 'a session log of Droid', connector: 'droid', begins: ({ type }) => type === 'session_start' },
  {
    name: 'a transcript of Cursor',
    connector: 'cursor',
    begins: ({ role, message }) => typeof role === 'string' && isObject(message),
  },
];

/** The kind of log that begins with `first`; `undefined` if it is none that is known. */
export function formatOf(first: Json): LogFormat | undefined {
  return FORMATS.find(({ begins }) => begins(first));
}

/** The kinds that are read, for people. */
export function readableFormats(): string[] {
  return FORMATS.flatMap(({ name, reader }) => (reader === undefined ? [] : [name]));
}

/** Lines of Claude Code and of Qwen Code. */
function hasIds({ uuid, sessionId }: Json): boolean {
  return typeof uuid === 'string' && typeof sessionId === 'string';
}

function hasParts({ message }: Json): boolean {
  return isObject(message) && Array.isArray(message['parts']);
}

/** Claude Code's lines about its own state have fewer ids, and a transcript may begin with them. */
function isClaudeCodeState({ type, sessionId, leafUuid, messageId, snapshot }: Json): boolean {
  return (
    (typeof type === 'string' && typeof sessionId === 'string') ||
    (type === 'summary' && typeof leafUuid === 'string') ||
    (type === 'file-history-snapshot' && typeof messageId === 'string' && isObject(snapshot))
  );
}

/** A part of a log of pi, without its first line. */
function isPiEntry(type: unknown): boolean {
  return ['model_change', 'thinking_level_change', 'session_info', 'compaction', 'custom_message'].includes(
    String(type),
  );
}
