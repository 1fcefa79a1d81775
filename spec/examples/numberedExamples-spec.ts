import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as main from 'sharing-bus';
import type { BusReceiver } from 'sharing-bus';
import * as otel from 'sharing-bus/otel';
import * as sse from 'sharing-bus/sse';
import * as options from '../../lib/options.js';
import { compile, root } from './support/compile.js';

const run = promisify(execFile);
const folder = join(root, 'examples');
const scripts = readdirSync(folder)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .sort();
/** Inside of the project, for the packages that they import. */
const built = mkdtempSync(join(folder, '.numbered-'));
await compile(Object.fromEntries(scripts.map((script) => [script, join(folder, script)])), built);

function sourceOf(script: string): string {
  return readFileSync(join(folder, script), 'utf8');
}

const RECEIVER: Record<Exclude<keyof BusReceiver, symbol>, true> = {
  id: true,
  name: true,
  events$: true,
  lagged: true,
  lagged$: true,
  deliveries$: true,
  deliveries: true,
  missed: true,
  position: true,
  closed$: true,
  recv: true,
  tryRecv: true,
  toReadableStream: true,
  close: true,
  dispose: true,
};

const FEATURES = [
  ...[main, sse, otel].flatMap((entry) => Object.keys(entry)).filter((name) => !name.endsWith('Error')),
  ...Object.values(options).flatMap((names) => Object.keys(names)),
  ...Object.getOwnPropertyNames(main.SharingBus.prototype).filter((name) => name !== 'constructor'),
  ...Object.keys(main.EventFilter),
  ...Object.keys(RECEIVER),
];

/** The comment that ends an example is what it prints, line by line. */
function promisedOutput(script: string): string {
  const [, comment = ''] = /^\/\/ Prints:\n((?:\/\/ .*\n)+)$/m.exec(sourceOf(script)) ?? [];
  return comment.replaceAll(/^\/\/ /gm, '');
}

afterAll(() => {
  rmSync(built, { recursive: true });
});

describe('the numbered examples', () => {
  it('are numbered from 01 without a gap', () => {
    expect(scripts.map((name) => Number(name.slice(0, 2)))).toEqual(
      Array.from({ length: 23 }, (_, index) => index + 1),
    );
  });

  it('are listed in their README, in order', () => {
    const links = [...sourceOf('README.md').matchAll(/^\| \[(.+)\]\(\1\)\s+\|/gm)].map(([, name]) => name);
    expect(links).toEqual(scripts);
  });

  it('use every function, option and member of the bus and its receivers', () => {
    const source = scripts.map(sourceOf).join('');
    const unused = FEATURES.filter(
      (name) => !new RegExp(`(?<![\\w$])${name.replace('$', '\\$')}(?![\\w$])`).test(source),
    );
    expect(unused).toEqual([]);
  });

  // Processes of their own, side by side.
  it.concurrent.each(scripts)(
    '%s prints what its last comment says',
    async (script) => {
      const promised = promisedOutput(script);
      const { stdout, stderr } = await run(process.execPath, [join(built, `${script}.js`)], { cwd: root });
      expect({ stdout, stderr }).toEqual({ stdout: promised, stderr: '' });
      expect(promised).not.toBe('');
    },
    60_000,
  );

  it.each(scripts)('%s is short, and uses nothing but the public entry', (script) => {
    const source = sourceOf(script);
    expect(source.trimEnd().split('\n').length).toBeLessThan(60);
    expect(source).toMatch(/ from 'sharing-bus';$/m);
    expect(source).not.toMatch(/ from '\./);
  });
});
