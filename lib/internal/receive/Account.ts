/** Total counts of several receivers. */
export interface Totals {
  delivered: number;
  dropped: number;
}

/** Adds the counts of one receiver to the totals of its bus. */
export class Account {
  private readonly totals: Totals;
  private delivered = 0;
  private lagged = 0;

  constructor(totals: Totals) {
    this.totals = totals;
  }

  /** Sets the receiver's counts so far. The totals grow by the difference to the previous call. */
  update(delivered: number, lagged: number): void {
    this.totals.delivered += delivered - this.delivered;
    this.totals.dropped += lagged - this.lagged;
    this.delivered = delivered;
    this.lagged = lagged;
  }
}
