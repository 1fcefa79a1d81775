import { type Msg, MsgHdrsImpl } from '@nats-io/nats-core';

/** Gets what became of an event. One of its methods is called; what is called later means nothing. */
export interface Ticket {
  stored(seq: number): void;
  failed(error: unknown): void;
}

/** A message that is to be stored. */
export interface Entry {
  readonly id: string;
  readonly subject: string;
  readonly payload: string;
  readonly lane: string;
  /** The event's kind. `undefined` for a message that is no event. */
  readonly kind: string | undefined;
  /** The fifth token of a registration's subject. */
  readonly pair: string | undefined;
  /** Which run of a process has sent it, if its reader has to know its own messages. */
  readonly run: string | undefined;
  readonly ticket: Ticket | undefined;
  /** If the reader does not bring it: a place before its own. `undefined`: the reader brings it. */
  readonly after?: number | undefined;
  /** How many bytes may be added to its headers. */
  readonly spareBytes: number;
}

/** The answer to a published message. */
export interface Ack {
  readonly seq?: number;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

const ID = 'Nats-Msg-Id';
const STREAM = 'Nats-Expected-Stream';
const LAST_ID = 'Nats-Expected-Last-Msg-Id';
const RUN = 'Sharing-Bus-Run';

/**
 * The headers of an entry. The server refuses it in another stream than `stream`, and, if there is a `before`, unless the newest message of the
 * stream has this id.
 */
export function headersOf({ id, run }: Entry, stream: string, before?: string): MsgHdrsImpl {
  // `set` would look for other spellings of a name, which takes most of the time of making headers.
  const made = new MsgHdrsImpl();
  made.headers.set(ID, [id]);
  made.headers.set(STREAM, [stream]);
  if (run !== undefined) {
    made.headers.set(RUN, [run]);
  }
  if (before !== undefined) {
    made.headers.set(LAST_ID, [before]);
  }
  return made;
}

/** Size of what a condition `before` adds to the headers. */
export function conditionSize(before: string): number {
  return `${LAST_ID}: ${before}\r\n`.length;
}

/** Size of the headers, as they travel. */
export function headersSize({ id, run }: Pick<Entry, 'id' | 'run'>, stream: string): number {
  const own = run === undefined ? '' : `${RUN}: ${run}\r\n`;
  return `NATS/1.0\r\n${ID}: ${id}\r\n${STREAM}: ${stream}\r\n${own}\r\n`.length;
}

/** The id of a message. */
export function idOf(message: Msg): string {
  return message.headers?.get(ID) ?? '';
}

/** The run that has sent a message, if it says so. */
export function runOf(message: Msg): string {
  return message.headers?.get(RUN) ?? '';
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

/** What a server that has refused a message says, for an error. */
export function reasonOf({ code, err_code: errorCode, description = '' }: NonNullable<Ack['error']>): string {
  return `the server said ${errorCode ?? code ?? 'nothing'} ${description}`.trim();
}
