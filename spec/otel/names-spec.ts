import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Attributes, diag, DiagLogLevel, type Meter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { type BusReceiver, SharingBus } from '../../lib/index.js';
import { instrument, type InstrumentOptions } from '../../lib/otel/index.js';
import { recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { Sdk } from './Sdk.js';

const { CUMULATIVE, DELTA } = AggregationTemporality;
const TEMPORALITIES = [
  ['cumulative', CUMULATIVE],
  ['delta', DELTA],
] as const;

const NAME = 'messaging.destination.subscription.name';
const COUNT = 'sharing_bus.receiver.count';
const CAPACITY = 'sharing_bus.queue.capacity';
const WAITING = 'sharing_bus.queue.waiting';
const LAGGED = 'sharing_bus.receiver.lagged';
const LOST = 'sharing_bus.receiver.dropped';
const DROPPED = 'sharing_bus.dropped.messages';

/** A time limit of jest, in milliseconds, for thousands of series on a busy machine. */
const LONG = 60_000;

type Values = Readonly<Record<string, number>>;

/** What a backend knows after all exports: with either temporality, the value of each series by instrument and name. */
class Backend {
  readonly sdk: Sdk;
  readonly #isDelta: boolean;
  readonly #values = new Map<string, Map<string, number>>();
  /** Whether a counter went down. */
  readonly falls: string[] = [];

  constructor(temporality: AggregationTemporality) {
    this.sdk = new Sdk(temporality);
    this.#isDelta = temporality === DELTA;
  }

  get meter(): Meter {
    return this.sdk.provider.getMeter('sharing-bus');
  }

  async collect(): Promise<void> {
    for (const [instrument, { dataPoints, ...metric }] of await this.sdk.collect()) {
      const series = this.#values.get(instrument) ?? new Map<string, number>();
      this.#values.set(instrument, series);
      for (const { attributes, value } of dataPoints) {
        const key = Backend.#keyOf(attributes);
        const before = series.get(key) ?? 0;
        const after = (value as number) + (this.#isDelta && 'isMonotonic' in metric ? before : 0);
        if ('isMonotonic' in metric && metric.isMonotonic && after < before) {
          this.falls.push(`${instrument} of ${key}`);
        }
        series.set(key, after);
      }
    }
  }

  static #keyOf(attributes: Attributes): string {
    const bus = attributes['messaging.destination.name'];
    const name = attributes[NAME];
    return `${typeof bus === 'string' ? `${bus}/` : ''}${typeof name === 'string' ? name : '-'}`;
  }

  /** The series of one instrument; `-` is the one without a name. */
  of(instrument: string): Values {
    return Object.fromEntries(this.#values.get(instrument) ?? []);
  }

  /** The sum over the series of one instrument. */
  sum(instrument: string): number {
    return Object.values(this.of(instrument)).reduce((total, value) => total + value, 0);
  }

  async shutdown(): Promise<void> {
    await this.sdk.provider.shutdown();
  }
}

/** A bus whose events nobody takes before the scheduler is told to run. */
function quietBus(): SharingBus<number> {
  return new SharingBus<number>({ scheduler: new ManualScheduler() });
}

function join(bus: SharingBus<number>, name: string | undefined, capacity = 1): BusReceiver<number> {
  return bus.subscribeFiltered({ type: 'all' }, { capacity, name });
}

function publish(bus: SharingBus<number>, count: number): void {
  for (let n = 0; n < count; n += 1) {
    bus.publish(event(n));
  }
}

/** What all series of `bus` should add up to. */
function sums(bus: SharingBus<number>): Values {
  const { receivers, dropped } = bus.stats();
  const sum = (of: 'capacity' | 'waiting' | 'lagged'): number =>
    receivers.reduce((total, receiver) => total + receiver[of], 0);
  return {
    [COUNT]: receivers.length,
    [CAPACITY]: sum('capacity'),
    [WAITING]: sum('waiting'),
    [LAGGED]: sum('lagged'),
    [LOST]: dropped,
    [DROPPED]: dropped,
  };
}

function sumsAt(backend: Backend): Values {
  return Object.fromEntries(
    [COUNT, CAPACITY, WAITING, LAGGED, LOST, DROPPED].map((instrument) => [instrument, backend.sum(instrument)]),
  );
}

describe.each(TEMPORALITIES)('names, %s', (_label, temporality) => {
  const backends: Backend[] = [];

  function newBackend(): Backend {
    const backend = new Backend(temporality);
    backends.push(backend);
    return backend;
  }

  afterEach(async () => {
    diag.disable();
    await Promise.all(backends.splice(0).map((backend) => backend.shutdown()));
  });

  /** A bus that is exported, and what the backend knows of it. Warnings go to `lines`. */
  function exported(options: InstrumentOptions = {}) {
    const bus = quietBus();
    const backend = newBackend();
    const { lines, logger } = recordingLogger();
    const stop = instrument(bus, backend.meter, { logger, ...options });
    return { bus, backend, lines, stop };
  }

  it(
    'adds up exactly with 5,000 names over time, of which 150 are there at a time',
    async () => {
      const { bus, backend, lines } = exported();
      const archivist = join(bus, 'archivist', 3);
      const live: BusReceiver<number>[] = [];
      for (let name = 0; name < 5_000; name += 1) {
        // The 150 before stay on.
        live.push(join(bus, `page ${name}`, 1 + (name % 5)));
        if (live.length > 150) {
          live.shift()?.dispose();
        }
        if (name % 200 === 199) {
          publish(bus, 3);
          await backend.collect();
          expect(sumsAt(backend)).toEqual(sums(bus));
        }
      }
      // A name that was there from the beginning keeps its series, and its sums.
      expect(backend.of(LOST)['archivist']).toBe(archivist.lagged);
      expect(backend.of(COUNT)['archivist']).toBe(1);
      // A thousand names, and those that have none.
      expect(Object.keys(backend.of(COUNT))).toHaveLength(1_001);
      expect(backend.falls).toEqual([]);
      expect(lines).toHaveLength(2);
      bus.close();
      await backend.collect();
      expect(sumsAt(backend)).toEqual({ ...sums(bus), [COUNT]: 0, [WAITING]: 0 });
    },
    LONG,
  );

  it(
    'adds up exactly with 5,000 names of receivers that come and go between two collections',
    async () => {
      const { bus, backend } = exported();
      for (let name = 0; name < 5_000; name += 1) {
        const receiver = join(bus, `page ${name}`, 1);
        publish(bus, 3);
        receiver.dispose();
        if (name % 250 === 249) {
          await backend.collect();
        }
      }
      expect(sumsAt(backend)).toEqual({ ...sums(bus), [LOST]: 10_000, [DROPPED]: 10_000 });
      expect(Object.keys(backend.of(LOST))).toHaveLength(1_001);
      expect(backend.of(LOST)['*']).toBe(8_000);
    },
    LONG,
  );

  it('adds up exactly with 5,000 names at once', async () => {
    const { bus, backend, lines } = exported();
    for (let name = 0; name < 5_000; name += 1) {
      join(bus, `page ${name}`, 7);
    }
    publish(bus, 8);
    await backend.collect();
    expect(sumsAt(backend)).toEqual({ ...sums(bus), [COUNT]: 5_000, [CAPACITY]: 35_000, [LOST]: 5_000 });
    expect(Object.keys(backend.of(COUNT))).toHaveLength(101);
    expect(backend.of(COUNT)['*']).toBe(4_900);
    await backend.collect();
    expect(lines).toEqual([
      'warn: sharing-bus: instrument: more receiver names than 100 at one time: "page 100" is reported as "*" (option maxNames)',
    ]);
  });

  it('has a series for receivers without a name, and one for those of the same name, whatever the limit', async () => {
    const { bus, backend, lines } = exported({ maxNames: 1 });
    for (const name of ['page', undefined, 'page', undefined, 'page']) {
      join(bus, name);
    }
    publish(bus, 2);
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ page: 3, '-': 2 });
    expect(backend.of(LOST)).toEqual({ page: 3, '-': 2 });
    expect(lines).toEqual([]);
  });

  it('gives the place of a name that is gone to the one that has waited longest', async () => {
    const { bus, backend } = exported({ maxNames: 2 });
    const [first] = [join(bus, 'a'), join(bus, 'b'), join(bus, 'c'), join(bus, 'd')];
    publish(bus, 2);
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ a: 1, b: 1, '*': 2 });
    expect(backend.of(LOST)).toEqual({ a: 1, b: 1, '*': 2 });
    first.dispose();
    publish(bus, 1);
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ a: 0, b: 1, c: 1, '*': 1 });
    // What it lost before stays where it was counted.
    expect(backend.of(LOST)).toEqual({ a: 1, b: 2, c: 1, '*': 3 });
    expect(sumsAt(backend)).toEqual(sums(bus));
  });

  it('keeps the counter of a name that is gone, and goes on with it when the name comes back', async () => {
    const { bus, backend } = exported({ maxNames: 1 });
    const first = join(bus, 'a');
    publish(bus, 3);
    await backend.collect();
    first.dispose();
    const other = join(bus, 'b');
    await backend.collect();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ a: 2, b: 0 });
    // `a` has no place, but its counter goes on.
    join(bus, 'a').dispose();
    const second = join(bus, 'a');
    publish(bus, 2);
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ a: 0, b: 1, '*': 1 });
    expect(backend.of(LOST)).toEqual({ a: 3, b: 1, '*': 0 });
    other.dispose();
    publish(bus, 1);
    second.dispose();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ a: 4, b: 1, '*': 0 });
    expect(backend.falls).toEqual([]);
    expect(sumsAt(backend)).toEqual(sums(bus));
  });

  it('never counts a loss twice, whenever a receiver leaves', async () => {
    const { bus, backend } = exported();
    const receiver = join(bus, 'page');
    publish(bus, 3);
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 2 });
    publish(bus, 2);
    receiver.close();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 4 });
    expect(backend.of(LAGGED)).toEqual({ page: 0 });
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 4 });
  });

  it('adds the losses of more receivers than the bus keeps to the rest', async () => {
    const { bus, backend } = exported();
    for (let n = 0; n < 10_005; n += 1) {
      join(bus, 'page');
    }
    publish(bus, 2);
    bus.close();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 10_000, '*': 5 });
  });

  it('counts as rest what receivers had lost that left before it was called', async () => {
    const bus = quietBus();
    const [gone] = [join(bus, 'page'), join(bus, 'page')];
    publish(bus, 3);
    gone.dispose();
    const backend = newBackend();
    instrument(bus, backend.meter);
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 2, '*': 2 });
    expect(sumsAt(backend)).toEqual(sums(bus));
  });

  it('groups names, and leaves some out', async () => {
    const { bus, backend, lines } = exported({
      maxNames: 2,
      receiverName: (name) => (name === 'secret' ? undefined : name.replace(/ .*/, '')),
    });
    for (let name = 0; name < 5_000; name += 1) {
      join(bus, `page ${name}`);
      join(bus, `meter ${name}`);
    }
    join(bus, 'secret');
    join(bus, undefined);
    publish(bus, 2);
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ page: 5_000, meter: 5_000, '-': 2 });
    bus.close();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 5_000, meter: 5_000, '-': 2 });
    expect(lines).toEqual([]);
  });

  it('asks for the name once for each name and collection, and never for none', async () => {
    const receiverName = jest.fn((name: string) => name);
    const { bus, backend } = exported({ receiverName });
    for (const name of ['page', undefined, 'page', 'meter']) {
      join(bus, name);
    }
    await backend.collect();
    expect(receiverName.mock.calls).toEqual([['page'], ['meter']]);
  });

  it.each<[string, unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'Error: no',
    ],
    ['returns a number', () => 5, 'TypeError: the result of receiverName must be a string, got 5'],
    ['returns null', () => null, 'TypeError: the result of receiverName must be a string, got null'],
    [
      'rejects',
      () => Promise.reject(new Error('no')),
      'TypeError: receiverName: expected a synchronous result, got a promise',
    ],
  ])('reports the receivers as the rest if receiverName %s, and says so once', async (_how, receiverName, error) => {
    const { bus, backend, lines } = exported({ receiverName: receiverName as () => string });
    join(bus, 'page').dispose();
    join(bus, 'page');
    join(bus, 'meter');
    publish(bus, 2);
    await backend.collect();
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ '*': 2 });
    expect(backend.of(LOST)).toEqual({ '*': 2 });
    expect(lines).toEqual([`warn: sharing-bus: instrument: receiverName failed for "page", reported as "*": ${error}`]);
  });

  it('counts a receiver that has the name of the rest there', async () => {
    const { bus, backend, lines } = exported({ maxNames: 1 });
    for (const name of ['*', 'a', 'b']) {
      join(bus, name);
    }
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ '*': 2, a: 1 });
    expect(lines).toHaveLength(1);
  });

  it('takes each string for a name: empty, long, and names of members', async () => {
    const { bus, backend } = exported();
    const names = ['', '-', 'constructor', '__proto__', 'x'.repeat(10_000)];
    names.forEach((name) => join(bus, name));
    await backend.collect();
    expect(await backend.sdk.points(COUNT)).toHaveLength(temporality === DELTA ? 5 : names.length);
    expect(backend.sum(COUNT)).toBe(names.length);
  });

  it('a name that the SDK has seen takes up nothing when it comes back', async () => {
    const { bus, backend, lines } = exported({ maxNames: 1, maxNamesEver: 2 });
    for (const name of ['a', 'b', 'a', 'b', 'a']) {
      const receiver = join(bus, name);
      await backend.collect();
      expect(backend.of(COUNT)[name]).toBe(1);
      receiver.dispose();
    }
    expect(lines).toEqual([]);
    join(bus, 'c');
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ a: 0, b: 0, '*': 1 });
    expect(lines).toEqual([
      'warn: sharing-bus: instrument: more receiver names than 2 over the life of the meter: "c" is reported as "*" (option maxNamesEver)',
    ]);
  });

  it(
    'two buses on one meter share what the SDK allows',
    async () => {
      const backend = newBackend();
      const { lines, logger } = recordingLogger();
      const buses = [quietBus(), quietBus()];
      buses.forEach((bus, index) => {
        instrument(bus, backend.meter, { destination: String(index), logger });
      });
      let lost = 0;
      for (let round = 0; round < 25; round += 1) {
        const receivers = buses.flatMap((bus) =>
          Array.from({ length: 100 }, (_, n) => join(bus, `page ${round * 100 + n}`, 7)),
        );
        buses.forEach((bus) => {
          publish(bus, 8);
        });
        lost += 200;
        await backend.collect();
        expect([backend.sum(COUNT), backend.sum(CAPACITY), backend.sum(LOST)]).toEqual([200, 1_400, lost]);
        receivers.forEach((receiver) => {
          receiver.dispose();
        });
      }
      expect(Object.keys(backend.of(COUNT))).toHaveLength(1_002);
      expect(lines).toHaveLength(2);
    },
    LONG,
  );

  it('two calls for one bus, on two meters or with two destinations, are each exact', async () => {
    const bus = quietBus();
    const [one, other] = [newBackend(), newBackend()];
    instrument(bus, one.meter, { destination: 'x', maxNames: 1 });
    instrument(bus, one.meter, { destination: 'y' });
    instrument(bus, other.meter);
    const receivers = ['a', 'b'].map((name) => join(bus, name));
    publish(bus, 2);
    await one.collect();
    receivers.forEach((receiver) => {
      receiver.dispose();
    });
    await one.collect();
    await other.collect();
    expect(one.of(LOST)).toEqual({ 'x/a': 1, 'x/*': 1, 'y/a': 1, 'y/b': 1 });
    expect(other.of(LOST)).toEqual({ a: 1, b: 1 });
  });

  it('warns of two buses on one meter that cannot be told apart', () => {
    const { backend, lines, stop } = exported({ attributes: { b: 1, a: [1] } });
    const { lines: later, logger } = recordingLogger();
    const again = (attributes: Attributes): (() => void) =>
      instrument(quietBus(), backend.meter, { logger, attributes });
    const stopAgain = again({ a: [1], b: 1 });
    expect([lines, later]).toEqual([
      [],
      [
        'warn: sharing-bus: instrument: two buses on one meter have the attributes ' +
          '[["a",[1]],["b",1],["messaging.system","sharing_bus"]]: one hides the other',
      ],
    ]);
    stopAgain();
    stop();
    again({ a: [1], b: 1 })();
    again({ a: [2], b: 1 })();
    expect(later).toHaveLength(1);
  });

  it('goes on where it was when it is stopped and called again', async () => {
    const { bus, backend, lines, stop } = exported({ maxNamesEver: 2 });
    const [stays, leaves, gone] = [join(bus, 'stays'), join(bus, 'leaves'), join(bus, 'leaves')];
    publish(bus, 2);
    gone.dispose();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ stays: 1, leaves: 2 });
    stop();
    publish(bus, 1);
    leaves.dispose();
    await backend.collect();
    const { lines: later, logger } = recordingLogger();
    instrument(bus, backend.meter, { maxNamesEver: 2, logger });
    await backend.collect();
    // Nobody has kept the name of what was lost in between.
    expect(backend.of(LOST)).toEqual({ stays: 2, leaves: 2, '*': 1 });
    stays.dispose();
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ stays: 2, leaves: 2, '*': 1 });
    expect(backend.falls).toEqual([]);
    expect(backend.sum(LOST)).toBe(bus.stats().dropped);
    expect([lines, later]).toEqual([[], []]);
  });

  it(
    'adds up exactly, whatever joins, loses, leaves, closes and stops between collections',
    async () => {
      type Step = (world: { bus: SharingBus<number>; restart: () => void }) => void;
      const step = fc.oneof(
        {
          weight: 4,
          arbitrary: fc.nat(7).map(
            (n): Step =>
              ({ bus }) =>
                void join(bus, n === 0 ? undefined : `${n}`, 2),
          ),
        },
        {
          weight: 4,
          arbitrary: fc.nat(4).map((n): Step => ({ bus }) => {
            publish(bus, n);
          }),
        },
        {
          weight: 3,
          arbitrary: fc.nat(20).map((id): Step => ({ bus }) => {
            bus.unsubscribe(id);
          }),
        },
        {
          weight: 1,
          arbitrary: fc.constant<Step>(({ restart }) => {
            restart();
          }),
        },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 12 }), async (rounds) => {
          const { bus, backend, stop } = exported({
            maxNames: 2,
            maxNamesEver: 4,
            receiverName: (name) => name.replace('7', '6'),
          });
          let stopLast = stop;
          const restart = (): void => {
            stopLast();
            stopLast = instrument(bus, backend.meter, { maxNames: 3, maxNamesEver: 4 });
          };
          for (const round of rounds) {
            round.forEach((one) => {
              one({ bus, restart });
            });
            await backend.collect();
            const places = Object.entries(backend.of(COUNT)).filter(
              ([name, count]) => count > 0 && !'-*'.includes(name),
            );
            expect({ sums: sumsAt(backend), falls: backend.falls }).toEqual({ sums: sums(bus), falls: [] });
            expect(places.length).toBeLessThanOrEqual(3);
            expect(Object.keys(backend.of(LOST)).length).toBeLessThanOrEqual(6);
          }
        }),
        { numRuns: 25 },
      );
    },
    LONG,
  );

  it('tells the last losses after the bus was closed', async () => {
    const { bus, backend, lines } = exported();
    join(bus, 'page');
    publish(bus, 3);
    bus.close();
    join(bus, 'late');
    publish(bus, 3);
    await backend.collect();
    expect(backend.of(LOST)).toEqual({ page: 2 });
    const after = newBackend();
    instrument(bus, after.meter);
    await after.collect();
    expect(after.of(LOST)).toEqual({ '*': 2 });
    expect(lines).toEqual([]);
  });

  it('tells diag, if it has no logger', async () => {
    const warn = jest.fn();
    const silent = { error: () => undefined, info: () => undefined, debug: () => undefined, verbose: () => undefined };
    diag.setLogger({ ...silent, warn }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    const bus = quietBus();
    const backend = newBackend();
    instrument(bus, backend.meter, { maxNames: 1 });
    ['a', 'b', 'c'].forEach((name) => join(bus, name));
    await backend.collect();
    await backend.collect();
    expect(warn.mock.calls).toEqual([
      ['sharing-bus: instrument: more receiver names than 1 at one time: "b" is reported as "*" (option maxNames)'],
    ]);
  });

  it('comes through a logger that throws, and a receiverName that stops it or uses the bus', async () => {
    const bus = quietBus();
    const backend = newBackend();
    const stop = instrument(bus, backend.meter, {
      maxNames: 1,
      receiverName: (name) => {
        join(bus, 'new').dispose();
        publish(bus, 1);
        if (name === 'b') {
          stop();
        }
        return name;
      },
      logger: {
        warn: () => {
          throw new Error('no');
        },
      },
    });
    ['a', 'b', 'c'].forEach((name) => join(bus, name));
    await backend.collect();
    expect(backend.of(COUNT)).toEqual({ a: 1, '*': 2 });
    await backend.collect();
    expect(bus.subscriberCount).toBe(3);
  });
});

