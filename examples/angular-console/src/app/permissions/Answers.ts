import { computed, inject, Injectable, signal } from '@angular/core';
import { Stats } from '../lanes/Stats.js';
import { PageToken } from './PageToken.js';

/** What became of an answer that this page has given. */
export type Answered =
  | { readonly type: 'sending' | 'taken' }
  /** Something else was first: the option, or `undefined` if the request was cancelled. */
  | { readonly type: 'late'; readonly optionId: string | undefined }
  | { readonly type: 'failed'; readonly why: string };

/** The answers of the user to permission requests, by the key of the request. */
@Injectable({ providedIn: 'root' })
export class Answers {
  readonly #stats = inject(Stats);
  readonly #token = inject(PageToken);
  readonly #answered = signal<ReadonlyMap<string, Answered>>(new Map());

  /** The requests that wait for the answer of a page. */
  readonly waiting = computed<ReadonlySet<string>>(() => new Set(this.#stats.latest()?.permissions.waiting));
  /** Why the user cannot answer in this page; `undefined` if that is possible. */
  readonly obstacle = computed(() => {
    if (this.#token.token() === undefined) {
      return 'This page cannot answer: it needs the token of the URL that the server has printed.';
    }
    return this.#stats.latest()?.permissions.mayAnswer === true
      ? undefined
      : 'This page cannot answer. Its token is not that of this server: open the URL that the server has printed.';
  });

  of(key: string): Answered | undefined {
    return this.#answered().get(key);
  }

  /** Sends an answer, unless one has been taken or is on its way: a double click is one answer. */
  async give(key: string, optionId: string): Promise<void> {
    const before = this.of(key)?.type;
    if (before === 'sending' || before === 'taken') {
      return;
    }
    this.#set(key, { type: 'sending' });
    try {
      const response = await fetch('/api/permission', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#token.headers() },
        body: JSON.stringify({ request: key, optionId }),
      });
      if (response.ok) {
        this.#set(key, { type: 'taken' });
      } else if (response.status === 409) {
        const decision = (await response.json()) as { readonly optionId?: string };
        this.#set(key, { type: 'late', optionId: decision.optionId });
      } else {
        this.#set(key, { type: 'failed', why: await response.text() });
      }
    } catch (error) {
      this.#set(key, { type: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
  }

  #set(key: string, answered: Answered): void {
    this.#answered.update((before) => new Map(before).set(key, answered));
  }
}
