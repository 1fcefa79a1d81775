import { fileURLToPath } from 'node:url';

/** The project's folder, seen from where the bench is built to. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const RESULTS = `${ROOT}/bench/results`;
export const DOCS = `${ROOT}/docs/performance.md`;
export const PLOTS = `${ROOT}/docs/plots`;
