import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Ends the server, and removes the folder in its argument, when its input ends: so also when this process was killed. */
const SCRIPT = `
pid=
while read -r next; do pid=$next; done
[ -z "$pid" ] || kill -9 "$pid"
[ -z "$1" ] || rm -rf "$1"
`;

/** A shell that cleans up after this process, however it ends. The other processes see by themselves that their parent has died. */
export class Guard {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;

  /** @param folder To be removed at the end; `undefined` if it stays. */
  constructor(folder: string | undefined) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'guard', folder ?? ''], {
      ...{ detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
    });
    this.#shell.unref();
    this.#shell.stdin.on('error', () => undefined);
  }

  /** @param pid The server of now; `undefined` if there is none. */
  watch(pid: number | undefined): void {
    this.#shell.stdin.write(`${pid ?? ''}\n`);
  }

  /** Nothing is left to end. */
  async end(): Promise<void> {
    this.watch(undefined);
    this.#shell.ref();
    await new Promise<void>((resolve) => {
      this.#shell.once('exit', () => {
        resolve();
      });
      this.#shell.stdin.end();
    });
  }
}
