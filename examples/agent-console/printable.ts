/**
 * `text` on one line, without control characters: what a log or an agent says must not steer the terminal.
 *
 * @param width Longer texts are cut there. Default: never.
 */
export function printable(text: string, width = Infinity): string {
  // Only what may be shown is worked on: a text may be megabytes long.
  const head = text.length > width * 4 ? text.slice(0, width * 4) : text;
  const line = head.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  const characters = line.length > width ? Array.from(line) : [];
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : line;
}
