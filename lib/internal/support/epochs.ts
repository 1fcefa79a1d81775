/** The epochs of events that still waited when an upstream left the epoch. Any other event is of the present epoch of its bus. */
const EARLIER = new WeakMap<object, string>();

/** Notes that `busEvent` is of the epoch, unless an earlier one is noted. */
export function noteEpoch(busEvent: object, epoch: string): void {
  if (!EARLIER.has(busEvent)) {
    EARLIER.set(busEvent, epoch);
  }
}

/** The epoch of `busEvent` if it is an earlier one. */
export function earlierEpochOf(busEvent: object): string | undefined {
  return EARLIER.get(busEvent);
}
