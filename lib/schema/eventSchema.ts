import * as z from 'zod/mini';
import type {
  ContentBlock,
  Cost,
  Event,
  PermissionOption,
  PlanEntry,
  ToolCallContent,
  ToolCallLocation,
} from '../events/Event.js';
import { fields, list } from './fields.js';
import { type Limits, plainCopy } from './guard.js';
import { guarded } from './guarded.js';

/** The limits of a payload, far above what an agent sends. */
const PAYLOAD: Omit<Limits, 'only'> = { depth: 512, entries: 1_000_000 };

const text = z.string();
const maybeText = z.exactOptional(text);
const maybeCount = z.exactOptional(z.number());
const anything = z.exactOptional(z.unknown());

const contentShape = z.discriminatedUnion('type', [
  // Not `fields`: a content block is the agent's own and may have any keys.
  z.looseObject({ type: z.literal('text'), text }) as unknown as z.ZodMiniObject<{
    type: z.ZodMiniLiteral<'text'>;
    text: z.ZodMiniString<string>;
  }>,
  z.looseObject({ type: z.literal(['image', 'audio', 'resource_link', 'resource']) }),
]);
const toolCallContentShape = z.looseObject({ type: text });
const toolCallLocationShape = fields({ path: text, line: maybeCount });
const planEntryShape = fields({ content: text, priority: text, status: text });
const permissionOptionShape = fields({ optionId: text, name: text, kind: text });
const costShape = fields({ amount: z.number(), currency: text });

const chunk = { content: contentShape, messageId: maybeText };
const toolCall = {
  toolCallId: text,
  toolKind: maybeText,
  status: maybeText,
  content: z.exactOptional(list(toolCallContentShape)),
  locations: z.exactOptional(list(toolCallLocationShape)),
  rawInput: anything,
  rawOutput: anything,
};

/** The type spec compares the inferred types with the interfaces in Event.ts. */
export const eventShapes = {
  Connected: fields({ type: z.literal('Connected') }),
  Disconnected: fields({ type: z.literal('Disconnected'), reason: maybeText }),
  ErrorRaised: fields({
    type: z.literal('ErrorRaised'),
    message: text,
    code: z.exactOptional(z.union([text, z.number()])),
  }),
  Notice: fields({ type: z.literal('Notice'), severity: text, title: text, description: maybeText }),
  SessionRegistered: fields({
    type: z.literal('SessionRegistered'),
    connectorId: text,
    sessionId: text,
    // Any string: the bus itself logs a registration whose id is not a UUID, and binds nothing.
    scrollId: text,
  }),
  SessionInfoChanged: fields({ type: z.literal('SessionInfoChanged'), title: maybeText, updatedAt: maybeText }),
  SessionEnded: fields({ type: z.literal('SessionEnded'), reason: maybeText }),
  TurnEnded: fields({ type: z.literal('TurnEnded'), stopReason: text }),
  UserMessageChunk: fields({ type: z.literal('UserMessageChunk'), ...chunk }),
  AgentMessageChunk: fields({ type: z.literal('AgentMessageChunk'), ...chunk }),
  AgentThoughtChunk: fields({ type: z.literal('AgentThoughtChunk'), ...chunk }),
  ToolCall: fields({ type: z.literal('ToolCall'), title: text, ...toolCall }),
  ToolCallUpdate: fields({ type: z.literal('ToolCallUpdate'), title: maybeText, ...toolCall }),
  Plan: fields({ type: z.literal('Plan'), entries: list(planEntryShape) }),
  ModeChanged: fields({ type: z.literal('ModeChanged'), modeId: text }),
  ConfigOptionsChanged: fields({ type: z.literal('ConfigOptionsChanged'), configOptions: list(z.unknown()) }),
  CommandsChanged: fields({
    type: z.literal('CommandsChanged'),
    commands: list(fields({ name: text, description: text })),
  }),
  PermissionRequested: fields({
    type: z.literal('PermissionRequested'),
    requestId: text,
    toolCallId: text,
    title: maybeText,
    options: list(permissionOptionShape),
  }),
  PermissionResolved: fields({
    type: z.literal('PermissionResolved'),
    requestId: text,
    outcome: z.literal(['selected', 'cancelled']),
    optionId: maybeText,
  }),
  UsageUpdated: fields({
    type: z.literal('UsageUpdated'),
    scope: maybeText,
    requestId: maybeText,
    model: maybeText,
    used: maybeCount,
    size: maybeCount,
    inputTokens: maybeCount,
    outputTokens: maybeCount,
    reasoningTokens: maybeCount,
    cachedReadTokens: maybeCount,
    cachedWriteTokens: maybeCount,
    cost: z.exactOptional(costShape),
  }),
  CompactionUpdated: fields({
    type: z.literal('CompactionUpdated'),
    compactionId: text,
    status: text,
    summary: z.exactOptional(list(contentShape)),
    error: maybeText,
  }),
  CompactionSummaryChunk: fields({
    type: z.literal('CompactionSummaryChunk'),
    compactionId: text,
    content: contentShape,
  }),
};

