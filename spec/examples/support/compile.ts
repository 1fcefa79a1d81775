import { join } from 'node:path';
import { build } from 'esbuild';

export const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Compiles programs, named by where they go in `outdir`, together with the library. Their packages are imported from there.
 *
 * Each of their processes would take half a second to do that.
 */
export async function compile(programs: Readonly<Record<string, string>>, outdir: string): Promise<void> {
  await build({
    entryPoints: Object.entries(programs).map(([out, source]) => ({ in: source, out })),
    outdir,
    bundle: true,
    packages: 'external',
    // It maps `sharing-bus` to lib/.
    tsconfig: join(root, 'tsconfig.json'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
}
