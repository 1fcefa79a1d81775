/** The UTF-8 bytes of `text`; no more than that there are more than `limit`, where that is so. */
export function byteLength(text: string, limit: number): number {
  // A unit of UTF-16 is one to three bytes: most texts need not be encoded for this.
  return text.length > limit || text.length * 3 <= limit ? text.length : new TextEncoder().encode(text).length;
}
