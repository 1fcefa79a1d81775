import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/mini';
import type { BusEvent, Event } from '../../lib/index.js';
import {
  busEventSchema,
  busEventSchemaOf,
  eventSchema,
  eventSchemas,
  parseBusEvent,
  uuidSchema,
  ValidationError,
} from '../../lib/schema/index.js';
import { endless, nested, problemsOf, refusalOf, revoked, throwing } from './support.js';

const UUID = '67e55044-10b1-426f-9247-bb680e5fe0c8';

/** One good event of each type, with every field it may have. */
const samples: { readonly [T in Event['type']]: Extract<Event, { type: T }> } = {
  Connected: { type: 'Connected' },
  Disconnected: { type: 'Disconnected', reason: 'gone' },
  ErrorRaised: { type: 'ErrorRaised', message: 'no', code: -32000 },
  Notice: { type: 'Notice', severity: 'info', title: 'hello', description: 'there' },
  SessionRegistered: { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: UUID },
  SessionInfoChanged: { type: 'SessionInfoChanged', title: 't', updatedAt: '2026-01-01T00:00:00Z' },
  SessionEnded: { type: 'SessionEnded', reason: 'done' },
  TurnEnded: { type: 'TurnEnded', stopReason: 'end_turn' },
  UserMessageChunk: { type: 'UserMessageChunk', content: { type: 'text', text: 'hi' }, messageId: 'm' },
  AgentMessageChunk: { type: 'AgentMessageChunk', content: { type: 'image', mimeType: 'image/png', data: '' } },
  AgentThoughtChunk: { type: 'AgentThoughtChunk', content: { type: 'resource', resource: { uri: 'file:///a' } } },
  ToolCall: {
    type: 'ToolCall',
    toolCallId: 'tc',
    title: 'read a',
    toolKind: 'read',
    status: 'pending',
    content: [{ type: 'diff', path: 'a', newText: 'b' }],
    locations: [{ path: 'a', line: 3 }, { path: 'b' }],
    rawInput: { path: 'a', deep: [[{ constructor: 'allowed here' }]] },
    rawOutput: null,
  },
  ToolCallUpdate: { type: 'ToolCallUpdate', toolCallId: 'tc', status: 'completed', rawOutput: [1, -0, 'x', true] },
  Plan: { type: 'Plan', entries: [{ content: 'a', priority: 'high', status: 'pending' }] },
  ModeChanged: { type: 'ModeChanged', modeId: 'code' },
  ConfigOptionsChanged: { type: 'ConfigOptionsChanged', configOptions: [{ id: 'model' }, 3] },
  CommandsChanged: { type: 'CommandsChanged', commands: [{ name: 'init', description: 'starts' }] },
  PermissionRequested: {
    type: 'PermissionRequested',
    requestId: 'r',
    toolCallId: 'tc',
    title: 'may I',
    options: [{ optionId: 'o', name: 'Yes', kind: 'allow_once' }],
  },
  PermissionResolved: { type: 'PermissionResolved', requestId: 'r', outcome: 'selected', optionId: 'o' },
  UsageUpdated: {
    type: 'UsageUpdated',
    scope: 'turn',
    requestId: 'r',
    model: 'm',
    used: 1,
    size: 2,
    inputTokens: 3,
    outputTokens: 4,
    reasoningTokens: 2,
    cachedReadTokens: 5,
    cachedWriteTokens: 6,
    cost: { amount: 0.25, currency: 'USD' },
  },
  CompactionUpdated: {
    type: 'CompactionUpdated',
    compactionId: 'c',
    status: 'failed',
    summary: [{ type: 'text', text: 'so far' }],
    error: 'out of memory',
  },
  CompactionSummaryChunk: {
    type: 'CompactionSummaryChunk',
    compactionId: 'c',
    content: { type: 'text', text: 'so far' },
  },
};

class Envelope {
  readonly origin = 'agent';
}

function enveloped(event: unknown, routing: object = {}): unknown {
  return { routing: { kind: 'system', ...routing }, origin: 'agent', event };
}

function problemsOfEvent(event: unknown): string[] {
  return problemsOf(() => parseBusEvent(enveloped(event)));
}

function problemsOfRouting(routing: object): string[] {
  return problemsOf(() => parseBusEvent(enveloped({ type: 'Connected' }, routing)));
}

