import { counted } from '../count.js';

/** The most characters to show. */
const MOST = 4000;

/**
 * What a permission request is about: the input of its tool call, or else its content, one field on each line. Connectors keep the call
 * in the event.
 *
 * The user decides by this text. So no character is invisible, and a value cannot pass for another field: its further lines are indented.
 */
export function questionText(event: object): string {
  const { toolCall } = event as {
    readonly toolCall?: { readonly rawInput?: unknown; readonly content?: unknown } | null;
  };
  const text = fieldsText(toolCall?.rawInput ?? toolCall?.content ?? '');
  return text.length > MOST ? `${text.slice(0, MOST)} … (${counted(text.length - MOST, 'more character')})` : text;
}

function fieldsText(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(fieldsText).join('\n');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value as Readonly<Record<string, unknown>>)
      .map(([name, field]) => `${valueText(name)}: ${valueText(field)}`)
      .join('\n');
  }
  return valueText(value);
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Control characters and those that change the direction of the text.
  const visible = text.replace(/[^\P{Cc}\n\t]|\p{Cf}/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16) ?? ''}}`);
  return visible.replaceAll('\n', '\n  ');
}
