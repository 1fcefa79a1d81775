import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const files = (await readdir('lib', { recursive: true })).filter((file) => file.endsWith('.ts'));

/** The files of `lib` that `file` imports, types included. */
async function importsOf(file: string): Promise<string[]> {
  const { importedFiles } = ts.preProcessFile(await readFile(path.join('lib', file), 'utf8'));
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.join(path.dirname(file), fileName.replace(/\.js$/, '.ts')));
}

const imports = new Map(await Promise.all(files.map(async (file) => [file, await importsOf(file)] as const)));

/** The shortest way along imports from `file` back to it. */
function circleOf(file: string): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[file]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of imports.get(way.at(-1) as string) ?? []) {
      if (next === file) {
        return [...way, next];
      }
      if (!seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
    }
  }
  return undefined;
}

describe('the files of the library', () => {
  it('are found, and what they import, too', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.get('SharingBus.ts')).toContain(path.join('internal', 'dispatch', 'Stage.ts'));
    expect([...imports.values()].flat().filter((file) => !imports.has(file))).toEqual([]);
  });

  it('do not import each other in a circle, types included', () => {
    expect(files.flatMap((file) => circleOf(file)?.join(' -> ') ?? [])).toEqual([]);
  });
});
