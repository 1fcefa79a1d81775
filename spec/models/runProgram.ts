import { EMPTY, type Observable, type SchedulerLike, Subject, type Subscription } from 'rxjs';
import type {
  BusEvent,
  BusReceiver,
  EventFilter,
  EventRouting,
  Gap,
  ReceiverOptions,
  SharingBus,
} from '../../lib/index.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import {
  type Ending,
  isBarrier,
  keyOf,
  ListReceiver,
  type Missing,
  type Place,
  type Policy,
  RESERVE,
} from './ListReceiver.js';
import { type Deed, FILTERS, type Plan, type Program, type Step, TOPICS } from './programs.js';

type Bus = Pick<
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
  readonly SharingBus: new (options: { scheduler: SchedulerLike }) => Bus;
  readonly EventFilter: typeof EventFilter;
}

/** A program that goes on for so many turns will not end. */
const MANY_TURNS = 5000;

const OPTIONS: Readonly<Record<Policy, ReceiverOptions<number>>> = {
  'drop-newest': {},
  reserve: { reserve: RESERVE },
  'drop-oldest': { overflow: 'drop-oldest' },
  latest: { overflow: 'latest', key: keyOf },
  barrier: { overflow: 'latest', key: keyOf, barrier: isBarrier },
  evict: { overflow: 'evict' },
};

/** Runs `program` on a bus of `library` beside lists, and throws at the first difference. */
export async function runProgram(library: Library, program: Program): Promise<void> {
  await new Run(library, program).run();
}

/** Work that is through when a program says so. */
class Work {
  readonly #through$ = new Subject<never>();

  get through$(): Observable<never> {
    return this.#through$;
  }

  end(): void {
    this.#through$.complete();
  }
}

/** One receiver: the bus's, and the model's. */
class Seat {
  readonly model: ListReceiver;
  handle: BusReceiver<number> | undefined;
  iterator: AsyncIterator<BusEvent<number>> | undefined;
  subscription: Subscription | undefined;
  hasConsumer = false;
  /** Whether the consumer was told the end, or has left. */
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
  /** Of one that pulls: calls that wait. */
  pulls = 0;
  /** What the calls of one that pulls are to give, and what they gave. */
  readonly pulled: string[] = [];
  readonly got: string[] = [];
  /** The event that is handed over, while the gap before it is told. */
  inHand: Place | undefined;
  /** What a slow consumer makes of the present event. */
  work: Work | undefined;
  readonly watched: number[] = [];
  isWatchOver = false;

  constructor(
    readonly id: number,
    readonly plan: Plan,
  ) {
    this.model = new ListReceiver(plan.capacity, plan.policy, FILTERS[plan.filter].wants);
  }

  get isOpen(): boolean {
    return this.model.ending === undefined;
  }

  /** Whether a turn has to come: its consumer is there, and there is something to tell it. */
  get awaitsTurn(): boolean {
    const { waiting, ending } = this.model;
    return this.hasConsumer && !this.isThrough && this.isReady && (waiting.length > 0 || ending !== undefined);
  }

  /** Whether a turn may have been asked for that has nothing to do when the action begins. */
  get mayHaveIdleTurn(): boolean {
    const { form, policy } = this.plan;
    return form === 'consume' || form === 'slow consume' || policy === 'latest' || policy === 'barrier';
  }

  /** Whether it takes something in its next turn. */
  get isReady(): boolean {
    switch (this.plan.form) {
      case 'slow consume':
        return this.work === undefined;
      case 'loop':
      case 'loops':
        return this.pulls > 0;
      case 'recv':
      case 'iterator':
      case 'deliveries':
        return false;
      default:
        return true;
    }
  }
}

interface Flush {
  /** What it waits for, by receivers. */
  readonly places: readonly (readonly [Seat, ReadonlySet<Place>])[];
  isOver: boolean;
}