describe('parseBusEvent', () => {
  describe('what it takes', () => {
    it.each(Object.values(samples))('takes $type, and keeps its payload', (event) => {
      const busEvent = { routing: { kind: 'system' }, origin: 'agent', event };
      expect(parseBusEvent(JSON.parse(JSON.stringify(busEvent)))).toStrictEqual(JSON.parse(JSON.stringify(busEvent)));
      expect(parseBusEvent(busEvent)).toStrictEqual(busEvent);
      expect(eventSchemas[event.type].parse(event)).toStrictEqual(event);
    });

    it.each(Object.values(samples))('refuses $type where any one of its fields is wrong', (event) => {
      const names = Object.keys(event).filter((name) => !/type|raw/.test(name));
      const wrong = names.map((name) => problemsOfEvent({ ...event, [name]: { not: 'it' } }));
      expect(wrong.map(([first]) => first?.replace(/\.type(?=: must be "text")/, ''))).toEqual(
        names.map((name): unknown => expect.stringMatching(new RegExp(`^event\\.${name}[.:[]`))),
      );
    });

    it('makes the ids of the routing canonical, in every spelling of a UUID', () => {
      const spellings = [UUID, UUID.toUpperCase(), `{${UUID}}`, `urn:uuid:${UUID}`, UUID.replaceAll('-', '')];
      const parsed = spellings.map((id) =>
        parseBusEvent(enveloped(samples.Connected, { scrollId: id, connectorUid: id })),
      );
      expect(new Set(parsed.map(({ routing }) => JSON.stringify(routing)))).toEqual(
        new Set([JSON.stringify({ scrollId: UUID, connectorUid: UUID, kind: 'system' })]),
      );
    });

    it("takes UUIDs that zod's own check does not: nil, max, any version and variant", () => {
      const odd = [
        '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff',
        `${UUID.slice(0, 14)}f26f-0247-bb680e5fe0c8`,
      ];
      expect(odd.map((id) => z.safeParse(uuidSchema, id).data)).toEqual(odd);
    });

    it('takes an undefined id as one that is absent, and leaves it out', () => {
      const ids = { scrollId: undefined, connectorUid: undefined, connectorId: undefined, nativeSessionId: undefined };
      expect(parseBusEvent(enveloped(samples.Connected, ids)).routing).toStrictEqual({ kind: 'system' });
    });

    it('keeps the time of an event, and leaves it out where it is undefined', () => {
      const busEvent = enveloped(samples.Connected) as object;
      expect(parseBusEvent({ ...busEvent, at: -0.5 })).toStrictEqual({ ...busEvent, at: -0.5 });
      expect(parseBusEvent({ ...busEvent, at: undefined })).toStrictEqual(busEvent);
    });

    it.each([
      [null, 'null'],
      ['now', '"now"'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
    ])('refuses %p as the time of an event', (at, shown) => {
      expect(problemsOf(() => parseBusEvent({ ...(enveloped(samples.Connected) as object), at }))).toEqual([
        `at: must be a finite number, got ${shown}`,
      ]);
    });

    it('keeps an empty string: it is a name, and an id', () => {
      const routing = { connectorId: '', nativeSessionId: '', kind: '' };
      expect(parseBusEvent(enveloped(samples.Connected, routing)).routing).toStrictEqual(routing);
    });

    it('takes kinds, origins and types of events that it does not know', () => {
      const event = { type: 'Imagined', constructorArguments: [{ constructor: 1, prototype: 2 }] };
      const busEvent = { routing: { kind: 'my-kind' }, origin: 'my-origin', event };
      expect(parseBusEvent(busEvent)).toStrictEqual(busEvent);
    });

    it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', ''])(
      'is not fooled by an event of type %p: it is one that it does not know',
      (type) => {
        expect(parseBusEvent(enveloped({ type, message: 3 })).event).toStrictEqual({ type, message: 3 });
      },
    );

    it('keeps the fields of an event that it does not know, and drops those of the envelope and the routing unread', () => {
      const busEvent = {
        routing: {
          kind: 'system',
          get later() {
            return throwing('unread');
          },
        },
        origin: 'agent',
        event: { type: 'Connected', since: { year: 2026 } },
        receivedAt: new Date(0),
      };
      expect(parseBusEvent(busEvent)).toStrictEqual({
        routing: { kind: 'system' },
        origin: 'agent',
        event: { type: 'Connected', since: { year: 2026 } },
      });
    });

    it('takes a registration whose scroll id is no UUID, as the bus does (law 8)', () => {
      const event = { ...samples.SessionRegistered, scrollId: 'no UUID' };
      expect(parseBusEvent(enveloped(event)).event).toEqual(event);
    });

    it('leaves out what is undefined in a payload, as JSON does', () => {
      const event = { type: 'ToolCallUpdate', toolCallId: 'tc', title: undefined, rawInput: { a: undefined, b: 1 } };
      expect(parseBusEvent(enveloped(event)).event).toStrictEqual({
        type: 'ToolCallUpdate',
        toolCallId: 'tc',
        rawInput: { b: 1 },
      });
    });

    it('takes objects that have no prototype', () => {
      const bare = (fields: object): unknown => Object.assign(Object.create(null) as object, fields);
      const busEvent = bare({ routing: bare({ kind: 'system' }), origin: 'agent', event: bare({ type: 'Connected' }) });
      expect(parseBusEvent(busEvent)).toStrictEqual({
        routing: { kind: 'system' },
        origin: 'agent',
        event: { type: 'Connected' },
      });
    });

    it('copies: what becomes of the value later does not reach the event', () => {
      const rawInput = { path: ['a'] };
      const { event } = parseBusEvent(enveloped({ ...samples.ToolCall, rawInput }));
      rawInput.path.push('b');
      expect(event).toMatchObject({ rawInput: { path: ['a'] } });
    });

    it('reads every field once', () => {
      const reads: string[] = [];
      const counted = (name: string, value: object): object =>
        new Proxy(value, {
          get: (target, key) => {
            reads.push(`${name}.${String(key)}`);
            return Reflect.get(target, key) as unknown;
          },
        });
      const event = counted('event', {
        type: 'ToolCall',
        toolCallId: 'tc',
        title: 't',
        rawInput: counted('raw', { a: 1 }),
      });
      parseBusEvent(counted('busEvent', { routing: counted('routing', { kind: 'k' }), origin: 'o', event }));
      expect(reads).toEqual([
        'busEvent.routing',
        'busEvent.origin',
        'busEvent.event',
        'routing.kind',
        'event.type',
        'event.toolCallId',
        'event.title',
        'event.rawInput',
        'raw.a',
      ]);
    });

    it('takes a payload 512 deep and with 1,000,000 entries', () => {
      const deep = nested(511, (inner) => ({ inner }), 'end');
      expect(parseBusEvent(enveloped({ type: 'Deep', deep })).event).toHaveProperty('deep.inner.inner');
      const wide = new Array<number>(1_000_000 - 2).fill(0);
      expect(parseBusEvent(enveloped({ type: 'Wide', wide })).event).toHaveProperty('wide.length', wide.length);
    });
  });

  describe('what it refuses', () => {
    it('names each field that is missing', () => {
      expect(problemsOf(() => parseBusEvent({}))).toEqual([
        'routing: must be a plain object, got undefined',
        'origin: must be a string, got undefined',
        'event: must be an object, got undefined',
      ]);
      expect(problemsOfEvent({})).toEqual(['event.type: must be a string, got undefined']);
    });

    it.each<[string, unknown, string]>([
      ['undefined', undefined, 'undefined'],
      ['null', null, 'null'],
      ['a number', 3, '3'],
      ['a string', 'text', '"text"'],
      ['a bigint', 3n, 'a bigint'],
      ['a symbol', Symbol('s'), 'Symbol(s)'],
      ['a function', () => 1, 'a function'],
      ['a list', [1, 2], 'an array of 2'],
      ['a Map', new Map(), '[object Map]'],
      ['an instance of a class', new Envelope(), 'an object'],
    ])('refuses %s where an object is expected', (_name, value, shown) => {
      expect(problemsOf(() => parseBusEvent(value))).toEqual([`(root): must be a plain object, got ${shown}`]);
      expect(problemsOf(() => parseBusEvent({ routing: value, origin: 'o', event: { type: 't' } }))).toEqual([
        `routing: must be a plain object, got ${shown}`,
      ]);
      expect(problemsOfEvent(value)).toEqual([expect.stringMatching(/^event: must be (plain data|an object), got /)]);
    });

    it('refuses null for an id: it is not the same as absent', () => {
      const ids = { scrollId: null, connectorUid: null, connectorId: null, nativeSessionId: null };
      expect(problemsOfRouting(ids)).toEqual(Object.keys(ids).map((id) => `routing.${id}: must be a string, got null`));
    });

    it('refuses ids that are no UUIDs, and shows them', () => {
      expect(problemsOfRouting({ scrollId: '', connectorUid: `URN:UUID:${UUID}` })).toEqual([
        'routing.scrollId: must be a UUID, got ""',
        `routing.connectorUid: must be a UUID, got "URN:UUID:${UUID}"`,
      ]);
    });

    it('does not take for its own what an object inherits', () => {
      const event = Object.create({ type: 'Connected' }) as object;
      expect(problemsOfEvent(event)).toEqual(['event: must be plain data, got an object']);
      const holder = Object.assign(Object.create(null) as object, { origin: 'agent' });
      expect(problemsOf(() => parseBusEvent(Object.create(holder)))).toContain(
        'origin: must be a string, got undefined',
      );
    });

    it('lists every problem, with its path and its value', () => {
      const value = {
        routing: { kind: 7, scrollId: 'x' },
        origin: null,
        event: {
          type: 'ToolCall',
          toolCallId: 'tc',
          title: [],
          content: [{ type: 'content' }, {}],
          locations: [{ path: 'a', line: '3' }],
        },
      };
      const error = refusalOf(() => parseBusEvent(value));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.name).toBe('ValidationError');
      expect(error.issues).toEqual([
        { path: 'routing.scrollId', message: 'must be a UUID, got "x"' },
        { path: 'routing.kind', message: 'must be a string, got 7' },
        { path: 'origin', message: 'must be a string, got null' },
        { path: 'event.title', message: 'must be a string, got an array of 0' },
        { path: 'event.content[1].type', message: 'must be a string, got undefined' },
        { path: 'event.locations[0].line', message: 'must be a number, got "3"' },
      ]);
      expect(error.message).toBe(
        'not a bus event: routing.scrollId: must be a UUID, got "x"; routing.kind: must be a string, got 7; ' +
          'origin: must be a string, got null; event.title: must be a string, got an array of 0; ' +
          'event.content[1].type: must be a string, got undefined; event.locations[0].line: must be a number, got "3"',
      );
      expect(error.cause).toBeUndefined();
    });

    it('says what would do', () => {
      expect(problemsOfEvent({ type: 'ErrorRaised', message: 'm', code: true })).toEqual([
        'event.code: must be a string or a number, got true',
      ]);
      expect(problemsOfEvent({ type: 'PermissionResolved', requestId: 'r', outcome: 'maybe' })).toEqual([
        'event.outcome: must be "selected" or "cancelled", got "maybe"',
      ]);
      expect(problemsOfEvent({ type: 'UserMessageChunk', content: { type: 'constructor' } })).toEqual([
        'event.content.type: must be "text" or "image" or "audio" or "resource_link" or "resource", got "constructor"',
      ]);
    });

    it('refuses prototype keys in the envelope, the routing and the fields of an event', () => {
      const keys = '"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "prototype": 1';
      const text = `{ ${keys}, "origin": "o",
        "routing": { "kind": "k", ${keys} },
        "event": { "type": "Plan", ${keys}, "entries": [{ "content": 7, ${keys} }] } }`;
      const refused = (path: string): string => `${path}: is a key that is not allowed here`;
      expect(problemsOf(() => parseBusEvent(JSON.parse(text))).sort()).toEqual(
        [
          refused('__proto__'),
          refused('constructor'),
          refused('prototype'),
          refused('routing.__proto__'),
          refused('routing.constructor'),
          refused('routing.prototype'),
          refused('event.__proto__'),
          refused('event.constructor'),
          refused('event.prototype'),
          refused('event.entries[0].__proto__'),
          refused('event.entries[0].constructor'),
          refused('event.entries[0].prototype'),
          'event.entries[0].content: must be a string, got 7',
          'event.entries[0].priority: must be a string, got undefined',
          'event.entries[0].status: must be a string, got undefined',
        ].sort(),
      );
      expect(Object.keys({}).concat(Reflect.has({}, 'polluted') ? 'polluted' : [])).toEqual([]);
    });

    it('refuses __proto__ at any depth, but lets agents use the words constructor and prototype in what is theirs', () => {
      const theirs = JSON.parse('{"constructor": {"prototype": 1}, "list": [{"constructor": 2}]}') as unknown;
      const event = { ...samples.ToolCall, rawInput: theirs, content: [{ type: 'diff', constructor: 1 }], theirs };
      expect(parseBusEvent(enveloped(event)).event).toEqual(event);
      const text = '{"type": "Imagined", "a": [{"b": {"__proto__": {"polluted": 1}}}]}';
      expect(problemsOfEvent(JSON.parse(text))).toEqual(['event.a[0].b.__proto__: is a key that is not allowed here']);
    });

    it('refuses what JSON cannot hold, anywhere in a payload', () => {
      const rawInput = [undefined, Number.NaN, Infinity, 1n, Symbol('s'), () => 1, new Date(0), /x/, new Envelope()];
      expect(problemsOfEvent({ ...samples.ToolCall, rawInput })).toEqual(
        [
          'undefined',
          'NaN',
          'Infinity',
          'a bigint',
          'Symbol(s)',
          'a function',
          '[object Date]',
          '[object RegExp]',
          'an object',
        ].map((shown, index) => `event.rawInput[${index}]: must be plain data, got ${shown}`),
      );
      // What is missing from the copy is not told a second time by the schema.
      expect(problemsOfEvent({ type: 'ModeChanged', modeId: () => 1 })).toEqual([
        'event.modeId: must be plain data, got a function',
      ]);
    });

    it.each([10_000, 1_000_000])('refuses a payload %i deep, wherever the depth is', (depth) => {
      const objects = nested(depth, (inner) => ({ inner }), 1);
      const lists = nested(depth, (inner) => [inner], 1);
      const refused = expect.stringMatching(/^[^:]*: is nested more than 512 deep$/) as unknown;
      for (const deep of [objects, lists]) {
        expect(problemsOfEvent(deep)).toEqual([refused]);
        expect(problemsOfEvent({ type: 'Imagined', deep })).toEqual([refused]);
        expect(problemsOfEvent({ ...samples.ToolCall, rawInput: deep })).toEqual([refused]);
        expect(problemsOfRouting({ scrollId: deep })).toHaveLength(1);
        expect(problemsOf(() => parseBusEvent(deep))).not.toHaveLength(0);
        expect(problemsOf(() => parseBusEvent({ routing: deep, origin: deep, event: deep }))).toHaveLength(3);
      }
    });

    it('refuses a payload 513 deep', () => {
      const deep = nested(512, (inner) => ({ inner }), 'end');
      expect(problemsOfEvent({ type: 'Deep', deep })).toEqual([
        expect.stringMatching(/^event\.deep(\.inner)+.*…: is nested more than 512 deep$/),
      ]);
    });

    it('refuses an object that holds itself', () => {
      const circle: Record<string, unknown> = { type: 'Imagined' };
      circle['self'] = [circle];
      expect(problemsOfEvent(circle)).toEqual([expect.stringMatching(/is nested more than 512 deep$/)]);
    });

    it('refuses an object whose parts are shared until they are endless', () => {
      const shared = endless((left, right) => ({ left, right }), 1);
      expect(problemsOfEvent({ type: 'Imagined', shared })).toEqual([
        expect.stringMatching(/expected at most 1000000 entries in the whole value, got an object$/),
      ]);
      expect(problemsOfRouting({ kind: shared })).toEqual(['routing.kind: must be a string, got an object']);
    });

    it('refuses a huge list with one issue', () => {
      const entries = new Array<object>(1_000_000).fill({});
      expect(problemsOfEvent({ type: 'Imagined', entries })).toEqual([
        'event.entries: expected at most 1000000 entries in the whole value, got an array of 1000000',
      ]);
      expect(problemsOfEvent({ type: 'Imagined', entries: new Array(2 ** 32 - 1) })).toHaveLength(1);
      expect(problemsOfEvent({ type: 'Plan', entries: entries.slice(0, 10_001) })).toEqual([
        'event.entries: may have at most 10000 entries, got 10001',
      ]);
    });

    it('lists 100 problems at most, whoever finds them', () => {
      expect(problemsOfEvent({ type: 'Imagined', list: new Array(200_000).fill(Number.NaN) })).toHaveLength(100);
      expect(problemsOfEvent({ type: 'Plan', entries: new Array(10_000).fill({}) })).toHaveLength(100);
      const crowded = { ...(enveloped({ type: 'Plan', entries: new Array(100).fill({}) }) as object), prototype: 1 };
      expect(problemsOf(() => parseBusEvent(crowded))).toHaveLength(100);
      const half = new Array(60).fill({ content: Number.NaN });
      expect(problemsOfEvent({ type: 'Plan', entries: half })).toHaveLength(100);
    });

    it('keeps its messages short, whatever is in the value', () => {
      const long = 'x'.repeat(5_000_000);
      const event = { type: 'Imagined', [long]: Number.NaN, 'a key': { [`${long} `]: Number.NaN }, '': Number.NaN };
      const { message, issues } = refusalOf(() =>
        parseBusEvent({ routing: { kind: 'k', scrollId: long }, origin: 'o', event }),
      );
      expect(message.length).toBeLessThan(1000);
      expect(issues.map(({ path }) => path.slice(0, 20))).toEqual([
        'routing.scrollId',
        'event.xxxxxxxxxxxxxx',
        'event["a key"]["xxxx',
        'event[""]',
      ]);
      expect(issues[0]?.message).toBe(`must be a UUID, got "${'x'.repeat(80)}"… (5000000 characters)`);
    });
  });

  describe('objects that fight back', () => {
    const boom = new RangeError('boom');

    it('turns what a getter throws into an issue, and keeps it as the cause', () => {
      const hostile = {
        get routing(): never {
          return throwing(boom);
        },
      };
      const error = refusalOf(() => parseBusEvent(hostile));
      expect(error.issues).toEqual([{ path: 'routing', message: 'reading it threw "RangeError: boom"' }]);
      expect(error.cause).toBe(boom);
      const inside = {
        type: 'Imagined',
        list: [
          {
            get field(): never {
              return throwing('words');
            },
          },
        ],
      };
      const deeper = refusalOf(() => parseBusEvent(enveloped(inside)));
      expect(deeper.issues).toEqual([{ path: 'event.list[0].field', message: 'reading it threw "words"' }]);
      expect(deeper.cause).toBe('words');
    });

    it('keeps the cause that is undefined itself to itself', () => {
      const hostile = {
        get origin(): never {
          return throwing(undefined);
        },
      };
      expect(refusalOf(() => parseBusEvent(hostile)).issues).toEqual([
        { path: 'origin', message: 'reading it threw undefined' },
      ]);
    });

    it('survives an error that cannot be read', () => {
      class Evil extends Error {
        override get message(): string {
          return throwing(boom);
        }
      }
      const hostile = {
        get event(): never {
          return throwing(new Evil());
        },
      };
      expect(problemsOf(() => parseBusEvent(hostile))).toEqual([
        'event: reading it threw an error that cannot be read',
      ]);
    });

    it.each([
      ['has', { has: () => throwing(boom) }],
      ['get', { get: () => throwing(boom) }],
      ['ownKeys', { ownKeys: () => throwing(boom) }],
      ['getPrototypeOf', { getPrototypeOf: () => throwing(boom) }],
      ['getOwnPropertyDescriptor', { getOwnPropertyDescriptor: () => throwing(boom) }],
    ])('is refused or taken, and never throws anything else, for a proxy that throws from %s', (_trap, handler) => {
      const good = enveloped({ type: 'Imagined', field: 1 }) as Record<string, object>;
      const proxied = [
        new Proxy(good, handler),
        { ...good, routing: new Proxy({ kind: 'k' }, handler) },
        { ...good, event: new Proxy({ type: 't' }, handler) },
        { ...good, event: { type: 't', list: new Proxy([{}], handler) } },
      ];
      for (const value of proxied) {
        expectTakenOrRefused(() => parseBusEvent(value));
      }
    });

    it('refuses a revoked proxy in any place', () => {
      const places = [
        revoked(),
        { routing: revoked(), origin: 'o', event: {} },
        enveloped(revoked()),
        enveloped({ type: 'Imagined', field: revoked() }),
        enveloped(samples.Connected, { scrollId: revoked() }),
        enveloped(samples.Connected, { kind: revoked() }),
      ];
      expect(places.map((value) => refusalOf(() => parseBusEvent(value)).issues[0]?.path)).toEqual([
        '(root)',
        'routing',
        'event',
        'event.field',
        'routing.scrollId',
        'routing.kind',
      ]);
    });

    it.each([Number.NaN, Infinity, -1])('refuses a list that tells a length of %p', (length) => {
      const list = new Proxy([], { get: (_target, key) => (key === 'length' ? length : 1) });
      expect(problemsOfEvent({ type: 'Imagined', list })).toEqual([
        `event.list: expected at most 1000000 entries in the whole value, got an array of ${length}`,
      ]);
    });

    it('is not led astray by a polluted prototype', () => {
      const prototype = Object.prototype as unknown as Record<string, unknown>;
      prototype['scrollId'] = 'polluted';
      try {
        expect(problemsOf(() => parseBusEvent({ origin: 'o', event: { type: 't' } }))).toEqual([
          'routing: must be a plain object, got undefined',
        ]);
      } finally {
        delete prototype['scrollId'];
      }
    });
  });

  describe('with a schema of the application', () => {
    const paid = z.object({ type: z.literal('Paid'), amount: z.number().check(z.positive()) });

    it('gives what the schema makes of the payload', () => {
      const upper = z.pipe(
        z.string(),
        z.transform((text) => text.toUpperCase()),
      );
      const busEvent: BusEvent<string> = parseBusEvent(enveloped('paid', { scrollId: UUID.toUpperCase() }), upper);
      expect(busEvent).toStrictEqual({ routing: { scrollId: UUID, kind: 'system' }, origin: 'agent', event: 'PAID' });
    });

    it('tells the problems of the envelope and of the payload together', () => {
      const value = { routing: {}, origin: 'o', event: { type: 'Paid', amount: 'much' } };
      expect(problemsOf(() => parseBusEvent(value, paid))).toEqual([
        'routing.kind: must be a string, got undefined',
        'event.amount: must be a number, got "much"',
      ]);
    });

    it('keeps the messages of the schema, and those of zod for what it does not describe itself', () => {
      const named = z.object({ type: z.string('name the type'), amount: z.number().check(z.positive('pay more')) });
      expect(problemsOf(() => parseBusEvent(enveloped({ type: 3, amount: -1 }), named))).toEqual([
        'event.type: name the type',
        'event.amount: pay more',
      ]);
      expect(problemsOf(() => parseBusEvent(enveloped({ type: 'Paid', amount: -1 }), paid))).toEqual([
        'event.amount: Invalid input',
      ]);
      const either = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
      expect(problemsOf(() => parseBusEvent(enveloped({}), either))).toEqual(['event: Invalid input']);
      const positive = z.union([z.number().check(z.positive()), z.string()]);
      expect(problemsOf(() => parseBusEvent(enveloped(-1), positive))).toEqual(['event: Invalid input']);
    });

    it('lets a payload hold what is no JSON, where the schema takes it', () => {
      const at = new Date(0);
      const timed = z.object({ at: z.date(), tags: z.array(z.optional(z.string())) });
      expect(parseBusEvent(enveloped({ at, tags: ['a', undefined] }), timed).event).toStrictEqual({
        at,
        tags: ['a', undefined],
      });
      expect(problemsOf(() => parseBusEvent(enveloped({ at: 3n, tags: [] }), timed))).toEqual([
        'event.at: must be a date, got a bigint',
      ]);
    });

    it('guards the payload before the schema sees it: keys, depth, size', () => {
      const loose = z.looseObject({});
      expect(problemsOf(() => parseBusEvent(enveloped(JSON.parse('{"constructor": 1}')), loose))).toEqual([
        'event.constructor: is a key that is not allowed here',
      ]);
      const deep = nested(1_000_000, (inner) => ({ inner }), 1);
      expect(problemsOf(() => parseBusEvent(enveloped(deep), loose))).toHaveLength(1);
      const wide = new Array(1_000_001).fill(0);
      expect(problemsOf(() => parseBusEvent(enveloped(wide), z.array(z.number())))).toHaveLength(1);
    });

    it('lists 100 of its problems at most', () => {
      const words = z.array(z.string());
      expect(problemsOf(() => parseBusEvent(enveloped(new Array(200_000).fill(1)), words))).toHaveLength(100);
    });

    it('turns what the schema throws into an issue with that cause', () => {
      const boom = new Error('boom');
      const throws = z.pipe(
        z.unknown(),
        z.transform((): unknown => throwing(boom)),
      );
      const error = refusalOf(() => parseBusEvent(enveloped(1), throws));
      expect(error.issues).toEqual([{ path: 'event', message: 'checking it threw "Error: boom"' }]);
      expect(error.cause).toBe(boom);
    });

    it('overflows no stack where the schema itself is recursive', () => {
      const tree = z.object({
        get inner(): z.ZodMiniOptional {
          return z.optional(tree);
        },
      });
      const deep = nested(511, (inner) => ({ inner }), {});
      expect(parseBusEvent(enveloped(deep), tree).event).toHaveProperty('inner');
    });

    it('is a schema too, made once', () => {
      const schema = busEventSchemaOf(paid);
      expect(schema.parse(enveloped({ type: 'Paid', amount: 3 }))).toStrictEqual(
        enveloped({ type: 'Paid', amount: 3 }),
      );
      expect(schema.safeParse({}).success).toBe(false);
    });

    it.each([[null], [0], [{}], ['schema'], [(): boolean => true]])(
      'throws a TypeError where %p is to be the schema',
      (schema) => {
        expect(() => parseBusEvent(enveloped({}), schema as unknown as z.ZodMiniType)).toThrow(
          /^the payload's schema must be a schema of zod 4, got /,
        );
      },
    );
  });

  describe('on random input', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
      key: fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('type', 'routing', 'event', 'content', 'entries', '__proto__', 'constructor', 'prototype'),
      ),
    });
    const types = fc.constantFrom(...Object.keys(samples), '__proto__', 'constructor', 'x');
    const sample = fc.constantFrom(...Object.values(samples));

    it('gives an event or a ValidationError, and nothing else, and leaves every prototype alone', () => {
      const before = prototypes();
      fc.assert(
        fc.property(
          fc.oneof(
            anything,
            fc.record({ routing: anything, origin: anything, event: anything }, { requiredKeys: [] }),
            fc
              .tuple(fc.dictionary(fc.constantFrom(...fieldNames()), anything), types)
              .map(([fields, type]) => enveloped({ ...fields, type })),
          ),
          (value) => {
            expectTakenOrRefused(() => parseBusEvent(value));
            expectTakenOrRefused(() => parseBusEvent(value, z.looseObject({})));
          },
        ),
        { numRuns: 500 },
      );
      expect(prototypes()).toEqual(before);
    });

    it('takes what JSON makes of any event that it has given, and gives the same', () => {
      fc.assert(
        fc.property(
          sample,
          fc.dictionary(
            fc.string({ minLength: 1 }).map((name) => `x${name}`),
            fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"__proto__"')),
          ),
          fc.record(
            { scrollId: fc.uuid(), connectorUid: fc.uuid(), connectorId: fc.string(), nativeSessionId: fc.string() },
            { requiredKeys: [] },
          ),
          fc.string(),
          (event, extra, ids, word) => {
            const given = { routing: { ...ids, kind: word }, origin: word, event: { ...event, ...extra } };
            const text = JSON.stringify(given);
            const parsed = parseBusEvent(JSON.parse(text));
            expect(parsed).toStrictEqual(JSON.parse(text));
            expect(parseBusEvent(parsed)).toStrictEqual(parsed);
          },
        ),
        { numRuns: 200 },
      );
    });
  });
});

