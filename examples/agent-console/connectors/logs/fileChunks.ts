import { type FileHandle, open, stat } from 'node:fs/promises';
import { delay } from '../delay.js';

const CHUNK_BYTES = 256 * 1024;
/** The time between two checks of a followed file, in milliseconds. */
const LOOK_AGAIN = 100;
/** How much of what was read is compared, at the start of a followed file and at the last place, to notice that it was rewritten. */
const SAMPLE_BYTES = 1024;

/** Yielded when a followed file starts anew: it was truncated or rewritten, or another file has its name now. */
export const RESTART = 'restart';

export interface FileChunksOptions {
  /** Whether to wait for the file, and for what is appended to it. Looked up at each end of the file. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Called once, if there is no such file yet. */
  readonly onWait?: () => void;
}

/**
 * The bytes of a file, in chunks. With `follow`, also the bytes that are appended later, until `signal` aborts.
 *
 * A file that shrinks or is rewritten in place is read again from its start. A file that is replaced (rotated) is read to its end first.
 */
export async function* fileChunks(
  path: string,
  options: FileChunksOptions,
): AsyncGenerator<Uint8Array | typeof RESTART> {
  const { signal } = options;
  let handle = await opened(path, options);
  if (handle === undefined) {
    return;
  }
  try {
    // A pipe has no positions. It is read in order.
    const isFile = (await handle.stat()).isFile();
    const read = new Read();
    let isReplaced = false;
    while (!signal.aborted) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, isFile ? read.length : null);
      if (bytesRead > 0 && options.follow && isFile && !(await read.isStillIn(handle))) {
        read.forget();
        yield RESTART;
      } else if (bytesRead > 0) {
        read.add(chunk.subarray(0, bytesRead));
        yield chunk.subarray(0, bytesRead);
      } else if (!options.follow || !isFile) {
        return;
      } else if (isReplaced) {
        await handle.close();
        handle = await open(path);
        read.forget();
        isReplaced = false;
        yield RESTART;
      } else if (await read.isRewritten(handle)) {
        read.forget();
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

/** What was read of a file, as far as it takes to notice that it was rewritten. */
class Read {
  length = 0;
  /** When the file was changed last, when its end was reached. */
  #changedAt: number | undefined;
  #first = Buffer.alloc(0);
  #last = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (this.#first.length < SAMPLE_BYTES) {
      this.#first = Buffer.concat([this.#first, chunk.subarray(0, SAMPLE_BYTES - this.#first.length)]);
    }
    this.#last = Buffer.concat([this.#last, chunk.subarray(-SAMPLE_BYTES)]).subarray(-SAMPLE_BYTES);
  }

  forget(): void {
    this.length = 0;
    this.#changedAt = undefined;
    this.#first = Buffer.alloc(0);
    this.#last = Buffer.alloc(0);
  }

  /** Whether `handle`, which was read to its end, has become shorter or has changed at these places. */
  async isRewritten(handle: FileHandle): Promise<boolean> {
    const { size, mtimeMs } = await handle.stat();
    if (size < this.length || (mtimeMs !== this.#changedAt && !(await this.isStillIn(handle)))) {
      return true;
    }
    this.#changedAt = mtimeMs;
    return false;
  }

  /** Whether `handle` has at these places what was read there. */
  async isStillIn(handle: FileHandle): Promise<boolean> {
    return (
      this.#first.equals(await bytesAt(handle, 0, this.#first.length)) &&
      this.#last.equals(await bytesAt(handle, this.length - this.#last.length, this.#last.length))
    );
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** Opens the file. With `follow`, waits until there is one; `undefined` if that never happened. */
async function opened(path: string, { follow, signal, onWait }: FileChunksOptions): Promise<FileHandle | undefined> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      return await open(path);
    } catch (error) {
      if (!follow || !(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') {
        throw error;
      }
    }
    if (isFirst) {
      onWait?.();
    }
    await delay(LOOK_AGAIN, signal);
  }
  return undefined;
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
