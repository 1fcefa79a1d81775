import { describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { eventShapes } from '../../lib/schema/eventSchema.js';
import { parseBusEvent, ValidationError } from '../../lib/schema/index.js';
import { readBusEvent } from '../../lib/schema/readBusEvent.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const UUID = '018f0000-0000-7000-8000-000000000001';

/** Valid members of the union, one of each type or more. */
const VALID: readonly object[] = [
  { type: 'Connected' },
  { type: 'Disconnected', reason: 'r' },
  { type: 'ErrorRaised', message: 'm', code: 5 },
  { type: 'Notice', severity: 's', title: 't', description: 'd' },
  { type: 'SessionRegistered', connectorId: 'c', sessionId: 's', scrollId: UUID },
  { type: 'SessionInfoChanged', title: 't', updatedAt: 'u' },
  { type: 'SessionEnded', reason: 'r' },
  { type: 'TurnEnded', stopReason: 's' },
  { type: 'UserMessageChunk', content: { type: 'text', text: 't' }, messageId: 'm' },
  { type: 'AgentMessageChunk', content: { type: 'image', data: 'd' } },
  { type: 'AgentThoughtChunk', content: { type: 'resource', uri: 'u' } },
  { type: 'ToolCall', title: 't', toolCallId: 'i', content: [{ type: 'x' }], locations: [{ path: 'p', line: 1 }], rawInput: { a: [1] } }, // prettier-ignore
  { type: 'ToolCallUpdate', toolCallId: 'i', status: 's', rawOutput: null },
  { type: 'Plan', entries: [{ content: 'c', priority: 'p', status: 's' }] },
  { type: 'ModeChanged', modeId: 'm' },
  { type: 'ConfigOptionsChanged', configOptions: [1, 'a', {}] },
  { type: 'CommandsChanged', commands: [{ name: 'n', description: 'd' }] },
  { type: 'PermissionRequested', requestId: 'r', toolCallId: 't', options: [{ optionId: 'o', name: 'n', kind: 'k' }] },
  { type: 'PermissionResolved', requestId: 'r', outcome: 'selected', optionId: 'o' },
  { type: 'UsageUpdated', used: 1, size: 2.5, cost: { amount: 1, currency: 'c' } },
  { type: 'UsageUpdated', scope: 'turn', requestId: 'r', model: 'm', reasoningTokens: 3 },
  { type: 'CompactionUpdated', compactionId: 'c', status: 's', summary: [{ type: 'text', text: 't' }], error: 'e' },
  { type: 'CompactionSummaryChunk', compactionId: 'c', content: { type: 'text', text: 't' } },
  { type: 'OfAnApplication', anything: [{ a: null }] },
];

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'type', 'text', 'content', 'x', 'kind', 'seq'];
const LEAVES = [
  'null',
  'true',
  '0',
  '-0',
  '1.5',
  '1e999',
  '-1e999',
  '""',
  '"text"',
  '"image"',
  '{}',
  '[]',
  `"${UUID}"`,
];

/** JSON as text, since only a text has a key twice, `__proto__` as a key, and numbers beyond the range. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...LEAVES),
    fc.array(tie('json'), { maxLength: 3 }).map((entries) => `[${entries.join(',')}]`),
    fc.array(fc.tuple(fc.constantFrom(...KEYS), tie('json')), { maxLength: 3 }).map(objectText),
  ),
}));

function objectText(pairs: readonly (readonly [string, string])[]): string {
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** How a part of an object is changed: a field is replaced or removed, or one is added. */
interface Change {
  readonly at: number;
  readonly key: string;
  readonly value: string | undefined;
}

const change = fc.record({
  at: fc.nat(20),
  key: fc.constantFrom(...KEYS),
  value: fc.option(json, { nil: undefined }),
});

/** The text of `value`, with the changes, each at a field that is counted through all objects and lists. */
function textWith(value: unknown, changes: readonly Change[], count = { fields: 0 }): string {
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const pairs = Object.entries(value).flatMap(([key, field]): [string, string][] => {
    const own = changes.filter(({ at }) => at === count.fields);
    count.fields += 1;
    const [first] = own;
    if (first === undefined) {
      return [[key, textWith(field, changes, count)]];
    }
    if (first.at % 2 === 0) {
      return [[key, textWith(field, changes, count)], [first.key, first.value ?? '1']]; // prettier-ignore
    }
    return first.value === undefined ? [] : [[key, first.value]];
  });
  return Array.isArray(value) ? `[${pairs.map(([, text]) => text).join(',')}]` : objectText(pairs);
}

