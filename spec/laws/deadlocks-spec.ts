import { describe, expect, it } from '@jest/globals';
import { concat, defer, from, NEVER, of } from 'rxjs';
import { type BusEvent, type BusReceiver, DeadlockError, EventFilter, SharingBus } from '../../lib/index.js';
import { collect } from '../support/collect.js';
import { event } from '../support/events.js';
import { settle } from '../support/settle.js';

const MESSAGE =
  'flush: receiver 0 (archive) would wait for itself: its consume made this call while more events wait; ' +
  'name the receivers to wait for in waitFor, or do not wait in consume';

function publish(bus: SharingBus<number>, ...payloads: readonly number[]): void {
  payloads.forEach((payload) => {
    bus.publish(event(payload));
  });
}

/** A stream of the name `archive` whose `consume` is given, and what became of it. */
function setUp(
  consume: (bus: SharingBus<number>, payload: number) => Promise<unknown>,
  options: { readonly from?: 'start' } = {},
): { readonly bus: SharingBus<number>; readonly results: unknown[]; readonly endings: unknown[] } {
  const bus = new SharingBus<number>({ history: { capacity: 10 } });
  const stream$ = bus.stream(EventFilter.all, {
    name: 'archive',
    ...options,
    consume: ({ event: payload }: BusEvent<number>) => consume(bus, payload),
  });
  const results: unknown[] = [];
  const endings: unknown[] = [];
  stream$.subscribe({
    next: (result) => results.push(result),
    error: (error: unknown) => endings.push(error),
    complete: () => endings.push('complete'),
  });
  return { bus, results, endings };
}

/** Takes all of `receiver`, and returns what it has taken so far. */
function drain(receiver: BusReceiver<number>): readonly number[] {
  const taken: number[] = [];
  void (async () => {
    for await (const busEvent of receiver) {
      taken.push(busEvent.event);
    }
  })();
  return taken;
}

async function* two(): AsyncGenerator<BusEvent<number>> {
  await Promise.resolve();
  yield event(3);
  yield event(4);
}

describe('a flush that a consume waits for', () => {
  it.each<[string, (bus: SharingBus<number>) => Promise<unknown>]>([
    [
      'in an async function',
      async (bus) => {
        await bus.flush();
      },
    ],
    ['by its promise', (bus) => bus.flush()],
    ['of the events that wait', (bus) => bus.flush(EventFilter.not(EventFilter.kind('other')))],
  ])('rejects where events wait there: they would wait for each other (%s)', async (_how, consume) => {
    const { bus, endings } = setUp(consume);
    publish(bus, 1, 2);
    await settle();
    expect(endings).toEqual([new DeadlockError('flush', 0, 'archive')]);
    expect(endings[0]).toMatchObject({ name: 'DeadlockError', message: MESSAGE, id: 0 });
    expect(bus.subscriberCount).toBe(0);
  });

  it('says which call, and leaves a name out that there is not', () => {
    expect(new DeadlockError('connect', 7, undefined).message).toMatch(/^connect: receiver 7 would wait for itself: /);
  });

  it('rejects where the receiver has more to read in the history', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 10 } });
    publish(bus, 1, 2, 3);
    const { endings } = collect(
      bus.stream(EventFilter.all, { capacity: 1, from: 'start', consume: () => bus.flush() }),
    );
    await settle();
    expect(endings).toEqual([new DeadlockError('flush', 0, undefined)]);
  });

  it('rejects where it is called as what consume returned is subscribed to', async () => {
    const bus = new SharingBus<number>();
    const { endings } = collect(bus.stream(EventFilter.all, { consume: () => defer(() => from(bus.flush())) }));
    publish(bus, 1, 2);
    await settle();
    expect(endings).toEqual([new DeadlockError('flush', 0, undefined)]);
  });

  it('resolves where nothing waits there, and all others have consumed what was published', async () => {
    const { bus, results, endings } = setUp(async (on, payload) => {
      await on.flush();
      return [payload, others.length];
    });
    const others = drain(bus.subscribeAll());
    for (const payload of [1, 2, 3]) {
      publish(bus, payload);
      await settle();
    }
    expect([results, endings]).toEqual([
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      [],
    ]);
  });

  it.each<[string, (bus: SharingBus<number>, other: BusReceiver<number>) => Promise<void>]>([
    ['it is about others', (bus, other) => bus.flush(undefined, { waitFor: [other] })],
    ['it is about events of which none waits', (bus) => bus.flush(EventFilter.kind('other'))],
    ['it is a flush of another bus', () => new SharingBus().flush()],
  ])('works where %s', async (_what, flush) => {
    const { bus, results, endings } = setUp(async (on, payload) => {
      await flush(on, receiver);
      return payload;
    });
    const receiver = bus.subscribeAll();
    drain(receiver);
    publish(bus, 1, 2, 3);
    await settle();
    expect([results, endings]).toEqual([[1, 2, 3], []]);
  });
});

