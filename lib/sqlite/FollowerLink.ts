import type { Subscription } from 'rxjs';
import { EventFilter } from '../events/EventFilter.js';
import type { UpstreamBus, UpstreamLink, UpstreamPage, UpstreamRead } from '../upstream.js';
import type { Connection } from './Connection.js';
import { ReadOnlyFileError } from './errors.js';
import type { Settings } from './options.js';
import { pageOf } from './pageOf.js';
import { pragma } from './schema.js';
import type { Page, StoredEvents } from './StoredEvents.js';

/** How many events are brought before other tasks have their turn, and the milliseconds until the next ones. */
const PAGE = { limit: 512, everyMs: 1 };

/** Brings what another process writes to a file. */
export class FollowerLink<E> implements UpstreamLink<E> {
  private seq: number;
  /** `PRAGMA data_version` of the last look. It changes when another connection has written. */
  private version = NaN;
  private isFailing = false;
  private polling: Subscription | undefined;

  constructor(
    private readonly bus: UpstreamBus<E>,
    private readonly connection: Connection,
    private readonly stored: StoredEvents<E>,
    private readonly settings: Settings<E>,
  ) {
    const { epoch, last } = stored.state;
    this.seq = last;
    bus.begin({ epoch, seq: last });
    stored.bindings(settings.maxBindings).forEach((binding) => {
      bus.bind(binding);
    });
    this.pollAfter(settings.pollMs);
  }

  /** @throws ReadOnlyFileError */
  publish(): void {
    throw new ReadOnlyFileError(this.connection.file);
  }

  read(request: UpstreamRead<E>): UpstreamPage<E> {
    return pageOf(this.stored.atOnce(({ pruned }) => this.stored.read(request, pruned)));
  }

  close(): void {
    this.polling?.unsubscribe();
    this.connection.close();
  }

  private pollAfter(delay: number): void {
    // What it has brought may have closed the bus.
    if (this.connection.isClosed) {
      return;
    }
    this.polling = this.bus.scheduler.schedule(() => {
      this.poll();
    }, delay);
  }

  private poll(): void {
    let isBehind: boolean;
    try {
      isBehind = this.follow();
    } catch (error) {
      if (this.connection.isClosed) {
        return;
      }
      if (this.settings.onError === 'end') {
        this.bus.end(error);
        return;
      }
      if (!this.isFailing) {
        this.isFailing = true;
        this.bus.log('warn', `sqlite: events cannot be read: ${String(error)}`);
      }
      this.pollAfter(this.settings.pollMs);
      return;
    }
    if (this.isFailing) {
      this.isFailing = false;
      this.bus.log('info', 'sqlite: events are read again');
    }
    this.pollAfter(isBehind ? PAGE.everyMs : this.settings.pollMs);
  }

  /** Brings a page of what is new. Returns whether there is more. */
  private follow(): boolean {
    this.connection.requireSame();
    const version = this.connection.guard(() => pragma(this.connection.database, 'data_version'));
    if (version === this.version) {
      return false;
    }
    const { page, last } = this.stored.atOnce(({ pruned, last: upTo }) => ({
      page: this.stored.read({ filter: EventFilter.all, after: this.seq, upTo, limit: PAGE.limit }, pruned),
      last: upTo,
    }));
    this.dispatch(page);
    if (this.seq < last) {
      return true;
    }
    this.version = version;
    return false;
  }

  private dispatch({ placed, reached }: Page<E>): void {
    for (const { delivery, seq } of placed) {
      this.seq = seq;
      if (delivery.type === 'event') {
        this.bus.event(delivery.event, seq);
      } else {
        const { missed, byKind, atMost } = delivery;
        this.bus.gap({ missed, byKind, ...(atMost && { atMost }) }, seq);
      }
    }
    this.seq = Math.max(this.seq, reached);
  }
}
