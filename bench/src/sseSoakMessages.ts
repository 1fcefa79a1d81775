/** The number of kinds. Event n has the kind n modulo this. */
export const KINDS = 8;

/** A message to the server. */
export type Order =
  { readonly do: 'publish'; readonly count: number; readonly session: string | undefined } | { readonly do: 'close' };

/** A message from the server. */
export type Report =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'published'; readonly bytes: readonly number[] }
  | { readonly is: 'closed'; readonly bytes: number; readonly slots: number; readonly streams: number };