describe('a flush that a consume does not wait for', () => {
  it.each<[string, (flush: () => void) => Promise<unknown>]>([
    [
      'a promise of nothing',
      (flush) => {
        flush();
        return Promise.resolve();
      },
    ],
    [
      'an async function',
      async (flush) => {
        flush();
        await Promise.resolve();
      },
    ],
  ])('resolves when what waits is consumed: %s', async (_what, consume) => {
    const flushed: number[] = [];
    const { bus, endings } = setUp((on, payload) =>
      consume(() => {
        void on.flush().then(() => flushed.push(payload));
      }),
    );
    publish(bus, 1, 2, 3);
    await settle();
    expect([flushed.sort(), endings]).toEqual([[1, 2, 3], []]);
  });

  it('resolves if the subscriber of the stream calls it', async () => {
    const bus = new SharingBus<number>();
    const flushed: number[] = [];
    bus
      .stream(EventFilter.all, { consume: ({ event: payload }) => concat(of(payload), from(settle())) })
      .subscribe((result) => {
        void bus.flush().then(() => flushed.push(result as number));
      });
    publish(bus, 1, 2);
    while (flushed.length < 2) {
      await settle();
    }
    expect(flushed[0]).toBe(1);
  });

  it('resolves where the stream is left at once, and where it is called elsewhere while a consume goes on', async () => {
    const bus = new SharingBus<number>();
    const flushes: Promise<void>[] = [];
    const leaving = bus
      .stream(EventFilter.all, {
        consume: () => {
          flushes.push(bus.flush());
          leaving.unsubscribe();
          return NEVER;
        },
      })
      .subscribe();
    publish(bus, 1, 2);
    await settle();
    expect(flushes).toHaveLength(1);
    await Promise.all(flushes);

    let finish: (() => void) | undefined;
    bus
      .stream(EventFilter.all, {
        consume: () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      })
      .subscribe();
    publish(bus, 1, 2);
    await settle();
    const flushed = bus.flush();
    finish?.();
    await flushed;
  });

  it('resolves in a handler of events$, after its turn', async () => {
    const bus = new SharingBus<number>();
    const story: string[] = [];
    bus.stream().subscribe(({ event: payload }) => {
      story.push(`event ${payload}`);
      void bus.flush().then(() => story.push(`flushed ${payload}`));
    });
    publish(bus, 1, 2);
    await settle();
    expect(story).toEqual(['event 1', 'event 2', 'flushed 2', 'flushed 1']);
  });
});

describe('a connection that a consume waits for', () => {
  it('rejects at the flush that would wait for that receiver, and leaves the source', async () => {
    const { bus, endings } = setUp((on) => on.connect(two(), { window: 2 }));
    publish(bus, 1);
    await settle();
    expect(endings).toEqual([new DeadlockError('connect', 0, 'archive')]);
    expect(bus.stats().published).toBe(3);
  });

  it('works where it is about others', async () => {
    const { bus, results, endings } = setUp((on, payload) =>
      payload === 1 ? on.connect(two(), { window: 1, waitFor: [receiver] }) : Promise.resolve(payload),
    );
    const receiver = bus.subscribeAll();
    const others = drain(receiver);
    publish(bus, 1);
    await settle();
    expect([results, endings, others]).toEqual([[2, 3, 4], [], [1, 3, 4]]);
  });

  it('works where consume does not wait for it', async () => {
    const connected: Promise<number>[] = [];
    const { bus, results, endings } = setUp((on, payload) => {
      if (payload === 1) {
        connected.push(on.connect(two(), { window: 1 }));
      }
      return Promise.resolve(payload);
    });
    publish(bus, 1);
    await settle();
    expect([results, endings, await Promise.all(connected)]).toEqual([[1, 3, 4], [], [2]]);
  });
});
