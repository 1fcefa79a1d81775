import { execFile } from 'node:child_process';
import { build, type BuildOptions } from 'esbuild';

/** `program`, whose imports are relative to this folder, in one file with all that it imports. */
export async function bundled(program: string, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    // The package says that no import has side effects, which is not true of its specs.
    ignoreAnnotations: true,
    ...options,
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Runs `program`, a module, in a process of its own. Returns what it prints. */
export function outputOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, ['--input-type=module', '-'], (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(`the program failed: ${stderr}`));
      }
    });
    child.stdin?.end(program);
  });
}
