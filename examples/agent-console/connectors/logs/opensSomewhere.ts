import { stat } from 'node:fs/promises';
import { jsonValuesOf, LineSplitter, type RawLine } from '../lines.js';
import { isObject } from '../shape.js';
import { contents } from './contents.js';
import { RESTART } from './fileChunks.js';
import type { LogFormat } from './formats.js';
import { isOpening } from './LogReader.js';

/** Whether any line of the log opens a session. `false` for a pipe, which can be read only once. */
export async function opensSomewhere(file: string, format: LogFormat, signal: AbortSignal): Promise<boolean> {
  if (!(await stat(file)).isFile()) {
    return false;
  }
  const lines = new LineSplitter();
  const reader = format.reader?.();
  const opens = (line: RawLine): boolean => {
    try {
      return jsonValuesOf(line).some((value) => isObject(value) && reader?.read(value).some(isOpening));
    } catch {
      // A bad line is reported when its turn comes.
      return false;
    }
  };
  for await (const chunk of contents(file, { follow: false, signal })) {
    for (const line of chunk === RESTART ? [] : lines.push(chunk)) {
      if (opens(line)) {
        return true;
      }
    }
  }
  return [...lines.end()].some(opens);
}
