import { type Observable, Subject, type Subscription } from 'rxjs';
import type { BusEvent, BusReceiver } from '../../lib/index.js';
import { ListReceiver, type Place, total } from './ListReceiver.js';
import { FILTERS, type Plan } from './programs.js';

/** Work that is through when a program says so. */
export class Work {
  isThrough = false;
  readonly #through$ = new Subject<never>();

  get through$(): Observable<never> {
    return this.#through$;
  }

  end(): void {
    this.isThrough = true;
    this.#through$.complete();
  }
}

/** One receiver of a program: the bus's, the model's, and how far its consumer is. */
export class Seat {
  readonly model: ListReceiver;
  /** What the bus gave for it; a `stream` has a subscription only. */
  handle: BusReceiver<number> | undefined;
  iterator: AsyncIterator<BusEvent<number>> | undefined;
  subscription: Subscription | undefined;
  /** What its options say when to leave. */
  readonly leaving = new AbortController();
  /** Whether it was closed, though events that were published before may still be on their way. */
  isClosed = false;
  /** Whether it was disposed, or its subscriber has left. */
  hasLeft = false;
  hasConsumer = false;
  /** Whether its consumer was told the end, or has left. */
  isThrough = false;

  /** Whether its turn must come in the present action. */
  isDue = false;
  /**
   * Whether it may come: where a turn may have been asked for that has nothing to do by itself. One that pulls has such a turn to tell that
   * it has caught up, one that replaces has it for what was replaced and handed over in the turn before.
   */
  mayBeDue = false;
  /** Events and gaps that its consumer was given. */
  given = 0;
  /** The event that is handed over, while the gap before it is told. */
  inHand: Place | undefined;
  /** What a slow consumer makes of the present event. */
  work: Work | undefined;

  /** Whether something was pulled. */
  hasPulled = false;
  /** Calls of `recv` that wait, by what gives them up. */
  readonly calls: AbortController[] = [];
  /** What calls are to give, and what they gave. */
  readonly pulled: string[] = [];
  readonly got: string[] = [];

  /** Whether it has said that it lags, and not yet that it has caught up. */
  saysThatItLags = false;
  /** What `lagged$` has told, where it and `closed$` are observed. */
  watched: number[] | undefined;
  isWatchOver = false;
  /** How often `closed$` has told it. */
  closings = 0;
  /** What it had lost, and whether it was open, when the present action began: by its end that is told. */
  laggedBefore = 0;
  wasOpen = true;

  constructor(
    readonly id: number,
    readonly plan: Plan,
  ) {
    this.model = new ListReceiver(plan.capacity, plan.policy, plan.asks ? () => true : FILTERS[plan.filter].wants);
  }

  /** Whether it takes what is published. */
  get isOpen(): boolean {
    return !this.isClosed && this.model.ending === undefined;
  }

  get isLoop(): boolean {
    return this.plan.form === 'loop' || this.plan.form === 'loops';
  }

  /** Whether nobody will ask what is missing. */
  get forgetsGaps(): boolean {
    const { form } = this.plan;
    return this.subscription !== undefined && (form === 'function' || form === 'observer');
  }

  /** Whether its consumer is told what is missing. */
  get tellsGaps(): boolean {
    return this.plan.form === 'deliveries' || this.plan.form === 'deliveries$';
  }

  /** Whether a turn has to come: its consumer is there, and there is something to tell it. */
  get awaitsTurn(): boolean {
    const { waiting, ending, missing } = this.model;
    const isGapNext = this.tellsGaps && waiting.length === 0 && total(missing) > 0;
    return (
      this.hasConsumer &&
      !this.isThrough &&
      this.#takesInTurns &&
      (waiting.length > 0 || ending !== undefined || isGapNext)
    );
  }

  /** Whether a turn may have been asked for that has nothing to do when the action begins. */
  get mayHaveIdleTurn(): boolean {
    const { form, policy } = this.plan;
    const pulls = this.hasPulled || form === 'consume' || form === 'slow consume';
    return pulls || policy === 'latest' || policy === 'barrier';
  }

  get #takesInTurns(): boolean {
    switch (this.plan.form) {
      case 'slow consume':
        return this.work === undefined;
      case 'loop':
      case 'loops':
        return this.calls.length > 0;
      case 'recv':
      case 'iterator':
      case 'deliveries':
        return false;
      default:
        return true;
    }
  }
}
