/** How long a run is at first. All of it may be refused at once. */
const FIRST = 64;
/** The part of all places that one lane may take. */
const PART = 3 / 4;
/** After this number of stored events, a run may be twice as long. */
const STEP = 64;

/**
 * How many events of one lane may be on their way, one right behind the other. If another process stores something in between, the rest of the run is
 * refused, and sent again: then shorter runs are tried. Where many write, it is 1, and a longer one is tried now and then.
 */
export class RunLength {
  private stored = 0;
  private sends = 0;
  /** The number of sends when a run was refused last. */
  private refusedAt = 0;
  private readonly most: number;
  value: number;

  /** @param places How many of all lanes may be on their way. */
  constructor(places: number) {
    this.most = Math.ceil(PART * places);
    this.value = Math.min(FIRST, this.most);
  }

  /**
   * Something is sent.
   *
   * @returns The number of this send.
   */
  nextSend(): number {
    this.sends += 1;
    return this.sends;
  }

  /** Something was stored. */
  grow(): void {
    this.stored += 1;
    if (this.stored >= STEP) {
      this.stored = 0;
      this.value = Math.min(2 * this.value, this.most);
    }
  }

  /** Something that was to follow another message was refused. The rest of its run, which will be refused, too, does not count again. */
  refused(send: number): void {
    if (send > this.refusedAt) {
      this.refusedAt = this.sends;
      this.stored = 0;
      this.value = Math.max(1, Math.floor(this.value / 2));
    }
  }
}
