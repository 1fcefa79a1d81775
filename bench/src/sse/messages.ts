/** The servers that are compared. */
export const SERVERS = ['bus', 'loop', 'better-sse'] as const;
export type ServerName = (typeof SERVERS)[number];

/** The clients that are compared. */
export const CLIENTS = ['from-event-stream', 'eventsource'] as const;
export type ClientName = (typeof CLIENTS)[number];

/** One measurement of a server. */
export interface ServerCell {
  readonly server: ServerName;
  readonly clients: number;
  /** Number of different filters. Each event is for the clients of one in `share` of them. */
  readonly filters: number;
  readonly share: number;
  /** Clients that read nothing while the others are measured. Only for a server that has filters. */
  readonly stalled: number;
  /** Events that are published in one turn of the event loop. */
  readonly burst: number;
  readonly bursts: number;
  /** Measures the memory of idle clients, and publishes nothing. */
  readonly idle: boolean;
}

/** One measurement of a client. */
export interface ClientCell {
  readonly client: ClientName;
  readonly events: number;
  /** Events in one piece of text. */
  readonly burst: number;
}

/** A message to a process of the bench. */
export type Order =
  | { readonly do: 'connect'; readonly port: number; readonly cell: ServerCell }
  | { readonly do: 'expect'; readonly total: number }
  | { readonly do: 'resume'; readonly last: number }
  | { readonly do: 'load'; readonly warmUp: number }
  | { readonly do: 'acknowledged' }
  | { readonly do: 'fill' }
  | { readonly do: 'heap' }
  | { readonly do: 'read'; readonly port: number; readonly cell: ClientCell };

/** A message from a process of the bench. */
export type Report =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'connected' }
  | { readonly is: 'published'; readonly total: number }
  | { readonly is: 'acknowledged' }
  | { readonly is: 'filled'; readonly last: number; readonly matching: number }
  | { readonly is: 'loaded'; readonly microseconds: number; readonly last: number; readonly matching: number }
  | { readonly is: 'heap'; readonly bytes: number }
  | { readonly is: 'read'; readonly microseconds: number; readonly events: number }
  | { readonly is: 'resumed'; readonly events: number; readonly missed: number };

/** Sends a message to the process that has started this one. */
export function send(report: Report): void {
  process.send?.(report);
}
