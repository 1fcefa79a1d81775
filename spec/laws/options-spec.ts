import type {
  ConcatMapDropNewestOptions,
  ConnectOptions,
  ConsumeOptions,
  DropNewestOptions,
  FlushOptions,
  HistoryOptions,
  HoldUnboundOptions,
  LateBindOptions,
  ReceiverOptions,
  SharingBusOptions,
} from '../../lib/options.js';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { metrics } from '@opentelemetry/api';
import { EMPTY, NEVER } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  type BusReceiver,
  concatMapDropNewest,
  dropNewest,
  EventFilter,
  lateBindScrollId,
  type Logger,
  type RecvOptions,
  SharingBus,
} from '../../lib/index.js';
import { instrument, type InstrumentOptions } from '../../lib/otel/index.js';
import {
  type EventStreamOptions,
  EventStreams,
  fromEventStream,
  type FromEventStreamOptions,
  iterateEventStream,
  toEventStream,
} from '../../lib/sse/index.js';
import { busEvent, busHelpers, sessionRegistered } from '../../lib/testing/index.js';
import { uuid } from '../support/events.js';

/** A place for options: what it is called in an error, and what is called with them. */
interface Taker {
  readonly what: string;
  readonly call: (bus: SharingBus, options: never) => unknown;
  /** What it cannot do without. */
  readonly needs?: object;
  /** One of its options, and a value that is one. */
  readonly option: readonly [name: string, value: unknown];
  /** Law 24: what stands in the place of a capacity is out of range. */
  readonly Refusal?: typeof RangeError;
}

const meter = metrics.getMeter('spec');
const request = new Request('http://a.test/');

/** What it is asked for is answered at once. */
function receiverOfClosedBus(): BusReceiver {
  const bus = new SharingBus();
  bus.close();
  return bus.subscribeAll();
}

const TAKERS: readonly Taker[] = [
  { what: 'SharingBus: options', call: (_bus, options) => new SharingBus(options), option: ['maxBindings', 5] },
  {
    what: 'history',
    call: (_bus, history) => new SharingBus({ history }),
    needs: { capacity: 5 },
    option: ['maxBytes', 5],
  },
  {
    what: 'holdUnbound',
    call: (_bus, holdUnbound) => new SharingBus({ holdUnbound }),
    needs: { capacity: 5, maxAgeMs: 5 },
    option: ['totalCapacity', 5],
  },
  {
    what: 'subscribeFiltered: queueCapacity',
    call: (bus, options) => bus.subscribeFiltered(EventFilter.all, options),
    option: ['capacity', 5],
    Refusal: RangeError,
  },
  {
    what: 'reserve',
    call: (bus, reserve) => bus.subscribeFiltered(EventFilter.all, { reserve }),
    needs: { capacity: 5, kinds: [] },
    option: ['kinds', ['k']],
  },
  {
    what: 'stream: options',
    call: (bus, options) => bus.stream(EventFilter.all, options),
    option: ['consume', () => EMPTY],
    Refusal: RangeError,
  },
  {
    what: 'recv: options',
    call: (_bus, options) => receiverOfClosedBus().recv(options),
    option: ['signal', new AbortController().signal],
  },
  {
    what: 'recv: options',
    call: (_bus, options) => receiverOfClosedBus().deliveries.recv(options),
    option: ['signal', new AbortController().signal],
  },
  { what: 'flush: options', call: (bus, options) => bus.flush(EventFilter.all, options), option: ['waitFor', []] },
  { what: 'connect: options', call: (bus, options) => bus.connect(EMPTY, options), option: ['window', 5] },
  {
    what: 'dropNewest: options',
    call: (_bus, options) => dropNewest(options),
    needs: { capacity: 5 },
    option: ['onDrop', () => undefined],
    Refusal: RangeError,
  },
  {
    what: 'concatMapDropNewest: options',
    call: (_bus, options) => concatMapDropNewest(() => NEVER, options),
    needs: { capacity: 5 },
    option: ['onDrop', () => undefined],
    Refusal: RangeError,
  },
  { what: 'lateBindScrollId: options', call: (_bus, options) => lateBindScrollId(options), option: ['maxBindings', 5] },
  { what: 'EventStreams: options', call: (bus, options) => new EventStreams(bus, options), option: ['closeMs', 5] },
  {
    what: 'EventStreams: options',
    call: (bus, options) => toEventStream(bus, request, options),
    option: ['maxEventBytes', 5],
  },
  {
    what: 'fromEventStream: options',
    call: (_bus, options) => fromEventStream('/', options),
    option: ['silenceMs', 5],
  },
  {
    what: 'fromEventStream: retry',
    call: (_bus, retry) => fromEventStream('/', { retry }),
    option: ['maxAttempts', 5],
  },
  {
    what: 'iterateEventStream: options',
    call: (_bus, options) => iterateEventStream('/', options),
    option: ['silenceMs', 5],
  },
  {
    what: 'iterateEventStream: retry',
    call: (_bus, retry) => iterateEventStream('/', { retry }),
    option: ['maxAttempts', 5],
  },
  {
    what: 'instrument: options',
    call: (bus, options) => instrument(bus, meter, options),
    option: ['destination', 'agents'],
  },
  {
    what: 'testBus: options',
    call: (_bus, options) => busHelpers(new TestScheduler(() => undefined)).testBus(options),
    option: ['maxBindings', 5],
  },
  { what: 'busEvent: fields', call: (_bus, options) => busEvent('a', options), option: ['kind', 'k'] },
  {
    what: 'sessionRegistered: fields',
    call: (_bus, options) => sessionRegistered('c', 's', uuid(1), options),
    option: ['kind', 'k'],
  },
];

