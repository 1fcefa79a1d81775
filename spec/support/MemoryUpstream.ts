import {
  type BusEvent,
  type BusPosition,
  type Delivery,
  type EventFilter,
  type Gap,
  matches,
  type ScrollBinding,
  type Upstream,
  type UpstreamBus,
  type UpstreamLink,
  type UpstreamPage,
  type UpstreamRead,
} from '../../lib/index.js';

/** When an upstream brings what it has taken over. */
export type Bringing = 'at once' | 'when asked' | 'later';

type Kept<E> = { readonly seq: number } & ({ readonly event: BusEvent<E> } | { readonly gap: Gap });

/** What several buses share: a list in memory, in place of a database or a server. */
export class MemoryLog<E> {
  readonly kept: Kept<E>[] = [];
  /** What is no longer kept. */
  readonly gone: Kept<E>[] = [];
  readonly followers = new Set<() => void>();

  constructor(
    public epoch = 'e1',
    public last = 0,
  ) {}

  add(event: BusEvent<E>): void {
    this.last += 1;
    this.kept.push({ seq: this.last, event: { ...event, seq: this.last } });
  }

  /** Skips `places`, which belong to no event. */
  skip(places: number): void {
    this.last += places;
  }

  addGap(gap: Omit<Gap, 'type'>): void {
    this.last += 1;
    this.kept.push({ seq: this.last, gap: { type: 'gap', ...gap } });
  }

  /** Forgets the oldest. */
  trim(count: number): void {
    this.gone.push(...this.kept.splice(0, count));
  }

  tell(): void {
    this.followers.forEach((follow) => {
      follow();
    });
  }
}

/**
 * An upstream in memory, in the bus's own time. It is real: it orders and keeps the events, and reads them again. With `later`, everything
 * takes as long as `delays` says, call by call, so that answers come out of their order.
 */
export class MemoryUpstream<E> implements Upstream<E>, UpstreamLink<E> {
  readonly joined: EventFilter<E>[] = [];
  readonly reads: UpstreamRead<E>[] = [];
  bindings: readonly ScrollBinding[] = [];
  isClosed = false;
  /** Whether no other bus has the same log. */
  isOwn = false;
  /** While it is down, nothing is stored, brought or read. */
  isDown = false;
  /** The error by which it refuses events. */
  refusal: Error | undefined;
  bring: (() => void) | undefined;
  settled: (() => PromiseLike<void>) | undefined;
  #bus: UpstreamBus<E> | undefined;
  /** What was taken over and not stored yet. */
  readonly #outbox: BusEvent<E>[] = [];
  #brought: number;
  readonly #waiting: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #takenOver = 0;
  #stored = 0;
  #calls = 0;

  constructor(
    readonly log: MemoryLog<E>,
    readonly bringing: Bringing,
    readonly delays: readonly number[] = [1],
    readonly pageSize = 256,
  ) {
    this.#brought = log.last;
    if (bringing === 'when asked') {
      this.bring = () => {
        this.#store();
      };
    }
    if (bringing === 'later') {
      const takenOver = (): number => this.#takenOver;
      this.settled = () =>
        new Promise<void>((resolve) => {
          this.#waiting.push({ upTo: takenOver(), resolve });
          this.#tellSettled();
        });
    }
  }

