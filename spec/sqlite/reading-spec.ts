import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { type BusEvent, EventFilter, matches, type UpstreamLink, type UpstreamPage } from '../../lib/index.js';
import { sqliteUpstream, type SqliteUpstreamOptions } from '../../lib/sqlite/index.js';
import { type Candidates, candidatesOf, parametersOf, selectOf } from '../../lib/sqlite/candidates.js';
import { Words } from '../../lib/sqlite/Words.js';
import { SharingBus } from '../../lib/index.js';
import { anyEvent, anyFilter } from '../support/arbitraries.js';
import { uuid } from '../support/events.js';
import { busOn, keptBy, publishAll, shown, tempFile } from './support/files.js';

const numbered = (count: number, routingOf: (index: number) => Partial<BusEvent['routing']>): BusEvent<number>[] =>
  Array.from({ length: count }, (_, index) => ({
    routing: { kind: 'k', ...routingOf(index) },
    origin: 'agent',
    event: index + 1,
  }));

/** A bus on a file, and the link that it uses. */
function linked(options: SqliteUpstreamOptions<number>): { bus: SharingBus<number>; link: UpstreamLink<number> } {
  const upstream = sqliteUpstream(options);
  let link: UpstreamLink<number> | undefined;
  const bus = new SharingBus<number>({
    upstream: {
      open: (own) => (link = upstream.open(own)),
    },
  });
  return { bus, link: link as UpstreamLink<number> };
}

function placesIn({ deliveries, reached }: UpstreamPage<number>): unknown {
  return [deliveries.map((one) => (one.type === 'event' ? one.event.seq : shown(one))), reached];
}

