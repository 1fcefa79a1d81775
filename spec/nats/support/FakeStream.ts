import type { Msg, MsgCallback, NatsConnection, PublishOptions } from '@nats-io/nats-core';
import type { VirtualTimeScheduler } from 'rxjs';

/** What a server does with a message that it gets. `late`: it stores it much later, also if the connection is gone by then, and says nothing. */
export type Verdict = 'ack' | 'store and say nothing' | 'lose' | 'refuse' | 'late';

/** A message that a server has got. */
export interface Sent {
  readonly id: string;
  readonly subject: string;
  readonly payload: string;
  readonly reply: string;
  readonly message: Msg;
  /** The id that the newest message of the stream must have. */
  readonly after: string | undefined;
}

const LATE_MS = 170;

/** A stream that finds duplicates by their ids, and a connection to it, in virtual time. */
export class FakeStream {
  readonly sent: Sent[] = [];
  readonly stored: Sent[] = [];
  readonly connection: NatsConnection;
  isUp = true;
  /** A real server does. */
  looksAtCondition = true;
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

  /** Another process stores something. */
  storeOther(id = `other${this.stored.length}`): void {
    const message = { subject: 'other' } as Msg;
    this.stored.push({
      id,
      subject: 'other',
      payload: '',
      reply: '',
      message,
      after: undefined,
    });
  }

  private take(sent: Sent): void {
    this.sent.push(sent);
    const verdict = this.decide(this.sent.length - 1);
    // Answers come later.
    this.scheduler.schedule(
      () => {
        if (verdict === 'late') {
          this.store(sent);
        } else if (this.isUp && verdict !== 'lose') {
          this.decided(sent, verdict);
        }
      },
      verdict === 'late' ? LATE_MS : 1,
    );
  }

  private decided(sent: Sent, verdict: Verdict): void {
    if (verdict === 'refuse') {
      this.reply(sent.reply, { error: { code: 503, err_code: 10077, description: 'full' } });
      return;
    }
    const isStored = this.store(sent);
    if (!isStored) {
      this.reply(sent.reply, { error: { code: 400, err_code: 10070, description: 'wrong last msg ID' } });
    } else if (verdict === 'ack') {
      this.reply(sent.reply, { stream: 'S', seq: this.placeOf(sent.id) });
    }
  }

  /** As a server: it looks for duplicates first. */
  private store(sent: Sent): boolean {
    if (this.placeOf(sent.id) > 0) {
      return true;
    }
    if (this.looksAtCondition && sent.after !== undefined && sent.after !== this.stored.at(-1)?.id) {
      return false;
    }
    this.stored.push(sent);
    return true;
  }
}

function sentAs(subject: string, payload: string, { reply = '', headers }: PublishOptions): Sent {
  const message = { subject, headers, json: () => JSON.parse(payload) as unknown } as Msg;
  const after = headers?.get('Nats-Expected-Last-Msg-Id');
  return {
    ...{ id: headers?.get('Nats-Msg-Id') ?? '', subject, payload, reply, message },
    after: after === '' ? undefined : after,
  };
}
