/** Of how many kinds the events are, in turn. */
export const KINDS = 8;

/** What the server is told. */
export type Order =
  { readonly do: 'publish'; readonly count: number; readonly session: string | undefined } | { readonly do: 'close' };

/** What it says. */
export type Report =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'published'; readonly bytes: readonly number[] }
  | { readonly is: 'closed'; readonly bytes: number; readonly slots: number; readonly streams: number };
