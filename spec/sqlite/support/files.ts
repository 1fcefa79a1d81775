import { afterEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BusEvent,
  type Delivery,
  type EventFilter,
  SharingBus,
  type SharingBusOptions,
} from '../../../lib/index.js';
import { sqliteUpstream, type SqliteUpstreamOptions } from '../../../lib/sqlite/index.js';

const folders: string[] = [];
const buses: SharingBus<never>[] = [];

afterEach(() => {
  buses.splice(0).forEach((bus) => {
    bus.close();
  });
  folders.splice(0).forEach((folder) => {
    rmSync(folder, { recursive: true, force: true });
  });
});

/** A folder of its own for a spec. It is removed after the spec. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sharing-bus-sqlite-'));
  folders.push(folder);
  return folder;
}

/** The path of a file that does not exist yet. */
export function tempFile(): string {
  return join(tempFolder(), 'events.db');
}

/** A bus on a file. It is closed after the spec. */
export function busOn<E = string>(
  options: string | SqliteUpstreamOptions<E>,
  busOptions: SharingBusOptions<E> = {},
): SharingBus<E> {
  const bus = new SharingBus<E>({
    ...busOptions,
    upstream: sqliteUpstream<E>(typeof options === 'string' ? { file: options } : options),
  });
  buses.push(bus as unknown as SharingBus<never>);
  return bus;
}

/** Publishes, and lets the turn end. */
export async function publishAll<E>(bus: SharingBus<E>, events: readonly BusEvent<E>[]): Promise<void> {
  events.forEach((one) => {
    bus.publish(one);
  });
  await bus.flush();
}

/** Everything that is kept, as a receiver from the start gets it. */
export async function keptBy<E>(bus: SharingBus<E>, filter?: EventFilter<E>): Promise<Delivery<E>[]> {
  const receiver = bus.subscribeFiltered(filter ?? { type: 'all' }, { from: 'start', capacity: 100_000 });
  const found: Delivery<E>[] = [];
  await bus.flush(undefined, { waitFor: [] });
  for (let next = receiver.deliveries.tryRecv(); next.type === 'event' || next.type === 'gap';) {
    found.push(next);
    next = receiver.deliveries.tryRecv();
  }
  receiver.dispose();
  return found;
}

/** A delivery on one line: place and payload, or the size of the gap. */
export function shown<E>(delivery: Delivery<E>): string {
  return delivery.type === 'event'
    ? `${delivery.event.seq}:${String(delivery.event.event)}`
    : `[${delivery.atMost ? '<=' : ''}${delivery.missed}]`;
}
