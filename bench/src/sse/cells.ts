import type { ClientCell, ClientName, ServerCell, ServerName } from './messages.js';

/** A cell of this bench: a server, or a client. */
export type Cell =
  { readonly of: 'server'; readonly cell: ServerCell } | { readonly of: 'client'; readonly cell: ClientCell };

const SERVER: ServerCell = {
  server: 'bus',
  clients: 1_000,
  filters: 1,
  share: 1,
  stalled: 0,
  burst: 1,
  bursts: 400,
  idle: false,
};
const BURSTS = [1, 4, 16, 64] as const;
const CLIENT_COUNTS = [10, 100, 1_000] as const;

function server(name: ServerName, given: Partial<ServerCell>): Cell {
  const cell = { ...SERVER, server: name, ...given };
  // About as many deliveries in each cell: 200,000.
  const bursts = Math.ceil((200_000 * cell.filters) / (cell.clients * cell.burst * cell.share));
  return { of: 'server', cell: { ...cell, bursts: Math.min(bursts, 4_000) } };
}

function client(name: ClientName, burst: number): Cell {
  return { of: 'client', cell: { client: name, events: 50_000, burst } };
}

/** All cells by their names. */
export const CELLS: ReadonlyMap<string, Cell> = new Map<string, Cell>([
  ...(['bus', 'loop', 'better-sse'] as const).flatMap((name) => [
    ...BURSTS.map((burst): [string, Cell] => [`burst/${name}/${burst}`, server(name, { burst })]),
    ...CLIENT_COUNTS.map((clients): [string, Cell] => [`clients/${name}/${clients}`, server(name, { clients })]),
    [`idle/${name}`, server(name, { idle: true })] as [string, Cell],
  ]),
  ['filters/bus/1', server('bus', { filters: 100, share: 10 })],
  ['filters/bus/16', server('bus', { filters: 100, share: 10, burst: 16 })],
  ['stalled/bus', server('bus', { stalled: 10 })],
  ...(['from-event-stream', 'eventsource'] as const).flatMap((name) => [
    [`client/${name}/1`, client(name, 1)] as [string, Cell],
    [`client/${name}/16`, client(name, 16)] as [string, Cell],
  ]),
]);

/** A smaller cell of the same kind, to check its account. */
export function smaller({ of, cell }: Cell): Cell {
  if (of === 'client') {
    return { of, cell: { ...cell, events: 500 } };
  }
  return {
    of,
    cell: {
      ...cell,
      clients: 20,
      filters: Math.min(cell.filters, 10),
      share: 1,
      stalled: Math.min(cell.stalled, 2),
      bursts: 5,
    },
  };
}

/** A target: how the figure of one cell compares with that of another. */
export interface Target {
  readonly what: string;
  readonly subject: string;
  readonly base: string;
  /** The quotient, or the difference in bytes. */
  readonly as: 'quotient' | 'difference';
  readonly most: number;
  /** Whether `base` is measured with the other build. */
  readonly isOfOther?: true;
}

export const TARGETS: readonly Target[] = [
  {
    what: 'server, 1,000 clients, one event at a time / loop by hand',
    subject: 'burst/bus/1',
    base: 'burst/loop/1',
    as: 'quotient',
    most: 1.15,
  },
  { what: 'the same in bursts of 16', subject: 'burst/bus/16', base: 'burst/loop/16', as: 'quotient', most: 0.6 },
  {
    what: 'one event at a time / better-sse',
    subject: 'burst/bus/1',
    base: 'burst/better-sse/1',
    as: 'quotient',
    most: 0.7,
  },
  {
    what: 'bursts of 16 / better-sse',
    subject: 'burst/bus/16',
    base: 'burst/better-sse/16',
    as: 'quotient',
    most: 0.2,
  },
  {
    what: '10 of 1,000 clients read nothing / all read',
    subject: 'stalled/bus',
    base: 'burst/bus/1',
    as: 'quotient',
    most: 1.1,
  },
  {
    what: 'heap of an idle client, more than by hand, in bytes',
    subject: 'idle/bus',
    base: 'idle/loop',
    as: 'difference',
    most: 6_000,
  },
  {
    what: 'fromEventStream, bursts of 16 / eventsource with JSON.parse',
    subject: 'client/from-event-stream/16',
    base: 'client/eventsource/16',
    as: 'quotient',
    most: 1.5,
  },
  {
    what: 'fromEventStream, one event at a time / eventsource',
    subject: 'client/from-event-stream/1',
    base: 'client/eventsource/1',
    as: 'quotient',
    most: 1.5,
  },
  {
    what: '100 filters, each event for one in ten / other build',
    subject: 'filters/bus/1',
    base: 'filters/bus/1',
    as: 'quotient',
    most: 0.5,
    isOfOther: true,
  },
  {
    what: 'the same in bursts of 16 / other build',
    subject: 'filters/bus/16',
    base: 'filters/bus/16',
    as: 'quotient',
    most: 0.5,
    isOfOther: true,
  },
];
