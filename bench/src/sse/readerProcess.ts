// The process of the clients of a server. Messages control it.
import { EventFilter } from '../library.js';
import { FILLING, kindOf } from './events.js';
import { type Order, send, type ServerCell } from './messages.js';
import { Reader } from './Reader.js';

let readers: Reader[] = [];
let stalled: Reader[] = [];
let received = 0;
let expected = Infinity;
/** The number that a stalled client has reached when it has caught up. */
let last = Infinity;

function check(): void {
  const problem = readers.find((reader) => reader.problem !== undefined)?.problem;
  if (problem !== undefined || received > expected) {
    throw new Error(problem ?? `${received} events came, ${expected} were due`);
  }
  if (received === expected) {
    expected = Infinity;
    send({ is: 'acknowledged' });
  }
}

function checkStalled(): void {
  if (stalled.every((reader) => reader.last >= last)) {
    last = Infinity;
    const sum = (of: (reader: Reader) => number): number => stalled.reduce((all, reader) => all + of(reader), 0);
    send({ is: 'resumed', events: sum((reader) => reader.events), missed: sum((reader) => reader.missed) });
  }
}

/** The URL of the client `index`. Only the bus reads the filter. */
function urlOf(port: number, index: number, { filters, share, stalled: count }: ServerCell): string {
  const kinds = [kindOf(Math.floor((index % filters) / share)), ...(index < count ? [FILLING] : [])];
  const query =
    filters === 1 && count === 0
      ? ''
      : `?filter=${encodeURIComponent(JSON.stringify(filterOf(kinds, index, filters)))}`;
  return `http://127.0.0.1:${port}/${query}`;
}

/** A filter for `kinds`. All filters differ. */
function filterOf(kinds: readonly string[], index: number, filters: number): EventFilter {
  return EventFilter.kind(...kinds, ...(filters === 1 ? [] : [`none-${index % filters}`]));
}

async function connect(port: number, cell: ServerCell): Promise<void> {
  const begun = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const isStalled = index < cell.stalled;
      const reader = new Reader(urlOf(port, index, cell), {
        onBegun: () => {
          if (isStalled) {
            reader.pause();
          }
          resolve();
        },
        onEvent: () => {
          if (isStalled) {
            checkStalled();
          } else {
            received += 1;
            if (received >= expected) {
              check();
            }
          }
        },
      });
      (isStalled ? stalled : readers).push(reader);
    });
  for (let index = 0; index < cell.clients; index += 50) {
    await Promise.all(Array.from({ length: Math.min(50, cell.clients - index) }, (_, n) => begun(index + n)));
  }
  send({ is: 'connected' });
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'connect':
      readers = [];
      stalled = [];
      void connect(order.port, order.cell);
      break;
    case 'expect':
      expected = order.total;
      if (received >= expected) {
        check();
      }
      break;
    case 'resume':
      last = order.last;
      stalled.forEach((reader) => {
        reader.resume();
      });
      checkStalled();
      break;
    default:
  }
});
process.on('disconnect', () => {
  process.exit();
});
send({ is: 'connected' });