const routing = fc.record(
  {
    kind: fc.constantFrom('plan', '', 'tool-call'),
    scrollId: fc.constantFrom(UUID, UUID.toUpperCase(), `{${UUID}}`, `urn:uuid:${UUID}`, 'no', ''),
    connectorUid: fc.constantFrom(UUID, UUID.replaceAll('-', ''), 'no'),
    connectorId: fc.constantFrom('', 'claude'),
    nativeSessionId: fc.constantFrom('', 's'),
  },
  { requiredKeys: ['kind'] },
);

const text = fc
  .record({
    routing,
    event: fc.constantFrom(...VALID),
    changes: fc.array(change, { maxLength: 3 }),
    more: fc.boolean(),
    at: fc.constantFrom(undefined, undefined, 0, 1_700_000_000_000, -1.5, 'x', null),
  })
  .map(({ changes, more, at, ...event }) =>
    textWith(
      { ...event, origin: 'agent', ...(more && { seq: 5, more: {} }), ...(at !== undefined && { at }) },
      changes,
    ),
  );

/** The result, or the message and the issues of the error. */
function resultOf(parse: (value: unknown) => unknown, given: string): unknown {
  try {
    return { parsed: parse(JSON.parse(given)) };
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    const { message, issues } = error as ValidationError;
    return { message, issues };
  }
}

/** Not by `toStrictEqual`, which asks an object of JSON for its `constructor`. */
function expectSame(given: string): void {
  const [quick, byTheSchema] = [resultOf(readBusEvent, given), resultOf(parseBusEvent, given)];
  if (!isDeepStrictEqual(quick, byTheSchema)) {
    expect(quick).toEqual(byTheSchema);
    throw new Error(`the results of ${given} differ`);
  }
}

/** Whether `given` is read without the schema: then the payload is not copied. */
function isQuick(given: string): boolean {
  const value = JSON.parse(given) as { event: unknown };
  return (readBusEvent(value).event as unknown) === value.event;
}

describe('readBusEvent', () => {
  it(`accepts, gives and refuses what the schema does, near valid events (SEED=${SEED})`, () => {
    fc.assert(
      fc.property(text, (given) => {
        expectSame(given);
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  it(`does so for any JSON (SEED=${SEED})`, () => {
    const any = fc.oneof(json, fc.tuple(json, json, json).map(([r, o, e]) => objectText([['routing', r], ['origin', o], ['event', e]]))); // prettier-ignore
    fc.assert(
      fc.property(any, (given) => {
        expectSame(given);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it('reads each valid event without the schema, also one of an unknown type', () => {
    expect(new Set(VALID.map((event) => (event as { type: string }).type))).toEqual(
      new Set([...Object.keys(eventShapes), 'OfAnApplication']),
    );
    for (const event of VALID) {
      expect([event, isQuick(JSON.stringify({ routing: { kind: 'k' }, origin: 'o', event }))]).toEqual([event, true]);
    }
  });

  it.each([
    ['a key that may change a prototype', '{"type":"x","a":{"constructor":1}}'],
    ['a deep value', `{"type":"x","a":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['a large value', `{"type":"x","a":[${'1,'.repeat(2_000)}1]}`],
  ])('leaves %s to the schema, which accepts it', (_what, event) => {
    const given = `{"routing":{"kind":"k"},"origin":"o","event":${event}}`;
    expect([isQuick(given), resultOf(readBusEvent, given)]).toEqual([false, resultOf(parseBusEvent, given)]);
  });

  it.each(['1e999', `[${'1,'.repeat(10_000)}1]`, '{"__proto__":1}'])('refuses what the schema refuses: %#', (value) => {
    const given = `{"routing":{"kind":"k"},"origin":"o","event":{"type":"ConfigOptionsChanged","configOptions":${value}}}`;
    expect(resultOf(readBusEvent, given)).toEqual(resultOf(parseBusEvent, given));
    expect(() => readBusEvent(JSON.parse(given))).toThrow(ValidationError);
  });
});
