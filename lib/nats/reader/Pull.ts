import { type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/nats-core';
import type { SchedulerLike, Subscription as Action } from 'rxjs';
import { scheduleOutOfContext } from '../../internal/support/context.js';
import { leavesNothingOut } from '../stream/streamConfig.js';

const NANOS = 1_000_000;
/** The server ends a request after this time, and the next one is sent. */
const EXPIRES_MS = 30_000;
/** The server forgets the consumer when it was not asked for this time, as when the process has died. */
const INACTIVE_MS = 30_000;
/** Where a server from 2.11 on says which version it has. */
const VERSION = '_nats.ver';
/** The server is believed to be away when so many heartbeats are missing. */
const MISSED_HEARTBEATS = 3;

/** A stored message. */
export interface Pulled {
  readonly message: Msg;
  /** Its place in the stream. */
  readonly seq: number;
  /** When it was stored, in nanoseconds since 1970. */
  readonly nanos: string;
  /** Number of messages that the consumer has still to send. */
  readonly left: number;
}

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly api: string;
  readonly stream: string;
  readonly scheduler: SchedulerLike;
  readonly heartbeatMs: number;
  /** Where to begin: at a place, at a time in RFC 3339, or with the last message of each subject. */
  readonly start: { readonly seq: number } | { readonly time: string } | 'last per subject';
  /** One or several subjects, of which no two overlap. Several only from 2.10 on, and see `isExact`. Default: all. */
  readonly filter?: string | readonly string[] | undefined;
  /** Called with each message, in order. */
  readonly next: (pulled: Pulled) => void;
  /** Called with everything else that shows that the server is there. `outstanding` may be smaller then. */
  readonly idle: () => void;
  /** Called once, if messages are missing or none will come any more. */
  readonly failed: (reason: string) => void;
}

/** What a message's reply subject says. See ADR-15 of NATS: the newer form has a domain and an account before the stream. */
function metaOf(reply: string): { seq: number; number: number; nanos: string; left: number } {
  const tokens = reply.split('.');
  const at = tokens.length >= 11 ? 7 : 5;
  return {
    seq: Number(tokens[at]),
    number: Number(tokens[at + 1]),
    nanos: tokens[at + 2] ?? '',
    left: Number(tokens[at + 3]),
  };
}

/**
 * A consumer without acknowledgements that sends only what it was asked for. It is ordered: each message has a number, and a number that is
 * missing ends it. It never begins anew by itself.
 *
 * The client's own ordered consumer is not used: see docs/decisions.md, D-096.
 */
export class Pull {
  private readonly options: PullOptions;
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private readonly request: string;
  private readonly name: string;
  private lastNumber = 0;
  private isOver = false;
  private watch: Action | undefined;
  /** Number of heartbeats since the last sign of the server. */
  private missed = 0;
  /** Number of messages that were asked for and have not come. */
  outstanding = 0;
  /** Number of messages at its making that match. */
  readonly pending: number;
  /** Whether its server sends all messages that match, also of several subjects. */
  readonly isExact: boolean;
  /** Number of these that have still to come. */
  private behind: number;

  /** Makes a consumer on the server. */
  static async open(options: PullOptions): Promise<Pull> {
    const { manager, stream, start, filter } = options;
    const config: Partial<ConsumerConfig> = {
      ...policyOf(start),
      ack_policy: 'none',
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: INACTIVE_MS * NANOS,
      ...filterOf(filter),
    };
    const { name, num_pending: pending, config: made } = await manager.consumers.add(stream, config);
    return new Pull(options, name, pending, leavesNothingOut(made.metadata?.[VERSION] ?? ''));
  }

  private constructor(options: PullOptions, name: string, pending: number, isExact: boolean) {
    const { connection, api, stream } = options;
    this.options = options;
    this.name = name;
    this.pending = pending;
    this.behind = pending;
    this.isExact = isExact;
    this.request = `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`;
    this.inbox = newInbox(connection);
    this.subscription = connection.subscribe(this.inbox, {
      callback: (error, message) => {
        if (error !== null) {
          this.fail(error.message);
        } else if (!this.isOver) {
          this.missed = 0;
          this.take(message);
        }
      },
    });
    this.listen();
  }

