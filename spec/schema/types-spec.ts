import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import type {
  BusEvent,
  ContentBlock,
  Cost,
  Event,
  EventFilter,
  EventKind,
  EventOrigin,
  EventRouting,
  PermissionOption,
  PlanEntry,
  ToolCallContent,
  ToolCallLocation,
  Uuid,
} from '../../lib/index.js';
import { routingShape } from '../../lib/schema/busEventSchema.js';
import { filterShapes } from '../../lib/schema/eventFilterSchema.js';
import { eventShapes } from '../../lib/schema/eventSchema.js';
import type * as schema from '../../lib/schema/index.js';
import { busEventSchemaOf, parseBusEvent, parseEventFilter } from '../../lib/schema/index.js';

/** `true` where both types are one, `readonly` and `?` included; a spec that says `true` does not compile otherwise. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** What zod infers has no `readonly`. */
type DeepReadonly<T> = T extends string | ((...values: never) => unknown)
  ? T
  : T extends readonly (infer U)[]
    ? readonly DeepReadonly<U>[]
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;

type Inferred<S extends z.core.$ZodType> = DeepReadonly<z.output<S>>;

interface Paid {
  readonly type: 'Paid';
}

describe('the types of the schemas', () => {
  it('infers each member of Event as its interface says, and none besides', () => {
    const same: { [T in Event['type']]: Equal<Inferred<(typeof eventShapes)[T]>, Extract<Event, { type: T }>> } = {
      Connected: true,
      Disconnected: true,
      ErrorRaised: true,
      Notice: true,
      SessionRegistered: true,
      SessionInfoChanged: true,
      SessionEnded: true,
      TurnEnded: true,
      UserMessageChunk: true,
      AgentMessageChunk: true,
      AgentThoughtChunk: true,
      ToolCall: true,
      ToolCallUpdate: true,
      Plan: true,
      ModeChanged: true,
      ConfigOptionsChanged: true,
      CommandsChanged: true,
      PermissionRequested: true,
      PermissionResolved: true,
      UsageUpdated: true,
      CompactionUpdated: true,
      CompactionSummaryChunk: true,
    };
    true satisfies Equal<Inferred<(typeof eventShapes)[keyof typeof eventShapes]>, Event>;
    expect(Object.keys(eventShapes)).toEqual(Object.keys(same));
  });

  it('infers each filter that is data as EventFilter says, and all but `where`', () => {
    type Data = Exclude<EventFilter<unknown>, { type: 'where' }>;
    const same: { [T in Data['type']]: Equal<Inferred<(typeof filterShapes)[T]>, Extract<Data, { type: T }>> } = {
      all: true,
      scrollId: true,
      connectorUid: true,
      connectorId: true,
      session: true,
      kind: true,
      origin: true,
      and: true,
      or: true,
      not: true,
    };
    expect(Object.keys(filterShapes)).toEqual(Object.keys(same));
  });

  it('infers the routing as EventRouting says', () => {
    true satisfies Equal<Inferred<typeof routingShape>, EventRouting>;
    expect(Object.keys(routingShape.shape)).toEqual([
      'scrollId',
      'connectorUid',
      'connectorId',
      'nativeSessionId',
      'kind',
    ] satisfies (keyof EventRouting)[]);
  });

  it('gives the types of the main entry by every public schema', () => {
    const same: {
      uuid: Equal<z.output<typeof schema.uuidSchema>, Uuid>;
      kind: Equal<z.output<typeof schema.eventKindSchema>, EventKind>;
      origin: Equal<z.output<typeof schema.eventOriginSchema>, EventOrigin>;
      routing: Equal<z.output<typeof schema.eventRoutingSchema>, EventRouting>;
      event: Equal<z.output<typeof schema.eventSchema>, Event>;
      busEvent: Equal<z.output<typeof schema.busEventSchema>, BusEvent>;
      filter: Equal<z.output<typeof schema.eventFilterSchema>, EventFilter<unknown>>;
      contentBlock: Equal<z.output<typeof schema.contentBlockSchema>, ContentBlock>;
      toolCallContent: Equal<z.output<typeof schema.toolCallContentSchema>, ToolCallContent>;
      toolCallLocation: Equal<z.output<typeof schema.toolCallLocationSchema>, ToolCallLocation>;
      planEntry: Equal<z.output<typeof schema.planEntrySchema>, PlanEntry>;
      permissionOption: Equal<z.output<typeof schema.permissionOptionSchema>, PermissionOption>;
      cost: Equal<z.output<typeof schema.costSchema>, Cost>;
    } = {
      uuid: true,
      kind: true,
      origin: true,
      routing: true,
      event: true,
      busEvent: true,
      filter: true,
      contentBlock: true,
      toolCallContent: true,
      toolCallLocation: true,
      planEntry: true,
      permissionOption: true,
      cost: true,
    };
    expect(Object.values(same)).not.toContain(false);
  });

  it('gives the types of the main entry by the parsers, for the own payload of an application too', () => {
    type Read = (value: unknown, payload: z.ZodMiniType<Paid>) => BusEvent<Paid>;
    const read: Read = parseBusEvent;
    const readDefault: (value: unknown) => BusEvent = parseBusEvent;
    const ofPaid = busEventSchemaOf(z.custom<Paid>());
    true satisfies Equal<z.output<typeof ofPaid>, BusEvent<Paid>>;
    expect([typeof read, typeof readDefault, typeof ofPaid]).toEqual(['function', 'function', 'object']);
  });

  it('gives a filter that fits a bus of any payload', () => {
    const data = parseEventFilter({ type: 'all' });
    expect([data satisfies EventFilter, data satisfies EventFilter<Paid>]).toEqual([{ type: 'all' }, { type: 'all' }]);
  });
});
