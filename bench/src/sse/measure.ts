import { expectEqual } from './expectEqual.js';
import { Child } from './Child.js';
import type { ClientCell, ServerCell } from './messages.js';

/** How a cell is measured. */
export interface Setting {
  /** The folder of the built library. */
  readonly dist: string;
  /** Bursts before those that are measured. */
  readonly warmUp: number;
  /** The folder for CPU profiles. */
  readonly profile?: string | undefined;
}

/** CPU time of the server for each delivery, in microseconds; of an idle cell, bytes of its heap for each client. */
export async function measureServer(cell: ServerCell, { dist, warmUp, profile }: Setting): Promise<number> {
  using server = new Child('serverProcess.js', [JSON.stringify(cell), dist], profile);
  using readers = new Child('readerProcess.js');
  const { port } = await server.reported('listening');
  await readers.reported('connected');
  if (cell.idle) {
    return await measureHeap(cell, port, server, readers);
  }
  readers.tell({ do: 'connect', port, cell });
  await readers.reported('connected');
  let wanted = 0;
  if (cell.stalled > 0) {
    server.tell({ do: 'fill' });
    wanted = (await server.reported('filled')).matching;
  }
  server.tell({ do: 'load', warmUp });
  let report = await server.next();
  for (; report.is === 'published'; report = await server.next()) {
    readers.tell({ do: 'expect', total: report.total });
    await readers.reported('acknowledged');
    server.tell({ do: 'acknowledged' });
  }
  if (report.is !== 'loaded') {
    throw new Error(`expected loaded, got ${report.is}`);
  }
  if (cell.stalled > 0) {
    readers.tell({ do: 'resume', last: report.last });
    const { events, missed } = await readers.reported('resumed');
    const others = (cell.bursts + warmUp) * cell.burst;
    expectEqual('events and missing events of stalled clients', events + missed, (wanted + others) * cell.stalled);
  }
  return report.microseconds / report.matching;
}

async function measureHeap(cell: ServerCell, port: number, server: Child, readers: Child): Promise<number> {
  const connect = async (clients: number): Promise<number> => {
    readers.tell({ do: 'connect', port, cell: { ...cell, clients } });
    await readers.reported('connected');
    server.tell({ do: 'heap' });
    return (await server.reported('heap')).bytes;
  };
  // Some clients first: the code and the tables of the server are then there.
  const before = await connect(100);
  return ((await connect(cell.clients)) - before) / cell.clients;
}

/** CPU time of the client for each event, in microseconds. */
export async function measureClient(cell: ClientCell, { dist, profile }: Setting): Promise<number> {
  using feeder = new Child('feederProcess.js', [JSON.stringify(cell)]);
  using client = new Child('clientProcess.js', [dist], profile);
  const { port } = await feeder.reported('listening');
  client.tell({ do: 'read', port, cell });
  const { microseconds, events } = await client.reported('read');
  return microseconds / events;
}
