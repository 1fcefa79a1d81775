import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects garbage until every one of `refs` is gone, at most `rounds` times, and returns how many of them are not. */
export async function survivors(refs: readonly WeakRef<object>[], rounds = 10): Promise<number> {
  let alive = refs.length;
  for (let round = 0; round < rounds && alive > 0; round += 1) {
    // A WeakRef that was read holds its target until the job ends.
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return alive;
}
