import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { blocksOf, ROOT } from '../docs/support/pages.js';
import { tempFolder } from './support/files.js';

const PAGE = 'docs/guide/13-remember.md';

/** Starts a program that does not end, waits for so many lines, and kills it. Returns what it has printed. */
async function killed(program: string, lines: number): Promise<string> {
  // The timer is in place of the server, or whatever else keeps a process.
  const alive = 'data:text/javascript,setInterval(() => undefined, 1_000)';
  const child = spawn(process.execPath, ['--import', alive, program], {
    cwd: join(program, '..'),
    env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(ROOT, 'node_modules') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) {
      child.kill('SIGKILL');
    }
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return text;
}

describe('the program of the page "Remember"', () => {
  it('prints what the page says when it is killed and started again', async () => {
    const blocks = blocksOf(PAGE);
    const at = blocks.findIndex(({ info }) => info === 'ts');
    const [code, first, second] = blocks.slice(at, at + 3).map(({ text }) => text) as [string, string, string];
    expect(
      code
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '').length,
    ).toBeLessThanOrEqual(10);
    const program = join(tempFolder(), 'program.mjs');
    await build({
      stdin: { contents: code, resolveDir: ROOT, loader: 'ts' },
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      tsconfig: join(ROOT, 'tsconfig.json'),
      logLevel: 'silent',
    });
    expect(await killed(program, 2)).toBe(first);
    expect(await killed(program, 4)).toBe(second);
    expect(await killed(program, 6)).toBe(`${second}5 run 3 begins\n6 run 3 works\n`);
  }, 60_000);
});
