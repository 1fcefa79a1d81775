/** What a subscriber was told of its losses, in their places. */
export interface GapCount {
  /** Gaps between the events that it got. */
  readonly count: number;
  /** Events that are missing there, by kind. */
  readonly byKind: ReadonlyMap<string, number>;
}

/** What the screen and the summary show of a subscriber. */
export interface ConsoleSubscriber {
  readonly name: string;
  /** Events that its handler was given. */
  readonly delivered: number;
  /** Events that it lost for want of room. With `delivered` it makes up all that was meant for it, once it is through. */
  readonly lagged: number;
  /** Events meant for it that it has not been given yet. */
  readonly waiting: number;
  /** For one that asks what it lost: in the end, the kinds add up to `lagged`. */
  readonly gaps?: GapCount;
  /** Resolves when it has been given the last one. */
  readonly done: Promise<void>;
}
