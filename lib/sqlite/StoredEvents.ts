import type { BusEvent } from '../events/BusEvent.js';
import { type EventFilter, passes, simplestFilter } from '../events/EventFilter.js';
import type { Uuid } from '../events/Uuid.js';
import { show } from '../internal/support/show.js';
import type { ScrollBinding } from '../events/BusEvent.js';
import type { BusPosition, Delivery } from '../receiver.js';
import type { UpstreamRead } from '../upstream.js';
import { type Candidates, candidatesOf, parametersOf, selectOf } from './candidates.js';
import type { Connection } from './Connection.js';
import type { Statement } from './database.js';
import { FileDamagedError } from './errors.js';
import { gapOf, gapOfCount, gapOfUnknown, Holes } from './Holes.js';
import { type EventRow, eventOf } from './rows.js';
import { pragma } from './schema.js';
import { Words } from './Words.js';

/** The fewest rows to look at for a filter that selects among them, so that it does not take a page for each event. */
const LEAST_ROWS = 256;
/** The most characters of payloads to read for one page. A single larger one is read, too. */
const MOST_CHARACTERS = 2 ** 23;
/** The most statements of searches that are kept prepared. */
const MOST_STATEMENTS = 64;

/** The row of the table `state`. */
export interface State {
  readonly epoch: string;
  readonly last: number;
  readonly pruned: number;
  readonly events: number;
  readonly run: string | null;
}

/** A delivery, with its place. The place of a gap is its last one. */
export interface Placed<E> {
  readonly delivery: Delivery<E>;
  readonly seq: number;
}

export interface Page<E> {
  readonly placed: readonly Placed<E>[];
  readonly reached: number;
}

/** What a file keeps. */
export interface SqliteStats extends BusPosition {
  /** The number of events that are kept. */
  readonly events: number;
  /** The place of the oldest event that is kept; `undefined` if there is none. */
  readonly first: number | undefined;
  /** Bytes of the file that are in use. The others are taken by new events. */
  readonly bytes: number;
}

/** A scroll in a file. */
export interface StoredScroll {
  readonly scrollId: Uuid;
  /** The number of its events that are kept. */
  readonly events: number;
  /** The places of its oldest and its newest event. */
  readonly first: number;
  readonly last: number;
  /** The time of its newest event, in milliseconds since 1970. */
  readonly at: number;
  /** The sessions that are registered for it. */
  readonly sessions: readonly Pick<ScrollBinding, 'connectorId' | 'sessionId'>[];
}

/** Reads a file. */
export class StoredEvents<E> {
  readonly words: Words;
  readonly holes: Holes;
  private readonly readState: Statement;
  private readonly pageSize: number;
  private readonly statements = new Map<string, Statement>();

  constructor(
    private readonly connection: Connection,
    private readonly parse: (text: string) => E,
  ) {
    const { database } = connection;
    this.words = new Words(database);
    this.holes = new Holes(database);
    this.pageSize = pragma(database, 'page_size');
    this.readState = database.prepare('SELECT epoch, last, pruned, events, run FROM state');
  }

  get state(): State {
    return this.connection.guard(() => this.readState.get() as State);
  }

  /** Calls `act` with the state. If another process writes, it changes nothing that `act` reads meanwhile. */
  atOnce<T>(act: (state: State) => T): T {
    const { database, readOnly } = this.connection;
    if (!readOnly) {
      return act(this.state);
    }
    return this.connection.guard(() => {
      database.exec('BEGIN');
      try {
        return act(this.state);
      } finally {
        database.exec('COMMIT');
      }
    });
  }

  /** @param pruned The last place that the retention has removed. */
  read({ filter, after, upTo, limit }: UpstreamRead<E>, pruned: number): Page<E> {
    return this.connection.guard(() => {
      const candidates = candidatesOf(filter, this.words);
      const isAll = filter.type === 'all';
      const placed: Placed<E>[] = [];
      const begin = Math.min(pruned, upTo);
      if (after < begin) {
        const delivery = this.holes.hasUnknown(after, begin) ? gapOfUnknown() : gapOfCount(begin - after, isAll);
        placed.push({ delivery, seq: begin });
      }
      const start = Math.max(after, begin);
      const { rows, isComplete } = this.rows(candidates, start, upTo, limit);
      let reached = isComplete ? upTo : (rows.at(-1) as EventRow).seq;
      const events: BusEvent<E>[] = [];
      for (const row of rows) {
        const event = this.eventOf(row, filter, candidates.isExact);
        if (event !== undefined && events.push(event) === limit) {
          reached = row.seq;
          break;
        }
      }
      // Almost always, there are none.
      const holes = this.holes.between(start, reached);
      for (const event of events) {
        const seq = event.seq as number;
        for (; holes[0] !== undefined && holes[0].first < seq; holes.shift()) {
          placed.push({ delivery: gapOf(holes[0], start, isAll), seq: holes[0].last });
        }
        placed.push({ delivery: { type: 'event', event }, seq });
      }
      placed.push(...holes.map((hole) => ({ delivery: gapOf(hole, start, isAll), seq: hole.last })));
      return { placed, reached };
    });
  }

