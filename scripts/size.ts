import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

// These limits show unintended growth. They are no reason to leave out a check or a message: see docs/decisions.md,
// "The main entry may have 32 kB".
const BUDGETS = [
  { what: 'the main entry', code: "export * from 'sharing-bus';", maxBytes: 32_000 },
  { what: 'dropNewest alone', code: "export { dropNewest } from 'sharing-bus';", maxBytes: 2_500 },
];

/** The inputs that the main entry may have: its own files, and uuid. Everything else has an entry of its own. */
const OWN = /^(<stdin>|dist\/(?!(schema|sse|angular|nats|otel|sqlite|testing)\/).*|(.*\/)?node_modules\/uuid\/.*)$/;

// Built for the browser, so that an import from Node fails. From dist, as in an application.
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
  const others = Object.keys(metafile.inputs).filter((path) => !OWN.test(path));
  console.log(
    `${what}: ${bytes} bytes minified and gzipped, at most ${maxBytes}; ${others.length} files of other packages and entries`,
    ...others,
  );
  if (bytes > maxBytes || others.length > 0) {
    process.exitCode = 1;
  }
}
