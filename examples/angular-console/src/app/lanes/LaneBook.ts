import type { BusStats, EventFilter, ReceiverStats } from 'sharing-bus';

/** The figures of a subscriber at one poll. */
export interface Sample {
  /** Events that waited at this poll. */
  readonly waiting: number;
  /** Events that it received since the poll before. */
  readonly delivered: number;
  /** Events that it lost since the poll before. */
  readonly lagged: number;
}

/** A subscriber, and its figures over the last polls. */
export interface Lane {
  readonly id: number;
  readonly name: string;
  readonly filter: EventFilter<unknown>;
  readonly capacity: number;
  readonly waiting: number;
  /** The most events that have waited at a time. */
  readonly highWaterMark: number;
  readonly delivered: number;
  readonly lagged: number;
  /** The oldest first; at most {@link SAMPLES}. */
  readonly samples: readonly Sample[];
  readonly hasLeft: boolean;
}

/** The number of polls in a plot. */
export const SAMPLES = 120;
/** The number of polls for which a subscriber that has left is still shown. */
const SHOWN_AFTER_LEAVING = 20;
const MAX_LANES = 24;

interface Kept extends Lane {
  readonly gone: number;
}

/** Keeps the figures of each subscriber from the results of `stats()`. */
export class LaneBook {
  #lanes = new Map<number, Kept>();

  take({ receivers }: Pick<BusStats, 'receivers'>): readonly Lane[] {
    const next = new Map<number, Kept>();
    const present = new Map(receivers.slice(0, MAX_LANES).map((receiver) => [receiver.id, receiver]));
    for (const lane of this.#lanes.values()) {
      const receiver = present.get(lane.id);
      if (receiver !== undefined && isLater(receiver, lane)) {
        next.set(lane.id, grown(receiver, lane));
        present.delete(lane.id);
      } else if (receiver === undefined && lane.gone < SHOWN_AFTER_LEAVING) {
        next.set(lane.id, { ...lane, hasLeft: true, waiting: 0, gone: lane.gone + 1 });
      }
    }
    for (const receiver of present.values()) {
      next.set(receiver.id, grown(receiver, undefined));
    }
    this.#lanes = next;
    return [...next.values()].sort((a, b) => a.id - b.id);
  }
}

/** Counts never decrease. If they do, it is a receiver of another server. */
function isLater(receiver: ReceiverStats, lane: Kept): boolean {
  return (receiver.name ?? '') === lane.name && receiver.delivered >= lane.delivered && receiver.lagged >= lane.lagged;
}

function grown(receiver: ReceiverStats, before: Kept | undefined): Kept {
  const { capacity, delivered, filter, highWaterMark, id, lagged, name = '', waiting } = receiver;
  const sample = {
    waiting,
    delivered: delivered - (before?.delivered ?? delivered),
    lagged: lagged - (before?.lagged ?? 0),
  };
  const samples = [...(before?.samples ?? []), sample].slice(-SAMPLES);
  return { id, name, filter, capacity, waiting, highWaterMark, delivered, lagged, samples, hasLeft: false, gone: 0 };
}