  /** All kept deliveries that match, page by page. */
  *deliveries(filter: EventFilter<E>): Generator<Delivery<E>> {
    const canonical = simplestFilter(filter);
    const { last } = this.state;
    for (let after = 0; after < last;) {
      const request = { filter: canonical, after, upTo: last, limit: LEAST_ROWS };
      const { placed, reached } = this.atOnce(({ pruned }) => this.read(request, pruned));
      yield* placed
        .map(({ delivery }) => delivery)
        .filter((delivery) => delivery.type === 'gap' || passes(canonical, delivery.event));
      after = reached;
    }
  }

  /** The bindings that were used last, the oldest first. */
  bindings(most: number): ScrollBinding[] {
    const rows = this.all<{ connector: number; native: string; scroll: number; id: number }>(
      `SELECT id, scroll, max(registered, coalesce((SELECT max(seq) FROM event WHERE session = session.id), 0)) AS used
       FROM session WHERE scroll IS NOT NULL ORDER BY used DESC LIMIT ?`,
      most,
    );
    return rows.reverse().map(({ id, scroll }) => ({ ...this.sessionOf(id), scrollId: this.words.textOf(scroll) }));
  }

  scrolls(): StoredScroll[] {
    const sessions = new Map<number, ReturnType<typeof this.sessionOf>[]>();
    for (const { id, scroll } of this.all<{ id: number; scroll: number }>(
      'SELECT id, scroll FROM session WHERE scroll IS NOT NULL ORDER BY registered',
    )) {
      sessions.set(scroll, [...(sessions.get(scroll) ?? []), this.sessionOf(id)]);
    }
    const rows = this.all<{ scroll: number; events: number; first: number; last: number; at: number }>(
      `SELECT one.scroll, events, first, last, at
       FROM (SELECT scroll, count(*) AS events, min(seq) AS first, max(seq) AS last
             FROM event WHERE scroll IS NOT NULL GROUP BY scroll) AS one
       JOIN event ON seq = last ORDER BY first`,
    );
    return rows.map(({ scroll, ...rest }) => ({
      scrollId: this.words.textOf(scroll),
      ...rest,
      sessions: sessions.get(scroll) ?? [],
    }));
  }

  stats(): SqliteStats {
    const { epoch, last, events } = this.state;
    const [{ first } = { first: null }] = this.all<{ first: number | null }>('SELECT min(seq) AS first FROM event');
    return { epoch, seq: last, events, first: first ?? undefined, bytes: this.bytes };
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    const { page_count: pages } = this.prepared('PRAGMA page_count').get() as { page_count: number };
    const { freelist_count: free } = this.prepared('PRAGMA freelist_count').get() as { freelist_count: number };
    return (pages - free) * this.pageSize;
  }

  private all<R>(sql: string, ...values: number[]): R[] {
    return this.connection.guard(() => this.prepared(sql).all(...values) as R[]);
  }

  private sessionOf(id: number): { connectorId: string; sessionId: string } {
    const { connector, native } = this.words.session(id);
    return { connectorId: this.words.textOf(connector), sessionId: native };
  }

  private rows(
    { terms, isExact }: Candidates,
    after: number,
    upTo: number,
    limit: number,
  ): { rows: EventRow[]; isComplete: boolean } {
    if (after >= upTo || terms?.length === 0) {
      return { rows: [], isComplete: true };
    }
    const most = isExact ? limit : Math.max(limit, LEAST_ROWS);
    const rows: EventRow[] = [];
    let characters = 0;
    // No other statement may run meanwhile, so the rows are only collected here.
    for (const each of this.prepared(selectOf(terms)).iterate(...parametersOf(terms, after, upTo, most))) {
      const row = each as EventRow;
      rows.push(row);
      characters += row.payload.length;
      if (characters > MOST_CHARACTERS) {
        return { rows, isComplete: false };
      }
    }
    return { rows, isComplete: rows.length < most };
  }

  private eventOf(row: EventRow, filter: EventFilter<E>, isExact: boolean): ReturnType<typeof eventOf<E>> {
    try {
      return eventOf(row, this.words, filter, isExact, this.parse);
    } catch (error) {
      throw new FileDamagedError(
        this.connection.file,
        `the event ${row.seq} cannot be read back (${show(error)}; if you have given \`parse\`, check that first)`,
        {
          cause: error,
        },
      );
    }
  }

  private prepared(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.database.prepare(sql);
      if (this.statements.size === MOST_STATEMENTS) {
        this.statements.clear();
      }
      this.statements.set(sql, statement);
    }
    return statement;
  }
}
