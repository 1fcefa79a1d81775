/** Installs the packages of `examples/angular-console`, and the built library. Does nothing if they are up to date. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(TOP, 'examples/angular-console');
const INSTALLED = join(FOLDER, 'node_modules/sharing-bus');

function npm(...words: readonly string[]): void {
  execFileSync('npm', [...words, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: FOLDER, stdio: 'inherit' });
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** All files of `directory` as one text. */
function contents(directory: string): string {
  try {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
    return files
      .filter((file) => statSync(join(directory, file)).isFile())
      .map((file) => `${file}\n${readFileSync(join(directory, file), 'utf8')}`)
      .join('\n');
  } catch {
    return '';
  }
}

if (changedAt(join(FOLDER, 'node_modules/.package-lock.json')) < changedAt(join(FOLDER, 'package-lock.json'))) {
  npm('ci');
} else if (contents(join(INSTALLED, 'dist')) !== contents(join(TOP, 'dist'))) {
  // A copy: with a link, the page would have two copies of rxjs. Removed first, since npm would take the old copy as up to date.
  rmSync(INSTALLED, { recursive: true, force: true });
  npm('install', '--no-save');
}