const places = TAKERS.map((taker) => [taker.what, taker] as const);

/** What `options` are refused with, thrown or rejected; `undefined` where they are taken. Refused, they cost nothing. */
async function refusalOf({ call }: Taker, options: unknown): Promise<unknown> {
  const bus = new SharingBus();
  try {
    await call(bus, options as never);
    return undefined;
  } catch (error) {
    expect([bus.subscribeAll().id, bus.subscriberCount]).toEqual([0, 1]);
    return error;
  } finally {
    bus.close();
  }
}

class Sized {
  readonly size = 5;
}

const NO_OPTIONS: readonly [shown: string, value: unknown][] = [
  ['null', null],
  ['[]', []],
  ['[5]', [5]],
  ['"x"', 'x'],
  ['true', true],
  ['7', 7n],
  ['Symbol(s)', Symbol('s')],
  ['() => 5', () => 5],
  ['[object Map]', new Map([['capacity', 5]])],
  ['[object Set]', new Set()],
  ['"1970-01-01T00:00:00.000Z"', new Date(0)],
  ['[object Promise]', Promise.resolve({ capacity: 5 })],
  ['[object AbortSignal]', new AbortController().signal],
  ['[object RegExp]', /x/],
  ['Error: no', new Error('no')],
  ['5', Object(5)],
  ['{"size":5}', new Sized()],
];

it('flush and connect refuse a receiver of another bus in waitFor, by its id', async () => {
  const [bus, other] = [new SharingBus<number>(), new SharingBus<number>()];
  const stranger = other.subscribeAll();
  const expected = 'waitFor: receiver 0 is of another bus';
  await expect(bus.flush(EventFilter.all, { waitFor: [stranger] })).rejects.toThrow(`flush: ${expected}`);
  await expect(bus.connect(EMPTY, { waitFor: [stranger] })).rejects.toThrow(`connect: ${expected}`);
  await other.flush(EventFilter.all, { waitFor: [stranger] });
});

