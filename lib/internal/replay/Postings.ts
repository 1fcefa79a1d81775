import type { BusEvent } from '../../events/BusEvent.js';
import type { KeyField, RoutingKey } from '../dispatch/routingKeys.js';

/** The retained events that are indexed. */
export interface Retained {
  /** The largest number of an event. */
  readonly last: number;
  /** The smallest number from `from` to `to` whose event is retained and passes `test`. `undefined` if there is none. */
  seek(from: number, to: number, test: Test): number | undefined;
}

type Test = (busEvent: BusEvent<unknown>, seq: number) => boolean;

/** The most numbers of a segment. */
const LONGEST_SEGMENT = 8_192;
/** A history has at least so many segments, unless it retains fewer events. */
const LEAST_SEGMENTS = 8;

/**
 * Finds the retained events of a key. Nothing is indexed before somebody asks.
 *
 * The numbers are divided into segments. The first search for a value walks over the events of a segment until it finds one, and keeps the
 * numbers that it finds. A search for a second value of the same field makes lists for all values of the segment. The lists of a segment
 * are dropped together, when all of its events have left.
 *
 * Invariants: the numbers in each list increase. An event is in the lists of its values when it was walked over: getters may have other
 * results later. No segment has lists whose events have all left.
 */
export class Postings {
  private readonly retained: Retained;
  /** How many numbers a segment has. */
  private readonly length: number;
  private readonly segments = new Map<number, Map<KeyField, FieldIndex>>();
  /** The first segment that may have lists. */
  private oldest = 0;

  /** @param capacity The most events that are retained at a time. */
  constructor(retained: Retained, capacity: number) {
    this.retained = retained;
    this.length = Math.max(1, Math.min(LONGEST_SEGMENT, Math.floor(capacity / LEAST_SEGMENTS)));
  }

  /** The smallest number from `from` on of an event that has `key`. No event before `from` is searched, and none that has left. */
  next(key: RoutingKey, from: number): number | undefined {
    const { length, retained } = this;
    for (let segment = Math.floor(from / length); segment * length <= retained.last; segment += 1) {
      const seq = this.indexOf(segment, key.field).next(key, from);
      if (seq !== undefined) {
        return seq;
      }
    }
    return undefined;
  }

  /** Drops the lists of each segment whose numbers are all before `seq`. */
  forgetBefore(seq: number): void {
    const { length, segments } = this;
    for (; segments.size > 0 && (this.oldest + 1) * length <= seq; this.oldest += 1) {
      segments.delete(this.oldest);
    }
  }

  /** Drops all lists. */
  clear(): void {
    this.segments.clear();
  }

  private indexOf(segment: number, field: KeyField): FieldIndex {
    const fields = this.segments.get(segment) ?? this.begin(segment);
    let index = fields.get(field);
    if (index === undefined) {
      const first = segment * this.length;
      index = new FieldIndex(this.retained, first, first + this.length - 1);
      fields.set(field, index);
    }
    return index;
  }

  private begin(segment: number): Map<KeyField, FieldIndex> {
    this.oldest = this.segments.size === 0 ? segment : Math.min(this.oldest, segment);
    const fields = new Map<KeyField, FieldIndex>();
    this.segments.set(segment, fields);
    return fields;
  }
}

/** The lists of one field in one segment. */
class FieldIndex {
  private readonly retained: Retained;
  private readonly first: number;
  private readonly last: number;
  /** All events before this number were walked over. */
  private walked: number;
  /** The key that was searched for first, and its numbers while no other one was searched for. */
  private only: RoutingKey | undefined;
  private found: number[] = [];
  /** By value, within the connector if the values are sessions. Created for the second key. */
  private lists: Map<unknown, Map<unknown, number[]>> | undefined;

  constructor(retained: Retained, first: number, last: number) {
    this.retained = retained;
    this.first = first;
    this.last = last;
    this.walked = first;
  }

  next(key: RoutingKey, from: number): number | undefined {
    const only = (this.only ??= key);
    if (this.lists === undefined && !(only.value === key.value && only.nativeSessionId === key.nativeSessionId)) {
      this.lists = new Map();
      this.found = [];
      this.walked = this.first;
    }
    const list = this.lists === undefined ? this.found : this.lists.get(groupOf(key))?.get(wordOf(key));
    return leastFrom(list, from) ?? this.walk(key, from);
  }

  /** Goes on with the walk until it has found `key` at a number from `from` on. Returns this number. */
  private walk(key: RoutingKey, from: number): number | undefined {
    const { retained, found, lists } = this;
    const last = Math.min(this.last, retained.last);
    const test = lists === undefined ? testFor(key) : entering(lists, key);
    while (this.walked <= last) {
      const seq = retained.seek(this.walked, last, test);
      this.walked = (seq ?? last) + 1;
      if (seq !== undefined && lists === undefined) {
        found.push(seq);
      }
      if (seq === undefined || seq >= from) {
        return seq;
      }
    }
    return undefined;
  }
}

/** Whether an event has `key`. An event of an application may have getters; if one throws, the event has no keys. */
function testFor(key: RoutingKey): Test {
  const { field } = key;
  const [group, word] = [groupOf(key), wordOf(key)];
  return (busEvent) => {
    try {
      return wordIn(busEvent, field) === word && groupIn(busEvent, field) === group;
    } catch {
      return false;
    }
  };
}

/** The same, and enters each event into `lists`. */
function entering(lists: Map<unknown, Map<unknown, number[]>>, key: RoutingKey): Test {
  const { field } = key;
  const [group, word] = [groupOf(key), wordOf(key)];
  return (busEvent, seq) => {
    try {
      const [ownGroup, ownWord] = [groupIn(busEvent, field), wordIn(busEvent, field)];
      enter(lists, ownGroup, ownWord, seq);
      return ownWord === word && ownGroup === group;
    } catch {
      return false;
    }
  };
}

function enter(lists: Map<unknown, Map<unknown, number[]>>, group: unknown, word: unknown, seq: number): void {
  if (group === undefined || word === undefined) {
    return;
  }
  let words = lists.get(group);
  if (words === undefined) {
    words = new Map();
    lists.set(group, words);
  }
  const list = words.get(word);
  if (list === undefined) {
    words.set(word, [seq]);
  } else {
    list.push(seq);
  }
}

// A session has two parts, which are never joined, since each may contain any character. The connector is its group. Words of other fields
// have no group.

function groupOf({ field, value }: RoutingKey): string {
  return field === 'session' ? value : '';
}

function wordOf({ value, nativeSessionId = value }: RoutingKey): string {
  return nativeSessionId;
}

function groupIn({ routing }: BusEvent<unknown>, field: KeyField): string | undefined {
  return field === 'session' ? routing.connectorId : '';
}

function wordIn({ routing, origin }: BusEvent<unknown>, field: KeyField): string | undefined {
  switch (field) {
    case 'scrollId':
      return routing.scrollId;
    case 'session':
      return routing.nativeSessionId;
    case 'connectorUid':
      return routing.connectorUid;
    case 'connectorId':
      return routing.connectorId;
    case 'kind':
      return routing.kind;
    case 'origin':
      return origin;
    case 'any':
      return '';
  }
}

/** The smallest number in `list`, which increases, from `from` on. */
function leastFrom(list: readonly number[] | undefined, from: number): number | undefined {
  if (list === undefined) {
    return undefined;
  }
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return list[low];
}
