/** The number of UTF-8 bytes of `text` if it is at most `limit`, else some number above `limit`. */
export function byteLength(text: string, limit: number): number {
  // A UTF-16 code unit takes one to three bytes, so most texts need not be encoded to decide.
  return text.length > limit || text.length * 3 <= limit ? text.length : new TextEncoder().encode(text).length;
}
