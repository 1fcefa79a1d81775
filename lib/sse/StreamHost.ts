import type { SchedulerLike } from 'rxjs';
import type { BusPosition } from '../receiver.js';
import type { BusEvent } from '../events/BusEvent.js';
import { earlierEpochOf } from '../internal/support/epochs.js';
import { block, byteLength, comment, positionBlock, positionText } from './blocks.js';
import { gapData, gapOfOne } from './gapData.js';
import { Heartbeats } from './Heartbeats.js';
import { Rounds } from './Rounds.js';
import { type EventEntry, SharedTexts } from './SharedTexts.js';

/** A stream, as its server sees it. */
export interface OpenStream {
  /** Ends it after the events that wait. */
  close(): void;
  /** Ends it at once. */
  leave(): void;
}

/** What the streams of a server need from it. */
export interface StreamHostOptions {
  readonly scheduler: SchedulerLike;
  readonly heartbeatMs: number;
  readonly maxEventBytes: number;
  readonly closeMs: number;
  /** The position of the last published event. `undefined` on a bus without a history. */
  position(): BusPosition | undefined;
  /** Passes an error to the application. */
  report(error: unknown): void;
  /** Called when `stream` has ended and holds no resources any more. */
  over(stream: OpenStream): void;
}

/** What the streams of one server share. */
export class StreamHost<E> {
  readonly options: StreamHostOptions;
  readonly heartbeats: Heartbeats;
  readonly texts: SharedTexts<E>;
  readonly rounds: Rounds;
  /** Number of streams that have not sent all that their receivers have. Counted down by {@link caughtUp} only. */
  behind = 0;
  /** The number of the newest event, in a round. */
  private newest: number | undefined;

  constructor(options: StreamHostOptions) {
    this.options = options;
    this.heartbeats = new Heartbeats(options.scheduler, options.heartbeatMs);
    this.texts = new SharedTexts((busEvent) => this.textOf(busEvent));
    this.rounds = new Rounds({
      begin: () => {
        this.newest = options.position()?.seq;
        this.heartbeats.beginRound();
      },
      end: () => {
        // Without a history, an object that is published again is the same event, and its payload may have changed.
        this.texts.endRound(this.behind > 0 && this.newest !== undefined);
        this.newest = undefined;
        this.heartbeats.endRound();
      },
    });
  }

  /** One stream less is behind: it has sent everything, or has ended. Without a round, which would end, the last one takes the texts along. */
  caughtUp(): void {
    this.behind -= 1;
    if (this.behind === 0 && this.texts.kept > 0 && !this.rounds.isBegun) {
      this.texts.endRound(false);
    }
  }

  /** Whether `busEvent` is known to be the newest event of the bus. */
  isNewest({ seq }: BusEvent<E>): boolean {
    return seq !== undefined && seq === this.newest;
  }

  /** The id of the place `seq`, in the epoch of `busEvent`. `undefined` on a bus without a history. */
  idAt(seq: number | undefined, busEvent?: BusEvent<E>): string | undefined {
    const position = this.options.position();
    if (position === undefined || seq === undefined) {
      return undefined;
    }
    const epoch = (busEvent && earlierEpochOf(busEvent)) ?? position.epoch;
    return positionText({ epoch, seq });
  }

  /** The text of a heartbeat for a client that has got everything up to `reached`. */
  heartbeat(reached: BusPosition | undefined): string {
    // If an event is on its way, its own id will tell the position.
    const isUpToDate = reached !== undefined && reached.seq === this.options.position()?.seq;
    return comment('heartbeat') + (isUpToDate ? positionBlock(reached) : '');
  }

  private textOf(busEvent: BusEvent<E>): EventEntry {
    const { maxEventBytes } = this.options;
    const id = this.idAt(busEvent.seq, busEvent);
    let reason: unknown;
    try {
      const { routing, origin, event, at, seq } = busEvent;
      const text = JSON.stringify({ routing, origin, event, at, seq });
      if (byteLength(text, maxEventBytes) <= maxEventBytes) {
        return { text: block(text, { id }) };
      }
      reason = new RangeError(`an event of more than ${maxEventBytes} bytes cannot be sent`);
    } catch (error) {
      reason = error;
    }
    return { text: block(gapData(gapOfOne(busEvent.routing.kind)), { event: 'gap', id }), error: { reason } };
  }
}
