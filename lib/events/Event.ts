/**
 * The built-in payload types: what agents do, modelled on the session updates of the Agent Client Protocol (ACP, version 1).
 *
 * The bus reads only one of them, {@link SessionRegistered}. If your application has its own events, use `SharingBus<MyEvent>` and ignore
 * this type.
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
  | UsageUpdated
  | CompactionUpdated
  | CompactionSummaryChunk;

/** A connector reached its agent. Kind `system`. */
export interface Connected {
  readonly type: 'Connected';
}

/** A connector lost the connection to its agent, or closed it. Kind `system`. */
export interface Disconnected {
  readonly type: 'Disconnected';
  readonly reason?: string;
}

/** An error that does not belong to a single tool call. Kind `system`. */
export interface ErrorRaised {
  readonly type: 'ErrorRaised';
  readonly message: string;
  readonly code?: string | number;
}

/** A message from an agent to its users. Kind `system`. */
export interface Notice {
  readonly type: 'Notice';
  /** `info`, `warning`, `error`, or another word that the agent uses. */
  readonly severity: string;
  readonly title: string;
  readonly description?: string;
}

/**
 * A native session got its scroll. From now on the bus adds the scroll id to events of this session. Kind `session-lifecycle`.
 */
export interface SessionRegistered {
  readonly type: 'SessionRegistered';
  readonly connectorId: string;
  /** The agent's own id of the session. */
  readonly sessionId: string;
  /** The UUID of the scroll, in any spelling. The bus logs any other text with a warning, and the event binds nothing. */
  readonly scrollId: string;
}

/** The title or another property of a session changed. Kind `session-lifecycle`. */
export interface SessionInfoChanged {
  readonly type: 'SessionInfoChanged';
  readonly title?: string;
  /** Date and time in ISO 8601. */
  readonly updatedAt?: string;
}

/** A session has ended and produces no more events. Kind `session-lifecycle`. */
export interface SessionEnded {
  readonly type: 'SessionEnded';
  readonly reason?: string;
}

/** An agent finished its answer to one prompt. Kind `session-lifecycle`. */
export interface TurnEnded {
  readonly type: 'TurnEnded';
  /** ACP's `end_turn`, `max_tokens`, `max_turn_requests`, `refusal`, `cancelled`, or another word that the agent uses. */
  readonly stopReason: string;
}

/** A part of a message from the user. Kind `user-message`. */
export interface UserMessageChunk {
  readonly type: 'UserMessageChunk';
  readonly content: ContentBlock;
  /** Identifies the message: the same for all its chunks. Absent if the agent gives none. */
  readonly messageId?: string;
}

/** A part of a message from the agent. Kind `agent-message`. */
export interface AgentMessageChunk {
  readonly type: 'AgentMessageChunk';
  readonly content: ContentBlock;
  /** Identifies the message: the same for all its chunks. Absent if the agent gives none. */
  readonly messageId?: string;
}

/** A part of the agent's reasoning. Kind `agent-thought`. */
export interface AgentThoughtChunk {
  readonly type: 'AgentThoughtChunk';
  readonly content: ContentBlock;
  /** Identifies the message: the same for all its chunks. Absent if the agent gives none. */
  readonly messageId?: string;
}

/** The agent starts a tool call. Kind `tool-call`. */
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

/** The changed fields of a tool call, such as its status or result. Kind `tool-call-update`. */
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

/** The agent's whole plan. It replaces the previous plan. Kind `plan`. */
export interface Plan {
  readonly type: 'Plan';
  readonly entries: readonly PlanEntry[];
}

/** The mode of the session changed. Kind `session-config`. */
export interface ModeChanged {
  readonly type: 'ModeChanged';
  readonly modeId: string;
}

/** The configuration options of the session changed. Kind `session-config`. */
export interface ConfigOptionsChanged {
  readonly type: 'ConfigOptionsChanged';
  readonly configOptions: readonly unknown[];
}

/** The list of commands that the user may give changed. Kind `session-config`. */
export interface CommandsChanged {
  readonly type: 'CommandsChanged';
  readonly commands: readonly { readonly name: string; readonly description: string }[];
}

/** The agent asks for permission before it acts. Kind `permission`. */
export interface PermissionRequested {
  readonly type: 'PermissionRequested';
  readonly requestId: string;
  readonly toolCallId: string;
  readonly title?: string;
  readonly options: readonly PermissionOption[];
}

