/**
 * The payloads that agents cause, modelled on the session updates of the Agent Client Protocol (ACP, version 1).
 *
 * The bus does not look into a payload, but for the one that registers a session. An application with events of its
 * own uses `SharingBus<MyEvent>` and never meets this type.
 */
export type Event =
  | Connected
  | Disconnected
  | ErrorRaised
  | Notice
  | SessionRegistered
  | SessionInfoChanged
  | SessionEnded
  | TurnEnded
  | UserMessageChunk
  | AgentMessageChunk
  | AgentThoughtChunk
  | ToolCall
  | ToolCallUpdate
  | Plan
  | ModeChanged
  | ConfigOptionsChanged
  | CommandsChanged
  | PermissionRequested
  | PermissionResolved
  | UsageUpdated;

/** A connector reached its agent. Kind `system`. */
export interface Connected {
  readonly type: 'Connected';
}

/** A connector lost its agent, or let it go. Kind `system`. */
export interface Disconnected {
  readonly type: 'Disconnected';
  readonly reason?: string;
}

/** Something went wrong outside any one tool call. Kind `system`. */
export interface ErrorRaised {
  readonly type: 'ErrorRaised';
  readonly message: string;
  readonly code?: string | number;
}

/** Something that an agent wants people to know. Kind `system`. */
export interface Notice {
  readonly type: 'Notice';
  /** `info`, `warning`, `error`, or a word of the agent's. */
  readonly severity: string;
  readonly title: string;
  readonly description?: string;
}

/**
 * A native session was given its scroll: from here on, its events are bound to it. Kind `session-lifecycle`.
 */
export interface SessionRegistered {
  readonly type: 'SessionRegistered';
  readonly connectorId: string;
  /** The agent's own id of the session. */
  readonly sessionId: string;
  /** A UUID in any spelling. Any other text is logged, and binds nothing. */
  readonly scrollId: string;
}

/** What is known of a session changed. Kind `session-lifecycle`. */
export interface SessionInfoChanged {
  readonly type: 'SessionInfoChanged';
  readonly title?: string;
  /** ISO 8601. */
  readonly updatedAt?: string;
}

/** A session will produce nothing more. Kind `session-lifecycle`. */
export interface SessionEnded {
  readonly type: 'SessionEnded';
  readonly reason?: string;
}

/** An agent finished its answer to one prompt. Kind `session-lifecycle`. */
export interface TurnEnded {
  readonly type: 'TurnEnded';
  /** ACP's `end_turn`, `max_tokens`, `max_turn_requests`, `refusal`, `cancelled`, or an agent's own word. */
  readonly stopReason: string;
}

/** A part of what the user said. Kind `user-message`. */
export interface UserMessageChunk {
  readonly type: 'UserMessageChunk';
  readonly content: ContentBlock;
  /** The same for all chunks of one message, where the agent tells it. */
  readonly messageId?: string;
}

/** A part of what the agent says. Kind `agent-message`. */
export interface AgentMessageChunk {
  readonly type: 'AgentMessageChunk';
  readonly content: ContentBlock;
  /** The same for all chunks of one message, where the agent tells it. */
  readonly messageId?: string;
}

/** A part of the agent's reasoning. Kind `agent-thought`. */
export interface AgentThoughtChunk {
  readonly type: 'AgentThoughtChunk';
  readonly content: ContentBlock;
  /** The same for all chunks of one message, where the agent tells it. */
  readonly messageId?: string;
}

/** The agent starts to use a tool. Kind `tool-call`. */
export interface ToolCall {
  readonly type: 'ToolCall';
  readonly toolCallId: string;
  readonly title: string;
  /** ACP's `read`, `edit`, `delete`, `move`, `search`, `execute`, `think`, `fetch`, `switch_mode`, `other`. */
  readonly toolKind?: string;
  /** ACP's `pending`, `in_progress`, `completed`, `failed`. */
  readonly status?: string;
  readonly content?: readonly ToolCallContent[];
  readonly locations?: readonly ToolCallLocation[];
  readonly rawInput?: unknown;
  readonly rawOutput?: unknown;
}

