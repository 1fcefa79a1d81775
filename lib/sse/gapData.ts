import type { Gap } from '../receiver.js';

/** A gap of unknown size. */
export const UNKNOWN_GAP: Gap = { type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true };

/** Formats a gap as the `data:` of its block. `Infinity` becomes null, since JSON cannot express it. */
export function gapData({ missed, byKind, atMost }: Gap): string {
  return JSON.stringify({ missed, byKind, atMost });
}

/** A gap of one event. The kind is `*` if it is unknown. */
export function gapOfOne(kind = '*'): Gap {
  return { type: 'gap', missed: 1, byKind: Object.fromEntries([[kind, 1]]) };
}

/** Merges two adjacent gaps. */
export function joined(first: Gap, second: Gap): Gap {
  const counts = new Map(Object.entries(first.byKind));
  for (const [kind, count] of Object.entries(second.byKind)) {
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const isVague = first.atMost === true || second.atMost === true;
  const gap = { type: 'gap', missed: first.missed + second.missed, byKind: Object.fromEntries(counts) } as const;
  return isVague ? { ...gap, atMost: true } : gap;
}

/** Parses the data of a gap. `undefined` if it is malformed. */
export function parseGap(value: unknown): Gap | undefined {
  if (!isRecord(value) || !isRecord(value['byKind'])) {
    return undefined;
  }
  const missed = count(value['missed']);
  const kinds = Object.entries(value['byKind']).map(([kind, number]) => [kind, count(number)] as const);
  if (missed === undefined || kinds.some(([, number]) => number === undefined)) {
    return undefined;
  }
  const gap = { type: 'gap', missed, byKind: Object.fromEntries(kinds) as Record<string, number> } as const;
  return value['atMost'] === true ? { ...gap, atMost: true } : gap;
}

function count(value: unknown): number | undefined {
  if (value === null) {
    return Infinity;
  }
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
