import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'examples');
const scripts = readdirSync(folder)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .sort();

function sourceOf(script: string): string {
  return readFileSync(join(folder, script), 'utf8');
}

/** The comment that ends an example is what it prints, line by line. */
function promisedOutput(script: string): string {
  const [, comment = ''] = /^\/\/ Prints:\n((?:\/\/ .*\n)+)$/m.exec(sourceOf(script)) ?? [];
  return comment.replaceAll(/^\/\/ /gm, '');
}

describe('the numbered examples', () => {
  it('are numbered from 01 without a gap', () => {
    expect(scripts.map((name) => Number(name.slice(0, 2)))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('are listed in their README, in order', () => {
    const links = [...sourceOf('README.md').matchAll(/^\| \[(.+)\]\(\1\)\s+\|/gm)].map(([, name]) => name);
    expect(links).toEqual(scripts);
  });

  // Processes of their own, side by side.
  it.concurrent.each(scripts)(
    '%s prints what its last comment says',
    async (script) => {
      const promised = promisedOutput(script);
      const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', join('examples', script)], {
        cwd: root,
      });
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
