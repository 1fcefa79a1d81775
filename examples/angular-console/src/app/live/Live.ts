import { computed, inject, Injectable, linkedSignal, signal, untracked } from '@angular/core';
import { type BusPosition, type Delivery, EventFilter, type Gap, matches } from 'sharing-bus';
import { type EventStreamTarget, injectEventStream } from 'sharing-bus/angular';
import type { EventStreamStatus } from 'sharing-bus/sse';
import { Stats } from '../lanes/Stats.js';
import { type Session, SessionBook } from '../sessions/SessionBook.js';
import { Transcript } from '../scroll/Transcript.js';
import { type Connection, CONNECTING, type Resumed, slowNote } from './Connection.js';

/** The events for the list of sessions. They are requested besides those of the filter. */
const LISTED = EventFilter.kind('session-lifecycle', 'permission');
const NOTHING = EventFilter.or();

/** The scroll that is shown, by its id, or all of them. */
export type Selection = string;
export const ALL: Selection = 'all';

/** What the user wants to see. */
interface Wanted {
  readonly selection: Selection | undefined;
  readonly filter: EventFilter<unknown>;
  readonly isSlow: boolean;
}

/** A stream, and how it follows the one before. */
interface Request extends Wanted {
  /** Whether it shows the same events as the stream before. */
  readonly goesOn: boolean;
  /** Where the stream before has got to. */
  readonly last: BusPosition | undefined;
  readonly target: EventStreamTarget<unknown>;
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

  /** The position of the stream. */
  readonly #position = signal<BusPosition | undefined>(undefined);
  readonly position = this.#position.asReadonly();
  readonly #resumed = signal<Resumed | undefined>(undefined);

  readonly #book = new SessionBook();
  readonly sessions = signal(this.#book.sessions);
  /** Where this run of the server began; `undefined` until that is known. */
  readonly #began = computed(() => this.#stats.latest()?.began.seq);
  /** The first session of this run of the server. It stays while its server, or its file, does. */
  readonly #first = linkedSignal<{ sessions: readonly Session[]; began: number | undefined }, Selection | undefined>({
    source: () => ({ sessions: this.sessions(), began: this.#began() }),
    computation: ({ began, sessions }, before) => {
      const shown = sessions.find(({ scrollId }) => scrollId === before?.value);
      if (began === undefined || (shown !== undefined && shown.state !== 'gone')) {
        return before?.value;
      }
      const first = sessions.findLast(({ firstSeq, state }) => state !== 'gone' && firstSeq > began);
      return (first ?? shown)?.scrollId;
    },
  });
  /** The choice of the user; without one, the first session. */
  readonly selection = computed(() => this.picked() ?? this.#first());

  readonly #wanted = computed<Wanted>(
    () => ({ selection: this.selection(), filter: this.filter(), isSlow: this.isSlow() }),
    { equal: (a, b) => a.selection === b.selection && a.filter === b.filter && a.isSlow === b.isSlow },
  );
  /** The events of the stream that the scroll shows. */
  readonly #shown = computed(() => EventFilter.and(scopeOf(this.selection()), this.filter()));
  /** The filter of the request. */
  readonly wireFilter = computed<EventFilter<unknown>>(() => wireFilterOf(this.selection(), this.filter()));

  readonly #request = linkedSignal<Wanted, Request>({
    source: this.#wanted,
    computation: (wanted, before) => {
      const { filter, isSlow, selection } = wanted;
      const goesOn = before?.value.selection === selection && before?.value.filter === filter;
      const last = untracked(this.#position);
      // A slow page that starts from the history would fall behind without losing events. So it starts now.
      const from = isSlow ? 'now' : goesOn && last !== undefined ? last : 'start';
      const url = isSlow ? '/api/events?reader=slow' : '/api/events';
      return { ...wanted, goesOn, last, target: { url, filter: wireFilterOf(selection, filter), from } };
    },
  });

  /** The gap of a server that has restarted, until it is shown. */
  #restartGap: Gap | undefined;
  #transcript = new Transcript();
  /** What has happened to the present stream. The first delivery after each reconnection shows whether events are missing. */
  #now = { isBack: false, hasStarted: false, hasNote: false, isFirst: false };
  readonly #stream = injectEventStream(() => this.#request().target, {
    retry: { initialMs: 500, maxMs: 10_000 },
    seed: () => this.#begin(),
    reduce: (transcript, delivery: Delivery) => this.#take(delivery, transcript),
    onStatus: (status) => {
      this.#follow(status);
    },
    onPosition: (position) => {
      this.#reach(position);
    },
  });
  readonly connection = computed<Connection>(() => ({
    status: this.#stream.status() ?? CONNECTING,
    resumed: this.#resumed(),
  }));
  /** A note changes the transcript, too, when the first position is reached. */
  readonly #shownTranscript = computed(() => (this.position(), this.#stream.value()), { equal: () => false });
  readonly entries = computed(() => this.#shownTranscript().entries);
  readonly trimmed = computed(() => this.#shownTranscript().trimmed);
  readonly usage = computed(() => this.#shownTranscript().usage);

  /** The transcript that a stream adds to. */
  #begin(): Transcript {
    const { goesOn } = untracked(this.#request);
    const lost = goesOn ? undefined : this.#restartGap;
    this.#restartGap = undefined;
    this.#now = { isBack: lost !== undefined, hasStarted: false, hasNote: false, isFirst: false };
    if (!goesOn) {
      this.#transcript = new Transcript();
    }
    if (lost !== undefined) {
      this.#transcript.gap(lost);
    }
    return this.#transcript;
  }

  #take(delivery: Delivery, transcript: Transcript): Transcript {
    if (this.#now.isFirst) {
      this.#now.isFirst = false;
      const missing = delivery.type === 'gap' ? delivery.missed : 0;
      this.#resumed.update((resumed) => resumed && { ...resumed, missing });
    }
    if (delivery.type === 'gap') {
      if (delivery.missed === Infinity) {
        this.#book.markGone();
        this.sessions.set(this.#book.sessions);
        this.#restartGap = delivery;
      }
      transcript.gap(delivery);
    } else {
      if (this.#book.take(delivery.event)) {
        this.sessions.set(this.#book.sessions);
      }
      if (matches(this.#shown(), delivery.event)) {
        transcript.take(delivery);
      }
    }
    return transcript;
  }

  #follow({ state }: EventStreamStatus): void {
    this.#stats.isWanted.set(state === 'open');
    if (state !== 'open') {
      return;
    }
    const { hasStarted, isBack } = this.#now;
    this.#now.hasStarted = true;
    this.#now.isFirst = hasStarted;
    if (hasStarted || !isBack) {
      const after = this.#position()?.seq;
      this.#resumed.set(hasStarted && after !== undefined ? { after, missing: undefined } : undefined);
    }
  }

  #reach(position: BusPosition): void {
    const { isSlow, last } = this.#request();
    if (isSlow && !this.#now.hasNote) {
      this.#now.hasNote = true;
      this.#transcript.note(slowNote(last?.epoch === position.epoch ? position.seq - last.seq : 0));
    }
    this.#position.set(position);
  }
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
