// A process that publishes until it is killed. It writes a line for each event that is acknowledged: by `publish` with durability 'event', by a
// receiver with durability 'turn'. Arguments: the file, the durability, a name for its events.
import { writeSync } from 'node:fs';
import { SharingBus } from 'sharing-bus';
import { sqliteUpstream } from 'sharing-bus/sqlite';

const [file = '', durability = 'turn', name = ''] = process.argv.slice(2);
const bus = new SharingBus<string>({
  upstream: sqliteUpstream<string>({ file, durability: durability === 'event' ? 'event' : 'turn' }),
});
let count = 0;

/** The line is out before the process can be killed. If the reader is slow, this waits until the pipe has room. */
function acknowledge(seq: number | undefined, event: string): void {
  let rest = Buffer.from(`${seq} ${event}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        throw error;
      }
    }
  }
}

if (durability === 'turn') {
  bus.stream(undefined, { capacity: 10_000 }).subscribe(({ seq, event }) => {
    acknowledge(seq, event);
  });
}

function burst(): void {
  for (let size = 1 + (count % 90); size > 0; size -= 1) {
    count += 1;
    const event = `${name}/${count}`;
    bus.publish({
      routing: { kind: `k${count % 7}`, connectorId: 'c', nativeSessionId: `s${count % 40}` },
      origin: 'agent',
      event,
    });
    if (durability === 'event') {
      acknowledge(bus.position?.seq, event);
    }
  }
  setImmediate(burst);
}

burst();
