import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
/** The folder of the project, relative to the built files of the bench. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const RESULTS = `${ROOT}/bench/results`;
export const DOCS = `${ROOT}/docs/performance.md`;
export const PLOTS = `${ROOT}/docs/plots`;
/** Resolves a path of the command line. It is relative to the folder in which npm was called, not to that of the bench. */
export const given = (path) => resolve(process.env['INIT_CWD'] ?? '.', path);
