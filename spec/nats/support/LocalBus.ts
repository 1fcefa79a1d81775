import type { Msg, NatsConnection } from '@nats-io/nats-core';
import {
  type BusEvent,
  SharingBus,
  type SharingBusOptions,
  type Upstream,
  type UpstreamBus,
} from '../../../lib/index.js';
import { Doubles } from '../../../lib/nats/order/Doubles.js';
import { type Entry, headersOf } from '../../../lib/nats/outbox/entries.js';
import { LocalOrder } from '../../../lib/nats/order/LocalOrder.js';
import type { JetStreamUpstreamOptions } from '../../../lib/nats/options.js';
import { Writer } from '../../../lib/nats/outbox/messages.js';
import type { Pulled } from '../../../lib/nats/reader/Pull.js';
import { settingsOf } from '../../../lib/nats/settings.js';

const names = ['publish', 'subscribe', 'request', 'status', 'closed', 'isClosed'];
const connection = Object.fromEntries(names.map((name) => [name, () => undefined])) as unknown as NatsConnection;

/** A bus with its own order, and what it forwards. What comes from the stream is given to it by hand. */
export class LocalBus<E> extends SharingBus<E> {
  /** What is on its way to the stream. */
  readonly forwarded: Entry[];
  readonly order: () => LocalOrder<E>;

  /** @param run Tells the runs of a process apart. */
  constructor(
    options: SharingBusOptions<E> = {},
    run = 'run-1',
    { forwards = true, ...rest }: Partial<JetStreamUpstreamOptions<E>> & { forwards?: boolean } = {},
  ) {
    const settings = settingsOf<E>({ connection, stream: 'S', node: 'n', order: 'local', ...rest });
    const writer = new Writer(
      settings,
      run,
      () => 1_000_000,
      () => 0,
    );
    const forwarded: Entry[] = [];
    const orders: LocalOrder<E>[] = [];
    const order = (): LocalOrder<E> => orders[0] as LocalOrder<E>;
    const upstream: Upstream<E> = {
      open: (bus: UpstreamBus<E>) => {
        orders.push(new LocalOrder(settings, bus, run, new Doubles(100)));
        order().start({ epoch: 'stream', seq: 100 }, []);
        return {
          publish: (busEvent: BusEvent<E>) => {
            const entry = writer.write(busEvent);
            if (forwards) {
              forwarded.push(entry);
            }
            order().published(busEvent, entry, forwards);
          },
          close: () => undefined,
        };
      },
    };
    super({ ...options, upstream });
    this.forwarded = forwarded;
    this.order = order;
  }

  /** Takes a message of the stream, as the link does. */
  take(pulled: Pulled): void {
    if (!this.order().isReturn(pulled, false)) {
      this.order().bring(pulled);
    }
  }
}

/** A message as it comes from the stream. */
export function pulledOf(entry: Entry, seq: number): Pulled {
  const json = (): unknown => JSON.parse(entry.payload) as unknown;
  const message = { subject: entry.subject, headers: headersOf(entry, 'S'), json } as unknown as Msg;
  return { message, seq, nanos: String(seq), left: 0 };
}
