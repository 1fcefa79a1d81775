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

/** How much a payload may hold: what an agent sends in earnest is far from it. */
const PAYLOAD: Omit<Limits, 'only'> = { depth: 512, entries: 1_000_000 };

const text = z.string();
const maybeText = z.exactOptional(text);
const maybeCount = z.exactOptional(z.number());
const anything = z.exactOptional(z.unknown());

const contentShape = z.discriminatedUnion('type', [
  // Not `fields`: a block is the agent's, whatever its keys are.
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

/** What is inferred of these is held against the interfaces of the protocol by the type spec. */
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
    // Any string: the bus takes a registration whose id is no UUID, logs it, and binds nothing.
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
    used: maybeCount,
    size: maybeCount,
    inputTokens: maybeCount,
    outputTokens: maybeCount,
    cachedReadTokens: maybeCount,
    cachedWriteTokens: maybeCount,
    cost: z.exactOptional(costShape),
  }),
};

// A Map and no object: `constructor` is no type of event.
const shapes: ReadonlyMap<unknown, z.ZodMiniType<Event>> = new Map(Object.entries(eventShapes));

/** An event of a type that this version does not know passes as it is: the cast trusts readers to `switch` on the type. */
const unknownEvent = fields({ type: text }) as unknown as z.ZodMiniType<Event>;

/**
 * The payload of a `BusEvent`: any member of `Event`.
 *
 * **Details** The result is a deep copy. The fields of a known type are checked one by one; other fields are kept, and
 * an event of an unknown type is kept whole. What is `undefined` is left out.
 *
 * **Errors** Refused are prototype keys (`__proto__` anywhere; `constructor` and `prototype` outside of what is the
 * agent's own: content, raw input and output, fields that are not known), what JSON cannot hold, objects more than 512
 * deep, more than 1,000,000 entries in all, and more than 10,000 in a list whose entries are known.
 */
export const eventSchema: z.ZodMiniType<Event> = guarded(
  plainCopy({ ...PAYLOAD, only: 'json' }),
  (event) => shapes.get((event as { type?: unknown } | null | undefined)?.type) ?? unknownEvent,
);

/** A payload that the application's own schema checks: it may hold what is no JSON, where that schema takes it. */
export function payloadSchema<E>(schema: z.core.$ZodType<E>): z.ZodMiniType<E> {
  return guarded(plainCopy({ ...PAYLOAD, only: 'anything' }), () => schema);
}

/**
 * The members of `Event`, by their type. Building blocks: they check fields, and are for data that is plain already.
 */
export const eventSchemas: { readonly [T in Event['type']]: z.ZodMiniType<Extract<Event, { type: T }>> } = eventShapes;

/** Text, or another medium. A building block of events, as are those below. */
export const contentBlockSchema: z.ZodMiniType<ContentBlock> = contentShape;

/** What a tool call shows. */
export const toolCallContentSchema: z.ZodMiniType<ToolCallContent> = toolCallContentShape;

/** A place in a file that a tool call touches. */
export const toolCallLocationSchema: z.ZodMiniType<ToolCallLocation> = toolCallLocationShape;

/** A step of a plan. */
export const planEntrySchema: z.ZodMiniType<PlanEntry> = planEntryShape;

/** One answer that a permission request offers. */
export const permissionOptionSchema: z.ZodMiniType<PermissionOption> = permissionOptionShape;

/** An amount of money. */
export const costSchema: z.ZodMiniType<Cost> = costShape;
