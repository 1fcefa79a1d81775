const LONGEST = 80;

/** `value` as an error message shows it: on one line, short, and without ever throwing. */
export function show(value: unknown): string {
  let text: string;
  try {
    const asJson = typeof value === 'string' || (typeof value === 'object' && !(value instanceof Error));
    text = (asJson ? JSON.stringify(value) : undefined) ?? String(value);
    if (text === '{}') {
      const tag = Object.prototype.toString.call(value);
      // A Map, a promise and the like have nothing that JSON shows.
      text = tag === '[object Object]' ? text : tag;
    }
  } catch {
    // A cycle, a BigInt inside, a getter, a toJSON or a proxy that throws.
    text = `[${typeof value}]`;
  }
  const line = text.replace(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