// A Map instead of an object, in which `constructor` would be found as a type of event.
const shapes: ReadonlyMap<unknown, z.ZodMiniType<Event>> = new Map(Object.entries(eventShapes));

/** An event of an unknown type passes unchanged. The cast relies on readers to `switch` on the type. */
export const unknownEvent = fields({ type: text }) as unknown as z.ZodMiniType<Event>;

/**
 * Schema of the built-in payloads of a `BusEvent`: any member of `Event`.
 *
 * **Details** The result is a deep copy. The known fields of a known type are checked one by one. Unknown fields, and all fields of an
 * unknown type, are kept. Fields that are `undefined` are omitted.
 *
 * **Errors** It refuses values that JSON cannot hold, objects that are nested more than 512 levels deep, more than 1,000,000 entries in
 * all, and more than 10,000 entries in a list whose entries have a known type. It refuses the key `__proto__` everywhere, and the keys
 * `constructor` and `prototype` except inside the agent's own data: content, raw input and output, and unknown fields.
 */
export const eventSchema: z.ZodMiniType<Event> = guarded(
  plainCopy({ ...PAYLOAD, only: 'json' }),
  (event) => shapes.get((event as { type?: unknown } | null | undefined)?.type) ?? unknownEvent,
);

/** The schema of a payload that `schema` checks. The payload may hold values other than JSON if `schema` accepts them. */
export function payloadSchema<E>(schema: z.core.$ZodType<E>): z.ZodMiniType<E> {
  return guarded(plainCopy({ ...PAYLOAD, only: 'anything' }), () => schema);
}

/**
 * Schemas of the members of `Event`, by their type. They are building blocks for your own schemas: they check fields only. Use them for
 * data that is already known to be plain, or use {@link eventSchema}, which checks that first.
 */
export const eventSchemas: { readonly [T in Event['type']]: z.ZodMiniType<Extract<Event, { type: T }>> } = eventShapes;

/** Schema of `ContentBlock`, a building block as {@link eventSchemas}. */
export const contentBlockSchema: z.ZodMiniType<ContentBlock> = contentShape;

/** Schema of `ToolCallContent`, a building block as {@link eventSchemas}. */
export const toolCallContentSchema: z.ZodMiniType<ToolCallContent> = toolCallContentShape;

/** Schema of `ToolCallLocation`, a building block as {@link eventSchemas}. */
export const toolCallLocationSchema: z.ZodMiniType<ToolCallLocation> = toolCallLocationShape;

/** Schema of `PlanEntry`, a building block as {@link eventSchemas}. */
export const planEntrySchema: z.ZodMiniType<PlanEntry> = planEntryShape;

/** Schema of `PermissionOption`, a building block as {@link eventSchemas}. */
export const permissionOptionSchema: z.ZodMiniType<PermissionOption> = permissionOptionShape;

/** Schema of `Cost`, a building block as {@link eventSchemas}. */
export const costSchema: z.ZodMiniType<Cost> = costShape;
