import { beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, guidePages, programsOf, ROOT } from './support/pages.js';
import { runPrograms } from './support/runPrograms.js';
import { typeErrors } from './support/typeErrors.js';

// The programs of README.md and docs/guide/. Every block of a page that holds TypeScript says what it is:
//
//   ts               a whole program; its output follows in a text block
//   ts fragment      not a program; it must parse
//   ts PATH          the text of a file of this repository that is run elsewhere, such as a spec

const pages = guidePages();
const programs = pages.flatMap(programsOf);

describe('the programs of the README and the guide', () => {
  const printed = new Map<string, string>();
  let errors: readonly string[] = ['not checked'];

  beforeAll(async () => {
    const outputs = runPrograms(programs);
    // While they run, in processes of their own.
    errors = typeErrors(programs);
    (await outputs).forEach((output, index) => printed.set(programs[index]?.title ?? '', output));
  }, 120_000);

  it('compile under the strictest settings', () => {
    expect(errors).toEqual([]);
  });

  it.each(programs)('$title prints what follows it', ({ title, output }) => {
    expect(printed.get(title)).toBe(output);
  });
});

describe('the blocks of the README and the guide', () => {
  const blocks = pages.flatMap((page) => blocksOf(page).map((block) => ({ ...block, title: `${page}:${block.line}` })));

  it('have an output for each program', () => {
    expect(programs.filter(({ output }) => output === undefined).map(({ title }) => title)).toEqual([]);
    expect(programs.length).toBeGreaterThan(5);
  });

  it('are of a kind that is checked, where they are TypeScript', () => {
    const isChecked = (info: string) =>
      info === 'ts' || info === 'ts fragment' || existsSync(join(ROOT, info.slice(3)));
    const typed = blocks.filter(({ info }) => /^(ts|typescript|js|javascript)\b/.test(info));
    expect(typed.filter(({ info }) => !info.startsWith('ts') || !isChecked(info)).map(({ title }) => title)).toEqual(
      [],
    );
  });

  it('parse, where they are fragments', () => {
    for (const { text } of blocks.filter(({ info }) => info === 'ts fragment')) {
      expect(() => transformSync(text, { loader: 'ts' })).not.toThrow();
    }
  });

  it('are the files that they name', () => {
    const files = blocks.filter(({ info }) => /^ts \S*\.ts$/.test(info));
    for (const { info, text } of files) {
      expect(text).toBe(readFileSync(join(ROOT, info.slice(3)), 'utf8'));
    }
  });
});

describe('README', () => {
  it('has a first program of at most 15 lines', () => {
    const [first] = programsOf('README.md');
    expect(first?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
  });
});
