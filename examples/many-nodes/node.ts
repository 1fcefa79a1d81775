/** What the three processes share: their order, their figures, and their connection to the stream. */
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  type JetStreamUpstreamOptions,
  type JetStreamUpstream,
  jetStreamUpstream,
  StreamMismatchError,
} from 'sharing-bus/nats';

export const STREAM = 'AGENTS';

/** What a process is to do, as JSON in its first argument. */
export interface Order {
  /** The address of the NATS server. */
  readonly servers: string;
  readonly folder: string;
  /** Of the event-stream server. */
  readonly port: number;
}

/** What a process tells of itself. What it does not have is left out. */
export interface Figures {
  readonly status: string;
  readonly published?: number;
  readonly stored?: number;
  readonly delivered?: number;
  readonly archived?: number;
  readonly missing?: number;
  readonly doubled?: number;
  readonly place?: number;
}

/** The parent's word to a process that is to end in an orderly way. */
export const STOP = 'stop';

const REPORT_MS = 200;
const RETRY_MS = 200;

export function readOrder(): Order {
  return JSON.parse(process.argv[2] ?? '') as Order;
}

/**
 * Sends the figures to the parent again and again. When the parent has died, this process ends.
 *
 * @param stop Aborted when the parent says so.
 * @returns Sends them once more.
 */
export function reportTo(figures: () => Figures, stop: AbortController): () => Promise<void> {
  process.on('disconnect', () => {
    process.exit(1);
  });
  process.on('message', (word) => {
    if (word === STOP) {
      stop.abort();
    }
  });
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      process.send?.(figures(), undefined, undefined, () => {
        resolve();
      });
    });
  setInterval(() => void send(), REPORT_MS).unref();
  return send;
}

/** Connects, and waits for a server that is not there yet. */
export function dial(servers: string): Promise<NatsConnection> {
  return connect({
    ...{ servers, maxReconnectAttempts: -1, waitOnFirstConnect: true },
    ...{ reconnectTimeWait: 200, reconnectJitter: 100, noAsyncTraces: true },
  });
}

/** Makes an upstream, and tries again if the server is killed meanwhile: what the client then says has many names. */
export async function openStream(options: Omit<JetStreamUpstreamOptions, 'stream'>): Promise<JetStreamUpstream> {
  for (;;) {
    try {
      return await jetStreamUpstream({ ...options, stream: STREAM });
    } catch (error) {
      if (error instanceof StreamMismatchError || error instanceof TypeError || error instanceof RangeError) {
        throw error;
      }
      await wait(RETRY_MS);
    }
  }
}
