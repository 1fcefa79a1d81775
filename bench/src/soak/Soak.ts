import { SharingBus } from '../library.js';
import { heapAfterCollection } from '../load/heap.js';
import { randomIntegers } from '../load/random.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { Account } from './Account.js';
import { BEHAVIOURS, type Join, type Seat } from './behaviours.js';
import { type Below, type Payload, Traffic } from './traffic.js';

/** How long and with which events it goes on. */
export interface SoakOptions {
  readonly events: number;
  readonly seconds: number;
}

/** What all receivers of one behaviour came to. */
export interface Total {
  readonly behaviour: string;
  receivers: number;
  wanted: number;
  taken: number;
  lagged: number;
  forgotten: number;
  missed: number;
}

/** What a soak has found. */
export interface SoakReport {
  readonly published: number;
  readonly totals: readonly Total[];
  /** Accounts that do not add up. */
  readonly complaints: readonly string[];
  /** Bytes of the heap in use, after collections at equal distances. */
  readonly heap: readonly number[];
}

interface Guest {
  readonly account: Account;
  readonly seat: Seat;
}

/** Of each behaviour, this many are there all the time. */
const PRESENT = 3;
const MAX_BURST = 256;
const HEAP_POINTS = 12;
/** How many events there are between two replacements, on the average. */
const REPLACE_EVERY = 400;
const COUNTED = ['wanted', 'taken', 'lagged', 'forgotten', 'missed'] as const;

/** One bus, and receivers that come, behave and go, each with an account that is checked when it is through. */
export class Soak {
  readonly #below: Below;
  readonly #bus = new SharingBus<Payload>({ bindingOf: (payload) => Traffic.bindingOf(payload) });
  readonly #traffic: Traffic;
  /** By name, those that are not through. */
  readonly #guests = new Map<string, Guest>();
  readonly #totals = new Map<string, Total>();
  readonly #complaints: string[] = [];
  #published = 0;
  #names = 0;

  constructor(seed: number) {
    const next = randomIntegers(seed);
    this.#below = (limit) => next() % limit;
    this.#traffic = new Traffic(this.#below);
  }

  async run({ events, seconds }: SoakOptions): Promise<SoakReport> {
    const until = Date.now() + seconds * 1000;
    const heap: number[] = [];
    const measureEvery = Math.ceil(events / HEAP_POINTS);
    while (this.#published < events && Date.now() < until) {
      this.#seeWhoHasGone();
      this.#fill();
      this.#burst(Math.min(1 + this.#below(MAX_BURST), events - this.#published));
      await yieldOnce();
      if (this.#published >= measureEvery * (heap.length + 1)) {
        heap.push(await heapAfterCollection());
      }
    }
    await this.#end();
    return { published: this.#published, totals: [...this.#totals.values()], complaints: this.#complaints, heap };
  }

  /** As many of each behaviour as there should be. */
  #fill(): void {
    for (const [behaviour, join] of Object.entries(BEHAVIOURS)) {
      const guests = this.#present().filter(({ account }) => account.behaviour === behaviour);
      for (let count = guests.length; count < PRESENT; count += 1) {
        this.#join(behaviour, join);
      }
    }
  }

  #present(): Guest[] {
    return [...this.#guests.values()].filter(({ account }) => account.isIn);
  }

  #join(behaviour: string, join: Join): void {
    this.#names += 1;
    const account = new Account(behaviour, `${behaviour} #${this.#names}`);
    const leaves = (): void => {
      this.#noteStats(account);
      account.isIn = false;
      account.isToldAll = false;
    };
    const guest = { account, seat: join({ bus: this.#bus, account, below: this.#below, leaves }) };
    this.#guests.set(account.name, guest);
    guest.seat.consumed?.then(
      () => {
        this.#settle(guest);
      },
      (error: unknown) => {
        this.#complaints.push(`${account.name}: ${String(error)}`);
        this.#settle(guest);
      },
    );
  }

  /** Publishes `count` events in one go; meanwhile, some leave, and others come. */
  #burst(count: number): void {
    for (let index = 0; index < count; index += 1) {
      if (this.#below(REPLACE_EVERY) === 0) {
        this.#replaceOne();
      }
      this.#publish();
    }
    for (const { account, seat } of this.#present()) {
      if (seat.consumed === undefined) {
        // Nobody can be asked once it is freed.
        this.#noteStats(account);
      }
    }
  }

  #publish(): void {
    const busEvent = this.#traffic.next();
    for (const { account, seat } of this.#guests.values()) {
      if (account.isIn && seat.wants(busEvent.event)) {
        account.wanted += 1;
      }
    }
    this.#bus.publish(busEvent);
    this.#published += 1;
  }

