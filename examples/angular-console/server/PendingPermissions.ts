import type { Ask, Question } from '../../agent-console/connectors/permission.js';

/** What became of a request: a page chose an option, or it was cancelled. */
export type Decision = { readonly outcome: 'selected'; readonly optionId: string } | { readonly outcome: 'cancelled' };

/**
 * What an answer has done.
 *
 * `taken`: the agent gets it. `decided`: something else was first. `unknown`: there is no such request. `no option`: the request does not
 * have this option, and still waits.
 */
export type Taken =
  { readonly type: 'taken' | 'unknown' | 'no option' } | { readonly type: 'decided'; readonly decision: Decision };

/** Decisions that are remembered, for pages that are late. */
const REMEMBERED = 1000;

interface Waiting {
  readonly optionIds: ReadonlySet<string>;
  readonly settle: (decision: Decision) => void;
}

/** The permission requests that wait for the answer of a page. Each is decided once: the first decision counts. */
export class PendingPermissions {
  readonly #waiting = new Map<string, Waiting>();
  /** The oldest first. */
  readonly #decided = new Map<string, Decision>();

  /** The keys of the requests that wait, the oldest first: see {@link keyOf}. */
  get waiting(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Waits for a page to answer, or for `signal`, for as long as it takes. */
  readonly ask: Ask = (question, signal) =>
    new Promise((resolve) => {
      const key = keyOf(question);
      const cancel = (): void => {
        settle({ outcome: 'cancelled' });
      };
      const settle = (decision: Decision): void => {
        signal.removeEventListener('abort', cancel);
        this.#waiting.delete(key);
        this.#remember(key, decision);
        resolve(decision.outcome === 'selected' ? decision.optionId : undefined);
      };
      this.#waiting.set(key, { optionIds: new Set(question.options.map(({ optionId }) => optionId)), settle });
      if (signal.aborted) {
        cancel();
      } else {
        signal.addEventListener('abort', cancel);
      }
    });

  answer(key: string, optionId: string): Taken {
    const request = this.#waiting.get(key);
    if (request === undefined) {
      const decision = this.#decided.get(key);
      return decision === undefined ? { type: 'unknown' } : { type: 'decided', decision };
    }
    if (!request.optionIds.has(optionId)) {
      return { type: 'no option' };
    }
    request.settle({ outcome: 'selected', optionId });
    return { type: 'taken' };
  }

  #remember(key: string, decision: Decision): void {
    this.#decided.set(key, decision);
    for (const oldest of this.#decided.keys()) {
      if (this.#decided.size <= REMEMBERED) {
        return;
      }
      this.#decided.delete(oldest);
    }
  }
}

/** Names a request to pages, which know both parts from its event. */
function keyOf({ connectorUid, requestId }: Question): string {
  return `${connectorUid} ${requestId}`;
}
