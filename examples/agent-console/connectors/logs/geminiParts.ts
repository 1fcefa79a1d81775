import type { Draft } from '../../draft.js';
import { BadLineError } from '../lines.js';
import { isObject, type Json, objectAt, optionalObjectAt, optionalStringAt } from '../shape.js';
import { textBlock, toolResult } from './drafts.js';

/** A part of a message in Gemini's API, which Gemini CLI and Qwen Code log. */
export interface Part {
  readonly text: string | undefined;
  readonly isThought: boolean;
  readonly functionCall: Json | undefined;
  readonly functionResponse: Json | undefined;
}

/** A result of a tool, by the id of its call. */
export interface ResponsePart {
  readonly id: string;
  readonly name?: string | undefined;
  readonly response?: unknown;
}

/** The parts of content: a text, a part, or a list of them. */
export function partsIn(content: unknown): Part[] {
  if (content === undefined || content === null) {
    return [];
  }
  const list: readonly unknown[] = Array.isArray(content) ? content : [content];
  return list.map((one) => {
    if (typeof one === 'string') {
      return { text: one, isThought: false, functionCall: undefined, functionResponse: undefined };
    }
    const part = objectAt(one, 'part');
    return {
      text: optionalStringAt(part, 'text', 'part'),
      isThought: part['thought'] === true,
      functionCall: optionalObjectAt(part, 'functionCall', 'part'),
      functionResponse: optionalObjectAt(part, 'functionResponse', 'part'),
    };
  });
}

export function functionResponsesIn(parts: readonly Part[]): ResponsePart[] {
  return parts.flatMap(({ functionResponse }) => {
    if (functionResponse === undefined) {
      return [];
    }
    const { id, name, response } = functionResponse;
    if (typeof id !== 'string') {
      throw new BadLineError('functionResponse.id must be a string');
    }
    return [{ id, name: typeof name === 'string' ? name : undefined, response }];
  });
}

/** @param hasFailed Default: whether the response is an error. */
export function resultOfFunction({ id, name, response }: ResponsePart, hasFailed?: boolean, at?: number): Draft {
  const { output, error } = isObject(response) ? response : {};
  const text = output ?? error;
  return toolResult(
    {
      toolCallId: id,
      name,
      hasFailed: hasFailed ?? (output === undefined && error !== undefined),
      content: typeof text === 'string' ? [textBlock(text)] : [],
      // A response that is a text alone is in the content.
      rawOutput:
        typeof text === 'string' && isObject(response) && Object.keys(response).length === 1 ? undefined : response,
    },
    at,
  );
}