  #replaceOne(): void {
    const leavers = this.#present().filter(({ seat }) => seat.consumed !== undefined);
    const guest = leavers[this.#below(leavers.length)];
    if (guest !== undefined) {
      this.#leave(guest);
      const { behaviour } = guest.account;
      this.#join(behaviour, BEHAVIOURS[behaviour] as Join);
    }
  }

  #leave({ account, seat }: Guest): void {
    seat.leave();
    account.isIn = false;
  }

  #noteStats(account: Account): void {
    const stats = this.#bus.stats().receivers.find(({ name }) => name === account.name);
    if (stats === undefined) {
      this.#complaints.push(`${account.name} has gone of its own accord`);
    } else {
      account.forgotten = stats.waiting;
      account.lagged = stats.lagged;
    }
  }

  /** Compares who is in with whom the bus has. */
  #seeWhoHasGone(): void {
    const names = new Set(this.#bus.stats().receivers.map(({ name }) => name));
    for (const guest of this.#guests.values()) {
      const { account, seat } = guest;
      if (!account.isIn && names.has(account.name)) {
        this.#complaints.push(`${account.name} should have gone`);
      } else if (account.isIn && !names.has(account.name)) {
        account.isIn = false;
        if (seat.ended !== undefined) {
          seat.ended();
        } else if (seat.consumed === undefined) {
          this.#settle(guest);
        } else {
          this.#complaints.push(`${account.name} has gone of its own accord`);
        }
      }
    }
  }

  /** It is through: its account is checked, added to the others, and forgotten. */
  #settle({ account, seat }: Guest): void {
    account.lagged = seat.lagged?.() ?? account.lagged;
    const { behaviour, name, complaint } = account;
    if (complaint !== undefined) {
      this.#complaints.push(complaint);
    }
    const total = this.#totals.get(behaviour) ?? newTotal(behaviour);
    this.#totals.set(behaviour, total);
    total.receivers += 1;
    for (const field of COUNTED) {
      total[field] += account[field];
    }
    this.#guests.delete(name);
  }

  /** Lets everyone leave, and compares the sums with those of the bus. */
  async #end(): Promise<void> {
    const isAbandoned = ({ seat }: Guest): boolean => seat.consumed === undefined;
    for (let round = 0; round < 20 && this.#present().some(isAbandoned); round += 1) {
      await heapAfterCollection();
      this.#seeWhoHasGone();
    }
    for (const guest of this.#present()) {
      if (isAbandoned(guest)) {
        this.#complaints.push(`${guest.account.name} was not freed`);
      } else if (guest.seat.needsToBeTold === true) {
        this.#leave(guest);
      } else if (guest.seat.lagged === undefined) {
        this.#noteStats(guest.account);
        // It drains.
        guest.account.forgotten = 0;
      }
    }
    this.#bus.close();
    const guests = [...this.#guests.values()];
    guests.forEach(({ account }) => {
      account.isIn = false;
    });
    await Promise.allSettled(guests.flatMap(({ seat }) => seat.consumed ?? []));
    const totals = [...this.#totals.values()];
    const sum = (field: (typeof COUNTED)[number]): number => totals.reduce((all, total) => all + total[field], 0);
    const stats = this.#bus.stats();
    this.#compare('published', stats.published, this.#published);
    this.#compare('bound and unbound', stats.bound + stats.unbound, this.#published);
    this.#compare('delivered', stats.delivered, sum('taken'));
    this.#compare('dropped', stats.dropped, sum('lagged'));
    this.#compare('receivers', this.#bus.subscriberCount, 0);
    this.#compare('accounts that are open', this.#guests.size, 0);
  }

  #compare(what: string, actual: number, expected: number): void {
    if (actual !== expected) {
      this.#complaints.push(`the bus: ${what}: expected ${expected}, got ${actual}`);
    }
  }
}

function newTotal(behaviour: string): Total {
  return { behaviour, receivers: 0, wanted: 0, taken: 0, lagged: 0, forgotten: 0, missed: 0 };
}
