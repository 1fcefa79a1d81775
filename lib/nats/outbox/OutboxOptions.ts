import type { NatsConnection } from '@nats-io/nats-core';
import type { SchedulerLike } from 'rxjs';
import type { Entry } from './entries.js';
import type { NotStoredError } from '../errors.js';

export interface OutboxOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly maxInFlight: number;
  /** Whether no other event, of whichever process, has the id of an event. */
  readonly hasOwnIds: boolean;
  readonly ackTimeoutMs: number;
  readonly giveUpMs: number;
  readonly scheduler: SchedulerLike;
  /** Called after an event was stored or given up. */
  readonly settled: () => void;
  /** Called when an event is to be sent again. */
  readonly refused: () => void;
  /** Called with an event that was given up. */
  readonly lost: (error: NotStoredError, entry: Entry) => void;
}
