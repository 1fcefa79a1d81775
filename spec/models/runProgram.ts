import type { ReceiverOptions, SharingBusOptions } from '../../lib/options.js';
import { EMPTY, type Observable } from 'rxjs';
import type { BusEvent, BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { MemoryLog, MemoryUpstream } from '../support/MemoryUpstream.js';
import { Differences } from './Differences.js';
import { Flushes } from './Flushes.js';
import { Inspection } from './Inspection.js';
import { isBarrier, keyOf, type Policy, RESERVE, total } from './ListReceiver.js';
import { type Deed, eventAbout, FILTERS, type Plan, type Program, type Step } from './programs.js';
import { Seat, Work } from './Seat.js';
import { PlannedError, shown, shownEnding, shownGap, shownTry } from './shown.js';
import { Turns } from './Turns.js';

/** As much of a bus as programs use. */
export type Bus = Pick<
  SharingBus<number>,
  | 'publish'
  | 'subscribeFiltered'
  | 'stream'
  | 'unsubscribe'
  | 'flush'
  | 'stats'
  | 'explain'
  | 'close'
  | 'subscriberCount'
>;

/** What a program is run against: the library from its sources, or as it is built. */
export interface Library {
  readonly SharingBus: new (options: SharingBusOptions<number>) => Bus;
  readonly EventFilter: typeof EventFilter;
}

/** A program that goes on for so many turns will not end. */
const MANY_TURNS = 5000;
const GIVEN_UP = 'given up';
/** More than a program publishes. */
const MANY_EVENTS = 100_000;

const OPTIONS: Readonly<Record<Policy, ReceiverOptions<number>>> = {
  'drop-newest': {},
  reserve: { reserve: RESERVE },
  'drop-oldest': { overflow: 'drop-oldest' },
  latest: { overflow: 'latest', key: keyOf },
  barrier: { overflow: 'latest', key: keyOf, barrier: isBarrier },
  evict: { overflow: 'evict' },
};

/** What keeps the events of a program with a history. */
function keptBy({ isOutside }: Program): Pick<SharingBusOptions<number>, 'history' | 'upstream'> {
  if (!isOutside) {
    return { history: { capacity: MANY_EVENTS } };
  }
  const upstream = new MemoryUpstream(new MemoryLog<number>(), 'at once', [], 100);
  upstream.isOwn = true;
  return { upstream };
}

/**
 * Runs `program` on a bus of `library` beside its model.
 *
 * @returns How many {@link PlannedError}s its consumers threw.
 * @throws Error that tells the first difference.
 */
export function runProgram(library: Library, program: Program): Promise<number> {
  return new Run(library, program).run();
}

/** Something that the bus does in the order in which it was asked for: to offer an event, or to end a receiver. */
interface Job {
  readonly isEvent: boolean;
  readonly run: () => void;
}

class Run {
  readonly #library: Library;
  readonly #program: Program;
  readonly #scheduler = new ManualScheduler();
  readonly #bus: Bus;
  readonly #seats: Seat[] = [];
  readonly #unborn: Plan[];
  readonly #differences = new Differences();
  readonly #turns: Turns;
  readonly #inspection: Inspection;
  readonly #flushes: Flushes;
  /** Whose `consume` is called. */
  #consuming: Seat | undefined;
  /**
   * Sees each event before the other receivers do, and takes none. A program whose filters publish has one. It is held, since a receiver that
   * is not is taken off.
   */
  readonly #witness: BusReceiver<number> | undefined;
  /** Of a bus that has a witness, what is not done yet. */
  readonly #jobs: Job[] = [];
  /** All that was published and is no more on its way. */
  readonly #arrived: BusEvent<number>[] = [];
  /** How many calls of `publish` have not returned. */
  #publishing = 0;
  #isOpen = true;
  #published = 0;
  #answered = 0;
  #given = 0;
  #asked = 0;
  /** Whether the consumer that is called has to throw. */
  #throws = false;
  #thrown = 0;

  constructor(library: Library, program: Program) {
    this.#library = library;
    this.#program = program;
    this.#bus = new library.SharingBus({
      scheduler: this.#scheduler,
      ...(program.hasHistory && keptBy(program)),
      logger: {
        warn: (line) => {
          this.#noteLag(line, true);
        },
        info: (line) => {
          this.#noteLag(line, false);
        },
      },
    });
    this.#unborn = program.plans.filter(({ isThere }) => !isThere);
    this.#flushes = new Flushes(this.#bus, this.#seats, this.#differences);
    this.#turns = new Turns(this.#seats, this.#differences, () => this.#bus.stats());
    this.#witness = program.plans.some(({ asks }) => asks) ? this.#joinWitness() : undefined;
    this.#inspection = new Inspection(
      this.#bus,
      this.#seats,
      this.#differences,
      this.#turns,
      this.#witness?.id,
      program.hasHistory,
    );
  }

  async run(): Promise<number> {
    const { plans, steps } = this.#program;
    for (const plan of plans.filter(({ isThere }) => isThere)) {
      this.#join(plan);
    }
    const pulls = plans.some(({ form }) => form === 'loop' || form === 'loops');
    for (const step of steps) {
      this.#take(step);
      await this.#checked(pulls);
    }
    await this.#untilQuiet(pulls);
    this.#attachAll();
    await this.#untilQuiet(pulls);
    await this.#checked(this.#flushes.hasAny);
    this.#flushes.check();
    this.#closeBus();
    for (let round = 0; round < 3; round += 1) {
      await this.#untilQuiet(pulls);
      this.#attachAll();
      this.#seats.forEach((seat) => {
        this.#pull(seat, Infinity, false);
      });
    }
    await this.#untilQuiet(true);
    this.#inspection.checkEnd();
    this.#differences.same('actions', this.#scheduler.pending, 0);
    await this.#checked(false);
    return this.#thrown;
  }

  /** @param settles Whether promises are to be told first. */
  async #checked(settles: boolean): Promise<void> {
    if (settles || this.#flushes.areUndecided) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#flushes.decide();
    }
    if (this.#differences.first !== undefined) {
      throw new Error(this.#differences.first);
    }
  }

  /** Lets everything go on until nothing is scheduled. */
  async #untilQuiet(settles: boolean): Promise<void> {
    for (let turns = 0; ; turns += 1) {
      this.#seats.forEach((seat) => {
        this.#finish(seat);
      });
      await this.#checked(settles);
      if (this.#scheduler.pending === 0) {
        return;
      }
      this.#differences.same('turns without an end', turns < MANY_TURNS, true);
      this.#turn();
    }
  }

  #take(step: Step): void {
    if (step.do === 'turn') {
      this.#turn();
    } else if (step.do === 'burst') {
      for (let n = 0; n < step.count; n += 1) {
        this.#publish(step.topics[n % step.topics.length] as number);
      }
    } else {
      this.#act(step);
    }
  }

  #act(deed: Deed): void {
    switch (deed.do) {
      case 'join': {
        const plan = this.#unborn.shift();
        if (plan !== undefined) {
          this.#join(plan);
        }
        return;
      }
      case 'check':
        this.#inspection.check();
        return;
      case 'flush':
        this.#flushes.add(this.#consuming);
        return;
      case 'throw':
        this.#throws = this.#turns.isActing;
        return;
      case 'close bus':
        this.#closeBus();
        return;
      default:
        this.#actOn(this.#seats[deed.at % this.#seats.length], deed);
    }
  }

  #actOn(seat: Seat | undefined, deed: Extract<Deed, { readonly at: number }>): void {
    if (seat === undefined) {
      return;
    }
    switch (deed.do) {
      case 'attach':
        this.#attach(seat);
        return;
      case 'watch':
        this.#watch(seat);
        return;
      case 'finish':
        this.#finish(seat);
        return;
      case 'pull':
      case 'try':
        this.#pull(seat, deed.count, deed.do === 'try');
        return;
      case 'give up':
        this.#giveUp(seat);
        return;
      case 'close':
        this.#close(seat);
        return;
      case 'unsubscribe':
      case 'dispose':
      case 'abort':
        this.#leave(seat, deed.do);
    }
  }

  #turn(): void {
    this.#turns.begin();
    this.#scheduler.turn();
    this.#turns.end();
    // Nothing is staged now, so to look changes nothing.
    this.#inspection.check();
  }

  #publish(topic: number): void {
    const event = eventAbout(topic, this.#published);
    if (this.#isOpen) {
      this.#published += 1;
      this.#inspection.published(event);
      // Law 13: it is for those that are there at this call.
      const present = this.#seats.filter(({ isOpen }) => isOpen);
      this.#jobs.push({
        isEvent: true,
        run: () => {
          this.#arrived.push(event);
          for (const { model, plan } of present) {
            // A filter that publishes may throw, too: it is offered what it has let through.
            if (!plan.asks) {
              model.offer(event);
            }
          }
        },
      });
    }
    if (this.#witness === undefined) {
      this.#runJobs();
    }
    this.#publishing += 1;
    this.#bus.publish(event);
    this.#publishing -= 1;
    if (this.#publishing === 0) {
      this.#differences.same('events on their way', this.#jobs.filter(({ isEvent }) => isEvent).length, 0);
      this.#runJobs();
      this.#inspection.checkLagging();
    }
  }

  /** Does what the bus does after the event that it is about to offer, if there is one. */
  #inOrder(run: () => void): void {
    this.#jobs.push({ isEvent: false, run });
    if (this.#publishing === 0) {
      this.#runJobs();
    }
  }

  #runJobs(): void {
    for (const { run } of this.#jobs.splice(0)) {
      run();
    }
  }

  /** Law 15: what a filter publishes comes after the event that it is asked about. */
  #joinWitness(): BusReceiver<number> {
    return this.#bus.subscribeFiltered(
      this.#library.EventFilter.where(() => {
        if (!this.#inspection.isAsking) {
          const at = this.#jobs.findIndex(({ isEvent }) => isEvent);
          this.#jobs.splice(0, at + 1).forEach(({ run }) => {
            run();
          });
        }
        return false;
      }),
    );
  }

  /** Of a filter that publishes: it lets everything through, unless it throws. */
  #ask({ id, plan: { answers }, model }: Seat, event: BusEvent<number>): true {
    if (this.#inspection.isAsking) {
      return true;
    }
    this.#asked += 1;
    const due = this.#program.asides.filter(({ after }) => after === this.#asked);
    due.forEach(({ deed }) => {
      this.#act(deed);
    });
    this.#answer(answers[this.#asked % answers.length], this.#asked + id);
    if (due.some(({ deed }) => deed.do === 'throw')) {
      model.fail();
      throw new PlannedError();
    }
    model.offer(event);
    return true;
  }

  /** Law 28. */
  #noteLag(line: unknown, lags: boolean): void {
    const id = Number(/receiver (\d+) (?:begins to lag|has caught up)/.exec(String(line))?.[1]);
    const seat = this.#seats.find((one) => one.id === id);
    if (seat === undefined) {
      this.#differences.same('logged', line, undefined);
      return;
    }
    const { model } = seat;
    this.#differences.same(`receiver ${id}: said that it lags`, seat.saysThatItLags, !lags);
    seat.saysThatItLags = lags;
    if (!lags) {
      this.#turns.noticePulls();
      const isEmpty = seat.calls.length > 0 || model.waiting.length === 0;
      this.#differences.same(`receiver ${id}: caught up`, model.isLagging && isEmpty, true);
      this.#differences.same(`receiver ${id}: tells its count`, String(line).endsWith(`lagged: ${model.lagged}`), true);
      model.isLagging = false;
    }
  }

  #join(plan: Plan): void {
    if (!this.#isOpen) {
      return;
    }
    const { EventFilter: filters } = this.#library;
    const { filter, capacity, policy, form } = plan;
    const seat = new Seat(this.#seats.length + (this.#witness === undefined ? 0 : 1), plan);
    this.#seats.push(seat);
    const made: EventFilter<number> = plan.asks
      ? filters.where<number>((event) => this.#ask(seat, event))
      : FILTERS[filter].make(filters);
    const isLate = this.#program.hasHistory && plan.isLate && !plan.asks;
    const options = {
      capacity,
      signal: seat.leaving.signal,
      ...OPTIONS[policy],
      from: isLate ? ('start' as const) : undefined,
    };
    if (isLate) {
      this.#inOrder(() => {
        seat.model.start(this.#arrived);
      });
    }
    if (form === 'stream') {
      this.#subscribe(seat, this.#bus.stream(made, options));
      return;
    }
    if (form === 'consume' || form === 'slow consume') {
      seat.hasConsumer = true;
      seat.subscription = this.#bus
        .stream(made, { ...options, consume: (event) => this.#consume(seat, event) })
        .subscribe(this.#endings(seat));
      return;
    }
    seat.handle = this.#bus.subscribeFiltered(made, options);
    this.#differences.same('id', seat.handle.id, seat.id);
    if (plan.isWatched) {
      this.#watch(seat);
    }
    if (plan.isConsumed) {
      this.#attach(seat);
    }
  }

  #watch(seat: Seat): void {
    const { handle, id, model, plan } = seat;
    if (handle === undefined || seat.watched !== undefined) {
      return;
    }
    const watched: number[] = [];
    seat.watched = watched;
    seat.laggedBefore = model.lagged;
    seat.wasOpen = true;
    handle.closed$.subscribe(() => {
      this.#differences.same(`receiver ${id}: has its slot`, seat.isOpen, false);
      seat.closings += 1;
    });
    handle.lagged$.subscribe({
      next: (lagged) => {
        watched.push(lagged);
        if (watched.length > 1) {
          this.#turns.lagged();
          this.#differences.same(`receiver ${id}: lagged$`, lagged, model.lagged);
          this.#answer(plan.answers[watched.length % plan.answers.length], watched.length);
        }
      },
      complete: () => {
        seat.isWatchOver = true;
      },
    });
    this.#differences.same(`receiver ${id}: lagged$ at first`, watched, [model.lagged]);
  }

  #attachAll(): void {
    this.#seats.forEach((seat) => {
      this.#attach(seat);
    });
  }

  /** Gives its consumer to a receiver that has none. */
  #attach(seat: Seat): void {
    const { handle, hasConsumer, plan, model, tellsGaps } = seat;
    if (handle === undefined || hasConsumer) {
      return;
    }
    seat.hasConsumer = true;
    seat.mayBeDue = true;
    const isLeft = model.waiting.length > 0 || (tellsGaps && total(model.missing) > 0);
    switch (plan.form) {
      case 'iterator':
        seat.iterator = handle[Symbol.asyncIterator]();
        return;
      case 'recv':
      case 'deliveries':
        return;
      case 'loops':
        void this.#loop(seat);
        void this.#loop(seat);
        return;
      case 'loop':
        void this.#loop(seat);
        return;
      case 'deliveries$':
        seat.subscription = handle.deliveries$.subscribe({
          next: (delivery) => {
            if (delivery.type === 'gap') {
              this.#turns.gap(seat, delivery);
            } else {
              this.#turns.event(seat, delivery.event);
            }
            this.#react(seat);
            this.#throwIfAsked();
          },
          ...this.#endings(seat),
        });
        break;
      default:
        this.#subscribe(seat, handle.events$);
    }
    // Law 32: after its end it completes at once.
    this.#differences.same(
      `receiver ${seat.id}: completes at once`,
      seat.isThrough,
      model.ending === 'complete' && !isLeft,
    );
  }

  #subscribe(seat: Seat, events$: Observable<BusEvent<number>>): void {
    seat.hasConsumer = true;
    const next = (event: BusEvent<number>): void => {
      this.#turns.event(seat, event);
      this.#react(seat);
      this.#throwIfAsked();
    };
    const { form, policy, asks } = seat.plan;
    // A function is told no error: RxJS reports it.
    if (form === 'function' && policy !== 'evict' && !asks) {
      const subscription = events$.subscribe(next);
      subscription.add(() => {
        if (!seat.isThrough) {
          this.#turns.ending(seat, 'complete');
        }
      });
      seat.subscription = subscription;
    } else {
      seat.subscription = events$.subscribe({ next, ...this.#endings(seat) });
    }
  }

  #endings(seat: Seat): { error: (error: unknown) => void; complete: () => void } {
    return {
      error: (error) => {
        this.#turns.ending(seat, error);
      },
      complete: () => {
        this.#turns.ending(seat, 'complete');
      },
    };
  }

  /** Law 30. */
  #close(seat: Seat): void {
    const { handle, id, model, given } = seat;
    seat.isClosed = true;
    this.#inOrder(() => {
      model.close();
    });
    // They are the same.
    if (handle === undefined || given % 2 === 0) {
      this.#bus.unsubscribe(id);
    } else {
      handle.close();
    }
  }

  /** Law 31. */
  #leave(seat: Seat, how: 'unsubscribe' | 'dispose' | 'abort'): void {
    const { handle, subscription, model, isLoop, leaving } = seat;
    if (seat.isThrough || (isLoop && this.#turns.isActing && !seat.isOpen)) {
      // Whether one that has no slot has had its turn is seen by what its consumer was given: not at once, where it pulls.
      return;
    }
    this.#turns.noticePulls();
    seat.hasLeft = true;
    model.leave();
    if (seat.inHand !== undefined) {
      model.delivered -= 1;
      seat.inHand = undefined;
    }
    if (isLoop) {
      this.#turns.answer(seat);
    }
    if (how === 'abort') {
      this.#turns.atOnce(seat, () => {
        leaving.abort();
      });
    } else if (how === 'dispose' && handle !== undefined) {
      handle[Symbol.dispose]();
    } else if (subscription !== undefined) {
      seat.isThrough = true;
      seat.isDue = false;
      subscription.unsubscribe();
    } else {
      handle?.[Symbol.dispose]();
    }
  }

  /** Law 33. */
  #closeBus(): void {
    this.#isOpen = false;
    this.#seats.forEach((seat) => {
      seat.isClosed = true;
      seat.model.close();
    });
    this.#bus.close();
  }

  /** What a consumer does that was given an event, or a gap. */
  #react(seat: Seat): void {
    const { answers } = seat.plan;
    if (this.#differences.first !== undefined) {
      return;
    }
    seat.given += 1;
    this.#given += 1;
    this.#inspection.checkLagged(seat);
    const due = this.#program.deeds.filter(({ after }) => after === this.#given);
    const act = (): void => {
      due.forEach(({ deed }) => {
        this.#act(deed);
      });
    };
    if (seat.given % 2 === 0) {
      act();
    }
    this.#answer(answers[(seat.given - 1) % answers.length], seat.given + seat.id);
    if (seat.given % 2 === 1) {
      act();
    }
    this.#inspection.checkLagged(seat);
  }

  #answer(events = 0, topic: number): void {
    const count = Math.min(events, this.#program.budget - this.#answered);
    this.#answered += count;
    for (let n = 0; n < count; n += 1) {
      this.#publish(topic + n);
    }
  }

  /** Law 14. */
  #throwIfAsked(): void {
    if (this.#throws) {
      this.#throws = false;
      this.#thrown += 1;
      throw new PlannedError();
    }
  }

  #consume(seat: Seat, event: BusEvent<number>): Observable<never> {
    this.#turns.consume(seat, event);
    const work = seat.plan.form === 'slow consume' ? new Work() : undefined;
    seat.work = work;
    this.#consuming = seat;
    this.#react(seat);
    this.#consuming = undefined;
    this.#throws = false;
    seat.model.read();
    return work?.through$ ?? EMPTY;
  }

  /** A slow consumer is through with its event. */
  #finish(seat: Seat): void {
    const { work } = seat;
    seat.work = undefined;
    work?.end();
  }

  /** Takes up to `count` of what is there. */
  #pull(seat: Seat, count: number, tries: boolean): void {
    const { handle, subscription, iterator } = seat;
    if (handle === undefined || subscription !== undefined) {
      return;
    }
    if (seat.isLoop && seat.hasConsumer) {
      this.#tryBehind(seat, handle);
      return;
    }
    for (let n = 0; n < count && !seat.isThrough; n += 1) {
      const next = this.#turns.nextPulled(seat);
      seat.isThrough = next === 'complete';
      if (next !== undefined) {
        seat.hasPulled = true;
        seat.model.read();
      }
      if (tries && iterator === undefined) {
        const got = shownTry(seat.tellsGaps ? handle.deliveries.tryRecv() : handle.tryRecv());
        this.#differences.same(`receiver ${seat.id}: tried`, got, next ?? 'empty');
      } else if (next !== undefined) {
        seat.pulled.push(next);
        void this.#call(seat, handle).then((got) => seat.got.push(got));
      }
      this.#inspection.checkLagged(seat);
      if (next === undefined) {
        return;
      }
    }
  }

  /** While a call waits, what comes is for that. */
  #tryBehind(seat: Seat, handle: BusReceiver<number>): void {
    this.#turns.noticePulls();
    if (seat.isOpen && seat.calls.length > 0) {
      this.#differences.same(`receiver ${seat.id}: tried`, shownTry(handle.tryRecv()), 'empty');
    }
  }

  #giveUp(seat: Seat): void {
    this.#turns.noticePulls();
    // Whether a call of one that has no slot was answered is seen later.
    if (seat.isOpen && seat.calls.length > 0) {
      seat.calls.shift()?.abort(GIVEN_UP);
      seat.isDue &&= seat.calls.length > 0;
    }
  }

  async #call({ iterator, tellsGaps }: Seat, handle: BusReceiver<number>): Promise<string> {
    try {
      if (tellsGaps) {
        const delivery = await handle.deliveries.recv();
        return delivery?.type === 'gap' ? shownGap(delivery.byKind) : shown(delivery?.event);
      }
      if (iterator === undefined) {
        return shown(await handle.recv());
      }
      const next = await iterator.next();
      return shown(next.done === true ? undefined : next.value);
    } catch (error) {
      return shownEnding(error);
    }
  }

  async #loop(seat: Seat): Promise<void> {
    const { id, handle, pulled, got } = seat;
    for (;;) {
      const call = new AbortController();
      // What waits is taken at the call; by those that were called before, first.
      seat.calls.push(call);
      this.#turns.answer(seat);
      const given = await (handle as BusReceiver<number>).recv({ signal: call.signal }).then(shown, shownEnding);
      if (given === GIVEN_UP) {
        this.#differences.same(`receiver ${id}: gave up`, call.signal.aborted, true);
        continue;
      }
      if (pulled.length === got.length && !seat.isOpen) {
        // It had a turn to tell that it has caught up, and has no figures any more.
        this.#turns.answer(seat);
      }
      this.#differences.same(`receiver ${id}: call ${got.length}`, given, pulled[got.length]);
      got.push(given);
      if (this.#differences.first !== undefined || !given.startsWith('event')) {
        return;
      }
      this.#react(seat);
    }
  }
}
