/** What a block of the stream says, besides its data. */
export interface BlockFields {
  readonly event?: string;
  readonly id?: string | undefined;
}

/** A block of an event stream. `data` is JSON, so that it has no line of its own: one `data:` holds it. */
export function block(data: string, { event, id }: BlockFields = {}): string {
  const eventLine = event === undefined ? '' : `event: ${event}\n`;
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${eventLine}${idLine}data: ${data}\n\n`;
}

/** What every client ignores, but for the fact that it came. */
export function comment(text: string): string {
  return `: ${text}\n\n`;
}
