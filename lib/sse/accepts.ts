/** Whether an `Accept` header allows `text/event-stream`. The most specific range that fits decides. */
export function acceptsEventStream(accept: string | null): boolean {
  if (accept === null || accept.trim() === '') {
    return true;
  }
  const ranges = accept.toLowerCase().split(',').map(parseRange);
  for (const fitting of ['text/event-stream', 'text/*', '*/*']) {
    const range = ranges.find(({ type }) => type === fitting);
    if (range !== undefined) {
      return range.quality > 0;
    }
  }
  return false;
}

function parseRange(text: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
}
