/** The fields of a block, apart from its data. */
export interface BlockFields {
  readonly event?: string;
  readonly id?: string | undefined;
}

/** Formats a block of an event stream. `data` is JSON, which has no line breaks, so one `data:` line holds it. */
export function block(data: string, { event, id }: BlockFields = {}): string {
  const eventLine = event === undefined ? '' : `event: ${event}\n`;
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${eventLine}${idLine}data: ${data}\n\n`;
}

/** Formats a comment. A client ignores its text, but sees that the connection works. */
export function comment(text: string): string {
  return `: ${text}\n\n`;
}
