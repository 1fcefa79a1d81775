/**
 * How many messages may be asked for, so that at most `window` are ahead: asked for and not come, or come and not waited for.
 *
 * Without `waitFor`, a message that was handed to the bus is no longer ahead.
 */
export class Credit {
  private readonly half: number;
  /** Number of messages that were handed to the bus. */
  private taken = 0;
  /** `taken` at the last call of `waitFor` that resolved. */
  private settled = 0;
  private isWaiting = false;
  private isOver = false;

  /**
   * @param waitFor The option.
   * @param resume Called when there is room again.
   * @param failed Called with what `waitFor` throws or rejects with.
   */
  constructor(
    private readonly window: number,
    private readonly waitFor: (() => PromiseLike<unknown>) | undefined,
    private readonly resume: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.half = Math.max(1, Math.floor(window / 2));
  }

  /** Whether `waitFor` is being called. */
  isAsking = false;

  /** A message was handed to the bus. */
  take(): void {
    this.taken += 1;
    if (this.waitFor === undefined) {
      this.settled = this.taken;
    } else if (this.taken - this.settled >= this.half) {
      this.wait(this.waitFor);
    }
  }

  /** The number of messages to ask for now: none before half of the window is free. */
  room(outstanding: number): number {
    const room = this.window - outstanding - (this.taken - this.settled);
    return room >= this.half ? room : 0;
  }

  close(): void {
    this.isOver = true;
  }

  private wait(waitFor: () => PromiseLike<unknown>): void {
    if (this.isWaiting || this.isOver) {
      return;
    }
    this.isWaiting = true;
    const { taken } = this;
    const done = (): void => {
      this.isWaiting = false;
      this.settled = taken;
      if (!this.isOver) {
        this.resume();
        if (this.taken - this.settled >= this.half) {
          this.wait(waitFor);
        }
      }
    };
    const failed = (error: unknown): void => {
      if (!this.isOver) {
        this.isOver = true;
        this.failed(error);
      }
    };
    this.isAsking = true;
    try {
      waitFor().then(done, failed);
    } catch (error) {
      failed(error);
    } finally {
      this.isAsking = false;
    }
  }
}
