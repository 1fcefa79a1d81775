import type { NatsConnection, Status } from '@nats-io/nats-core';

/** What a {@link ConnectionWatch} tells. */
export interface ConnectionListener {
  disconnected(): void;
  connected(): void;
  /** The connection is closed for good. */
  ended(error: unknown): void;
  /** The server has refused the right to publish to `subject`. */
  denied(subject: string, error: Error): void;
}

/** Follows the state of a connection from now on. */
export class ConnectionWatch {
  private readonly statuses: AsyncIterable<Status>;
  private isStopped = false;
  private error: unknown;
  private hasEnded = false;
  isConnected = true;
  private listener: ConnectionListener | undefined;

  constructor(connection: NatsConnection) {
    this.statuses = connection.status();
    void this.follow();
    void connection.closed().then((error) => {
      this.isConnected = false;
      this.hasEnded = true;
      this.error = error ?? undefined;
      if (!this.isStopped) {
        this.listener?.ended(this.error);
      }
    });
  }

  listen(listener: ConnectionListener): void {
    this.listener = listener;
    if (this.hasEnded) {
      listener.ended(this.error);
    } else if (!this.isConnected) {
      listener.disconnected();
    }
  }

  /**
   * The outcome of `work`, or the error of the server when it refuses the right to publish to a subject that begins with `start`. To be called
   * before `listen`.
   */
  unlessDenied<T>(start: string, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      const nothing = (): undefined => undefined;
      const denied = (subject: string, error: Error): void => {
        if (subject.startsWith(start)) {
          reject(error);
        }
      };
      this.listener = { disconnected: nothing, connected: nothing, ended: nothing, denied };
    });
  }

  stop(): void {
    this.isStopped = true;
    this.listener = undefined;
    // The connection would keep its queue for ever. Not among the public members.
    (this.statuses as { stop?: () => void }).stop?.();
  }

  private async follow(): Promise<void> {
    try {
      for await (const status of this.statuses) {
        if (this.isStopped) {
          return;
        }
        this.take(status);
      }
    } catch {
      // The connection is closed, which `closed` tells.
    }
  }

  private take(status: Status): void {
    switch (status.type) {
      case 'disconnect':
        if (this.isConnected) {
          this.isConnected = false;
          this.listener?.disconnected();
        }
        break;
      case 'reconnect':
        if (!this.isConnected) {
          this.isConnected = true;
          this.listener?.connected();
        }
        break;
      case 'error': {
        const { name, operation, subject } = status.error as { name: string; operation?: unknown; subject?: unknown };
        if (name === 'PermissionViolationError' && operation === 'publish' && typeof subject === 'string') {
          this.listener?.denied(subject, status.error);
        }
        break;
      }
      default:
    }
  }
}
