import { deepEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The lowest version of the peer range. */
const RXJS = 'rxjs@7.8.0';

/** The lowest version of the range of the optional peer, that only `sharing-bus/otel` needs. */
const OTEL = '@opentelemetry/api@1.3.0';

/** The lowest version of the range of the optional peer that only `sharing-bus/angular` needs, and what makes it run without its CLI. */
const ANGULAR = ['@angular/core@20.0.0', '@angular/compiler@20.0.0'];

/** The lowest versions of the ranges of the optional peers that only `sharing-bus/nats` needs. */
const NATS = ['@nats-io/jetstream@3.4.0', '@nats-io/nats-core@3.4.0'];

/** The platform types that rxjs and zod need. The types of this package need none. */
const WITHOUT_DOM = 'declare function setTimeout(handler: () => void): number; interface URL { readonly href: string }';

/** Module resolution without `exports`: the default of TypeScript for CommonJS until 6.0, and a fallback of ts-jest. */
const BEFORE_EXPORTS = ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'];

const bin = (name: string): string => join(import.meta.dirname, '..', 'node_modules', '.bin', name);
const place = mkdtempSync(join(tmpdir(), 'sharing-bus-package-'));
const project = join(place, 'project');

function run(command: string, args: readonly string[], cwd = project): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Builds and packs. Returns the tarball and the names of its files. */
function pack(): { tarball: string; names: string[] } {
  const args = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', place];
  const [packed] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' })) as [
    { filename: string; files: { path: string }[] },
  ];
  return { tarball: join(place, packed.filename), names: packed.files.map(({ path }) => path) };
}

/** The pages of the documentation that are packed, and the pictures of the README and the guide. */
function pageNames(): string[] {
  const namesIn = (folder: string, ending: string): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => `${folder}/${name}`);
  return [
    ...namesIn('docs/guide', '.md'),
    ...namesIn('docs/marbles', '.svg'),
    ...['architecture', 'decisions', 'performance', 'semantics'].map((page) => `docs/${page}.md`),
    'docs/plots/overload.svg',
    ...['examples/README.md', 'CONTRIBUTING.md'],
  ];
}

/** The names that the tarball should have: each source, the compiled files, and the documentation. */
function expectedNames(): string[] {
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const made = (name: string): string[] =>
    ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => `dist/${name.replace(/\.ts$/, ending)}`);
  return [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'],
    ...pageNames(),
    ...sources.flatMap((name) => [`lib/${name}`, ...made(name)]),
  ];
}

try {
  const { tarball, names } = pack();
  deepEqual(names.sort(), expectedNames().sort());
  run(bin('publint'), ['run', '--strict', tarball], '.');
  // `require` gets an ES module on purpose: every supported Node can load it.
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
  // Installed only now, to check that everything above works without it.
  run('npm', ['install', '--prefix', project, '--no-audit', '--no-fund', OTEL]);
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', '--module', 'nodenext', 'otel.mts']);
  // Alone, without the types that the main entry brings along.
  writeFileSync(join(project, 'otel-alone.mts'), "export { instrument } from 'sharing-bus/otel';\n");
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', '--module', 'nodenext', 'otel-alone.mts']);
  run('node', ['otel.mjs']);
  run('npm', ['install', '--prefix', project, '--no-audit', '--no-fund', ...ANGULAR]);
  run(bin('tsc'), [...strict, '--lib', 'es2022,dom', '--module', 'nodenext', 'angular.mts']);
  run('node', ['angular.mjs']);
  run('npm', ['install', '--prefix', project, '--no-audit', '--no-fund', ...NATS]);
  // Without a check of the client's own types, which need those of Node.
  run(bin('tsc'), [...strict, '--skipLibCheck', 'true', '--lib', 'es2022,dom', '--module', 'nodenext', 'nats.mts']);
  run('node', ['nats.mjs']);
  for (const name of ['import', 'otel']) {
    cpSync(join(project, `${name}.mts`), join(project, `${name}.ts`));
    run(bin('tsc'), [...strict, '--lib', 'es2022,dom', ...BEFORE_EXPORTS, `${name}.ts`]);
    run('node', [`${name}.js`]);
  }
  run('node', ['--print', '"the package is " + require("sharing-bus/package.json").version']);
} finally {
  rmSync(place, { recursive: true, force: true });
}
