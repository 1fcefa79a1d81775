import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the module `name` of `library/` for a page, as an application does. There, `inPage` holds what it exports. */
export async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../library/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'iife',
    globalName: 'inPage',
    platform: 'browser',
    target: 'es2022',
    // The installed package. With the paths of the project, this would bundle the sources.
    tsconfigRaw: {},
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
