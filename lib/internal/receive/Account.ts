/** Counts of several receivers together. */
export interface Totals {
  delivered: number;
  dropped: number;
}

/** The part of one receiver in the totals of its bus. */
export class Account {
  private readonly totals: Totals;
  private delivered = 0;
  private lagged = 0;

  constructor(totals: Totals) {
    this.totals = totals;
  }

  /** The receiver has delivered and lost so many by now. */
  update(delivered: number, lagged: number): void {
    this.totals.delivered += delivered - this.delivered;
    this.totals.dropped += lagged - this.lagged;
    this.delivered = delivered;
    this.lagged = lagged;
  }
}
