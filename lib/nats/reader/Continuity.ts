import type { SchedulerLike } from 'rxjs';
import { epochOf, type Marker, nanosAt, type StreamNow, type StreamPlace } from '../stream/lineage.js';
import { firstAfter } from './pages.js';

/**
 * What a stream is to a reader that comes back to it:
 *
 * - `same`: the one that it has left.
 * - `made anew`: another one with the same name.
 * - `end lost`: the same, but the end that this reader has seen is gone, and no process has said so yet.
 * - `marked`: the same, without that end, and a process has said so.
 */
export type Found = 'same' | 'made anew' | 'end lost' | 'marked';

/** Knows which stream a reader has read, and when the newest message was stored that it has seen. */
export class Continuity {
  private created: string;
  private marker: Marker | undefined;
  /** When the message at the reader's place was stored; `undefined` if nothing is known to be there. */
  private nanos: string | undefined;
  /** When the last message was stored that was seen. */
  private newest: string | undefined;

  constructor(
    private readonly place: StreamPlace,
    private readonly scheduler: SchedulerLike,
    private readonly heartbeatMs: number,
    start: StreamNow,
  ) {
    this.created = start.created;
    this.marker = start.marker;
    this.nanos = start.lastNanos;
    this.newest = start.lastNanos;
  }

  get epoch(): string {
    return epochOf(this.place.stream, this.created, this.marker);
  }

  /** A message was brought that was stored at this time. */
  brought(nanos: string): void {
    this.nanos = nanos;
    this.newest = nanos;
  }

  /** The reader has gone on to a place where nothing is known to be. */
  skipped(): void {
    this.nanos = undefined;
  }

  /**
   * Compares the stream with the one that was read.
   *
   * @param seq The place of the reader.
   * @param end The last place that it knows of.
   */
  async compare(now: StreamNow, seq: number, end: number): Promise<Found> {
    if (now.created !== this.created) {
      return 'made anew';
    }
    if (await this.isThere(now, seq, end)) {
      return 'same';
    }
    return now.marker === undefined || now.marker.id === this.marker?.id ? 'end lost' : 'marked';
  }

  /** Whether the message at the place of the reader is in the stream, or may have been. */
  private async isThere(now: StreamNow, seq: number, end: number): Promise<boolean> {
    if (Math.max(seq, end) > now.lastSeq) {
      return false;
    }
    if (this.nanos === undefined || seq < now.firstSeq) {
      return true;
    }
    const nanos = seq === now.lastSeq ? now.lastNanos : await nanosAt(this.place, seq);
    return nanos === undefined || nanos === this.nanos;
  }

  /** The place of the last message that is not newer than what was seen. */
  async lastSeen(now: StreamNow): Promise<number> {
    const { place, scheduler, heartbeatMs } = this;
    if (this.newest === undefined) {
      return now.marker?.seq ?? 0;
    }
    return (await firstAfter(place, scheduler, heartbeatMs, this.newest, now.lastSeq + 1)) - 1;
  }

  /** From now on, this is the stream that was read. */
  adopt({ created, marker }: StreamNow): void {
    this.created = created;
    this.marker = marker;
    this.nanos = undefined;
  }

  /** @returns Whether the marker begins an epoch that this reader is not in. */
  takeMarker(marker: Marker): boolean {
    const isNew = marker.id !== this.marker?.id;
    if (isNew) {
      this.marker = marker;
    }
    return isNew;
  }
}