describe('names, two readers of one provider', () => {
  it('are exact in both temporalities, though each collection is told to both', async () => {
    const exporters = [CUMULATIVE, DELTA].map((temporality) => new InMemoryMetricExporter(temporality));
    const readers = exporters.map(
      (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 }),
    );
    const provider = new MeterProvider({ readers });
    const bus = quietBus();
    instrument(bus, provider.getMeter('sharing-bus'), { maxNames: 3, maxNamesEver: 20 });
    const totals = { cumulative: { count: 0, lost: 0 }, delta: { count: 0, lost: 0 } };
    const sumOf = (exporter: InMemoryMetricExporter | undefined, figure: string): number => {
      const metrics = (exporter?.getMetrics() ?? []).flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap((one) => one.metrics),
      );
      const points = metrics
        .filter(({ descriptor }) => descriptor.name === figure)
        .flatMap(({ dataPoints }) => dataPoints as { value: number }[]);
      return points.reduce((total, { value }) => total + value, 0);
    };
    for (let round = 0; round < 20; round += 1) {
      const receivers = Array.from({ length: 5 }, (_, n) => join(bus, `page ${round * 5 + n}`));
      publish(bus, 2);
      exporters.forEach((exporter) => {
        exporter.reset();
      });
      await provider.forceFlush();
      totals.cumulative = { count: sumOf(exporters[0], COUNT), lost: sumOf(exporters[0], LOST) };
      totals.delta.count += sumOf(exporters[1], COUNT);
      totals.delta.lost += sumOf(exporters[1], LOST);
      const exact = { count: 5, lost: 5 * (round + 1) };
      expect(totals).toEqual({ cumulative: exact, delta: exact });
      receivers.forEach((receiver) => {
        receiver.dispose();
      });
    }
    await provider.shutdown();
  });
});
