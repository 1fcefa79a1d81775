import type { ScrollBinding } from '../../lib/events/BusEvent.js';
import type {
  BusEventSource,
  ConsumeOptions,
  DropNewestOptions,
  LateBindOptions,
  NativeObservable,
  Overflow,
  OverflowOptions,
  ReceiverOptions,
  SharingBusOptions,
  StreamOptions,
} from '../../lib/options.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import {
  asapScheduler,
  type InteropObservable,
  type MonoTypeOperatorFunction,
  Observable,
  of,
  type SchedulerLike,
  toArray,
} from 'rxjs';
import {
  type BusEvent,
  type BusReceiver,
  dropNewest,
  type Event,
  EventFilter,
  type EventKind,
  type EventOrigin,
  type EventRouting,
  lateBindScrollId,
  type Logger,
  matches,
  newUuid,
  parseUuid,
  SharingBus,
  type Uuid,
} from '../../lib/index.js';
import {
  type EventStreamAccess,
  type EventStreamOptions,
  EventStreams,
  type EventStreamVerdict,
  toEventStream,
} from '../../lib/sse/index.js';

/** `true` where both types are one, `readonly` and `?` included; a spec that says `true` does not compile otherwise. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Whether an `A` may stand where a `B` is wanted. */
type Fits<A, B> = [A] extends [B] ? true : false;

interface Opened {
  readonly type: 'Opened';
  readonly file: string;
}
interface Saved {
  readonly type: 'Saved';
  readonly bytes: number;
}
type MyEvent = Opened | Saved;

const opened: BusEvent<MyEvent> = {
  routing: { kind: 'opened' },
  origin: 'editor',
  event: { type: 'Opened', file: 'a.txt' },
};
const saved: BusEvent<MyEvent> = { routing: { kind: 'saved' }, origin: 'user', event: { type: 'Saved', bytes: 7 } };