  /** Whether all that matched at its making has come. */
  get hasCaughtUp(): boolean {
    return this.behind === 0;
  }

  /** Asks for `count` messages more. */
  ask(count: number): void {
    this.outstanding += count;
    this.send({ batch: count, expires: EXPIRES_MS * NANOS, idle_heartbeat: this.options.heartbeatMs * NANOS });
  }

  /** Asks for a message if there is one now. `idle` is called if not. */
  probe(): void {
    this.outstanding += 1;
    this.send({ batch: 1, no_wait: true });
  }

  private send(request: object): void {
    if (this.isOver) {
      return;
    }
    const { connection } = this.options;
    connection.publish(this.request, JSON.stringify(request), { reply: this.inbox });
  }

  /** Ends it without a word. */
  close(): void {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.watch?.unsubscribe();
    this.subscription.unsubscribe();
    const { manager, stream, connection } = this.options;
    if (!connection.isClosed()) {
      // If this fails, the server forgets it after a while.
      manager.consumers.delete(stream, this.name).catch(() => undefined);
    }
  }

  /** Counts the heartbeats that are missing while the server owes messages. */
  private listen(): void {
    const { scheduler, heartbeatMs } = this.options;
    this.watch = scheduleOutOfContext(
      scheduler,
      () => {
        this.missed = this.outstanding === 0 ? 0 : this.missed + 1;
        if (this.missed >= MISSED_HEARTBEATS) {
          this.fail(`the server gave no sign for ${MISSED_HEARTBEATS} heartbeats`);
        } else if (!this.isOver) {
          this.listen();
        }
      },
      heartbeatMs,
    );
  }

  private fail(reason: string): void {
    if (!this.isOver) {
      this.close();
      this.options.failed(reason);
    }
  }

  private take(message: Msg): void {
    const { reply, headers } = message;
    const code = headers?.code ?? 0;
    if (code > 0 && message.data.length === 0) {
      this.takeStatus(code, headers?.description ?? '', (name) => Number(headers?.get(name) ?? ''));
      return;
    }
    const { seq, number, nanos, left } = metaOf(reply ?? '');
    if (number !== this.lastNumber + 1) {
      this.fail(`message ${this.lastNumber + 1} of the consumer has not arrived`);
      return;
    }
    this.lastNumber = number;
    this.behind = Math.max(0, Math.min(this.behind - 1, left));
    this.outstanding = Math.max(0, this.outstanding - 1);
    this.options.next({ message, seq, nanos, left });
  }

  private takeStatus(code: number, description: string, header: (name: string) => number): void {
    if (code === 100) {
      // There is nothing to send.
      this.behind = 0;
      if (header('Nats-Last-Consumer') > this.lastNumber) {
        this.fail('the last messages of the consumer have not arrived');
      }
    } else if (code === 404 || code === 408) {
      this.outstanding = Math.max(0, this.outstanding - header('Nats-Pending-Messages'));
    } else {
      this.fail(`the server said ${code} ${description}`);
    }
    if (!this.isOver) {
      this.options.idle();
    }
  }
}

function filterOf(filter: PullOptions['filter']): Partial<ConsumerConfig> {
  const [subject, ...others] = typeof filter === 'string' ? [filter] : (filter ?? []);
  if (subject === undefined) {
    return {};
  }
  // A server before 2.10 does not know the list.
  return others.length === 0 ? { filter_subject: subject } : { filter_subjects: [subject, ...others] };
}

function policyOf(start: PullOptions['start']): Partial<ConsumerConfig> {
  if (start === 'last per subject') {
    return { deliver_policy: 'last_per_subject' };
  }
  return 'seq' in start
    ? { deliver_policy: 'by_start_sequence', opt_start_seq: start.seq }
    : { deliver_policy: 'by_start_time', opt_start_time: start.time };
}

/** An inbox with the prefix of the connection's options, since the user may have no right to others. */
export function newInbox(connection: NatsConnection): string {
  return createInbox((connection as { options?: { inboxPrefix?: string } }).options?.inboxPrefix);
}
