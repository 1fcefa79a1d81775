import { computed, signal, type Signal, type ValueEqualityFn } from '@angular/core';

/**
 * Tells signals that what they read has changed.
 *
 * Invariant: after a change that nobody has read yet, further changes set nothing: the next read includes them all. So a burst sets one
 * signal once, and a signal is never behind what it reads.
 */
export class Changes {
  readonly #version = signal(0);
  #isUnread = false;

  /** A signal of what `read` returns, read again after each change. */
  signalOf<T>(read: () => T, equal: ValueEqualityFn<T> = Object.is): Signal<T> {
    return computed(
      () => {
        this.#version();
        this.#isUnread = false;
        return read();
      },
      { equal },
    );
  }

  changed(): void {
    if (!this.#isUnread) {
      this.#isUnread = true;
      this.#version.update((version) => version + 1);
    }
  }
}
