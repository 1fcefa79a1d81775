import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGETS = [
  { what: 'the main entry', code: "export * from 'sharing-bus';", maxBytes: 18_000 },
  { what: 'dropNewest alone', code: "export { dropNewest } from 'sharing-bus';", maxBytes: 1_500 },
];

// For the browser, so that an import of anything of Node fails the build; from dist, as an application bundles it.
for (const { what, code, maxBytes } of BUDGETS) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: '.' },
    alias: { 'sharing-bus': './dist/index.js' },
    external: ['rxjs'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
  });
  const bytes = gzipSync(Buffer.concat(outputFiles.map(({ contents }) => contents))).length;
  const others = Object.keys(metafile.inputs).filter((path) =>
    /\/(zod|eventsource-parser|sse|otel|testing)\//.test(path),
  );
  console.log(
    `${what}: ${bytes} bytes minified and gzipped, at most ${maxBytes}; ${others.length} files of other entries`,
  );
  if (bytes > maxBytes || others.length > 0) {
    process.exitCode = 1;
  }
}
