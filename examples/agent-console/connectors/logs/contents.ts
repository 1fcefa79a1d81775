import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fileChunks, type FileChunksOptions, RESTART } from './fileChunks.js';
import { NotALogError } from './NotALogError.js';

/** First bytes of files that are no text, and what to say of them. */
const FOREIGN: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0xff, 0xfe], 'it is UTF-16, and logs are UTF-8'],
  [[0xfe, 0xff], 'it is UTF-16, and logs are UTF-8'],
  [
    [...Buffer.from('SQLite format 3\0')],
    'it is an SQLite database; of OpenCode, read the output of `opencode export`',
  ],
  [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed by zstd; decompress it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'it is a ZIP archive; extract it first'],
];

/** Settings that may change while the file is read. */
export interface Source extends FileChunksOptions {
  follow: boolean;
}

const GZIP = [0x1f, 0x8b];

/**
 * The bytes of a log, in chunks, as {@link fileChunks} gives them. What gzip has compressed is decompressed. Then
 * `source.follow` is set to `false`.
 *
 * @throws NotALogError if its first bytes say that it is not a text.
 */
export async function* contents(path: string, source: Source): AsyncGenerator<Uint8Array | typeof RESTART> {
  const chunks = fileChunks(path, source);
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst && chunk !== RESTART) {
      if (startsWith(chunk, GZIP)) {
        source.follow = false;
        yield* gunzipped(chunk, chunks);
        return;
      }
      requireText(chunk);
    }
    isFirst = chunk === RESTART;
    yield chunk;
  }
}

function requireText(chunk: Uint8Array): void {
  const foreign = FOREIGN.find(([bytes]) => startsWith(chunk, bytes));
  if (foreign !== undefined) {
    throw new NotALogError(foreign[1]);
  }
}

async function* gunzipped(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array | typeof RESTART>,
): AsyncGenerator<Uint8Array> {
  const compressed = async function* (): AsyncGenerator<Uint8Array> {
    yield first;
    for await (const chunk of rest) {
      yield chunk as Uint8Array;
    }
  };
  const gunzip = createGunzip();
  // Its errors are those of the loop below.
  pipeline(Readable.from(compressed()), gunzip, () => undefined);
  let isFirst = true;
  for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
    if (isFirst) {
      requireText(chunk);
    }
    isFirst = false;
    yield chunk;
  }
}

function startsWith(chunk: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => chunk[index] === byte);
}
