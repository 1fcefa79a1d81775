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

/** The events for the list of sessions. They are requested besides those of the filter. */
const LISTED = EventFilter.kind('session-lifecycle', 'permission');
const NOTHING = EventFilter.or();

/** The scroll that is shown, by its id, or all of them. */
export type Selection = string;
export const ALL: Selection = 'all';

/** The request for a stream. */
interface Wanted {
  readonly selection: Selection | undefined;
  readonly filter: EventFilter<unknown>;
  readonly isSlow: boolean;
}

interface View {
  readonly transcript: Transcript;
  readonly entries: readonly Entry[];
}

/** The event stream from the server, and the state of the page that follows from it. */
@Injectable({ providedIn: 'root' })
export class Live {
  readonly #stats = inject(Stats);

  /** The filter of the user. */
  readonly filter = signal<EventFilter<unknown>>(EventFilter.all);
  readonly picked = signal<Selection | undefined>(undefined);
  /** Whether this page reads slowly. */
  readonly isSlow = signal(false);

  readonly #connection = signal(CONNECTING);
  readonly connection = this.#connection.asReadonly();
  /** The position of the stream. */
  readonly #position = signal<BusPosition | undefined>(undefined);
  readonly position = this.#position.asReadonly();
  readonly #received = signal(0);
  readonly received = this.#received.asReadonly();

  readonly #book = new SessionBook();
  readonly sessions = signal(this.#book.sessions);
  /** The choice of the user; without one, the first open session. */
  readonly selection = computed(() => {
    const sessions = this.sessions();
    const first = sessions.findLast(({ state }) => state !== 'gone') ?? sessions[0];
    return this.picked() ?? first?.scrollId;
  });

  readonly #wanted = computed<Wanted>(
    () => ({ selection: this.selection(), filter: this.filter(), isSlow: this.isSlow() }),
    { equal: (a, b) => a.selection === b.selection && a.filter === b.filter && a.isSlow === b.isSlow },
  );
  /** The events of the stream that the scroll shows. */
  readonly #shown = computed(() => EventFilter.and(scopeOf(this.selection()), this.filter()));
  /** The filter of the request. */
  readonly wireFilter = computed<EventFilter<unknown>>(() => wireFilterOf(this.selection(), this.filter()));

  #before: Wanted | undefined;
  /** The gap of a server that has restarted, until it is shown. */
  #restartGap: Gap | undefined;
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
    const lost = goesOn ? undefined : this.#restartGap;
    this.#restartGap = undefined;
    if (lost !== undefined) {
      transcript.gap(lost);
    }
    const shown = this.#shown();
    // A slow page that starts from the history would fall behind without losing events. So it starts now.
    const from = isSlow ? 'now' : goesOn && last !== undefined ? last : 'start';
    // The first delivery after each reconnection shows whether events are missing.
    let isFirst = false;
    let hasStarted = false;
    let hasAddedNote = false;
    const note$ = new Subject<readonly Delivery[]>();
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
        if (isSlow && from === 'now' && !hasAddedNote) {
          hasAddedNote = true;
          transcript.note(slowNote(last, position));
          note$.next([]);
        }
        this.#position.set(position);
      },
    });
    const frame$ = deliveries$.pipe(
      tap((delivery) => {
        if (isFirst) {
          isFirst = false;
          this.#setMissing(delivery);
        }
      }),
      perFrame(),
    );
    return merge(note$, frame$).pipe(
      startWith([]),
      map((deliveries) => {
        for (const delivery of deliveries) {
          this.#take(delivery, transcript, shown);
        }
        this.#received.update((received) => received + deliveries.length);
        this.sessions.set(this.#book.sessions);
        return viewOf(transcript);
      }),
      // The status line shows the error.
      catchError(() => EMPTY),
    );
  }

  #take(delivery: Delivery, transcript: Transcript, shown: EventFilter<unknown>): void {
    if (delivery.type === 'gap') {
      if (delivery.missed === Infinity) {
        this.#book.markGone();
        this.#restartGap = delivery;
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

  #setMissing(delivery: Delivery): void {
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
  const missing = between > 0 ? ` ${counted(between, 'event')} of the whole bus came meanwhile and are not shown.` : '';
  return `From here on, this page reads slowly.${missing}`;
}
