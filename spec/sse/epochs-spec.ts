import { describe, expect, it } from '@jest/globals';
import { type BusPosition, EventFilter, SharingBus, type UpstreamBus } from '../../lib/index.js';
import { EventStreams, fromEventStream } from '../../lib/sse/index.js';
import { Clock } from '../support/Clock.js';
import { event } from '../support/events.js';
import { parse, told, Watch } from './support.js';

const MANY = 16;

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** Several servers behind one URL, each with a bus of its own. One of them answers at a time. */
class Servers implements AsyncDisposable {
  readonly clock = new Clock();
  readonly positions: BusPosition[] = [];
  readonly urls: string[] = [];
  readonly watch;
  readonly #buses = new Map<string, SharingBus<string>>();
  #streams: EventStreams<string> | undefined;

  constructor() {
    this.watch = new Watch(
      fromEventStream<string>('http://a.test/events', {
        parse,
        from: 'start',
        scheduler: this.clock,
        onPosition: (position) => this.positions.push(position),
        fetch: async (url, { headers, signal }) => {
          this.urls.push(url);
          const response = await this.#streams?.respond(new Request(url, { headers, signal }));
          return response ?? new Response(null, { status: 503 });
        },
      }),
    );
  }

  get told(): string {
    return this.watch.values.map(told).join(' ').replaceAll('Infinity missing', 'gap');
  }

  bus(name: string): SharingBus<string> {
    const bus = this.#buses.get(name) ?? new SharingBus<string>({ history: { capacity: 100 } });
    this.#buses.set(name, bus);
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watch.stop();
    await this.#streams?.close();
  }

  /** Lets the client connect to the server `name`, which publishes `payloads`. */
  async answerBy(name: string, ...payloads: string[]): Promise<void> {
    await this.#streams?.close();
    this.#streams = new EventStreams(this.bus(name), { filter: EventFilter.all });
    await turn();
    // Longer than any wait, and shorter than silenceMs.
    this.clock.pass(40_000);
    await turn();
    for (const payload of payloads) {
      this.bus(name).publish(event(payload));
    }
    await turn();
  }
}

describe('a client of servers that answer in turns', () => {
  it('delivers each event once, and a gap at each change', async () => {
    await using servers = new Servers();
    await servers.answerBy('A', 'A1', 'A2', 'A3');
    await servers.answerBy('B', 'B1');
    await servers.answerBy('A', 'A4');
    await servers.answerBy('B', 'B2');
    await servers.answerBy('A');
    expect(servers.told).toBe('A1 A2 A3 gap B1 gap A4 gap B2 gap');
  });

  it('resumes at its place in the life of the server that answered last, also where nothing was new', async () => {
    await using servers = new Servers();
    await servers.answerBy('A', 'A1', 'A2');
    await servers.answerBy('B', 'B1');
    await servers.answerBy('A');
    const a = servers.bus('A').position as BusPosition;
    expect(servers.positions.at(-1)).toEqual(a);
    await servers.answerBy('A', 'A3');
    expect(servers.told).toBe('A1 A2 gap B1 gap A3');
  });

  it(`remembers its places in the last ${MANY} lives, and no more`, async () => {
    const names = Array.from({ length: MANY }, (_, index) => `${index}.`);
    await using servers = new Servers();
    for (const name of names) {
      await servers.answerBy(name, name);
    }
    await servers.answerBy(names[0] as string);
    expect(servers.told).toBe(`${names.join(' gap ')} gap`);
    // One more, and the place that was not used for the longest time is forgotten.
    await servers.answerBy('new', 'new');
    await servers.answerBy(names[1] as string);
    expect(servers.told).toBe(`${names.join(' gap ')} gap gap new gap ${names[1]}`);
  });
});

describe('a bus whose upstream has other events now', () => {
  it('gives an event that still waits the id of its own epoch', async () => {
    let side: UpstreamBus<string> | undefined;
    const bus = new SharingBus<string>({
      upstream: {
        open: (one) => {
          side = one;
          return { publish: () => undefined, close: () => undefined };
        },
      },
    });
    side?.begin({ epoch: 'e1', seq: 4 });
    const streams = new EventStreams(bus, { filter: EventFilter.all });
    const response = await streams.respond(new Request('http://a.test/events'));
    side?.event(event('old'), 5);
    side?.begin({ epoch: 'e2', seq: 0 });
    side?.event(event('new'), 1);
    await turn();
    void streams.close();
    const text = await response.text();
    const ids = [...text.matchAll(/^(event|id): (.*)$/gm)].map(([, field, value]) => `${field} ${value}`);
    expect(ids).toEqual(['event position', 'id e1:4', 'id e1:5', 'event gap', 'id e2:0', 'id e2:1']);
  });
});