describe('busEventSchema', () => {
  it('is safe by itself: the guards are part of the schemas', () => {
    const deep = nested(1_000_000, (inner) => ({ inner }), 1);
    const logLine = z.object({ at: z.number(), busEvent: busEventSchema });
    expect(z.safeParse(logLine, { at: 0, busEvent: enveloped(deep) }).success).toBe(false);
    expect(z.safeParse(eventSchema, JSON.parse('{"type": "Connected", "__proto__": 1}')).success).toBe(false);
    expect(z.safeParse(logLine, { at: 0, busEvent: enveloped(samples.Connected) }).success).toBe(true);
  });

  it('describes what is wrong in an event also where it is used by itself', () => {
    const result = z.safeParse(eventSchema, { type: 'ModeChanged', modeId: 3 });
    expect(result.error?.issues).toMatchObject([{ path: ['modeId'], message: 'must be a string, got 3' }]);
  });
});

function expectTakenOrRefused(call: () => unknown): void {
  try {
    expect(call()).toBeDefined();
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues).not.toHaveLength(0);
  }
}

function fieldNames(): string[] {
  return [...new Set(Object.values(samples).flatMap((event) => Object.keys(event)))];
}

function prototypes(): PropertyKey[][] {
  return [Object.prototype, Array.prototype, Function.prototype].map((prototype) => Reflect.ownKeys(prototype));
}