/** A permission request was answered or cancelled. Kind `permission`. */
export interface PermissionResolved {
  readonly type: 'PermissionResolved';
  readonly requestId: string;
  readonly outcome: 'selected' | 'cancelled';
  /** The id of the chosen option, if one was chosen. */
  readonly optionId?: string;
}

/**
 * Tokens and money that a session has used. Kind `usage`.
 *
 * The tokens of an event are in four counts that do not overlap: input, read from a cache, written to a cache, output. Their sum is
 * everything that was used. Agents count differently, so a connector converts. A count that the agent does not report is absent: 0 means
 * that it was none.
 *
 * Events add up, except those whose `scope` is `session` and those with the same `requestId`.
 */
export interface UsageUpdated {
  readonly type: 'UsageUpdated';
  /**
   * What the counts are about: `request` is one request to the model, `turn` all requests of a turn, `rest` those requests of the session that
   * were not reported one by one. `session` is everything so far: it replaces the previous such event of the same session and model, and is not
   * added to others. Or another word of the agent's. Default: `request`.
   */
  readonly scope?: string;
  /** Identifies the request. An event with an id that was counted before is a copy, such as in the log of a fork. */
  readonly requestId?: string;
  /** The model that was used, by the agent's own name for it. */
  readonly model?: string;
  /** Number of tokens in the context now. */
  readonly used?: number;
  /** Number of tokens that the context can hold. */
  readonly size?: number;
  /** Number of input tokens, without those that were read from a cache or written to one. */
  readonly inputTokens?: number;
  /** Number of output tokens, including reasoning. */
  readonly outputTokens?: number;
  /** Number of the output tokens that were reasoning. They are part of `outputTokens`. */
  readonly reasoningTokens?: number;
  /** Number of input tokens that were read from a cache. */
  readonly cachedReadTokens?: number;
  /** Number of input tokens that were written to a cache. */
  readonly cachedWriteTokens?: number;
  /** The price of these tokens. In an event with `used`, that of the whole session so far. */
  readonly cost?: Cost;
}

/**
 * The agent replaces the older part of its context by a summary. Kind `compaction`.
 *
 * The first event of a `compactionId` starts it. Each later one replaces the fields that it has.
 */
export interface CompactionUpdated {
  readonly type: 'CompactionUpdated';
  readonly compactionId: string;
  /** ACP's `in_progress`, `completed`, `failed`, `cancelled`, or another word that the agent uses. */
  readonly status: string;
  /** The whole summary. It replaces the chunks before it. */
  readonly summary?: readonly ContentBlock[];
  /** Why it failed, for people to read. */
  readonly error?: string;
}

/** A part of the summary of a compaction, in the order of the text. Kind `compaction`. */
export interface CompactionSummaryChunk {
  readonly type: 'CompactionSummaryChunk';
  readonly compactionId: string;
  readonly content: ContentBlock;
}

/** An amount of money. */
export interface Cost {
  readonly amount: number;
  /** Currency code in ISO 4217, such as `USD`. */
  readonly currency: string;
}

/** One step of a plan. */
export interface PlanEntry {
  readonly content: string;
  /** ACP's `high`, `medium`, `low`. */
  readonly priority: string;
  /** ACP's `pending`, `in_progress`, `completed`. */
  readonly status: string;
}

/** One answer that a permission request offers to the user. */
export interface PermissionOption {
  readonly optionId: string;
  readonly name: string;
  /** ACP's `allow_once`, `allow_always`, `reject_once`, `reject_always`. */
  readonly kind: string;
}

/** A piece of content: text, or another medium. */
export type ContentBlock = TextContent | OtherContent;

/** Plain text or Markdown. */
export interface TextContent {
  readonly type: 'text';
  readonly text: string;
}

/** ACP's content blocks other than text, with their fields unchanged. */
export interface OtherContent {
  readonly type: 'image' | 'audio' | 'resource_link' | 'resource';
  readonly [field: string]: unknown;
}

/** Output of a tool call: ACP's `content`, `diff` or `terminal`, with its fields unchanged. */
export interface ToolCallContent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A place in a file that a tool call touches. */
export interface ToolCallLocation {
  readonly path: string;
  /** The line number; the first line has 1. */
  readonly line?: number;
}