describe('options', () => {
  it.each(places)('law 24: %s: what is no object of options is refused by name, and shown', async (what, taker) => {
    for (const [shown, value] of NO_OPTIONS) {
      const refusal = await refusalOf(taker, value);
      expect([shown, refusal]).toEqual([shown, expect.any(taker.Refusal ?? TypeError)]);
      const { message } = refusal as Error;
      expect(message.startsWith(`${what} must be a`)).toBe(true);
      expect(message).toContain(`, got ${shown}`);
    }
  });

  it('law 24: a number in the place of options is told how to be written', async () => {
    const stream = (options: unknown) => () => {
      void new SharingBus().stream(EventFilter.all, options as never);
    };
    expect(stream(5)).toThrow(new RangeError('stream: options must be an object such as { capacity: 5 }, got 5'));
    expect(() => dropNewest(5 as never)).toThrow(
      'dropNewest: options must be an object such as { capacity: 5 }, got 5',
    );
    expect(stream('5')).toThrow(new RangeError('stream: options must be an object such as { capacity: 256 }, got "5"'));
    await expect(new SharingBus().connect(EMPTY, 5 as never)).rejects.toEqual(
      new TypeError('connect: options must be an object, got 5'),
    );
  });

  it.each(places)(
    'law 24: %s: an option that is unknown is refused by its name, unless undefined',
    async (_what, taker) => {
      for (const value of [5, null, false]) {
        const refusal = await refusalOf(taker, { ...taker.needs, queueCapacity: value });
        expect(refusal).toBeInstanceOf(TypeError);
        const { message } = refusal as Error;
        expect(message).toContain(': "queueCapacity" is unknown; known are ');
        expect(message.split('known are ')[1]?.split(', ')).toContain(taker.option[0]);
      }
      expect(await refusalOf(taker, { ...taker.needs, queueCapacity: undefined })).toBeUndefined();
    },
  );

  it.each(places)('%s: any object that has options is taken', async (_what, taker) => {
    const [name, value] = taker.option;
    const plain = { ...taker.needs, [name]: value };
    class Mine {
      [name] = value;
    }
    class Lazy {
      own = undefined;
    }
    for (const [key, one] of Object.entries(plain)) {
      Object.defineProperty(Lazy.prototype, key, { get: () => one });
    }
    const objects: readonly [string, unknown][] = [
      ['a literal', plain],
      ['one without a prototype', Object.assign(Object.create(null) as object, plain)],
      ['one that inherits its options', Object.create(plain)],
      ['one of a class', Object.assign(new Mine(), taker.needs)],
      ['one whose class has getters', new Lazy()],
      ['a proxy', new Proxy(plain, {})],
      ['one of another realm', Object.assign(runInNewContext('({})') as object, plain)],
      ['one with a symbol, or a text of its own', { ...plain, [Symbol('s')]: 5, toString: () => 'mine' }],
    ];
    for (const [what, options] of objects) {
      expect([what, await refusalOf(taker, options)]).toEqual([what, undefined]);
    }
  });

  it('inherited options are the options of what they are given to', () => {
    const bus = new SharingBus();
    bus.subscribeFiltered(EventFilter.all, Object.create({ capacity: 1, name: 'n' }) as object);
    expect(bus.stats().receivers).toMatchObject([{ capacity: 1, name: 'n' }]);
    const bound = busEvent('a', Object.create({ kind: 'k', connectorId: 'c', origin: 'user' }) as object);
    expect(bound).toStrictEqual({ routing: { kind: 'k', connectorId: 'c' }, origin: 'user', event: 'a' });
    using helpers = busHelpers(new TestScheduler(() => undefined));
    expect(helpers.testBus(Object.create({ history: { capacity: 1 } }) as object).position).toMatchObject({ seq: 0 });
  });

  it('are read once, and what is changed later is of no meaning', () => {
    const reads: PropertyKey[] = [];
    const options = { capacity: 2, name: 'n', stallAfterMs: 5 };
    const bus = new SharingBus();
    const stream$ = bus.stream(
      EventFilter.all,
      new Proxy(options, {
        get: (target, key) => {
          reads.push(key);
          return Reflect.get(target, key) as unknown;
        },
      }),
    );
    Object.assign(options, { capacity: 0, name: 5, stallAfterMs: 'never' });
    stream$.subscribe();
    expect(reads.filter((key) => key in options).sort()).toEqual(['capacity', 'name', 'stallAfterMs']);
    expect(bus.stats().receivers).toMatchObject([{ capacity: 2, name: 'n' }]);
  });

  it('what every object has is no option', () => {
    Object.assign(Object.prototype, { addedToAll: 5 });
    try {
      expect(() => new SharingBus().subscribeFiltered(EventFilter.all, { capacity: 1 })).not.toThrow();
    } finally {
      Reflect.deleteProperty(Object.prototype, 'addedToAll');
    }
  });

  it('an option that is undefined counts as left out', () => {
    const routing = { kind: 'session-lifecycle' };
    expect(sessionRegistered('c', 's', uuid(1), { kind: undefined as never, origin: undefined })).toMatchObject({
      routing,
      origin: 'connector',
    });
    expect(busEvent('a', { kind: undefined as never, scrollId: undefined })).toStrictEqual(busEvent('a'));
    const scheduler = new TestScheduler(() => undefined);
    using helpers = busHelpers(scheduler);
    const bus = helpers.testBus({ scheduler: undefined });
    const seen: unknown[] = [];
    bus.stream().subscribe(({ event }) => seen.push(event));
    bus.publish(busEvent('a'));
    scheduler.flush();
    expect(seen).toEqual(['a']);
  });
});

