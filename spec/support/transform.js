// @ts-check
import { createHash } from 'node:crypto';
import { transform, transformSync, version } from 'esbuild';

/** @type {import('esbuild').TransformOptions} */
const options = { loader: 'ts', format: 'esm', target: 'node20', sourcemap: 'external' };

/**
 * @param {string} source
 * @param {string} path
 */
function keyOf(source, path) {
  return createHash('sha256')
    .update([version, JSON.stringify(options), path, source].join('\0'))
    .digest('hex');
}

/**
 * Makes JavaScript of a spec, or of what it imports, for jest. Nothing is checked here: `npm run typecheck` does that, for all files at once.
 *
 * @type {import('@jest/transform').Transformer}
 */
const transformer = {
  getCacheKey: keyOf,
  process: (source, sourcefile) => transformSync(source, { ...options, sourcefile }),
  processAsync: (source, sourcefile) => transform(source, { ...options, sourcefile }),
};
export default transformer;