describe('reading from a file', () => {
  it('law 19: gives the events that match, for every filter, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { maxLength: 60 }),
        fc.array(anyFilter, { maxLength: 8 }),
        async (events, filters) => {
          const file = tempFile();
          const first = busOn<number>(file);
          const seen: BusEvent<number>[] = [];
          first.stream(EventFilter.all, { capacity: 100 }).subscribe((one) => seen.push(one));
          await publishAll(first, events);
          first.close();
          const second = busOn<number>(file);
          for (const filter of filters) {
            const kept = await keptBy(second, filter);
            expect(kept.map((one) => one.type === 'event' && one.event)).toEqual(
              seen.filter((one) => matches(filter, one)),
            );
          }
          second.close();
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('pages: each has at most `limit` events, and reaches the last one', async () => {
    const { bus, link } = linked({ file: tempFile() });
    await publishAll(
      bus,
      numbered(10, (index) => ({ scrollId: uuid(index % 2) })),
    );
    const read = (filter: EventFilter<number>, after: number, upTo: number, limit: number): unknown =>
      placesIn(link.read?.({ filter, after, upTo, limit }) as UpstreamPage<number>);
    expect(read(EventFilter.all, 0, 10, 3)).toEqual([[1, 2, 3], 3]);
    expect(read(EventFilter.all, 3, 5, 3)).toEqual([[4, 5], 5]);
    expect(read(EventFilter.all, 9, 10, 1)).toEqual([[10], 10]);
    expect(read(EventFilter.scrollId(uuid(0)), 0, 10, 2)).toEqual([[1, 3], 3]);
    expect(read(EventFilter.scrollId(uuid(0)), 3, 10, 3)).toEqual([[5, 7, 9], 9]);
    expect(read(EventFilter.scrollId(uuid(0)), 9, 10, 3)).toEqual([[], 10]);
    expect(read(EventFilter.scrollId(uuid(9)), 0, 10, 3)).toEqual([[], 10]);
    expect(read(EventFilter.or(), 0, 10, 3)).toEqual([[], 10]);
    expect(read(EventFilter.and(), 0, 10, 3)).toEqual([[1, 2, 3], 3]);
    const union = EventFilter.or<number>(EventFilter.scrollId(uuid(0)), EventFilter.scrollId(uuid(1)));
    expect(read(union, 0, 10, 4)).toEqual([[1, 2, 3, 4], 4]);
    const both = EventFilter.and<number>(EventFilter.kind('k'), EventFilter.scrollId(uuid(1)));
    expect(read(both, 0, 10, 2)).toEqual([[2, 4], 4]);
    bus.close();
  });

  it('reads a bounded number of rows for a predicate', async () => {
    let parsed = 0;
    const parse = (text: string): number => {
      parsed += 1;
      return Number(text);
    };
    const { bus, link } = linked({ file: tempFile(), parse });
    await publishAll(
      bus,
      numbered(1_000, () => ({})),
    );
    const never = EventFilter.and<number>(
      EventFilter.kind('k'),
      EventFilter.where(() => false),
    );
    const page = link.read?.({ filter: never, after: 0, upTo: 1_000, limit: 1 }) as UpstreamPage<number>;
    expect([parsed, page.reached]).toEqual([1, 1]);
    const rare = EventFilter.not<number>(EventFilter.kind('k'));
    expect(placesIn(link.read?.({ filter: rare, after: 0, upTo: 1_000, limit: 1 }) as UpstreamPage<number>)).toEqual([
      [],
      256,
    ]);
    expect(parsed).toBe(1);
    expect(
      (
        await keptBy(
          bus,
          EventFilter.where((one: BusEvent<number>) => one.event % 400 === 0),
        )
      ).map(shown),
    ).toEqual(['400:400', '800:800']);
    bus.close();
  });

  it('reads a bounded number of bytes for a page', async () => {
    const { bus, link } = linked({ file: tempFile(), serialize: (value) => `${value}`.padEnd(5_000_000) });
    await publishAll(
      bus,
      numbered(5, () => ({})),
    );
    const page = link.read?.({ filter: EventFilter.all, after: 0, upTo: 5, limit: 100 });
    expect(placesIn(page as UpstreamPage<number>)).toEqual([[1, 2], 2]);
    expect((await keptBy(bus)).map(shown)).toEqual(['1:1', '2:2', '3:3', '4:4', '5:5']);
    bus.close();
  });

  it('reads the events of one scroll, session or connector and no others', async () => {
    const file = tempFile();
    const first = busOn<number>(file);
    await publishAll(
      first,
      numbered(3_000, (index) => ({
        scrollId: uuid(index % 10),
        connectorId: `c${index % 5}`,
        nativeSessionId: `s${index % 10}`,
        connectorUid: uuid(index % 3),
      })),
    );
    first.close();
    let parsed = 0;
    const bus = busOn<number>({
      file,
      parse: (text) => {
        parsed += 1;
        return Number(text);
      },
    });
    for (const [filter, count] of [
      [EventFilter.scrollId(uuid(4)), 300],
      [EventFilter.session('c4', 's4'), 300],
      [EventFilter.connectorId('c4'), 600],
      [EventFilter.connectorUid(uuid(1)), 1_000],
      [EventFilter.and<number>(EventFilter.connectorUid(uuid(1)), EventFilter.scrollId(uuid(4))), 100],
      [EventFilter.or<number>(EventFilter.scrollId(uuid(4)), EventFilter.scrollId(uuid(5))), 600],
    ] as const) {
      parsed = 0;
      const kept = await keptBy(bus, filter);
      expect([kept.length, parsed]).toEqual([count, count]);
    }
  });

  it('searches with an index, in order, without sorting', async () => {
    const file = tempFile();
    const bus = busOn<number>(file);
    await publishAll(
      bus,
      numbered(4, (index) => ({
        scrollId: uuid(index),
        connectorId: `c${index}`,
        nativeSessionId: `s${index}`,
        connectorUid: uuid(index),
        kind: `k${index}`,
      })),
    );
    bus.close();
    const database = new Database(file, { readonly: true });
    const words = new Words(database);
    const planOf = ({ terms }: Candidates): string[] =>
      (
        database.prepare(`EXPLAIN QUERY PLAN ${selectOf(terms)}`).all(...parametersOf(terms, 0, 10, 5)) as {
          detail: string;
        }[]
      ).map(({ detail }) => detail);
    const plan = (filter: EventFilter<never>): string[] => planOf(candidatesOf(filter, words));
    const by = (column: string, isCovering = false): string =>
      `SEARCH event USING ${isCovering ? 'COVERING ' : ''}INDEX event_${column} (${column}=? AND rowid>? AND rowid<?)`;
    const scroll = EventFilter.scrollId(uuid(1));
    expect(plan(scroll)).toEqual([by('scroll')]);
    expect(plan(EventFilter.session('c1', 's1'))).toEqual([by('session')]);
    expect(plan(EventFilter.connectorUid(uuid(1)))).toEqual([by('connector_uid')]);
    expect(plan(EventFilter.connectorId('c1'))).toEqual([by('connector')]);
    expect(plan(EventFilter.kind('k1'))).toEqual([by('kind')]);
    expect(plan(EventFilter.origin('agent'))).toEqual([by('origin')]);
    const everything = ['SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'];
    expect(plan(EventFilter.all)).toEqual(everything);
    expect(plan(EventFilter.not(scroll))).toEqual(everything);
    expect(plan(EventFilter.or(scroll, EventFilter.all))).toEqual(everything);
    expect(plan(EventFilter.or(scroll, EventFilter.not(scroll)))).toEqual(everything);
    // Kinds that the file does not have are not searched for.
    const kinds = plan(EventFilter.kind(...Array.from({ length: 40 }, (_, index) => `k${index}`)));
    expect(kinds.filter((line) => line === by('kind', true))).toHaveLength(4);
    // The most selective part, whatever its place; and no other part of the `and`.
    const predicate = EventFilter.where<never>(() => true);
    expect(plan(EventFilter.and(EventFilter.kind('k1'), predicate, scroll))).toEqual([by('scroll')]);
    expect(plan(EventFilter.and(EventFilter.kind('k1', 'k2'), EventFilter.origin('agent')))).toEqual(
      plan(EventFilter.kind('k1', 'k2')),
    );
    // A union is merged: every part in the order of places.
    const union = plan(EventFilter.or(scroll, EventFilter.kind('k2'), EventFilter.session('c3', 's3')));
    for (const column of ['scroll', 'kind', 'session']) {
      expect(union).toContain(by(column, true));
    }
    expect(union.join()).not.toMatch(/TEMP B-TREE|SCAN event/);
    expect(candidatesOf(EventFilter.kind('unknown'), words)).toEqual({ terms: [], isExact: true });
    expect(candidatesOf(EventFilter.session('c1', 'unknown'), words)).toEqual({ terms: [], isExact: true });
    database.close();
  });
});
