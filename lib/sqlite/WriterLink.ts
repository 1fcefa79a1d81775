import type { BusEvent } from '../events/BusEvent.js';
import type { Subscription } from 'rxjs';
import { OTHERS } from '../internal/support/Tally.js';
import type { UpstreamBus, UpstreamLink, UpstreamPage, UpstreamRead } from '../upstream.js';
import { type Draft, draftOf } from './drafts.js';
import type { Settings } from './options.js';
import { pageOf } from './pageOf.js';
import type { Writer } from './Writer.js';

/** How many old events one task removes if the turns do not keep up, and the milliseconds between two tasks. */
const TASK = { most: 256, everyMs: 10 };

/** Writes the events of a bus to a file, and brings them when they are kept. */
export class WriterLink<E> implements UpstreamLink<E> {
  /** What `publish` has taken over and `bring` has not written. */
  private drafts: Draft<E>[] = [];
  private isBringing = false;
  /** Whether the last events could not be written. */
  private isFailing = false;
  private isClosed = false;
  private pruning: Subscription | undefined;

  constructor(
    private readonly bus: UpstreamBus<E>,
    private readonly writer: Writer<E>,
    private readonly settings: Settings<E>,
  ) {
    bus.begin({ epoch: writer.epoch, seq: writer.last });
    writer.stored.bindings(settings.maxBindings).forEach((binding) => {
      bus.bind(binding);
    });
    this.pruneLater();
  }

  publish(busEvent: BusEvent<E>): void {
    const draft = draftOf(busEvent, this.settings);
    if (this.settings.durability === 'turn') {
      this.drafts.push(draft);
      return;
    }
    try {
      this.keep([draft]);
    } catch (error) {
      if (this.settings.onError === 'end') {
        this.bus.end(error);
      }
      throw error;
    }
    this.dispatch([draft]);
  }

  bring(): void {
    // A predicate that is called meanwhile may publish. Its events come after these.
    if (this.isBringing) {
      return;
    }
    this.isBringing = true;
    try {
      while (this.drafts.length > 0) {
        const { drafts } = this;
        this.drafts = [];
        this.bringEach(drafts);
      }
    } finally {
      this.isBringing = false;
    }
  }

  read(request: UpstreamRead<E>): UpstreamPage<E> {
    return pageOf(this.writer.stored.read(request, this.writer.pruned));
  }

  close(): void {
    if (!this.isClosed) {
      this.isClosed = true;
      this.pruning?.unsubscribe();
      this.writer.close();
    }
  }

  private bringEach(drafts: readonly Draft<E>[]): void {
    try {
      this.keep(drafts);
    } catch (error) {
      this.lose(drafts, error);
      return;
    }
    this.dispatch(drafts);
  }

  /** @throws EventFileError */
  private keep(drafts: readonly Draft<E>[]): void {
    this.writer.keep(drafts);
    if (this.isFailing) {
      this.isFailing = false;
      this.bus.log('info', 'sqlite: events are written again');
    }
    this.pruneLater();
  }

  private dispatch(drafts: readonly Draft<E>[]): void {
    let seq = this.writer.last - drafts.length;
    for (const { busEvent } of drafts) {
      seq += 1;
      try {
        this.bus.event(busEvent, seq, true);
      } catch (error) {
        // The application has changed it since it was checked. The others still come.
        this.bus.log('warn', `sqlite: the event ${seq} cannot be delivered: ${String(error)}`);
        this.bus.gap({ missed: 1, byKind: { [OTHERS]: 1 } }, seq);
      }
    }
  }

  private lose(drafts: readonly Draft<E>[], error: unknown): void {
    if (this.settings.onError === 'end') {
      this.end(error);
      return;
    }
    if (!this.isFailing) {
      this.isFailing = true;
      this.bus.log('warn', `sqlite: events are lost: ${String(error)}`);
    }
    try {
      const { last, missed, byKind } = this.writer.lose(drafts.map(({ busEvent }) => busEvent.routing.kind));
      this.bus.gap({ missed: missed ?? Infinity, byKind }, last);
    } catch (unmarked) {
      this.end(unmarked);
    }
  }

  private end(error: unknown): void {
    this.drafts = [];
    this.bus.end(error);
  }

  /** Removes in tasks of their own what the turns have left, such as after the limits were lowered. */
  private pruneLater(): void {
    if (this.pruning !== undefined || !this.hasSurplus()) {
      return;
    }
    this.pruning = this.bus.scheduler.schedule(() => {
      this.pruning = undefined;
      if (!this.isClosed && this.prune()) {
        this.pruneLater();
      }
    }, TASK.everyMs);
  }

  private hasSurplus(): boolean {
    return this.attempt(() => this.writer.hasSurplus);
  }

  private prune(): boolean {
    return this.attempt(() => this.writer.prune(TASK.most));
  }

  private attempt(act: () => boolean): boolean {
    try {
      return act();
    } catch (error) {
      // What was written is written. The next turn tries it again, and tells what is wrong.
      this.bus.log('warn', `sqlite: old events cannot be removed: ${String(error)}`);
      return false;
    }
  }
}
