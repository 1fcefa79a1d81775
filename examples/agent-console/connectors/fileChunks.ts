import { type FileHandle, open, stat } from 'node:fs/promises';
import { delay } from './delay.js';

const CHUNK_BYTES = 256 * 1024;
/** How often a followed file is looked at again, in milliseconds. */
const LOOK_AGAIN = 100;

/** Said between two chunks of a followed file that begins anew: it was cut off, or another one has its name now. */
export const RESTART = 'restart';

/**
 * The bytes of a file, in chunks, until its end; with `follow`, what is appended to it, until `signal` aborts.
 *
 * A file that shrinks is read again from its start. One that is replaced (rotated) is read to its end first.
 */
export async function* fileChunks(
  path: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array | typeof RESTART> {
  let handle = await open(path);
  try {
    // What is no regular file (a pipe) has no positions; it is read as it comes.
    const isFile = (await handle.stat()).isFile();
    let position = 0;
    let isReplaced = false;
    while (!signal.aborted) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, isFile ? position : null);
      if (bytesRead > 0) {
        position += bytesRead;
        yield chunk.subarray(0, bytesRead);
      } else if (!follow || !isFile) {
        return;
      } else if (isReplaced) {
        await handle.close();
        handle = await open(path);
        position = 0;
        isReplaced = false;
        yield RESTART;
      } else if ((await handle.stat()).size < position) {
        position = 0;
        yield RESTART;
      } else {
        isReplaced = await hasAnotherFile(path, handle);
        await delay(isReplaced ? 0 : LOOK_AGAIN, signal);
      }
    }
  } finally {
    await handle.close();
  }
}

/** Whether `path` names another file now than the open one. In the midst of a rotation it names none. */
async function hasAnotherFile(path: string, handle: FileHandle): Promise<boolean> {
  try {
    const [named, opened] = await Promise.all([stat(path), handle.stat()]);
    return named.ino !== opened.ino || named.dev !== opened.dev;
  } catch {
    return false;
  }
}
