import { deepEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The lowest version of the peer range, since every later one has what it has. */
const RXJS = 'rxjs@7.8.0';

/** The lowest version of the optional peer's range. Only who imports `sharing-bus/otel` has it. */
const OTEL = '@opentelemetry/api@1.3.0';

/** What the types of rxjs and of zod want of a platform; those of this package want nothing. */
const WITHOUT_DOM = 'declare function setTimeout(handler: () => void): number; interface URL { readonly href: string }';

/** How TypeScript found types before it knew `exports`. Its default for CommonJS until 6.0; ts-jest still falls back to it. */
const BEFORE_EXPORTS = ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'];

const bin = (name: string): string => join(import.meta.dirname, '..', 'node_modules', '.bin', name);
const place = mkdtempSync(join(tmpdir(), 'sharing-bus-package-'));
const project = join(place, 'project');

function run(command: string, args: readonly string[], cwd = project): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Builds and packs, and returns the tarball and the names that it holds. */
function pack(): { tarball: string; names: string[] } {
  const args = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', place];
  const [packed] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' })) as [
    { filename: string; files: { path: string }[] },
  ];
  return { tarball: join(place, packed.filename), names: packed.files.map(({ path }) => path) };
}

/** What the tarball should hold: each source, and what the compiler makes of it. */
function expectedNames(): string[] {
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const made = (name: string): string[] =>
    ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => `dist/${name.replace(/\.ts$/, ending)}`);
  return [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'],
    ...sources.flatMap((name) => [`lib/${name}`, ...made(name)]),
  ];
}

try {
  const { tarball, names } = pack();
  deepEqual(names.sort(), expectedNames().sort());
  run(bin('publint'), ['run', '--strict', tarball], '.');
  // That `require` gets a module of its own kind is meant: every Node that is supported can load it so.
  run(bin('attw'), [tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--no-emoji'], '.');

  cpSync(join(import.meta.dirname, 'consumer'), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--prefix', project, '--no-audit', '--no-fund', tarball, RXJS]);
  writeFileSync(join(project, 'without-dom.d.ts'), WITHOUT_DOM);
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022'];
  const sources = ['--module', 'nodenext', 'import.mts', 'require.cts'];
  run(bin('tsc'), [...strict, '--lib', 'es2022', 'without-dom.d.ts', ...sources]);
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', ...sources]);
  run('node', ['import.mjs']);
  run('node', ['require.cjs']);
  // Only now, so that all of the above has done without.
  run('npm', ['install', '--prefix', project, '--no-audit', '--no-fund', OTEL]);
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', '--module', 'nodenext', 'otel.mts']);
  // By itself, without what the types of the main entry bring along.
  writeFileSync(join(project, 'otel-alone.mts'), "export { instrument } from 'sharing-bus/otel';\n");
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', '--module', 'nodenext', 'otel-alone.mts']);
  run('node', ['otel.mjs']);
  for (const name of ['import', 'otel']) {
    cpSync(join(project, `${name}.mts`), join(project, `${name}.ts`));
    run(bin('tsc'), [...strict, '--lib', 'es2022,dom', ...BEFORE_EXPORTS, `${name}.ts`]);
    run('node', [`${name}.js`]);
  }
  run('node', ['--print', '"the package is " + require("sharing-bus/package.json").version']);
} finally {
  rmSync(place, { recursive: true, force: true });
}
