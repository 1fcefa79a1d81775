const LONGEST = 80;

/** Formats `value` for an error message, on one line and at most about 80 characters. Never throws. */
export function show(value: unknown): string {
  let text: string;
  try {
    const asJson = typeof value === 'string' || (typeof value === 'object' && !(value instanceof Error));
    text = (asJson ? JSON.stringify(value) : undefined) ?? String(value);
    if (text === '{}') {
      const tag = Object.prototype.toString.call(value);
      // A Map, a promise and similar objects have nothing that JSON shows.
      text = tag === '[object Object]' ? text : tag;
    }
  } catch {
    // A cycle, a nested BigInt, or a getter, a toJSON or a proxy that throws.
    text = `[${typeof value}]`;
  }
  const line = text.replace(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
