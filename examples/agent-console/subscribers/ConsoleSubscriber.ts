/** The gaps that a subscriber has read. */
export interface GapCount {
  /** The number of gaps. */
  readonly count: number;
  /** The number of missing events, by kind. */
  readonly byKind: ReadonlyMap<string, number>;
}

/** What the screen and the summary show of a subscriber. */
export interface ConsoleSubscriber {
  readonly name: string;
  /** Events that its handler has received. */
  readonly delivered: number;
  /** Events that it lost. At the end, `delivered` and `lagged` add up to all events that match its filter. */
  readonly lagged: number;
  /** Events that wait for its handler. */
  readonly waiting: number;
  /** Only for a subscriber that reads its gaps. At the end, the kinds add up to `lagged`. */
  readonly gaps?: GapCount;
  /** Resolves when its handler has received the last event. */
  readonly done: Promise<void>;
}
