import { format, resolveConfig } from 'prettier';
import { ROOT } from './paths.js';

/** `text` as the project formats its files. */
export async function formatted(text: string, parser: 'json' | 'markdown'): Promise<string> {
  const config = await resolveConfig(`${ROOT}/package.json`);
  return format(text, { ...config, parser });
}