/** A value that is none for each option of `O`, so that an option that is added is missing here. */
type Bad<O> = Readonly<Record<keyof O, unknown>>;

const BAD_RECEIVER: Bad<ReceiverOptions> = {
  capacity: 0,
  overflow: 'all',
  key: 5,
  barrier: 5,
  reserve: 5,
  signal: 5,
  from: 5,
  name: 5,
  stallAfterMs: 0,
};
const BAD_BUS: Bad<SharingBusOptions> = {
  bindingOf: 5,
  maxBindings: 0,
  logger: 5,
  scheduler: 5,
  holdUnbound: 5,
  history: 5,
  upstream: 5,
};
const BAD_STREAM: Bad<ConsumeOptions<unknown, never>> = { ...BAD_RECEIVER, consume: 5 };
const BAD_RECV: Bad<RecvOptions> = { signal: 5 };
const BAD_FLUSH: Bad<FlushOptions> = { signal: 5, waitFor: 5 };
const BAD_CONNECT: Bad<ConnectOptions> = { window: 0, signal: 5, waitFor: 5 };
const BAD_HISTORY: Bad<HistoryOptions<unknown>> = { capacity: 0, maxBytes: 0, sizeOf: 5 };
const BAD_HOLD: Bad<HoldUnboundOptions> = { capacity: 0, maxAgeMs: 0, totalCapacity: 0 };
const BAD_RESERVE: Bad<NonNullable<ReceiverOptions['reserve']>> = { capacity: 0, kinds: 5 };
const BAD_LOGGER: Bad<Logger> = { debug: 5, info: 5, warn: 5 };
const BAD_LATE_BIND: Bad<LateBindOptions> = { bindingOf: 5, maxBindings: 0, logger: 5 };
const BAD_DROP_NEWEST: Bad<DropNewestOptions<unknown>> = { capacity: 0, scheduler: 5, onDrop: 5 };
const BAD_CONCAT_MAP: Bad<ConcatMapDropNewestOptions<unknown>> = { capacity: 0, onDrop: 5 };
const BAD_INSTRUMENT: Bad<InstrumentOptions> = {
  destination: 5,
  attributes: 5,
  receiverName: 5,
  maxNames: 0,
  maxNamesEver: 0,
  logger: 5,
};
const BAD_SERVED: Bad<EventStreamOptions> = {
  filter: 5,
  authorize: 5,
  capacity: 0,
  overflow: 'all',
  key: 5,
  barrier: 5,
  reserve: 5,
  stallAfterMs: 0,
  name: 5,
  heartbeatMs: 0,
  retryMs: 0,
  maxConnections: 0,
  busyStatus: 429,
  maxFilterBytes: 0,
  maxEventBytes: 0,
  closeMs: 0,
  scheduler: 5,
  onError: 5,
};
const BAD_READ: Bad<FromEventStreamOptions> = {
  filter: 5,
  from: 5,
  fetch: 5,
  headers: 5,
  signal: 5,
  retry: 5,
  parse: 5,
  onStatus: 5,
  onInvalid: 5,
  onPosition: 5,
  maxUrlLength: 0,
  silenceMs: 0,
  maxEventLength: 0,
  scheduler: 5,
};
const BAD_RETRY: Bad<Exclude<FromEventStreamOptions['retry'], false | undefined>> = {
  initialMs: 0,
  maxMs: 0,
  maxAttempts: 0,
  maxRetryAfterMs: 0,
};

/** By what is called, what is none for each of its options. */
const BAD: readonly (readonly [what: string, bad: Readonly<Record<string, unknown>>])[] = [
  ['SharingBus: options', BAD_BUS],
  ['history', BAD_HISTORY],
  ['holdUnbound', BAD_HOLD],
  ['subscribeFiltered: queueCapacity', BAD_RECEIVER],
  ['reserve', BAD_RESERVE],
  ['stream: options', BAD_STREAM],
  ['recv: options', BAD_RECV],
  ['flush: options', BAD_FLUSH],
  ['connect: options', BAD_CONNECT],
  ['dropNewest: options', BAD_DROP_NEWEST],
  ['concatMapDropNewest: options', BAD_CONCAT_MAP],
  ['lateBindScrollId: options', BAD_LATE_BIND],
  ['EventStreams: options', BAD_SERVED],
  ['fromEventStream: options', BAD_READ],
  ['fromEventStream: retry', BAD_RETRY],
  ['iterateEventStream: options', BAD_READ],
  ['iterateEventStream: retry', BAD_RETRY],
  ['instrument: options', BAD_INSTRUMENT],
  ['testBus: options', BAD_BUS],
];

