import { type Msg, type MsgHdrs, MsgHdrsImpl } from '@nats-io/nats-core';

/** The answer to a published message. */
export interface Ack {
  readonly seq?: number;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

/** The headers of a message. */
export function headersOf(id: string, stream: string): MsgHdrs {
  // `set` would look for other spellings of a name, which takes most of the time of making headers.
  const made = new MsgHdrsImpl();
  made.headers.set('Nats-Msg-Id', [id]);
  made.headers.set('Nats-Expected-Stream', [stream]);
  return made;
}

/** Size of the headers, as they travel. */
export function headersSize(id: string, stream: string): number {
  return `NATS/1.0\r\nNats-Msg-Id: ${id}\r\nNats-Expected-Stream: ${stream}\r\n\r\n`.length;
}

/** The answer in a message. */
export function answerIn(message: Msg): Ack {
  const { headers: status } = message;
  if ((status?.code ?? 0) > 0) {
    return { error: { code: status?.code ?? 0, description: status?.description ?? '' } };
  }
  try {
    return message.json<Ack>();
  } catch {
    return { error: { description: 'something that is not JSON' } };
  }
}