  open(bus: UpstreamBus<E>): this {
    this.#bus = bus;
    bus.begin(this.#position);
    this.bindings.forEach((binding) => {
      bus.bind(binding);
    });
    this.log.followers.add(() => {
      this.#follow();
    });
    return this;
  }

  publish(busEvent: BusEvent<E>): void {
    if (this.refusal !== undefined) {
      throw this.refusal;
    }
    this.#outbox.push(busEvent);
    this.#takenOver += 1;
    if (this.bringing === 'at once') {
      this.#store();
    } else if (this.bringing === 'later') {
      this.#later(() => {
        this.#store();
      });
    }
  }

  read(request: UpstreamRead<E>): UpstreamPage<E> | PromiseLike<UpstreamPage<E>> {
    this.reads.push(request);
    if (this.bringing !== 'later') {
      return this.#page(request);
    }
    return {
      then: (resolve: (page: UpstreamPage<E>) => unknown) => {
        const answer = (): void => {
          if (this.isDown) {
            this.#later(answer);
          } else {
            resolve(this.#page(request));
          }
        };
        this.#later(answer);
      },
    } as unknown as PromiseLike<UpstreamPage<E>>;
  }

  join(filter: EventFilter<E>): void {
    this.joined.push(filter);
  }

  leave(filter: EventFilter<E>): void {
    this.joined.splice(this.joined.indexOf(filter), 1);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The server comes back, with these events or with others. */
  comeBack(): void {
    this.isDown = false;
    if (this.#bus !== undefined && !this.isClosed && this.#epoch !== this.log.epoch) {
      this.#brought = 0;
      this.#epoch = this.log.epoch;
      this.#bus.begin({ epoch: this.log.epoch, seq: 0 });
    }
    this.#store();
  }

  #epoch = '';

  get #position(): BusPosition {
    this.#epoch = this.log.epoch;
    return { epoch: this.log.epoch, seq: this.#brought };
  }

  #store(): void {
    if (this.isDown || this.isClosed) {
      return;
    }
    for (const busEvent of this.#outbox.splice(0)) {
      this.log.add(busEvent);
      this.#stored += 1;
    }
    this.log.tell();
  }

  #follow(): void {
    if (this.bringing === 'later') {
      this.#later(() => {
        this.#catchUp();
      });
    } else {
      this.#catchUp();
    }
  }

  #catchUp(): void {
    if (this.isDown || this.isClosed || this.#epoch !== this.log.epoch) {
      return;
    }
    this.#tellGone();
    // The bus may call `bring` meanwhile, so the next one is looked for again.
    for (let one = this.#next; one !== undefined; one = this.#next) {
      this.#brought = one.seq;
      if ('gap' in one) {
        this.#bus?.gap(one.gap, one.seq);
      } else {
        this.#bus?.event(one.event, one.seq, this.isOwn);
      }
    }
    this.#tellSettled();
  }

  get #next(): Kept<E> | undefined {
    return this.log.kept.find(({ seq }) => seq > this.#brought);
  }

  /** What went before it could be brought is a gap. */
  #tellGone(): void {
    const gone = this.log.gone.filter(({ seq }) => seq > this.#brought);
    const last = gone.at(-1);
    if (last !== undefined) {
      this.#brought = last.seq;
      const missed = gone.reduce((sum, one) => sum + ('gap' in one ? one.gap.missed : 1), 0);
      this.#bus?.gap({ missed, byKind: { '*': missed } }, last.seq);
    }
  }

  #tellSettled(): void {
    const isBrought = this.#brought === this.log.last;
    this.#waiting.splice(0).forEach((one) => {
      if (isBrought && this.#stored >= one.upTo) {
        one.resolve();
      } else {
        this.#waiting.push(one);
      }
    });
  }

  #page({ filter, after, upTo, limit }: UpstreamRead<E>): UpstreamPage<E> {
    const most = Math.min(limit, this.pageSize);
    const deliveries: Delivery<E>[] = this.#gone(filter, after, upTo);
    for (const one of this.log.kept) {
      if (one.seq > after && one.seq <= upTo) {
        if (deliveries.length >= most) {
          return { deliveries, reached: one.seq - 1 };
        }
        if ('gap' in one) {
          deliveries.push(one.gap);
        } else if (one.seq % 2 === 0 || matches(filter, one.event)) {
          // Some events that do not match are among them.
          deliveries.push({ type: 'event', event: one.event });
        }
      }
    }
    return { deliveries, reached: upTo };
  }

  /** What is no longer kept, as one gap. */
  #gone({ type }: EventFilter<E>, after: number, upTo: number): Delivery<E>[] {
    const gone = this.log.gone.filter(({ seq }) => seq > after && seq <= upTo);
    const missed = gone.reduce((sum, one) => sum + ('gap' in one ? one.gap.missed : 1), 0);
    return missed === 0
      ? []
      : [{ type: 'gap', missed, byKind: { '*': missed }, ...(type !== 'all' && { atMost: true as const }) }];
  }

  #later(work: () => void): void {
    const delay = this.delays[this.#calls % this.delays.length] as number;
    this.#calls += 1;
    this.#bus?.scheduler.schedule(work, delay);
  }
}
