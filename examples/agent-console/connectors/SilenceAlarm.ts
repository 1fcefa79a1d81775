/** Calls back when nothing was heard for a while, and again each time that this has become twice as long. */
export class SilenceAlarm {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /**
   * @param first How long the silence lasts before the first call, in milliseconds.
   * @param onSilence Called with the length of the silence, in milliseconds.
   */
  constructor(
    private readonly first: number,
    private readonly onSilence: (milliseconds: number) => void,
  ) {
    this.heard();
  }

  /** The silence is over. The next begins. */
  heard(): void {
    this.#wait(0, this.first);
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wait(from: number, until: number): void {
    clearTimeout(this.#timer);
    if (this.#isOver) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.onSilence(until);
      this.#wait(until, 2 * until);
    }, until - from);
  }
}
