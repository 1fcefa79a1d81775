import {
  assertInInjectionContext,
  assertNotInReactiveContext,
  computed,
  DestroyRef,
  effect,
  ErrorHandler,
  inject,
  Injector,
  NgZone,
  PLATFORM_ID,
  untracked,
} from '@angular/core';
import { contain } from '../internal/support/promises.js';
import { report } from '../internal/support/report.js';
import { requireFunction } from '../internal/support/require.js';

/** Where a function of this entry was called: its injector, and what that says about subscribing. */
export class Site {
  readonly #injector: Injector;
  readonly #destroyRef: DestroyRef;
  readonly #zone: NgZone | null;
  readonly #errors: ErrorHandler | null;
  /** Whether to subscribe: not on the server, and not for an injector that has ended. */
  readonly isLive: boolean;

  /**
   * @param caller The function of this entry, for the messages of Angular.
   * @throws Angular's own errors: NG0203 outside of an injection context, NG0602 in an `effect` or a `computed`.
   */
  constructor(caller: (...args: never) => unknown, injector: Injector | undefined) {
    assertNotInReactiveContext(caller, 'It would subscribe anew each time.');
    if (injector === undefined) {
      assertInInjectionContext(caller);
    } else {
      requireFunction(`${caller.name}: injector.get`, (injector as { readonly get?: unknown } | null)?.get);
    }
    this.#injector = injector ?? inject(Injector);
    this.#destroyRef = this.#injector.get(DestroyRef);
    // An injector that was made by hand has none of these.
    this.#zone = this.#injector.get(NgZone, null, { optional: true });
    this.#errors = this.#injector.get(ErrorHandler, null, { optional: true });
    // What isPlatformServer of @angular/common does, without that package.
    const isServer = (this.#injector.get(PLATFORM_ID, null, { optional: true }) as unknown) === 'server';
    this.isLive = !isServer && !this.#destroyRef.destroyed;
  }

  /** Calls `make`, and when the injector ends what that has returned. */
  hold(make: () => () => void): void {
    const made: { undo?: () => void } = {};
    // First, since Angular throws here if the injector has ended. Nothing is made then.
    this.#destroyRef.onDestroy(() => {
      made.undo?.();
    });
    made.undo = this.outside(make);
    // A handler that was called at once may have ended the injector.
    if (this.#destroyRef.destroyed) {
      made.undo();
    }
  }

  /** Runs `work` outside of Angular's zone, so that no timer and no request of it keeps the page unstable, and no signal is tracked. */
  outside<T>(work: () => T): T {
    return untracked(() => (this.#zone === null ? work() : this.#zone.runOutsideAngular(work)));
  }

  /** Passes an error of a subscription to Angular's `ErrorHandler`. */
  report(error: unknown): void {
    if (this.#errors === null) {
      report(error);
    } else {
      contain((thrown: unknown) => this.#errors?.handleError(thrown), report, error);
    }
  }

  /**
   * Subscribes to what `input` names until the injector ends: at once; or, if `input` is a function, in an effect, and anew whenever it
   * returns another value. Does nothing if the site is not live.
   *
   * @param subscribe Returns what undoes it.
   * @param fail Gets what `input`, or `subscribe` in the effect, throws. Without a function, `subscribe` throws to the caller.
   */
  follow<T extends object | string>(
    input: T | (() => T | undefined),
    subscribe: (value: T | undefined) => () => void,
    fail: (error: unknown) => void,
  ): void {
    if (!this.isLive) {
      return;
    }
    if (typeof input !== 'function') {
      this.hold(() => subscribe(input));
      return;
    }
    // It keeps the subscription if the signals have changed and the value has not.
    const wanted = computed(input as () => T | undefined);
    effect(
      (onCleanup) => {
        try {
          const value = wanted();
          onCleanup(this.outside(() => subscribe(value)));
        } catch (error) {
          this.outside(() => {
            fail(error);
          });
        }
      },
      { injector: this.#injector },
    );
  }
}
