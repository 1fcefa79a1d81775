import type { NatsConnection, Subscription } from '@nats-io/nats-core';
import { type Ack, answerIn } from './entries.js';
import { newInbox } from '../reader/Pull.js';

/** Brings the answers to published messages. All come to one subscription. */
export class Acks {
  private readonly inbox: string;
  private readonly subscription: Subscription;

  /** @param next Called with an answer, and with the numbers that {@link Acks.replyTo} got. */
  constructor(connection: NatsConnection, next: (number: number, attempt: number, ack: Ack) => void) {
    this.inbox = newInbox(connection);
    this.subscription = connection.subscribe(`${this.inbox}.*.*`, {
      callback: (error, message) => {
        if (error === null) {
          const [attempt, number] = message.subject.split('.').reverse();
          next(Number(number), Number(attempt), answerIn(message));
        }
      },
    });
  }

  /** The subject for the answer to this attempt. */
  replyTo(number: number, attempt: number): string {
    return `${this.inbox}.${number}.${attempt}`;
  }

  close(): void {
    this.subscription.unsubscribe();
  }
}
