import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const readme = await readFile('README.md', 'utf8');

/** Each program of the README with the output that is printed under it. */
const programs = [...readme.matchAll(/```ts\n(?<code>.*?)```\s+```text\n(?<output>.*?)```/gs)].map(({ groups }) => ({
  title: groups?.['code']?.match(/\n\n(.*)/)?.[1] ?? '',
  code: groups?.['code'] ?? '',
  output: groups?.['output'] ?? '',
}));

/** Runs `code` as a file of this project, so that it finds the library and the configuration. */
async function outputOf(code: string): Promise<string> {
  const folder = await mkdtemp(path.join('examples', '.readme-'));
  try {
    const file = path.join(folder, 'program.ts');
    await writeFile(file, code);
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', file], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    // console.warn goes to stderr at once, and stands first in the README where the two are mixed.
    return stdout + stderr;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sortedLines = (text: string): string[] => text.trimEnd().split('\n').sort();

describe('README', () => {
  it('has the output of every program', () => {
    expect(programs).toHaveLength([...readme.matchAll(/```ts\n/g)].length);
    expect(programs.length).toBeGreaterThan(5);
  });

  it('has a first program of at most 15 lines', () => {
    expect(programs[0]?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
  });

  it('has the test with fake timers that is run here', async () => {
    expect(readme).toContain(await readFile('spec/docs/fakeTimers-spec.ts', 'utf8'));
  });

  it.each(programs)(
    'prints what it says: $title',
    async ({ code, output }) => {
      expect(sortedLines(await outputOf(code))).toEqual(sortedLines(output));
    },
    // A process that compiles what it imports: seconds, where the machine is busy.
    60_000,
  );
});
