import { type SchedulerLike, Subscription } from 'rxjs';

/** Calls what it is given, at once. */
type Way = <T>(work: () => T) => T;

/** Node's `AsyncResource`, as far as it is needed. Others have less of it. */
interface Resource {
  asyncId?(): number;
  triggerAsyncId?(): number;
  runInAsyncScope<T>(work: () => T): T;
}

/** What gives a module of Node without an import, where there is one. */
interface Platform {
  readonly process?: {
    getBuiltinModule?(id: 'node:async_hooks'): { readonly AsyncResource?: new (type: string) => Resource } | undefined;
  };
}

/**
 * Calls `work` outside of the asynchronous context that this is called in: no `AsyncLocalStorage` has a value there. In a browser, which
 * has no such contexts, `work` is just called.
 */
export const outOfContext: Way = wayOut();

/** A function that calls `work` out of context. */
export function boundOutOfContext(work: () => void): () => void {
  return () => {
    outOfContext(work);
  };
}

function wayOut(): Way {
  const direct: Way = (work) => work();
  try {
    const AsyncResource = (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks')?.AsyncResource;
    return AsyncResource === undefined ? direct : (waysBy(new AsyncResource('sharing-bus')).find(works) ?? direct);
  } catch {
    // A stand-in for Node's.
    return direct;
  }
}

function waysBy(resource: Resource): readonly Way[] {
  empty(resource);
  return [
    // Anew for each call: in Node 20 and 22, `enterWith` writes to the object that runs.
    (work) => (Object.create(resource) as Resource).runInAsyncScope(work),
    // In Bun and Deno a context is in a private field, which only the object itself has.
    (work) => resource.runInAsyncScope(work),
  ];
}

/** Takes from `resource` all but its ids. A module that is loaded in the course of a request has that one's context. */
function empty(resource: Resource): void {
  const ids: readonly unknown[] = [resource.asyncId?.(), resource.triggerAsyncId?.()];
  for (const key of Object.getOwnPropertySymbols(resource)) {
    if (!ids.includes(Reflect.get(resource, key))) {
      Reflect.set(resource, key, undefined);
    }
  }
}

function works(way: Way): boolean {
  let isCalled = false;
  try {
    way(() => {
      isCalled = true;
    });
  } catch {
    // Not this way.
  }
  return isCalled;
}

/**
 * Schedules `work` so that its timer keeps nothing of the caller's asynchronous context, and `work` sees nothing of it: it may be about
 * the events of others, too.
 *
 * @param delay In milliseconds.
 * @returns The action of `scheduler` itself, so that it tells when it is closed.
 */
export function scheduleOutOfContext(scheduler: SchedulerLike, work: () => void, delay: number): Subscription {
  let action = Subscription.EMPTY;
  outOfContext(() => {
    action = scheduler.schedule(() => {
      outOfContext(work);
    }, delay);
  });
  return action;
}
