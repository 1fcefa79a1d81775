import { createRequire } from 'node:module';
import { SharingBus } from '../../../dist/index.js';
import { sqliteUpstream } from '../../../dist/sqlite/index.js';
import type { SoakPayload } from './soakPayload.js';

interface Database {
  prepare(sql: string): { all(...values: unknown[]): unknown[] };
  close(): void;
}
type Constructor = new (file: string, options: { readonly: boolean }) => Database;

/** Where the peer is installed: in the root. */
const Connection = createRequire(new URL('../../../package.json', import.meta.url))('better-sqlite3') as Constructor;

interface Row {
  readonly seq: number;
  readonly payload: string;
}

/** A file of the soak, and what was acknowledged of it. It is checked by SQL, without the library. */
export class SoakFile {
  acknowledged = 0;
  readonly problems: string[] = [];
  private readonly names = new Set<string>();
  private readonly scrolls = new Map<string, string>();
  private checked = 0;
  private epoch: string | undefined;

  constructor(
    readonly path: string,
    readonly durability: 'turn' | 'event',
    readonly maxEvents: number,
  ) {}

  /** Checks what a killed publisher has left. `lines` are its acknowledgements. */
  check(lines: readonly string[], isThorough: boolean): void {
    this.acknowledged += lines.length;
    // As the library does it: it opens the file, and goes on.
    const upstream = sqliteUpstream<SoakPayload>({ file: this.path });
    const { epoch, seq, events, first } = upstream.stats();
    upstream.close();
    this.require(this.epoch === undefined || this.epoch === epoch, `the epoch has become ${epoch}`);
    this.epoch = epoch;
    const database = new Connection(this.path, { readonly: true });
    const after = this.checked;
    const rows = database.prepare('SELECT seq, payload FROM event WHERE seq > ? ORDER BY seq').all(after) as Row[];
    const [count] = database.prepare('SELECT count(*) AS n, min(seq) AS first FROM event').all() as {
      n: number;
      first: number | null;
    }[];
    if (isThorough) {
      const found = JSON.stringify(database.prepare('PRAGMA integrity_check').all());
      this.require(found === '[{"integrity_check":"ok"}]', `integrity_check: ${found}`);
    }
    database.close();
    const oldest = first ?? seq + 1;
    this.require(
      count?.n === events && events === seq - oldest + 1,
      `${count?.n} of ${events} events from ${first} to ${seq}`,
    );
    let expected = Math.max(after + 1, oldest);
    const kept = new Map<number, string>();
    for (const row of rows) {
      const payload = JSON.parse(row.payload) as SoakPayload;
      this.require(row.seq === expected, `place ${row.seq} follows ${expected - 1}`);
      this.require(!this.names.has(payload.name), `${payload.name} is there twice`);
      expected = row.seq + 1;
      this.names.add(payload.name);
      kept.set(row.seq, payload.name);
      if (payload.type === 'SessionRegistered') {
        this.scrolls.set(`${payload.connectorId} ${payload.sessionId}`, payload.scrollId as string);
      }
    }
    this.require(expected === seq + 1, `the last place is ${seq}, and the last event ${expected - 1}`);
    for (const line of lines) {
      const [place = '', name] = line.split(' ');
      const isGone = Number(place) < oldest;
      this.require(
        isGone || kept.get(Number(place)) === name,
        `${line} was acknowledged, and is ${kept.get(Number(place))}`,
      );
    }
    this.checked = seq;
  }

  /** Checks by the library: everything that is kept can be read, and the bindings are those of the last registrations. */
  checkAtEnd(): void {
    this.require(this.acknowledged > 0, 'nothing was acknowledged');
    const taught = new Map<string, string>();
    const upstream = sqliteUpstream<SoakPayload>({ file: this.path });
    const { events } = upstream.stats();
    let read = 0;
    for (const { type } of upstream.deliveries()) {
      read += type === 'event' ? 1 : 0;
    }
    this.require(read === events, `${read} of ${events} events can be read`);
    const bus = new SharingBus<SoakPayload>({
      upstream: {
        open: (own) =>
          upstream.open({
            ...own,
            bind: ({ connectorId, sessionId, scrollId }) => {
              taught.set(`${connectorId} ${sessionId}`, scrollId);
            },
          }),
      },
    });
    bus.close();
    // With a retention, the last registrations may be gone before they are looked at here.
    for (const [session, scrollId] of this.maxEvents === 0 ? this.scrolls : []) {
      this.require(
        taught.get(session) === scrollId,
        `${session} is bound to ${taught.get(session)}, not to ${scrollId}`,
      );
    }
  }

  get kept(): number {
    return this.checked;
  }

  private require(holds: boolean, problem: string): void {
    if (!holds && this.problems.length < 20) {
      this.problems.push(`${this.durability}, ${this.maxEvents || 'all'}: ${problem}`);
    }
  }
}
