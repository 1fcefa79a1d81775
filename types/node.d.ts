// The declarations of Node for the build of lib/sqlite: only what it uses.

declare module 'node:fs' {
  export function closeSync(descriptor: number): void;
  export function fsyncSync(descriptor: number): void;
  export function openSync(path: string, flags: string): number;
  export function readFileSync(path: string, encoding: 'utf8'): string;
  export function realpathSync(path: string): string;
  export function statSync(path: string, options: { throwIfNoEntry: false }): { dev: number; ino: number } | undefined;
  export function writeSync(descriptor: number, text: string, position: number): number;
}

declare module 'node:module' {
  export function createRequire(url: string): (id: string) => unknown;
}

declare module 'node:os' {
  export function uptime(): number;
}

declare module 'node:path' {
  export function resolve(path: string): string;
}

interface ImportMeta {
  readonly url: string;
}
