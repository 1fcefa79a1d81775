import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
/** Where the package is built, and what runs it is bundled. */
const place = mkdtempSync(join(tmpdir(), 'sharing-bus-engines-'));
const dist = join(place, 'dist');
/** The shell of JavaScriptCore, which is Safari's engine: Debian's, where it is installed, or the one that is named. */
const { JSC: named } = process.env;
const jsc = named ?? '/usr/bin/jsc';

/** As `npm run build`, without what does not run. */
async function buildPackage(): Promise<void> {
  const options = ['--noCheck', '--declaration', 'false', '--declarationMap', 'false', '--sourceMap', 'false'];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), ...options, '--outDir', dist]);
}

/** Bundles the scenarios with the built package, behind what makes the engine what it is to be. */
async function bundle(name: string, prelude: readonly string[]): Promise<string> {
  const outfile = join(place, `${name}.mjs`);
  const entry = (path = ''): string => join(dist, path, 'index.js');
  const imports = [...prelude, 'scenarios'].map((file) => `import './${file}.ts';`);
  await build({
    stdin: { contents: imports.join('\n'), resolveDir: join(root, 'spec', 'engines') },
    alias: {
      'sharing-bus': entry(),
      'sharing-bus/otel': entry('otel'),
      'sharing-bus/schema': entry('schema'),
      'sharing-bus/sse': entry('sse'),
      'sharing-bus/testing': entry('testing'),
    },
    // The built package lies outside of the project.
    nodePaths: [join(root, 'node_modules')],
    bundle: true,
    // The project says that its files have no side effects: the prelude and the scenarios are nothing else.
    ignoreAnnotations: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outfile,
  });
  return outfile;
}

async function outcomes(
  name: string,
  prelude: readonly string[],
  command: string,
  ...args: string[]
): Promise<unknown> {
  const { stdout } = await run(command, [...args, await bundle(name, prelude)], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return JSON.parse(stdout);
}

const has = (...names: string[]): string[] => names;

/** What becomes of each scenario. */
const expected = {
  'break out of for await': [1, 'slots', 0, 'next', null],
  'break out of for await of deliveries': ['event', 'slots', 0, 'next', null],
  'return of an iterator': [{ done: true }, 'slots', 0, 'next', null],
  'throw of an iterator': ['e', 'slots', 0, 'next', null],
  'cancel of a stream': [null, 'slots', 0, 'next', null],
  'cancel of a stream of deliveries': [null, 'slots', 0, 'next', null],
  'cancel of a reader': [1, 'slots', 0, 'next', null],
  'unsubscribe from events$': [null, 'slots', 0, 'next', null],
  'unsubscribe from deliveries$': [null, 'slots', 0, 'next', null],
  'close of a receiver': [null, 'slots', 0, 'next', 1],
  'unsubscribe of an id': [null, 'slots', 0, 'next', 1],
  'close of a bus': [null, 'slots', 0, 'next', 1],
  'abort of a signal': ['slots', 0, 'next', null],
  'unsubscribe from a stream that consumes': ['slots', 0],
  'flush and connect': [1, 1, 2, 3],
  'dispose of a receiver, where the engine has that': [null, 'slots', 1, 'next', 1],
  'asyncDispose of a receiver, where the engine has that': [null, 'slots', 1, 'next', 1],
  'dispose of a bus, where the engine has that': [null, 'slots', 1, 'next', 1],
  'asyncDispose of a bus, where the engine has that': [null, 'slots', 1, 'next', 1],
  'names of disposal': [[], [], [], []] as string[][],
  'cancel of an event stream': [1, 0] as unknown,
  'close of event streams': 0,
  marbles: [true, 1, 0],
  'schema and metrics': 'Connected',
};

const expectedWithSymbols = {
  ...expected,
  'dispose of a receiver, where the engine has that': [null, 'slots', 0, 'next', null],
  'asyncDispose of a receiver, where the engine has that': [null, 'slots', 0, 'next', null],
  'dispose of a bus, where the engine has that': [null, 'slots', 0, 'next', 1],
  'asyncDispose of a bus, where the engine has that': [null, 'slots', 0, 'next', 1],
  'names of disposal': [
    has('dispose', 'asyncDispose'),
    has('dispose', 'asyncDispose'),
    has('asyncDispose'),
    has('dispose'),
  ],
};

describe('the built package, where nothing goes through a symbol of disposal', () => {
  beforeAll(buildPackage, 60_000);

  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it('laws 30, 31, 33: an engine that has Symbol.dispose has methods of that name', async () => {
    expect(await outcomes('node', [], process.execPath)).toEqual(expectedWithSymbols);
  }, 60_000);

  it('laws 30, 31, 33: one that has not works as well, and has no method "undefined"', async () => {
    expect(await outcomes('without', ['withoutDisposal'], process.execPath)).toEqual(expected);
  }, 60_000);

  if (named !== undefined || existsSync(jsc)) {
    it('laws 30, 31, 33: so does JavaScriptCore', async () => {
      expect(await outcomes('jsc', ['jscShell'], jsc, '-m')).toEqual({
        ...expected,
        'cancel of an event stream': 'this platform has no Response',
      });
    }, 60_000);
  }
});
