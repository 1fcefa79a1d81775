import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects garbage until every one of `refs` is gone, at most `rounds` times, and returns how many of them are not. */
export async function survivors(refs: readonly WeakRef<object>[], rounds = 30): Promise<number> {
  let alive = refs.length;
  for (let round = 0; round < rounds && alive > 0; round += 1) {
    // A WeakRef that was read holds its target until the job ends, and the engine holds what it is compiling code for in another thread.
    await (round < 10 ? new Promise((resolve) => setImmediate(resolve)) : wait(20));
    gc();
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return alive;
}

/** Collects garbage several times, and gives other threads of the engine time in between, for what no reference can be followed. */
export async function collectGarbage(): Promise<void> {
  const held = {};
  await survivors([new WeakRef(held)], 15);
  // Until here, so that no round is left out.
  Reflect.ownKeys(held);
}
