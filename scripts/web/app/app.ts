// The application that web.test.ts runs in each runtime: event streams of one bus, and orders that are given by GET requests.
import { type BusEvent, type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { EventStreams, fromEventStream, iterateEventStream } from 'sharing-bus/sse';

/** Heartbeats of the streams at `/events/<key>/...`. All others have the default. */
const HEARTBEATS: Readonly<Record<string, number>> = { beating: 300, still: 600_000 };

export class App {
  readonly #bus = new SharingBus<string>({ history: { capacity: 10_000 } });
  /** Made when they are first asked for, so that each check has one of its own. */
  readonly #streams = new Map<string, EventStreams<string>>();
  /** What the application itself has read from another server, by each form of the client. */
  readonly #taken: Readonly<Record<'pushed' | 'pulled', string[]>> = { pushed: [], pulled: [] };

  streamsAt(path: string): EventStreams<string> | undefined {
    const [, first, second = ''] = path.split('/');
    if (first !== 'events') {
      return undefined;
    }
    const heartbeatMs = HEARTBEATS[second];
    const streams =
      this.#streams.get(path) ?? new EventStreams(this.#bus, { filter: EventFilter.all, retryMs: 200, heartbeatMs });
    this.#streams.set(path, streams);
    return streams;
  }

  async respond(request: Request): Promise<Response> {
    const url = new URL(request.url);
    return this.streamsAt(url.pathname)?.respond(request) ?? Response.json(await this.obey(url));
  }

  /** Carries out an order, and returns what the test wants to know of it. */
  async obey({ pathname, searchParams }: URL): Promise<unknown> {
    switch (pathname) {
      case '/publish':
        this.#publish(searchParams.getAll('event'), Number(searchParams.get('padding') ?? 0));
        return {};
      case '/stats':
        return {
          open: Object.fromEntries([...this.#streams].map(([path, { size }]) => [path, size])),
          waiting: Math.max(0, ...this.#bus.stats().receivers.map(({ waiting }) => waiting)),
        };
      case '/close':
        await Promise.all([...this.#streams.values()].map((streams) => streams.close()));
        return {};
      case '/read':
        this.#read(searchParams.get('url') ?? '');
        return {};
      case '/taken':
        return this.#taken;
      default:
        throw new Error(`unknown order: ${pathname}`);
    }
  }

  #publish(events: readonly string[], padding: number): void {
    for (const event of events) {
      this.#bus.publish({
        routing: { kind: 'word' },
        origin: 'agent',
        event: padding === 0 ? event : `${event} ${'x'.repeat(padding)}`,
      });
    }
  }

  #read(url: string): void {
    const parse = (value: unknown): BusEvent<string> => value as BusEvent<string>;
    const options = { from: 'start', parse, retry: { initialMs: 200, maxMs: 500 } } as const;
    const { pushed, pulled } = this.#taken;
    fromEventStream<string>(url, options).subscribe({
      next: (delivery) => pushed.push(shown(delivery)),
      error: (error: unknown) => pushed.push(String(error)),
    });
    const pull = async (): Promise<void> => {
      for await (const delivery of iterateEventStream<string>(url, options)) {
        pulled.push(shown(delivery));
      }
    };
    pull().catch((error: unknown) => pulled.push(String(error)));
  }
}

function shown(delivery: Delivery<string>): string {
  return delivery.type === 'gap' ? `gap of ${delivery.missed}` : delivery.event.event;
}