class Run {
  readonly #library: Library;
  readonly #program: Program;
  readonly #scheduler = new ManualScheduler();
  readonly #bus: Bus;
  readonly #seats: Seat[] = [];
  readonly #flushes: Flush[] = [];
  readonly #unborn: Plan[];
  #isOpen = true;
  #published = 0;
  #bound = 0;
  #answered = 0;
  #given = 0;
  #isActing = false;
  /** Whose turn it is. */
  #current: Seat | undefined;
  /** The first difference. What follows it is of no interest. */
  #difference: string | undefined;

  constructor(library: Library, program: Program) {
    this.#library = library;
    this.#program = program;
    this.#bus = new library.SharingBus({ scheduler: this.#scheduler });
    this.#unborn = program.plans.filter(({ isThere }) => !isThere);
  }

  async run(): Promise<void> {
    const { plans, steps } = this.#program;
    plans
      .filter(({ isThere }) => isThere)
      .forEach((plan) => {
        this.#join(plan);
      });
    const settles = plans.some(({ form }) => form === 'loop' || form === 'loops');
    for (const step of steps) {
      this.#take(step);
      await this.#checked(settles);
    }
    await this.#untilQuiet(settles);
    this.#seats.forEach((seat) => {
      this.#attach(seat);
    });
    await this.#untilQuiet(settles);
    this.#checkFlushes();
    this.#closeBus();
    for (let round = 0; round < 3; round += 1) {
      await this.#untilQuiet(settles);
      this.#seats.forEach((seat) => {
        this.#attach(seat);
        this.#pull(seat, Infinity);
      });
    }
    await this.#untilQuiet(true);
    this.#checkEnd();
    await this.#checked(false);
  }

  async #checked(settles: boolean): Promise<void> {
    if (settles) {
      // What was pulled comes by promises.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#difference !== undefined) {
      throw new Error(this.#difference);
    }
  }

  /** Lets everything go on until nothing is scheduled. */
  async #untilQuiet(settles: boolean): Promise<void> {
    for (let turns = 0; ; turns += 1) {
      this.#seats.forEach((seat) => {
        this.#finish(seat);
      });
      await this.#checked(settles || this.#flushes.length > 0);
      if (this.#scheduler.pending === 0) {
        return;
      }
      this.#same('turns without an end', turns < MANY_TURNS, true);
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
        this.#check();
        return;
      case 'flush':
        this.#flush();
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
      case 'finish':
        this.#finish(seat);
        return;
      case 'pull':
        this.#pull(seat, deed.count);
        return;
      case 'close':
        this.#close(seat);
        return;
      case 'unsubscribe':
      case 'dispose':
        this.#leave(seat, deed.do === 'dispose' || seat.subscription === undefined);
    }
  }

  #publish(topic: number): void {
    const routing = TOPICS[topic % TOPICS.length] as EventRouting;
    const event: BusEvent<number> = { routing, origin: 'runtime', event: this.#published };
    if (this.#isOpen) {
      this.#published += 1;
      this.#bound += routing.scrollId === undefined ? 0 : 1;
      for (const { model } of this.#seats) {
        model.offer(event);
      }
    }
    this.#bus.publish(event);
  }

  #join(plan: Plan): void {
    if (!this.#isOpen) {
      return;
    }
    const { filter, capacity, policy, form, isConsumed, isWatched } = plan;
    const seat = new Seat(this.#seats.length, plan);
    this.#seats.push(seat);
    const made = FILTERS[filter].make(this.#library.EventFilter);
    const options = { capacity, ...OPTIONS[policy] };
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
    this.#same('id', seat.handle.id, seat.id);
    if (isWatched) {
      seat.handle.lagged$.subscribe({
        next: (lagged) => seat.watched.push(lagged),
        complete: () => {
          seat.isWatchOver = true;
        },
      });
    }
    if (isConsumed) {
      this.#attach(seat);
    }
  }

  /** Gives its consumer to a receiver that has none. */
  #attach(seat: Seat): void {
    const { handle, hasConsumer, isThrough, plan, model } = seat;
    if (handle === undefined || hasConsumer || isThrough) {
      return;
    }
    seat.hasConsumer = true;
    seat.mayBeDue = true;
    const isOver = model.ending === 'complete' && model.waiting.length === 0 && total(model.missing) === 0;
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
              this.#gap(seat, delivery);
            } else {
              this.#event(seat, delivery.event);
            }
          },
          ...this.#endings(seat),
        });
        break;
      default:
        this.#subscribe(seat, handle.events$);
    }
    // Law 32: after its end it completes at once.
    this.#same(`receiver ${seat.id}: completes at once`, seat.isThrough, isOver);
  }

  #subscribe(seat: Seat, events$: Observable<BusEvent<number>>): void {
    seat.hasConsumer = true;
    const next = (event: BusEvent<number>): void => {
      this.#event(seat, event);
    };
    // A function is told no error: RxJS reports it, and so would end the program.
    if (seat.plan.form === 'function' && seat.plan.policy !== 'evict') {
      const subscription = events$.subscribe(next);
      subscription.add(() => {
        if (!seat.isThrough) {
          this.#end(seat, 'complete');
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
        this.#end(seat, error);
      },
      complete: () => {
        this.#end(seat, 'complete');
      },
    };
  }

  #close(seat: Seat): void {
    seat.model.close();
    // Law 30: they are the same.
    if (seat.handle === undefined || seat.given % 2 === 0) {
      this.#bus.unsubscribe(seat.id);
    } else {
      seat.handle.close();
    }
  }

  /** Law 31. */
  #leave(seat: Seat, disposes: boolean): void {
    const { handle, subscription, model, plan } = seat;
    const isPulled = plan.form === 'loop' || plan.form === 'loops';
    if (seat.isThrough || (isPulled && this.#isActing && !seat.isOpen)) {
      // Whether the turn of one that has no slot and is pulled has come can not be seen.
      return;
    }
    model.leave();
    if (seat.inHand !== undefined) {
      model.delivered -= 1;
      seat.inHand = undefined;
    }
    if (isPulled) {
      this.#serve(seat);
    }
    if (disposes && handle !== undefined) {
      handle[Symbol.dispose]();
    } else {
      seat.isThrough = true;
      seat.isDue = false;
      subscription?.unsubscribe();
    }
  }

  #closeBus(): void {
    this.#isOpen = false;
    this.#seats.forEach(({ model }) => {
      model.close();
    });
    this.#bus.close();
  }

  /** The consumers' part: they answer, and do what else the program says. */
  #react(seat: Seat): void {
    const { answers } = seat.plan;
    const { deeds, budget } = this.#program;
    if (this.#difference !== undefined) {
      return;
    }
    seat.given += 1;
    this.#given += 1;
    const act = (): void => {
      deeds.forEach(({ after, deed }) => {
        if (after === this.#given) {
          this.#act(deed);
        }
      });
    };
    this.#checkLagged(seat);
    if (seat.given % 2 === 0) {
      act();
    }
    const count = Math.min(answers[(seat.given - 1) % answers.length] ?? 0, budget - this.#answered);
    this.#answered += count;
    for (let n = 0; n < count; n += 1) {
      this.#publish(seat.given + n + seat.id);
    }
    if (seat.given % 2 === 1) {
      act();
    }
    this.#checkLagged(seat);
  }

  #turn(): void {
    for (const seat of this.#seats) {
      seat.isDue = seat.awaitsTurn;
      seat.mayBeDue = seat.mayHaveIdleTurn;
    }
    this.#isActing = true;
    this.#scheduler.turn();
    this.#endTurn();
    this.#noticePulls();
    for (const seat of this.#seats) {
      if (seat.isDue && seat.pulls > 0) {
        this.#serve(seat);
      }
      this.#same(`receiver ${seat.id}: its turn is still to come`, seat.isDue, false);
    }
    this.#isActing = false;
    this.#check();
  }

  /**
   * The turn of `seat` has begun, or goes on. Receivers have their turns in any order, one after the other.
   *
   * Law 26: a turn delivers what waited when it began.
   */
  #inTurn(seat: Seat): void {
    if (this.#current === seat) {
      return;
    }
    this.#endTurn();
    this.#noticePulls();
    this.#same(`receiver ${seat.id}: may have a turn`, this.#isActing && (seat.isDue || seat.mayBeDue), true);
    seat.isDue = false;
    seat.mayBeDue = false;
    for (const place of seat.model.waiting) {
      place.isDue = true;
    }
    this.#current = seat;
  }

  #endTurn(): void {
    const seat = this.#current;
    this.#current = undefined;
    if (seat === undefined || seat.isThrough) {
      return;
    }
    const { waiting, ending, missing } = seat.model;
    this.#same(`receiver ${seat.id}: left over in its turn`, waiting.filter(({ isDue }) => isDue).length, 0);
    if (waiting.length === 0) {
      this.#same(`receiver ${seat.id}: was told its end`, ending !== undefined, false);
      if (seat.plan.form === 'deliveries$') {
        this.#same(`receiver ${seat.id}: missing, and not told`, missing, {});
      }
    }
  }

  #event(seat: Seat, event: BusEvent<number>): void {
    this.#inTurn(seat);
    const { model, plan } = seat;
    let place = seat.inHand;
    seat.inHand = undefined;
    if (place === undefined && model.waiting[0]?.isDue === true) {
      place = model.take();
      if (plan.form === 'deliveries$') {
        this.#same(`receiver ${seat.id}: missing before event ${event.event}, and not told`, place.missing, {});
      }
    }
    this.#same(`receiver ${seat.id}: event`, event.event, place?.event.event);
    this.#react(seat);
  }

  #gap(seat: Seat, { missed, byKind }: Gap): void {
    this.#inTurn(seat);
    const { model } = seat;
    let missing: Missing | undefined;
    if (model.waiting[0]?.isDue === true) {
      seat.inHand = model.take();
      ({ missing } = seat.inHand);
    } else if (model.waiting.length === 0) {
      missing = model.takeMissing();
    }
    this.#same(`receiver ${seat.id}: gap`, { missed, byKind }, missing && { missed: total(missing), byKind: missing });
    this.#react(seat);
  }

  /** A turn of a `consume` is for one event. */
  #consume(seat: Seat, event: BusEvent<number>): Observable<never> {
    this.#inTurn(seat);
    this.#current = undefined;
    const place = seat.model.waiting.length > 0 ? seat.model.take() : undefined;
    this.#same(`receiver ${seat.id}: event`, event.event, place?.event.event);
    const work = seat.plan.form === 'slow consume' ? new Work() : undefined;
    seat.work = work;
    this.#react(seat);
    return work?.through$ ?? EMPTY;
  }

  /** The slow consumer is through with its event. */
  #finish(seat: Seat): void {
    const { work } = seat;
    seat.work = undefined;
    work?.end();
  }

  #end(seat: Seat, ending: unknown): void {
    const { model } = seat;
    // One that has ended tells it in the midst of being subscribed to.
    if (seat.subscription !== undefined) {
      this.#inTurn(seat);
    }
    this.#same(`receiver ${seat.id}: waits at the end`, model.waiting.length, 0);
    this.#same(`receiver ${seat.id}: ending`, shownEnding(ending), shownEnding(model.ending));
    seat.isThrough = true;
  }

  /** Takes up to `count` of what is there. */
  #pull(seat: Seat, count: number): void {
    const { handle, iterator, model, plan } = seat;
    const isPulled = plan.form === 'recv' || plan.form === 'iterator' || plan.form === 'deliveries';
    if (!isPulled || handle === undefined) {
      return;
    }
    if (!seat.hasConsumer) {
      this.#attach(seat);
      return;
    }
    for (let n = 0; n < count && !seat.isThrough; n += 1) {
      const next = this.#nextPulled(seat);
      if (next === undefined) {
        return;
      }
      seat.pulled.push(next);
      let answer: Promise<string>;
      if (plan.form === 'deliveries') {
        answer = handle.deliveries
          .recv()
          .then((delivery) => (delivery?.type === 'gap' ? shownGap(delivery.byKind) : shown(delivery?.event)));
      } else if (iterator === undefined) {
        answer = handle.recv().then(shown);
      } else {
        answer = iterator
          .next()
          .then(({ done, value }) => shown(done === true ? undefined : (value)));
      }
      answer.then(
        (got) => seat.got.push(got),
        (error: unknown) => seat.got.push(shownEnding(error)),
      );
      this.#checkLagged(seat);
      seat.isThrough = model.ending === 'complete' && next === 'complete';
    }
  }

  /** What the next call of a receiver that is pulled has to give, taken out of the model; `undefined` where nothing is there. */
  #nextPulled({ model, plan }: Seat): string | undefined {
    const [first] = model.waiting;
    if (plan.form === 'deliveries') {
      const missing = first?.missing ?? model.missing;
      if (total(missing) > 0) {
        if (first === undefined) {
          model.missing = {};
        } else {
          first.missing = {};
        }
        return shownGap(missing);
      }
    }
    if (first !== undefined) {
      return shown(model.take().event);
    }
    const { ending } = model;
    // An error is told once.
    model.ending &&= 'complete';
    return ending && shownEnding(ending);
  }

  async #loop(seat: Seat): Promise<void> {
    const { handle } = seat;
    for (;;) {
      // What waits is taken at the call; by those that were called before, first.
      seat.pulls += 1;
      this.#serve(seat);
      const got = await (handle as BusReceiver<number>).recv().then(shown, shownEnding);
      if (seat.pulled.length === seat.got.length && !seat.isOpen) {
        // It had a turn to tell that it has caught up, and has no figures any more.
        this.#serve(seat);
      }
      this.#same(`receiver ${seat.id}: call ${seat.got.length}`, got, seat.pulled[seat.got.length]);
      seat.got.push(got);
      if (this.#difference !== undefined || !got.startsWith('event')) {
        return;
      }
      this.#react(seat);
    }
  }

  /** Answers the calls that wait. */
  #serve(seat: Seat): void {
    seat.isDue = false;
    for (; seat.pulls > 0; seat.pulls -= 1) {
      const next = this.#nextPulled(seat);
      if (next === undefined) {
        return;
      }
      seat.pulled.push(next);
    }
  }

  /**
   * A call that waits is answered in a turn, and its promise tells later: that an event is gone is seen in the figures. That turn need not be due:
   * a receiver that is pulled has one to tell that it has caught up.
   */
  #noticePulls(): void {
    const asked = this.#seats.filter((seat) => seat.pulls > 0 && seat.isOpen && seat.model.waiting.length > 0);
    if (asked.length > 0) {
      const { receivers } = this.#bus.stats();
      for (const seat of asked) {
        const stats = receivers.find(({ id }) => id === seat.id);
        if (stats !== undefined && stats.delivered > seat.model.delivered) {
          this.#serve(seat);
        }
      }
    }
  }

  #flush(): void {
    const waitedFor = this.#seats.filter(
      ({ isOpen, hasConsumer, isThrough, subscription }) =>
        isOpen || (hasConsumer && !isThrough && subscription !== undefined),
    );
    const flush: Flush = {
      places: waitedFor.map((seat) => [seat, new Set(seat.model.waiting)]),
      isOver: false,
    };
    this.#flushes.push(flush);
    void this.#bus.flush().then(() => {
      flush.isOver = true;
    });
  }

  #checkFlushes(): void {
    for (const { places, isOver } of this.#flushes) {
      const isWaitedFor = places.some(
        ([{ model, isOpen, hasConsumer, subscription }, waited]) =>
          (isOpen || (hasConsumer && subscription !== undefined)) && model.waiting.some((place) => waited.has(place)),
      );
      this.#same('a flush is over', isOver, !isWaitedFor);
    }
  }

  #checkLagged({ id, handle, model }: Seat): void {
    if (handle !== undefined) {
      this.#same(`receiver ${id}: lagged`, handle.lagged, model.lagged);
    }
  }

  /** Compares all that can be seen. Called between turns, it settles what is staged. */
  #check(): void {
    if (this.#difference !== undefined) {
      return;
    }
    const open = this.#seats.filter(({ isOpen }) => isOpen);
    this.#same('receivers', this.#bus.subscriberCount, open.length);
    this.#seats.forEach((seat) => {
      this.#checkLagged(seat);
    });
    if (this.#isActing) {
      this.#noticePulls();
    }
    const { receivers, ...totals } = this.#bus.stats();
    for (const [index, { id, model }] of open.entries()) {
      const { capacity, waiting, highWaterMark, delivered, lagged } = receivers[index] ?? {};
      this.#same(
        `receiver ${id}: stats`,
        { id: receivers[index]?.id, capacity, waiting, highWaterMark, delivered, lagged },
        {
          id,
          capacity: model.capacity,
          waiting: model.waiting.length,
          highWaterMark: model.highWaterMark,
          delivered: model.delivered,
          lagged: model.lagged,
        },
      );
    }
    if (!this.#isActing) {
      this.#same('published', totals.published, this.#published);
      this.#same('bound', totals.bound, this.#bound);
      this.#same('unbound', totals.unbound, this.#published - this.#bound);
      if (!this.#seats.some(({ pulls, isOpen, model }) => pulls > 0 && !isOpen && model.waiting.length > 0)) {
        // One that is closed, and pulled, may have had its turn already.
        this.#same(
          'delivered',
          totals.delivered,
          sum(this.#seats, ({ model }) => model.delivered),
        );
      }
      this.#same(
        'dropped',
        totals.dropped,
        sum(this.#seats, ({ model }) => model.lagged),
      );
    }
    this.#checkForesight(open);
  }

  #checkForesight(open: readonly Seat[]): void {
    const routing = TOPICS[this.#published % TOPICS.length] as EventRouting;
    const event: BusEvent<number> = { routing, origin: 'runtime', event: this.#published };
    const foreseen = this.#bus.explain(event);
    for (const [index, { id, model }] of open.entries()) {
      const matches = model.wants(event);
      const { matches: itMatches, drops } = foreseen[index] ?? {};
      this.#same(
        `receiver ${id}: explain`,
        { id: foreseen[index]?.id, matches: itMatches, drops },
        { id, matches, drops: matches && model.wouldRefuse(event) },
      );
    }
  }

  #checkEnd(): void {
    this.#check();
    this.#same('actions', this.#scheduler.pending, 0);
    for (const seat of this.#seats) {
      const { id, plan, model, hasConsumer, isThrough, pulled, got, watched } = seat;
      const isLoop = plan.form === 'loop' || plan.form === 'loops';
      this.#same(`receiver ${id}: was told its end`, isLoop || isThrough, hasConsumer);
      this.#same(`receiver ${id}: calls that wait`, seat.pulls, 0);
      this.#same(`receiver ${id}: pulled`, got, pulled);
      if (plan.isWatched && seat.handle !== undefined) {
        const grown = [0, ...watched.filter((lagged, index) => index > 0 && lagged > (watched[index - 1] as number))];
        this.#same(`receiver ${id}: lagged$`, watched, grown);
        this.#same(`receiver ${id}: the last of lagged$`, watched.at(-1), model.lagged);
        this.#same(`receiver ${id}: the end of lagged$`, seat.isWatchOver, true);
      }
    }
  }

  #same(what: string, actual: unknown, expected: unknown): void {
    if (this.#difference === undefined && !isSame(actual, expected)) {
      this.#difference = `${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;
    }
  }
}

function isSame(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) {
    return actual === expected;
  }
  const entries = Object.entries(actual);
  return (
    entries.length === Object.keys(expected).length &&
    entries.every(([name, value]) => isSame(value, (expected as Record<string, unknown>)[name]))
  );
}

function total(missing: Missing): number {
  return sum(Object.values(missing), (count) => count);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((before, value) => before + of(value), 0);
}

function shown(event: BusEvent<number> | undefined): string {
  return event === undefined ? 'complete' : `event ${event.event}`;
}

function shownGap(byKind: Readonly<Missing>): string {
  return `gap ${Object.entries(byKind)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, count]) => `${kind}:${count}`)
    .join(' ')}`;
}

/** A `SlowConsumerError` by its figures; anything else as it is. */
function shownEnding(ending: unknown): string {
  if (typeof ending === 'object' && ending !== null && 'pending' in ending && 'lagged' in ending) {
    const { pending, lagged } = ending as Exclude<Ending, string>;
    return `evicted: ${pending} waited, ${lagged} lost`;
  }
  return String(ending);
}
