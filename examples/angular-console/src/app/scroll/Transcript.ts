import type { BusEvent, ContentBlock, Delivery, Event, Gap, ToolCallContent, UsageUpdated } from 'sharing-bus';
import { questionText } from '../permissions/questionText.js';
import type { Entry, LineEntry, MessageEntry, PermissionEntry, ToolEntry } from './Entry.js';

/** The most entries to keep, so that the page stays fast in a long session. */
const MAX_ENTRIES = 300;
const MAX_TEXT = 20_000;
const MAX_DETAIL = 4000;

/** The fields of an entry without those that the transcript sets. */
type Fields<E extends Entry = Entry> = E extends Entry ? Omit<E, 'id' | 'from'> : never;

/**
 * The entries of a scroll after the events so far.
 *
 * An entry that changes is replaced by a new object with the same id. An entry that does not change stays the same object.
 */
export class Transcript {
  #entries: Entry[] = [];
  /** The number of entries that are no longer kept. */
  #trimmed = 0;
  /** The ids of entries that may still change, by the key that later events have. */
  readonly #ids = new Map<string, number>();
  #usage: UsageUpdated | undefined;

  /** A new array each time, so that a signal sees the change. */
  get entries(): readonly Entry[] {
    return [...this.#entries];
  }

  get trimmed(): number {
    return this.#trimmed;
  }

  /** The latest report of tokens and cost. */
  get usage(): UsageUpdated | undefined {
    return this.#usage;
  }

  gap(gap: Gap): void {
    // Chunks before and after a gap are separate messages.
    this.#ids.clear();
    if (gap.missed === Infinity) {
      // The server has restarted. The agents of the one before have gone with it.
      this.#entries = this.#entries.map((one) =>
        one.type === 'permission' && one.state === 'waiting' ? { ...one, state: 'cancelled' } : one,
      );
    }
    this.#append('', { type: 'gap', gap });
  }

  /** Adds a note of the page itself. */
  note(text: string): void {
    this.#ids.clear();
    this.#append('', { type: 'line', tone: 'notice', kind: 'page', text });
  }

  take(delivery: Delivery): void {
    if (delivery.type === 'gap') {
      this.gap(delivery);
    } else {
      this.#event(delivery.event);
    }
  }

  #event({ routing, event }: BusEvent): void {
    const { connectorId = '', connectorUid = '', nativeSessionId = '' } = routing;
    const from = [connectorId, nativeSessionId.slice(0, 8)].filter((word) => word !== '').join(' · ');
    const session = JSON.stringify([connectorUid, connectorId, nativeSessionId]);
    switch (event.type) {
      case 'UserMessageChunk':
        this.#chunk(session, from, 'user', event.content, event.messageId);
        return;
      case 'AgentMessageChunk':
        this.#chunk(session, from, 'agent', event.content, event.messageId);
        return;
      case 'AgentThoughtChunk':
        this.#chunk(session, from, 'thought', event.content, event.messageId);
        return;
      case 'ToolCall':
      case 'ToolCallUpdate':
        this.#tool(`tool ${session} ${event.toolCallId}`, from, event);
        break;
      case 'Plan':
        this.#put(`plan ${session}`, from, { type: 'plan', steps: event.entries });
        break;
      case 'PermissionRequested': {
        const { options, requestId, title = event.toolCallId } = event;
        const key = `${connectorUid} ${requestId}`;
        const input = questionText(event);
        const asked = { type: 'permission', key, title, input, options, state: 'waiting', answer: '' } as const;
        this.#put(`permission ${session} ${requestId}`, from, asked);
        break;
      }
      case 'PermissionResolved':
        this.#answer(`permission ${session} ${event.requestId}`, from, event);
        break;
      case 'UsageUpdated':
        this.#usage = { ...this.#usage, ...event };
        return;
      default:
        this.#append(from, lineOf(routing.kind, event));
    }
    // Chunks after a tool call are a new message.
    this.#ids.delete(session);
  }

  #chunk(
    session: string,
    from: string,
    role: MessageEntry['role'],
    content: ContentBlock,
    messageId: string | undefined,
  ): void {
    const open = this.#find(session);
    const chunk = textOf(content);
    if (open?.type === 'message' && open.role === role && open.messageId === messageId) {
      this.#replace({ ...open, ...theEndOf(open.text + chunk, open.isCut) });
    } else {
      const id = this.#append(from, { type: 'message', role, messageId, ...theEndOf(chunk, false) });
      this.#ids.set(session, id);
    }
  }

  #tool(key: string, from: string, event: Extract<Event, { type: 'ToolCall' | 'ToolCallUpdate' }>): void {
    const before = this.#find(key);
    const known = before?.type === 'tool' ? before : undefined;
    const output = outputOf(event.content, event.rawOutput);
    const fields: Fields<ToolEntry> = {
      type: 'tool',
      title: event.title ?? known?.title ?? event.toolCallId,
      toolKind: event.toolKind ?? known?.toolKind ?? 'other',
      status: event.status ?? known?.status ?? 'pending',
      paths: event.locations?.map(({ path }) => path) ?? known?.paths ?? [],
      input: event.rawInput === undefined ? (known?.input ?? '') : detail(event.rawInput),
      output: output === '' ? (known?.output ?? '') : output,
    };
    this.#put(key, from, fields);
  }

  #answer(key: string, from: string, { outcome, optionId }: Extract<Event, { type: 'PermissionResolved' }>): void {
    const found = this.#find(key);
    const asked = found?.type === 'permission' ? found : NOT_SHOWN;
    const chosen = asked.options.find((option) => option.optionId === optionId)?.name ?? optionId ?? 'selected';
    const decided = outcome === 'selected' ? { state: 'answered', answer: chosen } : { state: 'cancelled', answer: '' };
    this.#put(key, from, { ...asked, ...decided } as Fields<PermissionEntry>);
  }

  /** Replaces the entry of this key, or appends one. */
  #put(key: string, from: string, fields: Fields): void {
    const before = this.#find(key);
    if (before === undefined) {
      this.#ids.set(key, this.#append(from, fields));
    } else {
      this.#replace({ ...fields, id: before.id, from });
    }
  }

  #append(from: string, fields: Fields): number {
    const id = this.#trimmed + this.#entries.length;
    this.#entries.push({ ...fields, id, from });
    if (this.#entries.length > MAX_ENTRIES) {
      this.#entries.shift();
      this.#trimmed += 1;
      this.#forget();
    }
    return id;
  }

  #replace(entry: Entry): void {
    this.#entries[entry.id - this.#trimmed] = entry;
  }

  #find(key: string): Entry | undefined {
    const id = this.#ids.get(key);
    return id === undefined ? undefined : this.#entries[id - this.#trimmed];
  }

  /** Forgets the keys of trimmed entries. Not each time, because it walks all keys. */
  #forget(): void {
    if (this.#ids.size > 4 * MAX_ENTRIES) {
      for (const [key, id] of this.#ids) {
        if (id < this.#trimmed) {
          this.#ids.delete(key);
        }
      }
    }
  }
}

