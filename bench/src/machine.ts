import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { ROOT } from './paths.js';

/** The machine of a run, and the versions of the packages. */
export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly packages: Readonly<Record<string, string>>;
}

export function machineNow(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    packages: Object.fromEntries(PACKAGES.map(([name, folder]) => [name, versionIn(folder)])),
  };
}

const PEERS = ['eventemitter3', 'mitt', 'emittery', 'effect'];
const PACKAGES: readonly (readonly [name: string, folder: string])[] = [
  ['sharing-bus', ROOT],
  ['rxjs', `${ROOT}/node_modules/rxjs`],
  ...PEERS.map((name) => [name, `${ROOT}/bench/node_modules/${name}`] as const),
];

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }).version;
}
