import { describe, expect, it } from '@jest/globals';
import { config, map, take } from 'rxjs';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { publishTo } from '../../lib/testing/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { marbles } from '../support/marbles.js';

function publishAll(bus: SharingBus<number>, ...payloads: number[]): void {
  for (const payload of payloads) {
    bus.publish(event(payload));
  }
}

function setUp(capacity: number): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly receiver: ReturnType<SharingBus<number>['subscribeAll']>;
  readonly lines: string[];
} {
  const scheduler = new ManualScheduler();
  const { lines, logger } = recordingLogger();
  const bus = new SharingBus<number>({ scheduler, logger });
  return { bus, scheduler, receiver: bus.subscribeFiltered(EventFilter.all, capacity), lines };
}

describe('the bounded queue', () => {
  it('law 20: full, it rejects the arriving event, and what is queued stays', () => {
    const { bus, scheduler, receiver } = setUp(2);
    const { values } = collectPayloads(receiver.events$);
    publishAll(bus, 1, 2, 3, 4);
    scheduler.flush();
    publishAll(bus, 5);
    scheduler.flush();
    expect(values).toEqual([1, 2, 5]);
  });

  it('law 21: the event in the consumer’s hands does not count against the capacity', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const values: number[] = [];
    receiver.events$.subscribe(({ event: n }) => {
      values.push(n);
      if (n === 1) {
        publishAll(bus, 2, 3);
      }
    });
    publishAll(bus, 1);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    expect(receiver.lagged).toBe(1);
  });

  it('law 22: lagged is exact on the line after publish, never resets, and stays readable after the end', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const read: number[] = [];
    collect(receiver.events$);
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 3; n += 1) {
        publishAll(bus, n);
        read.push(receiver.lagged);
      }
      scheduler.flush();
      read.push(receiver.lagged);
    }
    receiver.close();
    bus.close();
    scheduler.flush();
    expect(read).toEqual([0, 1, 2, 2, 2, 3, 4, 4]);
    expect(receiver.lagged).toBe(4);
  });

  it('law 22: lagged is read by a handler as it is then', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const read: number[] = [];
    receiver.events$.pipe(take(1)).subscribe(() => {
      publishAll(bus, 2, 3);
      read.push(receiver.lagged);
    });
    publishAll(bus, 1);
    scheduler.flush();
    expect(read).toEqual([1]);
  });

  it('law 22: lagged$ starts with the present count, tells each later one once a turn, and ends with the final one', () => {
    const { bus, scheduler, receiver } = setUp(1);
    publishAll(bus, 1, 2, 3);
    const early = collect(receiver.lagged$);
    expect(early.values).toEqual([2]);
    publishAll(bus, 4, 5);
    const late = collect(receiver.lagged$);
    expect(early.values).toEqual([2]);
    scheduler.flush();
    publishAll(bus, 6);
    receiver.close();
    expect(early.endings).toEqual([]);
    scheduler.flush();
    expect(early).toMatchObject({ values: [2, 4, 5], endings: ['complete'] });
    expect(late).toMatchObject({ values: [4, 5], endings: ['complete'] });
    expect(collect(receiver.lagged$)).toMatchObject({ values: [5], endings: ['complete'] });
  });

  it('law 22: lagged$ completes with its receiver, however that ends', () => {
    const ends: ((setup: ReturnType<typeof setUp>, consumer: { unsubscribe(): void }) => void)[] = [
      ({ receiver }) => {
        receiver.close();
      },
      ({ receiver }) => {
        receiver[Symbol.dispose]();
      },
      ({ bus, receiver }) => {
        bus.unsubscribe(receiver.id);
      },
      ({ bus }) => {
        bus.close();
      },
      (_, consumer) => {
        consumer.unsubscribe();
      },
    ];
    for (const end of ends) {
      const setup = setUp(1);
      const consumer = setup.receiver.events$.subscribe();
      const order: string[] = [];
      setup.receiver.lagged$.subscribe({ next: (n) => order.push(String(n)), complete: () => order.push('complete') });
      publishAll(setup.bus, 1, 2);
      end(setup, consumer);
      setup.scheduler.flush();
      expect(order).toEqual(['0', '1', 'complete']);
    }
  });

  it('law 22: lagged$ completes for a receiver without a consumer', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const { values, endings } = collect(receiver.lagged$);
    publishAll(bus, 1, 2);
    receiver.close();
    scheduler.flush();
    expect(values).toEqual([0, 1]);
    expect(endings).toEqual(['complete']);
  });

  it('law 22: lagged$ ends with the final count, also where its own observer makes it grow and closes', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const values: number[] = [];
    receiver.lagged$.subscribe((lagged) => {
      values.push(lagged);
      if (lagged === 1) {
        publishAll(bus, 3);
        receiver.close();
      }
    });
    publishAll(bus, 1, 2);
    scheduler.flush();
    expect(values).toEqual([0, 1, 2]);
    expect(receiver.lagged).toBe(2);
  });

  it('law 14: what an observer of lagged$ throws is reported, and takes nothing from the others', async () => {
    const { bus, scheduler, receiver } = setUp(1);
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(String(error));
    receiver.lagged$.subscribe((lagged) => {
      if (lagged > 0) {
        throw new Error(`no ${lagged}`);
      }
    });
    const { values } = collectPayloads(receiver.events$);
    const other = collectPayloads(bus.stream());
    for (const payload of [1, 3]) {
      publishAll(bus, payload, payload + 1);
      scheduler.flush();
    }
    await new Promise((resolve) => setTimeout(resolve));
    config.onUnhandledError = null;
    expect([values, other.values]).toEqual([
      [1, 3],
      [1, 2, 3, 4],
    ]);
    expect(reported).toEqual(['Error: no 1', 'Error: no 2']);
  });

  it('law 23: events that do not match neither use room nor count', () => {
    const filters = [
      EventFilter.kind('wanted'),
      EventFilter.where<number>(({ event: n }) => n === 4),
      EventFilter.and(EventFilter.origin('runtime'), EventFilter.kind('wanted')),
      EventFilter.not(EventFilter.kind('test')),
    ];
    for (const filter of filters) {
      const { bus, scheduler } = setUp(1);
      const receiver = bus.subscribeFiltered(filter, 1);
      const { values } = collectPayloads(receiver.events$);
      publishAll(bus, 1, 2, 3);
      bus.publish(event(4, { kind: 'wanted' }));
      publishAll(bus, 5);
      scheduler.flush();
      expect(values).toEqual([4]);
      expect(receiver.lagged).toBe(0);
    }
  });

  it('law 25: one receiver’s state never touches another’s', () => {
    const { bus, scheduler, receiver: slow } = setUp(1);
    const roomy = bus.subscribeFiltered(EventFilter.all, 3);
    const seen = [slow, roomy].map(({ events$ }) => collectPayloads(events$));
    publishAll(bus, 1, 2, 3);
    slow[Symbol.dispose]();
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([[], [1, 2, 3]]);
    expect([slow.lagged, roomy.lagged]).toEqual([2, 0]);
  });

  it('law 26: five synchronous publishes into capacity 1 deliver the first and count exactly 4', () => {
    const { bus, scheduler, receiver } = setUp(1);
    const { values } = collectPayloads(receiver.events$);
    publishAll(bus, 1, 2, 3, 4, 5);
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(receiver.lagged).toBe(4);
  });

  it('law 26: a turn delivers what waited when it began; what arrives meanwhile waits for the next', () => {
    const { bus, scheduler, receiver } = setUp(10);
    const values: number[] = [];
    receiver.events$.subscribe(({ event: n }) => {
      values.push(n);
      publishAll(bus, n + 10);
    });
    publishAll(bus, 1, 2);
    scheduler.turn();
    expect(values).toEqual([1, 2]);
    scheduler.turn();
    expect(values).toEqual([1, 2, 11, 12]);
  });

  it('law 27: what is queued is delivered first, then the error', () => {
    const { bus, scheduler } = setUp(1);
    const failure = new Error('no');
    const receiver = bus.subscribeFiltered(
      EventFilter.where(({ event: n }) => {
        if (n === 3) {
          throw failure;
        }
        return true;
      }),
      2,
    );
    publishAll(bus, 1, 2, 3);
    const { values, endings } = collectPayloads(receiver.events$);
    expect(endings).toEqual([]);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    expect(endings).toEqual([failure]);
  });

  it('law 27: the same drops happen in virtual time, at the same frame', () => {
    marbles(({ testBus, busEvents, expectDeliveries, expectObservable, flush }) => {
      const bus = testBus();
      const receiver = bus.subscribeFiltered(EventFilter.all, 2);
      const source = '   --(abcd)---e--f--|';
      const delivered = '--(ab)-----e--f--|';
      const counts = '   0-2--------------|';
      busEvents(source).subscribe(publishTo(bus));
      expectDeliveries(receiver.events$).toBe(delivered);
      expectObservable(receiver.lagged$.pipe(map((count) => String(count)))).toBe(counts);
      flush();
      expect(receiver.lagged).toBe(2);
    });
  });

  it('law 28: one warning when it begins to lag, one note when a turn has emptied its queue, and nothing between', () => {
    const { bus, scheduler, receiver, lines } = setUp(2);
    collect(receiver.events$);
    publishAll(bus, 1, 2, 3, 4, 5);
    publishAll(bus, 6);
    expect(lines).toEqual(['warn: sharing-bus: receiver 0 begins to lag: its queue of 2 is full']);
    scheduler.flush();
    publishAll(bus, 7, 8);
    scheduler.flush();
    expect(lines.slice(1)).toEqual(['info: sharing-bus: receiver 0 has caught up; lagged: 4']);
    publishAll(bus, 1, 2, 3);
    scheduler.flush();
    expect(lines.slice(2)).toEqual([
      'warn: sharing-bus: receiver 0 begins to lag: its queue of 2 is full',
      'info: sharing-bus: receiver 0 has caught up; lagged: 5',
    ]);
  });

  it('law 28: a turn that leaves events in the queue is no catching up', () => {
    const { bus, scheduler, receiver, lines } = setUp(1);
    receiver.events$.subscribe(({ event: n }) => {
      if (n < 3) {
        publishAll(bus, n + 1);
      }
    });
    publishAll(bus, 1, 9);
    scheduler.turn();
    scheduler.turn();
    expect(lines).toHaveLength(1);
    scheduler.turn();
    expect(lines).toHaveLength(2);
  });

  it('law 28: the turn that empties a closed receiver is noted, before or after its completion', () => {
    const { bus, scheduler, receiver, lines } = setUp(1);
    const { endings } = collect(receiver.events$);
    publishAll(bus, 1, 2);
    receiver.close();
    scheduler.flush();
    expect(endings).toEqual(['complete']);
    expect(lines.slice(1)).toEqual(['info: sharing-bus: receiver 0 has caught up; lagged: 1']);
  });

  it('law 28: a receiver that leaves while it lags has not caught up', () => {
    const { bus, scheduler, receiver, lines } = setUp(1);
    const { endings } = collect(receiver.events$);
    publishAll(bus, 1, 2);
    receiver[Symbol.dispose]();
    scheduler.flush();
    expect(endings).toEqual(['complete']);
    expect(lines).toHaveLength(1);
  });
});
