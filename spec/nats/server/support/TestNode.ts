import type { NatsConnection } from '@nats-io/transport-node';
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type BusEvent,
  type BusPosition,
  type BusReceiver,
  EventFilter,
  type EventRouting,
  SharingBus,
  type SharingBusOptions,
} from 'sharing-bus';
import { type JetStreamUpstreamOptions, type JetStreamUpstream, jetStreamUpstream } from 'sharing-bus/nats';

export const STREAM = 'EVENTS';

/** A bus with its upstream, and what a receiver of everything has got. */
export class TestNode {
  /** Payloads, and `gap 3` for a gap. */
  readonly got: string[] = [];
  readonly places: number[] = [];
  readonly statuses: string[] = [];
  /** What the receiver has ended with. */
  ended: unknown;

  private constructor(
    readonly bus: SharingBus<string>,
    readonly upstream: JetStreamUpstream<string>,
    readonly receiver: BusReceiver<string>,
    readonly lines: readonly string[],
  ) {}

  static async start(
    connection: NatsConnection,
    node: string,
    options: Partial<JetStreamUpstreamOptions<string>> & {
      bus?: Partial<SharingBusOptions<string>>;
      from?: 'start' | BusPosition;
    } = {},
  ): Promise<TestNode> {
    const { bus: busOptions, from = 'now', ...rest } = options;
    const lines: string[] = [];
    const log = (line: unknown): number => lines.push(String(line));
    const upstream = await jetStreamUpstream<string>({ connection, stream: STREAM, node, ...rest });
    const bus = new SharingBus<string>({ upstream, logger: { info: log, warn: log }, ...busOptions });
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1_000_000, from });
    const made = new TestNode(bus, upstream, receiver, lines);
    upstream.status$.subscribe((status) => made.statuses.push(status));
    receiver.deliveries$.subscribe({
      next: (delivery) => {
        made.got.push(delivery.type === 'gap' ? `gap ${delivery.missed}` : delivery.event.event);
        if (delivery.type === 'event') {
          made.places.push(delivery.event.seq ?? NaN);
        }
      },
      error: (error: unknown) => {
        made.ended = error;
      },
    });
    return made;
  }

  publish(...payloads: string[]): void {
    payloads.forEach((payload) => {
      this.bus.publish(eventOf(payload));
    });
  }

  /** Waits until `payload` has arrived. */
  async gets(payload: string, ms = 20_000): Promise<void> {
    await eventually(() => this.got.includes(payload), `${payload} arrives`, ms);
  }
}

/** An event whose session is the part of `payload` before the first digit. */
export function eventOf(payload: string, routing: Partial<EventRouting> = {}): BusEvent<string> {
  const nativeSessionId = /^\D*/.exec(payload)?.[0] ?? '';
  return {
    routing: { kind: 'plan', connectorId: 'test', nativeSessionId, ...routing },
    origin: 'agent',
    event: payload,
  };
}

/** `count` payloads: prefix0, prefix1, ... */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

export async function eventually(isTrue: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isTrue())) {
    assert.ok(performance.now() < end, `within ${ms} ms: ${what}`);
    await wait(5);
  }
}
