import type { Msg, MsgCallback, NatsConnection, PublishOptions } from '@nats-io/nats-core';
import type { VirtualTimeScheduler } from 'rxjs';

/** What a server does with a message that it gets. */
export type Verdict = 'ack' | 'store and say nothing' | 'lose' | 'refuse';

/** A message that a server has got. */
export interface Sent {
  readonly id: string;
  readonly subject: string;
  readonly payload: string;
  readonly reply: string;
  readonly message: Msg;
}

/** A stream that finds duplicates by their ids, and a connection to it, in virtual time. */
export class FakeStream {
  readonly sent: Sent[] = [];
  readonly stored: Sent[] = [];
  readonly connection: NatsConnection;
  isUp = true;
  private answer: MsgCallback<Msg> = () => undefined;

  /** @param decide What is done with the message that is sent as the one after `count` others. */
  constructor(
    private readonly scheduler: VirtualTimeScheduler,
    private readonly decide: (count: number) => Verdict,
  ) {
    this.connection = {
      publish: (subject: string, payload: string, options: PublishOptions) => {
        if (this.isUp) {
          this.take(sentAs(subject, payload, options));
        }
      },
      subscribe: (_subject: string, { callback }: { callback: MsgCallback<Msg> }) => {
        this.answer = callback;
        return { unsubscribe: () => undefined };
      },
    } as unknown as NatsConnection;
  }

  reply(subject: string, value: unknown): void {
    void this.answer(null, { subject, json: () => value } as Msg);
  }

  /** Its place, from 1; 0 if it is not stored. */
  placeOf(id: string): number {
    return this.stored.findIndex((one) => one.id === id) + 1;
  }

  private take(sent: Sent): void {
    this.sent.push(sent);
    const verdict = this.decide(this.sent.length - 1);
    // Answers come later.
    this.scheduler.schedule(() => {
      if (!this.isUp || verdict === 'lose') {
        return;
      }
      if (verdict === 'refuse') {
        this.reply(sent.reply, { error: { code: 503, err_code: 10077, description: 'full' } });
        return;
      }
      if (this.placeOf(sent.id) === 0) {
        this.stored.push(sent);
      }
      if (verdict === 'ack') {
        this.reply(sent.reply, { stream: 'S', seq: this.placeOf(sent.id) });
      }
    }, 1);
  }
}

function sentAs(subject: string, payload: string, { reply = '', headers }: PublishOptions): Sent {
  const message = { subject, headers, json: () => JSON.parse(payload) as unknown } as Msg;
  return { id: headers?.get('Nats-Msg-Id') ?? '', subject, payload, reply, message };
}
