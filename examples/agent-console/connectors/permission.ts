import type { PermissionOption, Uuid } from 'sharing-bus';

/** A permission request of an agent. */
export interface Question {
  /** Of the connector whose agent asks, so that requests of two agents are never taken for one. */
  readonly connectorUid: Uuid;
  /** As in its `PermissionRequested`. */
  readonly requestId: string;
  readonly options: readonly Pick<PermissionOption, 'kind' | 'optionId'>[];
}

/**
 * Answers permission requests: resolves with the id of an option, or with `undefined` to cancel the request.
 *
 * When `signal` is aborted, nobody waits for the answer any more.
 */
export type Ask = (question: Question, signal: AbortSignal) => Promise<string | undefined>;

/** Answers each request with its first option of this kind. A request that has none is cancelled. */
export function always(wanted: 'allow_once' | 'reject_once'): Ask {
  return ({ options }) => Promise.resolve(options.find(({ kind }) => kind === wanted)?.optionId);
}
