import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Program, ROOT } from './pages.js';

/**
 * Runs each program in a process of its own, and returns what each has printed, in the order of the programs.
 *
 * All programs are compiled at once, together with the library: to compile in each process would take a second each time.
 */
export async function runPrograms(programs: readonly Program[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sharing-bus-pages-'));
  try {
    await compile(programs, folder);
    return await withWorkers(programs, (_, index) =>
      run(join(folder, `program-${index}.js`), `${folder}/${index}.txt`),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compile(programs: readonly Program[], outdir: string): Promise<void> {
  await build({
    entryPoints: programs.map((_, index) => `program-${index}`),
    outdir,
    bundle: true,
    // One copy of the library in files that all programs load.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // For packages that are CommonJS and call `require` for a module of Node. The library itself imports `createRequire`.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    // It maps `sharing-bus` to lib/.
    tsconfig: join(ROOT, 'tsconfig.json'),
    absWorkingDir: ROOT,
    logLevel: 'silent',
    plugins: [
      {
        name: 'programs',
        setup: (esbuild) => {
          esbuild.onResolve({ filter: /^program-\d+$/ }, ({ path }) => ({ path, namespace: 'program' }));
          esbuild.onLoad({ filter: /.*/, namespace: 'program' }, ({ path }) => ({
            contents: programs[Number(path.slice('program-'.length))]?.code ?? '',
            loader: 'ts',
            resolveDir: ROOT,
          }));
        },
      },
    ],
  });
}

/** Runs a program to its end. What it writes to stdout and stderr goes to one file, so that the order of the lines is the true one. */
async function run(program: string, printed: string): Promise<string> {
  const file = await open(printed, 'w');
  try {
    const child = spawn(process.execPath, [program], {
      cwd: join(program, '..'),
      // Packages that the library loads only when they are needed are not compiled into the program.
      env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(ROOT, 'node_modules') },
      stdio: ['ignore', file.fd, file.fd],
      // A program that never ends fails, and leaves no process.
      timeout: 60_000,
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    const text = await readFile(printed, 'utf8');
    return code === 0 ? text : `${text}(ended with ${signal ?? `exit code ${code}`})\n`;
  } finally {
    await file.close();
  }
}

/** As `map`, with as many at a time as there are processors. */
async function withWorkers<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) {
      results[index] = await work(item, index);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
