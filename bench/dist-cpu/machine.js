import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { ROOT } from './paths.js';
export function machineNow() {
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
const PACKAGES = [
    ['sharing-bus', ROOT],
    ['rxjs', `${ROOT}/node_modules/rxjs`],
    ...PEERS.map((name) => [name, `${ROOT}/bench/node_modules/${name}`]),
];
function versionIn(folder) {
    return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version;
}
