import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { EventStreams, type NodeResponse } from '../../lib/sse/index.js';
import { survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { getRaw, serve, until } from './support.js';

/** A response of Node as far as a server of event streams goes: it takes bytes, as many as it has room for. */
class Line extends EventEmitter implements NodeResponse {
  readonly destroyed = false;
  readonly headersSent = false;
  readonly writableEnded = false;
  readonly writes: Uint8Array[] = [];

  constructor(public hasRoom = true) {
    super();
  }

  get text(): string {
    return Buffer.concat(this.writes).toString();
  }

  cork(): void {
    // It takes bytes.
  }

  writeHead(): void {
    // Nothing to do.
  }

  write(bytes: string | Uint8Array): boolean {
    this.writes.push(bytes as Uint8Array);
    return this.hasRoom;
  }

  end(): void {
    // Nothing to do.
  }

  destroy(): void {
    // Nothing to do.
  }
}

interface Payload {
  readonly number: number;
  toJSON?(): unknown;
}

interface Fixture {
  readonly bus: SharingBus<Payload>;
  readonly streams: EventStreams<Payload>;
  readonly connect: (filter?: EventFilter<Payload>, hasRoom?: boolean) => Promise<Line>;
}

/** The buses of the present test. */
const buses: SharingBus<Payload>[] = [];

afterEach(() => {
  // A stream that is open has a timer.
  buses.splice(0).forEach((bus) => {
    bus.close();
  });
});

/** The payload of an event that was published. */
function published(bus: SharingBus<Payload>, number: number): Payload {
  const payload = { number };
  bus.publish(event(payload));
  return payload;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function setUp(history: { capacity: number } | undefined, onError?: (error: unknown) => void): Fixture {
  const bus = new SharingBus<Payload>(history && { history });
  buses.push(bus);
  const streams = new EventStreams(bus, { filter: EventFilter.all, onError });
  return {
    bus,
    streams,
    connect: async (filter = EventFilter.all, hasRoom = true) => {
      const line = new Line(hasRoom);
      const url = `/?filter=${encodeURIComponent(JSON.stringify(filter))}`;
      void streams.handle({ url, headers: { host: 'h' } }, line);
      await turn();
      line.writes.length = 0;
      return line;
    },
  };
}

const numbers = (line: Line): number[] =>
  [...line.text.matchAll(/"number":(\d+)/g)].map(([, digits]) => Number(digits));

describe.each([
  ['with a history', { capacity: 100 }],
  ['without a history', undefined],
])('the streams of a server %s', (_how, history) => {
  it('get all events of a turn in one write, and write an event as JSON once for all', async () => {
    const { bus, connect } = setUp(history);
    const lines = [await connect(), await connect(), await connect(EventFilter.kind('odd'))];
    let written = 0;
    for (let number = 1; number <= 4; number += 1) {
      const toJSON = (): unknown => ({ number, times: (written += 1) });
      bus.publish(event({ number, toJSON }, { kind: number % 2 === 1 ? 'odd' : 'even' }));
    }
    await turn();
    expect(lines.map(({ writes }) => writes.length)).toEqual([1, 1, 1]);
    expect(lines.map(numbers)).toEqual([[1, 2, 3, 4], [1, 2, 3, 4], [1, 3]]); // prettier-ignore
    expect([written, lines[0]?.writes[0] === lines[1]?.writes[0]]).toEqual([4, true]);
  });

  it('get each event once, in order, also when one is published while they are written to', async () => {
    const { bus, connect } = setUp(history);
    const [first, second] = [await connect(), await connect()];
    const write = first.write.bind(first);
    let next = 2;
    first.write = (bytes) => {
      if (next <= 4) {
        bus.publish(event({ number: next }));
        next += 1;
      }
      return write(bytes);
    };
    bus.publish(event({ number: 1 }));
    for (let turns = 0; turns < 5; turns += 1) {
      await turn();
    }
    expect([numbers(first), numbers(second)]).toEqual([[1, 2, 3, 4], [1, 2, 3, 4]]); // prettier-ignore
  });

  it('that are behind get the text that others got, until it is no longer kept', async () => {
    const { bus, connect } = setUp(history);
    const [fast, slow] = [await connect(), await connect(EventFilter.all, false)];
    let written = 0;
    const publish = (number: number): void => {
      bus.publish(event({ number, toJSON: () => ({ number, times: (written += 1) }) }));
    };
    [1, 2, 3].forEach(publish);
    await turn();
    // The first write of the slow one went into its buffer; it has asked for nothing since.
    [4, 5].forEach(publish);
    await turn();
    slow.hasRoom = true;
    slow.emit('drain');
    await turn();
    expect([numbers(fast), numbers(slow)]).toEqual([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]); // prettier-ignore
    // Without a history, a text is not kept: see the next case.
    expect(written).toBe(history === undefined ? 10 : 5);
  });

  it('law 34: let go of the text and the event when the last one that was behind has left or caught up', async () => {
    for (const end of ['close', 'drain']) {
      const { bus, connect } = setUp(history && { capacity: 1 });
      const [fast, slow] = [await connect(), await connect(EventFilter.all, false)];
      const events = [1, 2].map((number) => new WeakRef(published(bus, number)));
      await turn();
      expect(numbers(fast)).toEqual([1, 2]);
      slow.hasRoom = true;
      slow.emit(end);
      // A history still has the second one.
      expect(await survivors(events.slice(0, 1))).toBe(0);
    }
  });

  it('get an object that is published again as it is then, whether another one is behind or not', async () => {
    const { bus, connect } = setUp(history);
    const [fast] = [await connect(), await connect(EventFilter.all, false)];
    const payload = { number: 1 };
    const again = event(payload);
    for (; payload.number <= 3; payload.number += 1) {
      bus.publish(again);
      await turn();
    }
    expect(numbers(fast)).toEqual([1, 2, 3]);
  });

  it('each report an event that cannot be sent, and get a gap in its place', async () => {
    const errors: unknown[] = [];
    const { bus, connect } = setUp(history, (error) => errors.push(error));
    const lines = [await connect(), await connect()];
    const toJSON = (): never => {
      throw new Error('no');
    };
    bus.publish(event({ number: 1, toJSON }));
    bus.publish(event({ number: 2 }));
    await turn();
    for (const line of lines) {
      expect(line.text).toMatch(
        /^event: gap\n(id: .*:1\n)?data: \{"missed":1,"byKind":\{"test":1\}\}\n\n.*"number":2/s,
      );
    }
    expect(errors).toEqual([new Error('no'), new Error('no')]);
  });

  it('are not harmed by one whose response throws', async () => {
    const errors: unknown[] = [];
    const { bus, streams, connect } = setUp(history, (error) => errors.push(error));
    const [broken, whole] = [await connect(), await connect()];
    broken.write = () => {
      throw new Error('broken');
    };
    bus.publish(event({ number: 1 }));
    await turn();
    expect([numbers(whole), errors, streams.size, bus.subscriberCount]).toEqual([[1], [new Error('broken')], 1, 1]);
  });
});

describe('a client without authorize', () => {
  it('frees its slot when its connection closes, whether it is read or not', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 10 } });
    const streams = new EventStreams(bus, { filter: EventFilter.all });
    await using server = await serve((request, response) => void streams.handle(request, response));
    const clients = [await getRaw(server.url), await getRaw(server.url)];
    // The other one reads nothing.
    clients[0]?.resume();
    await until(() => streams.size === 2);
    clients.forEach((client) => {
      client.destroy();
    });
    await until(() => streams.size === 0);
    expect(bus.subscriberCount).toBe(0);
  });
});