const logger: Taker = {
  what: 'logger',
  call: (_bus, given) => [new SharingBus({ logger: given }), lateBindScrollId({ logger: given })],
  option: ['info', () => undefined],
};

/** Of `option`, what it needs beside itself to be of any meaning. */
function beside(option: string): object {
  return option === 'key' || option === 'barrier' ? { overflow: 'latest', key: () => 1 } : {};
}

const OPTIONS = [
  ...BAD.flatMap(([what, bad]) =>
    TAKERS.filter((taker) => taker.what === what).flatMap((taker) =>
      Object.entries(bad).map(([option, value]) => [what, option, value, taker] as const),
    ),
  ),
  ...Object.entries(BAD_LOGGER).map(([level, value]) => ['logger', level, value, logger] as const),
];

/** Options of one policy alone, with none or another. */
const MISPLACED = TAKERS.filter(({ what }) => /^(subscribeFiltered|stream|EventStreams)/.test(what)).flatMap((taker) =>
  [{ key: null }, { overflow: 'evict', key: null }, { barrier: null }, { overflow: 'drop-oldest', reserve: null }].map(
    (options) => [taker.what, options, taker] as const,
  ),
);

describe('null', () => {
  it.each(MISPLACED)('law 24: %s: is refused in %j, as a value is', async (_what, options, taker) => {
    const refusal = await refusalOf(taker, options);
    expect(refusal).toBeInstanceOf(TypeError);
    expect((refusal as Error).message).toMatch(/^(key|barrier|reserve): expected overflow /);
  });

  it.each(OPTIONS)('law 24: %s: %s is refused as %p is', async (_what, option, value, taker) => {
    const given = { ...taker.needs, ...beside(option) };
    expect(await refusalOf(taker, given)).toBeUndefined();
    const [bad, none] = [
      await refusalOf(taker, { ...given, [option]: value }),
      await refusalOf(taker, { ...given, [option]: null }),
    ] as Error[];
    expect(bad).toBeInstanceOf(Error);
    expect(bad?.message.toLowerCase()).toContain(option.toLowerCase());
    const withoutValue = (error: Error | undefined) => [error?.name, error?.message.replace(/, got .*$/, '')];
    expect(withoutValue(none)).toEqual(withoutValue(bad));
    expect(none?.message).toMatch(/, got (null|undefined)/);
  });

  it.each(OPTIONS)('%s: %s may be undefined, where it may be left out', async (_what, option, _value, taker) => {
    const needed = taker.needs !== undefined && option in taker.needs;
    const given = { ...taker.needs, [option]: undefined };
    expect((await refusalOf(taker, given)) !== undefined).toBe(needed);
  });

  it.each([
    ['busEvents', null, 'values must be an object, got null'],
    ['busEvents', { a: null }, 'values.a must be an object, got null'],
    ['expectDeliveries', null, 'values must be an object, got null'],
    ['expectDeliveries', { a: null }, 'values.a must be an object, got null'],
  ])('%s: the values of a diagram are not %j', (helper, values, message) => {
    const scheduler = new TestScheduler(() => undefined);
    using helpers = busHelpers(scheduler);
    expect(() => {
      if (helper === 'busEvents') {
        void helpers.busEvents('a', values as never);
      } else {
        helpers.expectDeliveries(NEVER).toBe('a', values as never);
      }
    }).toThrow(new TypeError(message));
  });

  it('law 16: a level of a logger that throws when it is read is contained', () => {
    const throwing: Logger = {
      get info(): never {
        throw new Error('no such level');
      },
    };
    expect(new SharingBus({ logger: throwing }).subscriberCount).toBe(0);
  });

  it('a logger may be a function that has the levels', () => {
    const log = Object.assign(() => undefined, { info: () => undefined });
    expect(new SharingBus({ logger: log }).subscriberCount).toBe(0);
  });
});