describe('the types of the main entry', () => {
  it('a payload of the application’s own goes from publish to events$', () => {
    const bus = new SharingBus<MyEvent>({ scheduler: asapScheduler });
    const receiver = bus.subscribeFiltered(EventFilter.kind('saved'), 8);
    true satisfies Equal<typeof receiver, BusReceiver<MyEvent>>;
    true satisfies Equal<BusReceiver<MyEvent>['events$'], Observable<BusEvent<MyEvent>>>;
    true satisfies Equal<ReturnType<SharingBus<MyEvent>['stream']>, Observable<BusEvent<MyEvent>>>;
    true satisfies Equal<ReturnType<SharingBus<MyEvent>['subscribeAll']>, BusReceiver<MyEvent>>;
    true satisfies Equal<Parameters<SharingBus<MyEvent>['publish']>, [busEvent: BusEvent<MyEvent>]>;
    false satisfies Fits<BusEvent<string>, BusEvent<MyEvent>>;
    bus.publish(opened);
    expect([receiver.id, bus.subscriberCount]).toEqual([0, 1]);
    bus.close();
  });

  it('the payload is Event where none is named', () => {
    true satisfies Equal<BusEvent['event'], Event>;
    true satisfies Equal<Parameters<SharingBus['publish']>[0]['event'], Event>;
    true satisfies Equal<BusReceiver['events$'], Observable<BusEvent>>;
    true satisfies Equal<Parameters<Extract<EventFilter, { type: 'where' }>['predicate']>, [busEvent: BusEvent]>;
    const bus = new SharingBus();
    bus.publish({ routing: { kind: 'system' }, origin: 'agent', event: { type: 'Connected' } });
    bus.close();
    expect(bus.subscriberCount).toBe(0);
  });

  it('where takes its payload from the bus that it is given to', () => {
    const bus = new SharingBus<MyEvent>();
    const seen: unknown[] = [];
    const receivers = [
      bus.subscribeFiltered(
        EventFilter.where(({ event }) => {
          true satisfies Equal<typeof event, MyEvent>;
          return event.type === 'Saved' && event.bytes > 0;
        }),
      ),
      bus.subscribeFiltered(
        EventFilter.and(
          EventFilter.kind('saved'),
          EventFilter.where(({ event }) => event.type === 'Saved'),
        ),
      ),
      bus.subscribeFiltered(
        EventFilter.or(
          EventFilter.where(({ event }) => event.type === 'Saved'),
          EventFilter.kind(),
        ),
      ),
      bus.subscribeFiltered(EventFilter.not(EventFilter.where(({ event }) => event.type === 'Opened'))),
    ];
    const stream$ = bus.stream(EventFilter.where(({ event }) => event.type === 'Saved' && event.bytes === 7));
    true satisfies Equal<typeof stream$, Observable<BusEvent<MyEvent>>>;
    bus.publish(opened);
    bus.publish(saved);
    for (const receiver of receivers) {
      receiver.lagged satisfies number;
      seen.push(receiver.id);
    }
    seen.push(stream$ instanceof Observable);
    expect(seen).toEqual([0, 1, 2, 3, true]);
    bus.close();
  });

  it('where takes its payload from a filter that is named, or from its predicate', () => {
    const named: EventFilter<MyEvent> = EventFilter.where(({ event }) => event.type === 'Saved');
    const told = EventFilter.where(({ event }: BusEvent<MyEvent>) => event.type === 'Saved');
    true satisfies Equal<typeof told, EventFilter<MyEvent>>;
    const both = EventFilter.and(EventFilter.kind('saved'), told, EventFilter.not(named));
    true satisfies Equal<typeof both, EventFilter<MyEvent>>;
    expect([named, told, both].map((filter) => matches(filter, saved))).toEqual([true, true, false]);
  });

  it('a filter that is data fits a bus of any payload, one with a predicate only its own', () => {
    const [, ...rest] = [
      EventFilter.all,
      EventFilter.kind('k'),
      EventFilter.origin('o'),
      EventFilter.session('c', 's'),
    ];
    const forMine: EventFilter<MyEvent>[] = rest;
    const forText: EventFilter<string>[] = rest;
    expect(forMine).toEqual(forText);
    // A predicate that takes more than the bus has is welcome; one that takes less is not.
    true satisfies Fits<EventFilter<unknown>, EventFilter<MyEvent>>;
    true satisfies Fits<EventFilter<MyEvent>, EventFilter<Opened>>;
    false satisfies Fits<EventFilter<Opened>, EventFilter<MyEvent>>;
    false satisfies Fits<EventFilter<string>, EventFilter<MyEvent>>;
  });

  it('the constructors return what they make, so that it may be written down as data', () => {
    true satisfies Fits<{ type: 'scrollId'; id: string }, EventFilter>;
    true satisfies Fits<{ type: 'kind'; kinds: string[] }, EventFilter>;
    false satisfies Fits<{ type: 'kind'; kinds: number[] }, EventFilter>;
    false satisfies Fits<{ type: 'scrollId' }, EventFilter>;
    false satisfies Fits<{ type: 'nope' }, EventFilter>;
    expect(EventFilter.scrollId(newUuid()).id satisfies Uuid).toHaveLength(36);
    expect(EventFilter.kind('a', 'b').kinds).toEqual(['a', 'b']);
    expect(EventFilter.session('c', 's').connectorId).toBe('c');
  });

  it('kinds and origins are open, and known ones are proposed', () => {
    true satisfies Fits<'a kind of my own', EventKind>;
    true satisfies Fits<'permission', EventKind>;
    true satisfies Fits<'an origin of my own', EventOrigin>;
    false satisfies Fits<number, EventKind>;
    false satisfies Equal<EventKind, string>;
    false satisfies Equal<EventOrigin, string>;
    expect(EventFilter.origin('runtime', 'mine').origins).toEqual(['runtime', 'mine']);
  });

  it('routing needs a kind, and takes an id that is left out or undefined, not null', () => {
    type Ids = Omit<EventRouting, 'kind'>;
    true satisfies Fits<{ kind: 'k' }, EventRouting>;
    true satisfies Fits<{ kind: 'k' } & { [K in keyof Ids]-?: undefined }, EventRouting>;
    false satisfies Fits<Ids, EventRouting>;
    false satisfies Fits<{ kind: 'k'; scrollId: null }, EventRouting>;
    true satisfies Equal<BusEvent<MyEvent>, Readonly<BusEvent<MyEvent>>>;
    true satisfies Equal<EventRouting, Readonly<EventRouting>>;
    expect(parseUuid(newUuid()) satisfies string).toHaveLength(36);
  });

  it('options may be present and undefined', () => {
    const options: Required<{ [K in keyof SharingBusOptions<MyEvent>]: undefined }> = {
      bindingOf: undefined,
      maxBindings: undefined,
      scheduler: undefined,
      logger: undefined,
      holdUnbound: undefined,
      history: undefined,
      upstream: undefined,
    };
    const bus = new SharingBus<MyEvent>(options);
    const noCapacity: StreamOptions = { capacity: undefined };
    const receiver = bus.subscribeFiltered(EventFilter.all, undefined);
    const stream$ = bus.stream(undefined, noCapacity);
    const late: LateBindOptions<MyEvent> = { bindingOf: undefined, maxBindings: undefined, logger: undefined };
    const drop: DropNewestOptions<MyEvent> = { capacity: 1, scheduler: undefined, onDrop: undefined };
    expect([typeof lateBindScrollId(late), typeof dropNewest(drop)]).toEqual(['function', 'function']);
    expect([receiver.id, stream$ instanceof Observable, bus.subscriberCount]).toEqual([0, true, 1]);
    false satisfies Fits<{ capacity?: number }, DropNewestOptions<MyEvent>>;
    bus.close();
  });

  it('options of a receiver go together, or do not compile', () => {
    type Options = ReceiverOptions<MyEvent>;
    type Reserve = Options['reserve'];
    type Key = (busEvent: BusEvent<MyEvent>) => unknown;
    true satisfies Fits<{ overflow: 'latest'; key: Key; barrier: (busEvent: BusEvent<MyEvent>) => boolean }, Options>;
    true satisfies Fits<{ overflow: 'latest'; key: Key; reserve?: undefined; capacity: number }, Options>;
    true satisfies Fits<{ overflow: 'drop-newest'; reserve: Reserve; key?: undefined; barrier?: undefined }, Options>;
    true satisfies Fits<{ overflow?: 'drop-newest' | undefined; reserve?: Reserve }, Options>;
    true satisfies Fits<{ overflow: 'drop-newest' | 'drop-oldest' | 'evict' }, Options>;
    true satisfies Fits<{ overflow?: undefined; capacity?: undefined; name: string }, Options>;
    true satisfies Fits<Options, StreamOptions<MyEvent>>;
    true satisfies Fits<ReceiverOptions, Options>;
    true satisfies Fits<OverflowOptions<MyEvent> & { capacity: number }, Options>;
    true satisfies Equal<NonNullable<Options['overflow']>, Overflow>;
    false satisfies Fits<{ overflow: 'latest' }, Options>;
    false satisfies Fits<{ overflow: 'latest'; key: Key | undefined }, Options>;
    false satisfies Fits<{ overflow: 'latest'; key: (busEvent: BusEvent<string>) => unknown }, Options>;
    false satisfies Fits<{ overflow: 'latest'; key: Key; reserve: NonNullable<Reserve> }, Options>;
    false satisfies Fits<{ overflow: 'drop-oldest' | 'evict'; reserve: NonNullable<Reserve> }, Options>;
    false satisfies Fits<{ overflow: 'drop-newest'; key: Key }, Options>;
    false satisfies Fits<{ overflow: 'evict'; barrier: () => boolean }, Options>;
    false satisfies Fits<{ key: Key }, Options>;
    false satisfies Fits<{ barrier: () => boolean }, Options>;
    false satisfies Fits<{ overflow: Overflow }, Options>;
    false satisfies Fits<{ overflow: 'latest' }, EventStreamOptions<MyEvent>>;
    false satisfies Fits<{ key: Key }, EventStreamOptions<MyEvent>>;
    false satisfies Fits<{ overflow: 'latest'; consume: () => Promise<void> }, ConsumeOptions<MyEvent, Promise<void>>>;
    const bus = new SharingBus<MyEvent>();
    const request = new Request('http://a.test/');
    const reserve = { capacity: 1, kinds: ['k'] };
    const attempts: readonly (() => unknown)[] = [
      // @ts-expect-error: it has no key.
      () => bus.subscribeFiltered(EventFilter.all, { overflow: 'latest' }),
      // @ts-expect-error: it has no key.
      () => bus.stream(EventFilter.all, { overflow: 'latest', barrier: () => true }),
      // @ts-expect-error: the key is that of `latest`.
      () => bus.stream(EventFilter.all, { key: (busEvent: unknown) => busEvent }),
      // @ts-expect-error: the key is that of `latest`.
      () => bus.stream(EventFilter.all, { overflow: 'evict', key: () => 1, consume: () => of(1) }),
      // @ts-expect-error: the reserve is that of `drop-newest`.
      () => bus.stream(undefined, { overflow: 'drop-oldest', reserve }),
      // @ts-expect-error: it has no key.
      () => new EventStreams(bus, { overflow: 'latest' }),
      // @ts-expect-error: the reserve is that of `drop-newest`.
      () => toEventStream(bus, request, { overflow: 'evict', reserve }),
    ];
    for (const attempt of attempts) {
      expect(attempt).toThrow(TypeError);
    }
    expect(bus.subscribeAll().id).toBe(0);
    bus.close();
  });

  it('connect takes the events of any async source, and those of no other type', () => {
    // As platforms declare it.
    interface PlatformObservable<T> {
      subscribe(
        observer?:
          { next?: (value: T) => void; error?: (error: unknown) => void; complete?: () => void } | ((value: T) => void),
        options?: { signal?: AbortSignal },
      ): void;
      map<R>(project: (value: T, index: number) => R): PlatformObservable<R>;
    }
    type Source = BusEventSource<MyEvent>;
    type Mine = BusEvent<MyEvent>;
    type Other = BusEvent<number>;
    true satisfies Fits<PlatformObservable<Mine>, Source>;
    true satisfies Fits<NativeObservable<Mine>, Source>;
    true satisfies Fits<InteropObservable<Mine>, Source>;
    true satisfies Fits<Observable<Mine>, Source>;
    true satisfies Fits<AsyncGenerator<Mine>, Source>;
    true satisfies Fits<ReadableStream<Mine>, Source>;
    true satisfies Fits<BusReceiver<MyEvent>, Source>;
    false satisfies Fits<PlatformObservable<Other>, Source>;
    false satisfies Fits<NativeObservable<Other>, Source>;
    false satisfies Fits<InteropObservable<Other>, Source>;
    false satisfies Fits<Observable<Other>, Source>;
    false satisfies Fits<AsyncGenerator<Other>, Source>;
    false satisfies Fits<BusReceiver<number>, Source>;
    false satisfies Fits<Mine[], Source>;
    false satisfies Fits<Promise<Mine>, Source>;
    false satisfies Fits<string, Source>;
    false satisfies Fits<{ next: 1 }, Source>;
    expect(new SharingBus<MyEvent>().subscriberCount).toBe(0);
  });

  it('event streams take the requests and responses of Node, and of HTTP/2 as well', () => {
    type Handle = Parameters<EventStreams['handle']>;
    true satisfies Fits<[IncomingMessage, ServerResponse], Handle>;
    true satisfies Fits<[Http2ServerRequest, Http2ServerResponse], Handle>;
    false satisfies Fits<[Request, Response], Handle>;
    expect(new EventStreams(new SharingBus<MyEvent>()).size).toBe(0);
  });

  it('authorize returns a filter, or one with a signal', () => {
    type Verdict = EventStreamVerdict<MyEvent>;
    const { signal } = new AbortController();
    const access: EventStreamAccess<MyEvent> = { filter: EventFilter.where(({ event }) => event.type === 'Saved') };
    true satisfies Fits<EventStreamAccess<MyEvent> | EventFilter<MyEvent> | false | Response, Verdict>;
    true satisfies Fits<{ filter: EventFilter<MyEvent>; signal: AbortSignal | undefined }, Verdict>;
    false satisfies Fits<{ signal: AbortSignal }, Verdict>;
    false satisfies Fits<EventStreamAccess<string>, Verdict>;
    false satisfies Fits<true | undefined, Verdict>;
    const verdicts: readonly Verdict[] = [false, access, { ...access, signal }];
    const streams = verdicts.map(
      (verdict) => new EventStreams(new SharingBus<MyEvent>(), { authorize: () => verdict }),
    );
    expect(streams.map(({ size }) => size)).toEqual([0, 0, 0]);
  });

  it('options of a receiver are passed on, spread and put together', () => {
    const bus = new SharingBus<MyEvent>();
    const streamsOf = <E>(on: SharingBus<E>, options: ReceiverOptions<E>, capacity: number): number =>
      [
        on.stream(undefined, options),
        on.stream(EventFilter.all, { ...options, capacity }),
        on.stream(EventFilter.all, { name: 'n', ...options, consume: (busEvent) => of(busEvent) }),
      ].length;
    const some: StreamOptions<MyEvent>[] = [
      {},
      { capacity: 4, overflow: undefined, reserve: undefined, key: undefined, barrier: undefined },
      { reserve: { capacity: 1, kinds: ['k'] } },
      { overflow: 'latest', key: ({ event }) => event.type, barrier: ({ event }) => event.type === 'Saved' },
    ];
    const { overflow, ...others } = some[0] as ReceiverOptions<MyEvent>;
    true satisfies Equal<typeof overflow, Overflow | undefined>;
    const isUrgent = others.reserve === undefined;
    const receiver = bus.subscribeFiltered(EventFilter.all, { overflow: isUrgent ? 'evict' : 'drop-oldest' });
    const latest$ = bus.stream(EventFilter.all, {
      overflow: 'latest',
      key: ({ event }) => {
        true satisfies Equal<typeof event, MyEvent>;
        return event.type;
      },
      consume: ({ event }) => of(event.type),
    });
    true satisfies Equal<typeof latest$, Observable<MyEvent['type']>>;
    const served: EventStreamOptions<MyEvent>[] = some.map((options) => ({ ...options, filter: EventFilter.all }));
    expect(served.map((options) => new EventStreams(bus, options).size)).toEqual([0, 0, 0, 0]);
    expect([overflow, latest$ instanceof Observable]).toEqual([undefined, true]);
    expect([receiver.id, some.map((options) => streamsOf(bus, options, 2))]).toEqual([0, [3, 3, 3, 3]]);
    bus.close();
  });

  it('a Console is a logger, whole or in part, and so is one that takes a text', () => {
    true satisfies Fits<Console, Logger>;
    true satisfies Fits<Partial<Pick<Console, 'debug' | 'info' | 'warn'>>, Logger>;
    true satisfies Fits<object, Logger>;
    const partly: Partial<Pick<Console, 'debug' | 'info' | 'warn'>> = { warn: () => undefined };
    new SharingBus<MyEvent>({ logger: partly }).close();
    new SharingBus<MyEvent>({ logger: {} }).close();
    expect(new SharingBus<MyEvent>({ logger: { info: (line) => line } }).subscriberCount).toBe(0);
  });

  it('bindingOf is given the payload of the bus, and returns a binding or undefined', () => {
    const bindingOf = (event: MyEvent): ScrollBinding | undefined =>
      event.type === 'Opened' ? { connectorId: 'editor', sessionId: event.file, scrollId: newUuid() } : undefined;
    new SharingBus<MyEvent>({ bindingOf }).close();
    const options: SharingBusOptions<MyEvent> = {
      bindingOf: (event) => {
        true satisfies Equal<typeof event, MyEvent>;
        return event.type === 'Opened' ? bindingOf(event) : undefined;
      },
    };
    false satisfies Fits<{ bindingOf: () => string }, SharingBusOptions<MyEvent>>;
    expect(options.bindingOf?.(saved.event)).toBeUndefined();
  });

  it('the operators stand in a pipe, and take their type from it', () => {
    const dropped: number[] = [];
    const numbers$ = of(1, 2).pipe(
      dropNewest({
        capacity: 1,
        onDrop: (value, lagged) => {
          true satisfies Equal<typeof value, number>;
          dropped.push(value + lagged);
        },
      }),
    );
    true satisfies Equal<typeof numbers$, Observable<number>>;
    const bound$ = of(opened, saved).pipe(lateBindScrollId<MyEvent>(), toArray());
    true satisfies Equal<typeof bound$, Observable<BusEvent<MyEvent>[]>>;
    true satisfies Equal<ReturnType<typeof dropNewest<number>>, MonoTypeOperatorFunction<number>>;
    true satisfies Equal<NonNullable<DropNewestOptions<number>['scheduler']>, SchedulerLike>;
    numbers$.subscribe().unsubscribe();
    bound$.subscribe().unsubscribe();
    expect(dropped).toEqual([3]);
  });

  it('a receiver, and a bus, are Disposable: a using declaration takes them', () => {
    true satisfies Fits<BusReceiver<MyEvent>, Disposable>;
    true satisfies Fits<SharingBus<MyEvent>, Disposable>;
    const bus = new SharingBus<MyEvent>();
    {
      using receiver = bus.subscribeAll();
      expect([receiver.id, bus.subscriberCount]).toEqual([0, 1]);
    }
    expect(bus.subscriberCount).toBe(0);
  });

  it('what a receiver shows can be read only', () => {
    type Shown = Pick<BusReceiver<MyEvent>, 'id' | 'events$' | 'lagged' | 'lagged$'>;
    true satisfies Equal<Shown, Readonly<Shown>>;
    type Count = Pick<SharingBus<MyEvent>, 'subscriberCount'>;
    true satisfies Equal<Count, Readonly<Count>>;
    expect(Reflect.set(new SharingBus<MyEvent>(), 'subscriberCount', 7)).toBe(false);
  });

  it('Event is told apart by its type', () => {
    const text = (event: Event): string => {
      switch (event.type) {
        case 'AgentMessageChunk':
          return event.content.type === 'text' ? event.content.text : event.content.type;
        case 'SessionRegistered':
          return event.scrollId;
        default:
          return event.type;
      }
    };
    true satisfies Fits<Extract<Event, { type: 'SessionRegistered' }>, ScrollBinding>;
    expect(text({ type: 'AgentMessageChunk', content: { type: 'text', text: 'hi' } })).toBe('hi');
    expect(text({ type: 'Connected' })).toBe('Connected');
  });
});
