import { type FileHandle, open, stat } from 'node:fs/promises';
import { delay } from './delay.js';

const CHUNK_BYTES = 256 * 1024;
/** The time between two checks of a followed file, in milliseconds. */
const LOOK_AGAIN = 100;

/** Yielded when a followed file starts anew: it was truncated, or another file has its name now. */
export const RESTART = 'restart';

/**
 * The bytes of a file, in chunks. With `follow`, also the bytes that are appended later, until `signal` aborts.
 *
 * A file that shrinks is read again from its start. A file that is replaced (rotated) is read to its end first.
 */
export async function* fileChunks(
  path: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array | typeof RESTART> {
  let handle = await open(path);
  try {
    // A pipe has no positions. It is read in order.
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

/** Whether `path` names another file than the open one. During a rotation it may name no file; that is not another one. */
async function hasAnotherFile(path: string, handle: FileHandle): Promise<boolean> {
  try {
    const [named, opened] = await Promise.all([stat(path), handle.stat()]);
    return named.ino !== opened.ino || named.dev !== opened.dev;
  } catch {
    return false;
  }
}
