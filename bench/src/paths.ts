import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, seen from where the bench is built to. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const RESULTS = `${ROOT}/bench/results`;
export const DOCS = `${ROOT}/docs/performance.md`;
export const PLOTS = `${ROOT}/docs/plots`;

/** A path as it was given, seen from where npm was called: it runs this in the bench's own folder. */
export const given = (path: string): string => resolve(process.env['INIT_CWD'] ?? '.', path);
