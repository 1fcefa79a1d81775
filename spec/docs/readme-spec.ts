import { beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, guidePages, programsOf } from './support/pages.js';
import { runPrograms } from './support/runPrograms.js';
import { typeErrors } from './support/typeErrors.js';

// The programs of README.md and docs/guide/. Every block of a page that holds TypeScript says what it is:
//
//   ts             a whole program; its output follows in a text block
//   ts fragment    not a program; it must parse
//   typescript     a test for a test runner: the whole text of a spec of this folder

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
    const typed = blocks.filter(({ info }) => /^(ts|typescript|js|javascript|mts|cts)\b/.test(info));
    const kinds = ['ts', 'ts fragment', 'typescript'];
    expect(typed.filter(({ info }) => !kinds.includes(info)).map(({ title }) => title)).toEqual([]);
  });

  it('parse, where they are fragments', () => {
    for (const { text } of blocks.filter(({ info }) => info === 'ts fragment')) {
      expect(() => transformSync(text, { loader: 'ts' })).not.toThrow();
    }
  });

  it('are specs that are run, where they are tests', () => {
    const specs = readdirSync(import.meta.dirname).filter((name) => name.endsWith('-spec.ts'));
    const texts = specs.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'));
    for (const { text } of blocks.filter(({ info }) => info === 'typescript')) {
      expect(texts).toContain(text);
    }
  });
});

describe('README', () => {
  it('has a first program of at most 15 lines', () => {
    const [first] = programsOf('README.md');
    expect(first?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
  });
});
