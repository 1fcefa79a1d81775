import type { SchedulerLike } from 'rxjs';
import { type Asked, Certainty } from './Certainty.js';
import type { StreamNow, StreamPlace } from '../stream/lineage.js';
import { infoOf } from '../stream/streamConfig.js';

/** After this number of heartbeats the server is asked again. */
const CHECK_HEARTBEATS = 5;

interface LossesOptions {
  readonly place: StreamPlace;
  readonly scheduler: SchedulerLike;
  readonly heartbeatMs: number;
  /** Called with the most messages that may be missing. */
  readonly miss: (missed: number) => void;
}

/** Finds out, for a reader that gets a part of the messages, that some of them may be gone that it was not sent. */
export class Losses {
  readonly certainty: Certainty;
  private next = 0;

  /** @param seq Everything up to this place is of no interest. */
  constructor(
    private readonly options: LossesOptions,
    seq: number,
  ) {
    this.certainty = new Certainty(seq);
  }

  /** Whether the server was not asked for some time. */
  get isDue(): boolean {
    return this.options.scheduler.now() >= this.next;
  }

  /** Called with the state of the stream. */
  see(asked: Asked, { firstSeq, lastSeq }: Pick<StreamNow, 'firstSeq' | 'lastSeq'>): void {
    const { scheduler, heartbeatMs, miss } = this.options;
    this.next = scheduler.now() + CHECK_HEARTBEATS * heartbeatMs;
    const missed = this.certainty.check(asked, firstSeq, lastSeq);
    if (missed > 0) {
      miss(missed);
    }
  }

  /**
   * Asks for the state of the stream.
   *
   * @param seq The place of the last message that was brought.
   * @param isPresent Whether the consumer is still the same.
   */
  look(seq: number, isPresent: () => boolean): void {
    const { place, scheduler, heartbeatMs } = this.options;
    this.next = Infinity;
    const asked = this.certainty.ask(seq);
    infoOf(place.access, place.stream).then(
      ({ state }) => {
        if (isPresent()) {
          this.see(asked, { firstSeq: state.first_seq, lastSeq: state.last_seq });
        }
      },
      () => {
        // What is wrong will be told by the missing heartbeats.
        this.next = scheduler.now() + heartbeatMs;
      },
    );
  }

  /** The consumer is another one. */
  restart(): void {
    this.next = 0;
  }
}
