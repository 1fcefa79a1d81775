import type { DepartedLoss } from '../../stats.js';

/** The most receivers whose losses are kept until they are taken. */
const MAX_KEPT = 10_000;

/** Total counts of several receivers. */
export interface Totals {
  delivered: number;
  dropped: number;
  /** Those that keep the losses of each receiver. Created on demand. */
  keepers?: Set<Losses>;
}

/** The losses of receivers that no longer have a slot, until they are taken. */
export class Losses {
  private byId = new Map<number, DepartedLoss>();

  /** Adds `count` lost events. Losses of further receivers than {@link MAX_KEPT} are not kept. */
  add(id: number, name: string | undefined, count: number): void {
    const kept = this.byId.get(id);
    if (kept !== undefined || this.byId.size < MAX_KEPT) {
      this.byId.set(id, { id, name, lagged: count + (kept?.lagged ?? 0) });
    }
  }

  take(): readonly DepartedLoss[] {
    const taken = [...this.byId.values()];
    this.byId = new Map();
    return taken;
  }
}

/** Adds the counts of one receiver to the totals of its bus. */
export class Account {
  private readonly totals: Totals;
  private readonly id: number;
  private readonly name: string | undefined;
  private delivered = 0;
  private lagged = 0;

  constructor(totals: Totals, id: number, name: string | undefined) {
    this.totals = totals;
    this.id = id;
    this.name = name;
  }

  /** Sets the receiver's counts so far. The totals grow by the difference to the previous call. */
  update(delivered: number, lagged: number): void {
    const lost = lagged - this.lagged;
    this.totals.delivered += delivered - this.delivered;
    this.totals.dropped += lost;
    this.delivered = delivered;
    this.lagged = lagged;
    if (lost > 0) {
      this.totals.keepers?.forEach((losses) => {
        losses.add(this.id, this.name, lost);
      });
    }
  }
}
