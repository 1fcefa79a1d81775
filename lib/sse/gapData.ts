import type { BusPosition, Gap } from '../receiver.js';

/** What nobody can count. */
export const UNKNOWN_GAP: Gap = { type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true };

/** A gap as its `data:` has it: what nobody knows the number of is null, since JSON has no infinity. */
export function gapData({ missed, byKind, atMost }: Gap): string {
  return JSON.stringify({ missed, byKind, atMost });
}

/** The gap of one event; its kind is `*` where nobody knows it. */
export function gapOfOne(kind = '*'): Gap {
  return { type: 'gap', missed: 1, byKind: Object.fromEntries([[kind, 1]]) };
}

/** One gap for two that have nothing between them. */
export function joined(first: Gap, second: Gap): Gap {
  const counts = new Map(Object.entries(first.byKind));
  for (const [kind, count] of Object.entries(second.byKind)) {
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const isVague = first.atMost === true || second.atMost === true;
  const gap = { type: 'gap', missed: first.missed + second.missed, byKind: Object.fromEntries(counts) } as const;
  return isVague ? { ...gap, atMost: true } : gap;
}

/** The gap that `value` tells, if it is one. */
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

/** What a client misses that comes back when the bus is closed: it gives nothing any more, though it may retain it. */
export function missedOfClosed(
  asked: 'now' | 'start' | BusPosition,
  last: BusPosition | undefined,
  isExact: boolean,
): Gap | undefined {
  if (asked === 'now') {
    return undefined;
  }
  const from = asked === 'start' ? { epoch: last?.epoch, seq: 0 } : asked;
  if (last === undefined || from.epoch !== last.epoch) {
    return UNKNOWN_GAP;
  }
  const missed = last.seq - from.seq;
  const gap = { type: 'gap', missed, byKind: { '*': missed } } as const;
  return missed <= 0 ? undefined : isExact ? gap : { ...gap, atMost: true };
}
