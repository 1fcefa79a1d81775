import { format, resolveConfig } from 'prettier';
import { ROOT } from './paths.js';
/** `text` in the format of the project. */
export async function formatted(text, parser) {
    const config = await resolveConfig(`${ROOT}/package.json`);
    return format(text, { ...config, parser });
}
