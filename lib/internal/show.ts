const LONGEST = 80;

/** `value` as an error message shows it: on one line, short, and without ever throwing. */
export function show(value: unknown): string {
  let text: string;
  try {
    const asJson = typeof value === 'string' || (typeof value === 'object' && !(value instanceof Error));
    text = (asJson ? JSON.stringify(value) : undefined) ?? String(value);
  } catch {
    // A cycle, a BigInt inside, a getter or a toJSON that throws.
    text = Object.prototype.toString.call(value);
  }
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
