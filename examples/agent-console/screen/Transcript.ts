import type { BusEvent, ToolCall, ToolCallUpdate } from 'sharing-bus';
import { callText, contentText, eventText, subjectOf } from './eventText.js';

/** A line of a transcript, as one event has made or changed it. */
export interface TranscriptLine {
  /** The same for each change of a line. */
  readonly id: number;
  readonly kind: string;
  /** All of it. */
  readonly text: string;
  /** For a message: what the event has added. It may be followed by more. */
  readonly added?: string;
  readonly isNew: boolean;
}

/** A longer message is cut: a log may have megabytes. */
const MOST_CHARACTERS = 4000;
/** Tool calls whose end is awaited. */
const MOST_CALLS = 1000;

interface Message {
  readonly id: number;
  readonly key: string;
  text: string;
}

interface Call {
  readonly id: number;
  readonly title: string;
  readonly subject: string | undefined;
  readonly status: string;
  readonly text: string;
}

/** Makes lines of events: a message of its chunks, and a tool call of its updates. */
export class Transcript {
  #lines = 0;
  #message: Message | undefined;
  readonly #calls = new Map<string, Call>();

  /** @returns `undefined` if the event changes nothing that is shown. */
  add({ event, routing }: BusEvent): TranscriptLine | undefined {
    const { kind } = routing;
    switch (event.type) {
      case 'UserMessageChunk':
        // Users do not stream: without an id, it is a message of its own.
        this.#message = event.messageId === undefined ? undefined : this.#message;
        return this.#chunk(kind, `${event.type} ${event.messageId ?? ''}`, contentText(event.content));
      case 'AgentMessageChunk':
      case 'AgentThoughtChunk':
        return this.#chunk(kind, `${event.type} ${event.messageId ?? ''}`, contentText(event.content));
      case 'CompactionSummaryChunk':
        return this.#chunk(kind, `${event.type} ${event.compactionId}`, contentText(event.content));
      case 'ToolCall':
      case 'ToolCallUpdate':
        return this.#call(kind, event);
      default:
        this.#message = undefined;
        return this.#line(kind, eventText(event));
    }
  }

  #chunk(kind: string, key: string, text: string): TranscriptLine | undefined {
    if (text === '') {
      return undefined;
    }
    const message = this.#message;
    if (message?.key !== key) {
      const line = this.#line(kind, cut(text));
      this.#message = { id: line.id, key, text: line.text };
      return { ...line, added: line.text };
    }
    const { length } = message.text;
    if (length >= MOST_CHARACTERS) {
      return undefined;
    }
    message.text = cut(message.text + text);
    return { id: message.id, kind, text: message.text, added: message.text.slice(length), isNew: false };
  }

  #call(kind: string, event: ToolCall | ToolCallUpdate): TranscriptLine | undefined {
    const { toolCallId } = event;
    const known = this.#calls.get(toolCallId);
    const title = event.title ?? known?.title ?? toolCallId;
    const subject = subjectOf({ ...event }) ?? known?.subject;
    const status = event.status ?? known?.status ?? 'pending';
    const text = `${callText(title, subject)} [${status}]`;
    if (known?.text === text) {
      return undefined;
    }
    this.#message = undefined;
    const line = known === undefined ? this.#line(kind, text) : { id: known.id, kind, text, isNew: false };
    this.#calls.delete(toolCallId);
    if (status !== 'completed' && status !== 'failed') {
      this.#calls.set(toolCallId, { id: line.id, title, subject, status, text });
      this.#forget();
    }
    return line;
  }

  #forget(): void {
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= MOST_CALLS) {
        return;
      }
      this.#calls.delete(oldest);
    }
  }

  #line(kind: string, text: string): TranscriptLine {
    this.#lines += 1;
    return { id: this.#lines, kind, text, isNew: true };
  }
}

function cut(text: string): string {
  return text.length < MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}