/** What changed of a tool call, its result among it. Kind `tool-call-update`. */
export interface ToolCallUpdate {
  readonly type: 'ToolCallUpdate';
  readonly toolCallId: string;
  readonly title?: string;
  readonly toolKind?: string;
  readonly status?: string;
  readonly content?: readonly ToolCallContent[];
  readonly locations?: readonly ToolCallLocation[];
  readonly rawInput?: unknown;
  readonly rawOutput?: unknown;
}

/** The agent's plan, whole; it replaces the one before. Kind `plan`. */
export interface Plan {
  readonly type: 'Plan';
  readonly entries: readonly PlanEntry[];
}

/** The session changed its mode. Kind `session-config`. */
export interface ModeChanged {
  readonly type: 'ModeChanged';
  readonly modeId: string;
}

/** The session's options changed. Kind `session-config`. */
export interface ConfigOptionsChanged {
  readonly type: 'ConfigOptionsChanged';
  readonly configOptions: readonly unknown[];
}

/** The commands that the user may give changed. Kind `session-config`. */
export interface CommandsChanged {
  readonly type: 'CommandsChanged';
  readonly commands: readonly { readonly name: string; readonly description: string }[];
}

/** The agent asks before it acts. Kind `permission`. */
export interface PermissionRequested {
  readonly type: 'PermissionRequested';
  readonly requestId: string;
  readonly toolCallId: string;
  readonly title?: string;
  readonly options: readonly PermissionOption[];
}

/** The question was answered, or given up. Kind `permission`. */
export interface PermissionResolved {
  readonly type: 'PermissionResolved';
  readonly requestId: string;
  readonly outcome: 'selected' | 'cancelled';
  /** The option chosen, where one was. */
  readonly optionId?: string;
}

/** What a session has used. Kind `usage`. */
export interface UsageUpdated {
  readonly type: 'UsageUpdated';
  /** Tokens in the context now. */
  readonly used?: number;
  /** Tokens that the context can hold. */
  readonly size?: number;
  /** Tokens read by the last request. */
  readonly inputTokens?: number;
  /** Tokens written by the last request. */
  readonly outputTokens?: number;
  /** Tokens of the last request that came from a cache. */
  readonly cachedReadTokens?: number;
  /** Tokens of the last request that were put into a cache. */
  readonly cachedWriteTokens?: number;
  readonly cost?: Cost;
}

/** An amount of money. */
export interface Cost {
  readonly amount: number;
  /** ISO 4217, such as `USD`. */
  readonly currency: string;
}

/** A step of a plan. */
export interface PlanEntry {
  readonly content: string;
  /** ACP's `high`, `medium`, `low`. */
  readonly priority: string;
  /** ACP's `pending`, `in_progress`, `completed`. */
  readonly status: string;
}

/** One answer that a permission request offers. */
export interface PermissionOption {
  readonly optionId: string;
  readonly name: string;
  /** ACP's `allow_once`, `allow_always`, `reject_once`, `reject_always`. */
  readonly kind: string;
}

/** Text, or a medium that is not text. */
export type ContentBlock = TextContent | OtherContent;

/** Text, plain or Markdown. */
export interface TextContent {
  readonly type: 'text';
  readonly text: string;
}

/** ACP's other blocks, kept as they are. */
export interface OtherContent {
  readonly type: 'image' | 'audio' | 'resource_link' | 'resource';
  readonly [field: string]: unknown;
}

/** What a tool call shows: ACP's `content`, `diff` or `terminal`, kept as it is. */
export interface ToolCallContent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A place in a file that a tool call touches. */
export interface ToolCallLocation {
  readonly path: string;
  /** From 1. */
  readonly line?: number;
}
