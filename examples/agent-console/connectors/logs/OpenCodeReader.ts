import type { ContentBlock } from 'sharing-bus';
import { draft, type Draft } from '../../draft.js';
import {
  isObject,
  type Json,
  objectAt,
  objectsAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  stringAt,
} from '../shape.js';
import {
  agentSaid,
  agentThought,
  type Mark,
  modelChanged,
  notice,
  textBlock,
  titled,
  toolCall,
  toolResult,
  turnEnded,
  userSaid,
} from './drafts.js';
import type { LogReader, LogStep } from './LogReader.js';
import { timeOf } from './timeOf.js';
import { sumOf, type Usage, usageUpdated } from './usage.js';

/** OpenCode's reasons to finish a message that end a turn. */
const STOP_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['content-filter', 'refusal'],
]);

/** Reads what `opencode export` writes: one document. */
export class OpenCodeReader implements LogReader {
  #model: string | undefined;

  read(document: Json): readonly LogStep[] {
    const info = objectAt(document['info'], 'info');
    const at = timeIn(info, 'created');
    const title = optionalStringAt(info, 'title', 'info');
    return [
      { opens: stringAt(info, 'id', 'info'), at },
      ...(title === undefined ? [] : [titled(title, at)]),
      ...objectsAt(document, 'messages', 'the document').flatMap((message) => this.#message(message)),
    ];
  }

  end(): readonly LogStep[] {
    return [];
  }

  #message(message: Json): Draft[] {
    const info = objectAt(message['info'], 'message.info');
    const parts = objectsAt(message, 'parts', 'message');
    const mark = { at: timeIn(info, 'created'), messageId: stringAt(info, 'id', 'message.info') };
    return info['role'] === 'user' ? parts.flatMap((part) => userPart(part, mark)) : this.#assistant(info, parts, mark);
  }

  #assistant(info: Json, parts: readonly Json[], mark: Mark & { readonly messageId: string }): Draft[] {
    const model = optionalStringAt(info, 'modelID', 'message.info');
    const changed = model !== undefined && model !== this.#model ? [modelChanged(model, mark.at)] : [];
    this.#model = model ?? this.#model;
    const at = timeIn(info, 'completed') ?? mark.at;
    // Each step is a request. The message repeats the tokens of the last one, so they count only if there is none.
    const hasSteps = parts.some(({ type, tokens }) => type === 'step-finish' && isObject(tokens));
    return [
      ...changed,
      ...parts.flatMap((part) => agentPart(part, model, at, mark)),
      ...(hasSteps ? [] : usageOf(info, { model, requestId: mark.messageId }, at)),
      ...endOf(info, at),
    ];
  }
}

function userPart(part: Json, mark: Mark): Draft[] {
  // What OpenCode adds to the user's words.
  if (part['synthetic'] === true || part['ignored'] === true) {
    return [];
  }
  switch (part['type']) {
    case 'text':
      return [userSaid(textBlock(stringAt(part, 'text', 'text part')), mark)];
    case 'file':
      return [userSaid(fileBlock(part), mark)];
    case 'compaction':
      return [notice('compaction', undefined, mark)];
    default:
      return [];
  }
}

/** @param at The time of parts that have none. */
function agentPart(part: Json, model: string | undefined, at: number | undefined, mark: Mark): Draft[] {
  const partMark = { ...mark, at: timeIn(part, 'start') ?? mark.at };
  switch (part['type']) {
    case 'text': {
      const text = stringAt(part, 'text', 'text part');
      return text === '' ? [] : [agentSaid(textBlock(text), partMark)];
    }
    case 'reasoning':
      return agentThought(stringAt(part, 'text', 'reasoning part'), partMark);
    case 'tool':
      return toolDrafts(part, at);
    case 'step-finish':
      return usageOf(part, { model, requestId: optionalStringAt(part, 'id', 'part') }, at);
    case 'retry':
      return [notice('retry', JSON.stringify(part['error']), { at, severity: 'warning' })];
    case 'file':
      return [agentSaid(fileBlock(part), partMark)];
    default:
      return [];
  }
}

function toolDrafts(part: Json, at: number | undefined): Draft[] {
  const state = objectAt(part['state'], 'tool part.state');
  const toolCallId = stringAt(part, 'callID', 'tool part');
  const name = stringAt(part, 'tool', 'tool part');
  const call = toolCall({ toolCallId, name, rawInput: state['input'] }, timeIn(state, 'start') ?? at);
  const { status, output, error, metadata: rawOutput } = state;
  if (status !== 'completed' && status !== 'error') {
    return [call];
  }
  const text = output ?? error;
  const content = typeof text === 'string' ? [textBlock(text)] : [];
  return [
    call,
    toolResult({ toolCallId, hasFailed: status === 'error', content, rawOutput }, timeIn(state, 'end') ?? at),
  ];
}

/** Input without what was cached. OpenCode counts reasoning beside the output. */
function usageOf(holder: Json, about: Pick<Usage, 'model' | 'requestId'>, at: number | undefined): Draft[] {
  const tokens = optionalObjectAt(holder, 'tokens', 'usage');
  if (tokens === undefined) {
    return [];
  }
  const cache = optionalObjectAt(tokens, 'cache', 'tokens') ?? {};
  const reasoning = optionalNumberAt(tokens, 'reasoning', 'tokens');
  return [
    usageUpdated(
      {
        ...about,
        inputTokens: optionalNumberAt(tokens, 'input', 'tokens'),
        outputTokens: sumOf(optionalNumberAt(tokens, 'output', 'tokens'), reasoning),
        reasoningTokens: reasoning,
        cachedReadTokens: optionalNumberAt(cache, 'read', 'cache'),
        cachedWriteTokens: optionalNumberAt(cache, 'write', 'cache'),
        cost: optionalNumberAt(holder, 'cost', 'usage'),
      },
      at,
    ),
  ];
}

function endOf(info: Json, at: number | undefined): Draft[] {
  const { error, finish } = info;
  if (isObject(error)) {
    const name = optionalStringAt(error, 'name', 'error') ?? 'error';
    const details = optionalObjectAt(error, 'data', 'error') ?? {};
    const message = optionalStringAt(details, 'message', 'error.data') ?? name;
    return name === 'MessageAbortedError'
      ? [turnEnded('cancelled', at)]
      : [draft('system', 'agent', { type: 'ErrorRaised', message, code: name }, at), turnEnded('error', at)];
  }
  const reason = STOP_REASONS.get(finish);
  return reason === undefined ? [] : [turnEnded(reason, at)];
}

function fileBlock({ url: uri, mime: mimeType, filename }: Json): ContentBlock {
  return { type: 'resource_link', uri, mimeType, name: filename ?? 'file' };
}

function timeIn(holder: Json, key: string): number | undefined {
  const { time } = holder;
  return isObject(time) ? timeOf(time[key]) : undefined;
}
