// Publishes until it is killed, and writes a line for each event that is acknowledged: by `publish` with durability 'event', by a receiver with
// durability 'turn'. Arguments: the file, the durability, the most events to keep or 0, a name for its events, a seed.
import { writeSync } from 'node:fs';
import type { BusEvent } from '../../../dist/index.js';
import { newUuid, SharingBus } from '../../../dist/index.js';
import { sqliteUpstream } from '../../../dist/sqlite/index.js';
import { randomIntegers } from '../load/random.js';
import type { SoakPayload } from './soakPayload.js';

const [file = '', durability = 'turn', maxEvents = '0', name = '', seed = '0'] = process.argv.slice(2);
const random = randomIntegers(Number(seed));
const isEach = durability === 'event';
const bus = new SharingBus<SoakPayload>({
  upstream: sqliteUpstream<SoakPayload>({
    file,
    durability: isEach ? 'event' : 'turn',
    retention: maxEvents === '0' ? {} : { maxEvents: Number(maxEvents) },
  }),
});
let count = 0;

/** The line is out before the process can be killed. If the reader is slow, this waits until the pipe has room. */
function acknowledge(line: string): void {
  let rest = Buffer.from(line);
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

if (!isEach) {
  bus.stream(undefined, { capacity: 100_000 }).subscribe(({ seq, event }) => {
    acknowledge(`${seq} ${event.name}\n`);
  });
}

function nextEvent(): BusEvent<SoakPayload> {
  count += 1;
  const sessionId = `s${random() % 40}`;
  const connectorId = `c${random() % 3}`;
  const own = { name: `${name}/${count}`, pad: 'x'.repeat(random() % 16 === 0 ? random() % 20_000 : random() % 300) };
  const payload: SoakPayload =
    random() % 50 === 0
      ? { ...own, type: 'SessionRegistered', connectorId, sessionId, scrollId: newUuid() }
      : { ...own, type: 'Said' };
  return {
    routing: { kind: `k${random() % 9}`, connectorId, nativeSessionId: sessionId },
    origin: 'agent',
    event: payload,
  };
}

function burst(): void {
  for (let size = 1 + (random() % 100); size > 0; size -= 1) {
    const busEvent = nextEvent();
    bus.publish(busEvent);
    if (isEach) {
      acknowledge(`${bus.position?.seq} ${busEvent.event.name}\n`);
    }
  }
  setImmediate(burst);
}

acknowledge('ready\n');
burst();
