/** What the screen and the summary show of a subscriber. */
export interface ConsoleSubscriber {
  readonly name: string;
  /** Events that its handler was given. */
  readonly delivered: number;
  /** Events that it lost for want of room. With `delivered` it makes up all that was meant for it, once it is through. */
  readonly lagged: number;
  /** Events meant for it that it has not been given yet. */
  readonly waiting: number;
  /** Resolves when it has been given the last one. */
  readonly done: Promise<void>;
}
