import { createReadStream, existsSync, truncateSync } from 'node:fs';

/**
 * Calls `use` with each line of a file, and cuts off a last line without its end: a process was killed while it wrote it. A file that does
 * not exist has no lines.
 */
export async function wholeLines(file: string, use: (line: string) => void): Promise<void> {
  if (!existsSync(file)) {
    return;
  }
  let rest = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    let begin = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, begin)) {
      use(bytes.toString('utf8', begin, end));
      begin = end + 1;
    }
    size += begin;
    rest = bytes.subarray(begin);
  }
  if (rest.length > 0) {
    truncateSync(file, size);
  }
}
