import type { ContentBlock, ToolCallContent } from 'sharing-bus';
import { draft, type Draft } from '../../draft.js';
import { present } from '../shape.js';

/** What the events of one entry of a log have in common. */
export interface Mark {
  /** Milliseconds since 1970, if known. */
  readonly at?: number | undefined;
  readonly messageId?: string | undefined;
}

export function textBlock(text: string): ContentBlock {
  return { type: 'text', text };
}

export function userSaid(content: ContentBlock, { at, messageId }: Mark): Draft {
  return draft('user-message', 'user', { type: 'UserMessageChunk', content, ...present({ messageId }) }, at);
}

export function agentSaid(content: ContentBlock, { at, messageId }: Mark): Draft {
  return draft('agent-message', 'agent', { type: 'AgentMessageChunk', content, ...present({ messageId }) }, at);
}

/** Nothing for an empty thought: agents log that they thought, and keep the words to themselves. */
export function agentThought(text: string, { at, messageId }: Mark): Draft[] {
  return text === ''
    ? []
    : [
        draft(
          'agent-thought',
          'agent',
          { type: 'AgentThoughtChunk', content: textBlock(text), ...present({ messageId }) },
          at,
        ),
      ];
}

/** A tool call as a log has it. */
export interface LoggedCall {
  readonly toolCallId: string;
  /** The agent's name of the tool. */
  readonly name: string;
  readonly rawInput?: unknown;
}

/** @param by Who called the tool. */
export function toolCall({ toolCallId, name, rawInput }: LoggedCall, at?: number, by = 'agent'): Draft {
  const toolKind = TOOL_KINDS.get(name.toLowerCase()) ?? 'other';
  const status = 'in_progress';
  return draft(
    'tool-call',
    by,
    { type: 'ToolCall', toolCallId, title: name, toolKind, status, ...present({ rawInput }) },
    at,
  );
}

/** The result of a tool call as a log has it. */
export interface LoggedResult {
  readonly toolCallId: string;
  readonly name?: string | undefined;
  readonly hasFailed: boolean;
  readonly content: readonly ContentBlock[];
  readonly rawOutput?: unknown;
}

/** @param by Who called the tool. */
export function toolResult(result: LoggedResult, at?: number, by = 'agent'): Draft {
  const { toolCallId, name: title, hasFailed, rawOutput } = result;
  const status = hasFailed ? 'failed' : 'completed';
  const content = result.content.map((block): ToolCallContent => ({ type: 'content', content: block }));
  return draft(
    'tool-call-update',
    by,
    { type: 'ToolCallUpdate', toolCallId, status, content, ...present({ title, rawOutput }) },
    at,
  );
}

export function turnEnded(stopReason: string, at?: number): Draft {
  return draft('session-lifecycle', 'agent', { type: 'TurnEnded', stopReason }, at);
}

export function titled(title: string, at?: number): Draft {
  return draft('session-lifecycle', 'agent', { type: 'SessionInfoChanged', title }, at);
}

export function modelChanged(model: string, at?: number): Draft {
  const configOptions = [{ id: 'model', currentValue: model }];
  return draft('session-config', 'agent', { type: 'ConfigOptionsChanged', configOptions }, at);
}

/** Something that the agent told its user beside the talk. */
export function notice(title: string, description?: string, { at, severity = 'info' }: NoticeOptions = {}): Draft {
  return draft('system', 'agent', { type: 'Notice', severity, title, ...present({ description }) }, at);
}

export interface NoticeOptions {
  readonly at?: number | undefined;
  /** Default: `info`. */
  readonly severity?: string;
}

/** The ACP kinds of the agents' tools, by their names in lower case. */
const TOOL_KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    read: 'read read_file read_many_files view notebookread',
    edit: 'write edit multiedit write_file replace apply_patch create str_replace notebookedit patch',
    search: 'grep find ls glob list list_directory grep_search search_file_content search_files rg codesearch',
    execute: 'bash shell exec_command exec local_shell run_shell_command powershell write_stdin execute',
    fetch: 'webfetch web_fetch websearch web_search google_web_search fetch',
    think: 'think todowrite todo_write update_plan task agent save_memory',
    switch_mode: 'exitplanmode exit_plan_mode enterplanmode',
  }).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind] as const)),
);
