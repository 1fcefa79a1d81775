import { type SchedulerLike, Subscription } from 'rxjs';
import { outsideOfZone } from './zone.js';

/** Calls its argument synchronously. */
type Way = <T>(work: () => T) => T;

/** The part of Node's `AsyncResource` that is used. Other platforms have less of it. */
interface Resource {
  asyncId?(): number;
  triggerAsyncId?(): number;
  runInAsyncScope<T>(work: () => T): T;
}

/** Gives access to a module of Node without an import, on platforms that support this. */
interface Platform {
  readonly process?: {
    getBuiltinModule?(id: 'node:async_hooks'): { readonly AsyncResource?: new (type: string) => Resource } | undefined;
  };
}

/** Leaves every `AsyncLocalStorage`. In a browser, which has no such contexts, the work is called directly. */
const outOfStorages: Way = wayOut();

/** Calls `work` outside of the caller's asynchronous context: every `AsyncLocalStorage` is empty there, and with zone.js it runs in the {@link outerZone}. */
export function outOfContext<T>(work: () => T): T {
  return outsideOfZone(() => outOfStorages(work));
}

function wayOut(): Way {
  const direct: Way = (work) => work();
  try {
    const AsyncResource = (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks')?.AsyncResource;
    return AsyncResource === undefined ? direct : (waysBy(new AsyncResource('sharing-bus')).find(works) ?? direct);
  } catch {
    // An imitation of Node's module that does not work.
    return direct;
  }
}

function waysBy(resource: Resource): readonly Way[] {
  empty(resource);
  return [
    // A new object for each call: in Node 20 and 22, `enterWith` writes to the running resource.
    (work) => (Object.create(resource) as Resource).runInAsyncScope(work),
    // In Bun and Deno the context is in a private field, which only the resource itself has.
    (work) => resource.runInAsyncScope(work),
  ];
}

/**
 * Removes everything but the ids from `resource`. If this module is loaded during a request, the resource holds the context of that
 * request.
 */
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
    // This way does not work here.
  }
  return isCalled;
}

/**
 * Schedules `work` outside of the caller's asynchronous context: neither the timer nor `work` holds it, since `work` may handle events of
 * other callers, too.
 *
 * @param delay In milliseconds.
 * @returns The action of `scheduler` itself, whose `closed` shows whether it can still run.
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
