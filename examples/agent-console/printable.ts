/**
 * `text` on one line, without control characters: a log or an agent must not control the terminal.
 *
 * @param width The most characters; a longer text is cut. Default: no limit.
 */
export function printable(text: string, width = Infinity): string {
  // Cut first: a text may be megabytes long.
  const head = text.length > width * 4 ? text.slice(0, width * 4) : text;
  const line = head.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  const characters = line.length > width ? Array.from(line) : [];
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : line;
}

/** A part of a longer text without control characters, except for newlines. */
export function printableText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/gu, ' ');
}
