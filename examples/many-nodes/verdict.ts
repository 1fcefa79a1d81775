import { createHash } from 'node:crypto';
import type { Delivery } from 'sharing-bus';
import { Account } from './Account.js';

/** An account that can be compared with another one: two readers with the same digest have got the same, in the same order. */
export class Reading {
  readonly account = new Account();
  readonly #hash = createHash('sha256');

  take(delivery: Delivery, place?: number): void {
    this.account.take(delivery, place);
    const text = JSON.stringify(delivery.type === 'event' ? [delivery.event.seq, delivery.event.event] : delivery);
    this.#hash.update(text).update('\n');
  }

  /** Of all deliveries so far. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** What is wrong with what a reader has got. */
export interface ReaderVerdict {
  readonly events: number;
  /** Events of the journal that it has not. */
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Events that gaps have told. */
  readonly missing: number;
}

export interface Verdict {
  readonly isRight: boolean;
  readonly published: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Whether all readers have got the same events at the same places. */
  readonly isSame: boolean;
  readonly readers: Readonly<Record<string, ReaderVerdict>>;
}

/**
 * Compares what each reader has got with the journal, and with the others.
 *
 * @param published The number of events in the journal.
 */
export function verdictOf(published: number, readings: Readonly<Record<string, Reading>>): Verdict {
  const all = Object.entries(readings).map(([name, { account }]): [string, ReaderVerdict] => {
    const { doubled, events, missing, outOfOrder } = account;
    return [name, { events, lost: account.lostOf(published), doubled, outOfOrder, missing }];
  });
  const sum = (of: keyof ReaderVerdict): number => all.reduce((total, [, reader]) => total + reader[of], 0);
  const totals = { lost: sum('lost'), doubled: sum('doubled'), outOfOrder: sum('outOfOrder') };
  const isSame = new Set(Object.values(readings).map(({ digest }) => digest)).size <= 1;
  const isWhole = all.every(([, { events }]) => events === published);
  const isRight = isSame && isWhole && sum('missing') + totals.lost + totals.doubled + totals.outOfOrder === 0;
  return { isRight, published, ...totals, isSame, readers: Object.fromEntries(all) };
}
