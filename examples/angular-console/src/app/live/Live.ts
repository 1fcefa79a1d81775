import { computed, inject, Injectable, signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { type BusPosition, type Delivery, EventFilter, type Gap, matches } from 'sharing-bus';
import { type EventStreamStatus, fromEventStream } from 'sharing-bus/sse';
import { catchError, EMPTY, map, merge, type Observable, startWith, Subject, switchMap, tap } from 'rxjs';
import { counted } from '../count.js';
import { Stats } from '../lanes/Stats.js';
import { SessionBook } from '../sessions/SessionBook.js';
import type { Entry } from '../scroll/Entry.js';
import { Transcript } from '../scroll/Transcript.js';
import { type Connection, CONNECTING } from './Connection.js';
import { perFrame } from './perFrame.js';

/** What the list of sessions is made of: it comes whatever the filter says. */
const LISTED = EventFilter.kind('session-lifecycle', 'permission');
const NOTHING = EventFilter.or();

/** What is shown: the scroll of a session by its id, or those of all. */
export type Selection = string;
export const ALL: Selection = 'all';

/** What a stream is asked for. */
interface Wanted {
  readonly selection: Selection | undefined;
  readonly filter: EventFilter<unknown>;
  readonly isSlow: boolean;
}

interface View {
  readonly transcript: Transcript;
  readonly entries: readonly Entry[];
}

/** One stream from the server, and all that the page makes of it. */
@Injectable({ providedIn: 'root' })
export class Live {
  readonly #stats = inject(Stats);

  /** What somebody composed. */
  readonly filter = signal<EventFilter<unknown>>(EventFilter.all);
  readonly picked = signal<Selection | undefined>(undefined);
  /** Whether this page reads slowly. */
  readonly isSlow = signal(false);

  readonly #connection = signal(CONNECTING);
  readonly connection = this.#connection.asReadonly();
  /** How far the stream has got. */
  readonly #position = signal<BusPosition | undefined>(undefined);
  readonly position = this.#position.asReadonly();
  readonly #received = signal(0);
  readonly received = this.#received.asReadonly();

  readonly #book = new SessionBook();
  readonly sessions = signal(this.#book.sessions);
  /** What was picked; else the first session that is there. */
  readonly selection = computed(() => {
    const sessions = this.sessions();
    const first = sessions.findLast(({ state }) => state !== 'gone') ?? sessions[0];
    return this.picked() ?? first?.scrollId;
  });

  readonly #wanted = computed<Wanted>(
    () => ({ selection: this.selection(), filter: this.filter(), isSlow: this.isSlow() }),
    { equal: (a, b) => a.selection === b.selection && a.filter === b.filter && a.isSlow === b.isSlow },
  );
  /** What the scroll shows, of all that comes. */
  readonly #shown = computed(() => EventFilter.and(scopeOf(this.selection()), this.filter()));
  /** What the server is asked for. */
  readonly wireFilter = computed<EventFilter<unknown>>(() => wireFilterOf(this.selection(), this.filter()));

  #before: Wanted | undefined;
  /** Told when another server answered, until a scroll of that one is shown. */
  #lostServer: Gap | undefined;
  #transcript = new Transcript();
  readonly #view = toSignal(toObservable(this.#wanted).pipe(switchMap((wanted) => this.#watch(wanted))), {
    initialValue: viewOf(this.#transcript),
  });
  readonly entries = computed(() => this.#view().entries);
  readonly trimmed = computed(() => this.#view().transcript.trimmed, { equal: () => false });
  readonly usage = computed(() => this.#view().transcript.usage, { equal: () => false });

  #watch(wanted: Wanted): Observable<View> {
    const { filter, isSlow, selection } = wanted;
    const before = this.#before;
    this.#before = wanted;
    const goesOn = before?.selection === selection && before?.filter === filter;
    const last = this.#position();
    if (!goesOn) {
      this.#transcript = new Transcript();
      this.#received.set(0);
    }
    const transcript = this.#transcript;
    const lost = goesOn ? undefined : this.#lostServer;
    this.#lostServer = undefined;
    if (lost !== undefined) {
      transcript.gap(lost);
    }
    const shown = this.#shown();
    // One who reads slowly from the history would lag behind, and lose nothing: it is to start with what happens now.
    const from = isSlow ? 'now' : goesOn && last !== undefined ? last : 'start';
    // The first delivery after each return tells whether something is missing.
    let isFirst = false;
    let hasStarted = false;
    let hasNoted = false;
    const noted$ = new Subject<readonly Delivery[]>();
    const deliveries$ = fromEventStream(isSlow ? '/api/events?reader=slow' : '/api/events', {
      filter: wireFilterOf(selection, filter),
      from,
      retry: { initialMs: 500, maxMs: 10_000 },
      onStatus: (status) => {
        isFirst = status.state === 'open' ? hasStarted : isFirst;
        this.#setStatus(status, hasStarted, lost !== undefined);
        hasStarted ||= status.state === 'open';
      },
      onPosition: (position) => {
        if (isSlow && from === 'now' && !hasNoted) {
          hasNoted = true;
          transcript.note(slowNote(last, position));
          noted$.next([]);
        }
        this.#position.set(position);
      },
    });
    const frame$ = deliveries$.pipe(
      tap((delivery) => {
        if (isFirst) {
          isFirst = false;
          this.#noteResumed(delivery);
        }
      }),
      perFrame(),
    );
    return merge(noted$, frame$).pipe(
      startWith([]),
      map((deliveries) => {
        for (const delivery of deliveries) {
          this.#take(delivery, transcript, shown);
        }
        this.#received.update((received) => received + deliveries.length);
        this.sessions.set(this.#book.sessions);
        return viewOf(transcript);
      }),
      // The status line says what happened.
      catchError(() => EMPTY),
    );
  }

  #take(delivery: Delivery, transcript: Transcript, shown: EventFilter<unknown>): void {
    if (delivery.type === 'gap') {
      if (delivery.missed === Infinity) {
        this.#book.markGone();
        this.#lostServer = delivery;
      }
      transcript.gap(delivery);
    } else {
      this.#book.take(delivery.event);
      if (matches(shown, delivery.event)) {
        transcript.take(delivery);
      }
    }
  }

  #setStatus(status: EventStreamStatus, isBack: boolean, isStillBack: boolean): void {
    this.#stats.isWanted.set(status.state === 'open');
    this.#connection.update((connection): Connection => {
      if (status.state !== 'open') {
        return { ...connection, status };
      }
      if (isStillBack && !isBack) {
        return { ...connection, status };
      }
      const after = this.#position()?.seq;
      return { status, resumed: isBack && after !== undefined ? { after, missing: undefined } : undefined };
    });
  }

  #noteResumed(delivery: Delivery): void {
    this.#connection.update((connection): Connection => {
      const { resumed, status } = connection;
      const missing = delivery.type === 'gap' ? delivery.missed : 0;
      return resumed === undefined ? connection : { status, resumed: { ...resumed, missing } };
    });
  }
}

function viewOf(transcript: Transcript): View {
  return { transcript, entries: transcript.entries };
}

function scopeOf(selection: Selection | undefined): EventFilter<unknown> {
  return selection === undefined ? NOTHING : selection === ALL ? EventFilter.all : EventFilter.scrollId(selection);
}

function wireFilterOf(selection: Selection | undefined, filter: EventFilter<unknown>): EventFilter<unknown> {
  if (selection === undefined) {
    return LISTED;
  }
  if (selection === ALL) {
    return filter.type === 'all' ? filter : EventFilter.or(LISTED, filter);
  }
  const scope = scopeOf(selection);
  return EventFilter.or(LISTED, filter.type === 'all' ? scope : EventFilter.and(scope, filter));
}

function slowNote(last: BusPosition | undefined, now: BusPosition): string {
  const between = last?.epoch === now.epoch ? now.seq - last.seq : 0;
  const missing =
    between > 0 ? ` ${counted(between, 'event')} came meanwhile, on the whole bus, and are not shown.` : '';
  return `From here on, this page reads slowly.${missing}`;
}
