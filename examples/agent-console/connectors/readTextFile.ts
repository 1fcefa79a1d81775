import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { type ReadTextFileRequest, type ReadTextFileResponse, RequestError } from '@agentclientprotocol/sdk';

/** Larger files are refused: agents read text here. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Serves `fs/read_text_file` within `directory`.
 *
 * It refuses relative paths, paths and links that lead out of the directory, and anything but regular files.
 */
export async function readTextFile(directory: string, request: ReadTextFileRequest): Promise<ReadTextFileResponse> {
  const { path, line, limit } = request;
  if (!isAbsolute(path)) {
    throw RequestError.invalidParams({ path }, 'the path must be absolute');
  }
  const real = await realpath(path).catch(() => {
    throw RequestError.resourceNotFound(path);
  });
  if (!isWithin(await realpath(directory), real)) {
    throw RequestError.invalidParams({ path }, "the path leads out of the session's directory");
  }
  const lines = (await textOf(real)).split('\n');
  const first = Math.max(1, line ?? 1) - 1;
  return { content: lines.slice(first, first + (limit ?? Infinity)).join('\n') };
}

function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function textOf(path: string): Promise<string> {
  // O_NONBLOCK: opening a named pipe must not wait for its writer. O_NOFOLLOW: the links are resolved already.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
    (error: unknown) => {
      throw RequestError.internalError({ path }, error instanceof Error ? error.message : undefined);
    },
  );
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > MAX_BYTES) {
      throw RequestError.invalidParams({ path }, `not a regular file of at most ${MAX_BYTES} bytes`);
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
