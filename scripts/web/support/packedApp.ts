import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const SOURCES = fileURLToPath(new URL('../app', import.meta.url));

/** The client, as it was packed. */
export type Client = typeof import('sharing-bus/sse');

/** Packs the library, and puts an application in `folder` that has installed it. Returns the client of the packed library. */
export async function packApp(folder: string): Promise<Client> {
  await mkdir(folder);
  const run = promisify(execFile);
  const { stdout } = await run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], {
    cwd: TOP,
  });
  const [packed] = JSON.parse(stdout) as [{ readonly filename: string }];
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const tarball = join(folder, packed.filename);
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', tarball, 'rxjs@7']);
  await compile(folder);
  const entry = join(folder, 'node_modules/sharing-bus/dist/sse/index.js');
  return (await import(pathToFileURL(entry).href)) as Client;
}

async function compile(folder: string): Promise<void> {
  // The paths of the project would lead to the sources of the library.
  const common = { outdir: folder, format: 'esm', target: 'es2022', tsconfigRaw: {}, logLevel: 'error' } as const;
  const sources = (names: readonly string[]): string[] => names.map((name) => join(SOURCES, `${name}.ts`));
  await build({ ...common, entryPoints: sources(['app', 'node', 'bun', 'deno']) });
  // workerd has no folder of packages.
  const nodePaths = [join(folder, 'node_modules')];
  await build({ ...common, entryPoints: sources(['worker', 'topOfModule']), bundle: true, nodePaths });
}