const NOT_SHOWN: Fields<PermissionEntry> = {
  type: 'permission',
  key: '',
  title: 'a request that is not shown here',
  input: '',
  options: [],
  state: 'waiting',
  answer: '',
};

/** Keeps the end of a growing text. It cuts large pieces, so that it does not copy the text for each chunk. */
function theEndOf(text: string, isCut: boolean): Pick<MessageEntry, 'text' | 'isCut'> {
  return text.length > 2 * MAX_TEXT ? { text: text.slice(-MAX_TEXT), isCut: true } : { text, isCut };
}

function lineOf(kind: string, event: Event): Fields<LineEntry> {
  const quiet = (text: string): Fields<LineEntry> => ({ type: 'line', tone: 'quiet', kind, text });
  switch (event.type) {
    case 'Connected':
      return quiet('connected');
    case 'Disconnected':
      return quiet(`disconnected${because(event.reason)}`);
    case 'SessionRegistered':
      return quiet(`session ${event.sessionId} of ${event.connectorId} started`);
    case 'SessionEnded':
      return quiet(`session ended${because(event.reason)}`);
    case 'SessionInfoChanged':
      return quiet(event.title === undefined ? 'session changed' : `session is called “${event.title}”`);
    case 'TurnEnded':
      return quiet(`turn ended: ${event.stopReason}`);
    case 'ModeChanged':
      return quiet(`mode ${event.modeId}`);
    case 'CommandsChanged':
      return quiet(`commands: ${event.commands.map(({ name }) => name).join(', ') || 'none'}`);
    case 'ErrorRaised':
      return { type: 'line', tone: 'error', kind, text: event.message };
    case 'Notice':
      return {
        type: 'line',
        tone: event.severity === 'error' ? 'error' : event.severity === 'warning' ? 'notice' : 'quiet',
        kind,
        text: [event.title, event.description]
          .filter((part) => part !== undefined)
          .join(': ')
          .slice(0, MAX_DETAIL),
      };
    default:
      return quiet(detail(event));
  }
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function textOf(content: ContentBlock): string {
  return content.type === 'text' ? content.text : `[${content.type}]`;
}

/** The text of an unchecked content block. */
function textIn(content: unknown): string {
  const { text, type } = (content ?? {}) as { readonly text?: unknown; readonly type?: unknown };
  return typeof text === 'string' ? text : `[${String(type)}]`;
}

function outputOf(content: readonly ToolCallContent[] | undefined, rawOutput: unknown): string {
  const texts = content?.map((one) => (one.type === 'content' ? textIn(one['content']) : `[${one.type}]`)) ?? [];
  return texts.length > 0 ? cut(texts.join('\n')) : rawOutput === undefined ? '' : detail(rawOutput);
}

function detail(value: unknown): string {
  return cut(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

function cut(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)} …` : text;
}
