import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { from, noop, Observable, type SchedulerAction, type SchedulerLike, Subject, Subscription } from 'rxjs';
import {
  type BusEvent,
  type BusReceiver,
  type Delivery,
  dropNewest,
  EventFilter,
  SharingBus,
} from '../../lib/index.js';
import { toEventStream } from '../../lib/sse/index.js';
import { bundled, outputOf } from '../support/bundled.js';
import { event } from '../support/events.js';

/** What a server would keep for each request; a tracer keeps its span in the same way. */
const request = new AsyncLocalStorage<string>();

/** Notes what was called, with the request that it was called in. */
function notes(): { readonly seen: string[]; readonly note: (what: string) => void } {
  const seen: string[] = [];
  return {
    seen,
    note: (what) => {
      seen.push(`${what} in ${request.getStore() ?? 'none'}`);
    },
  };
}

/** Three requests, each of which publishes its own number in one and the same task. */
function publishFromThree(bus: SharingBus<string>): void {
  for (const number of ['1', '2', '3']) {
    request.run(`request ${number}`, () => {
      bus.publish(event(number));
    });
  }
}

function observer<T>(note: (what: string) => void, textOf: (value: T) => string) {
  return {
    next: (value: T) => {
      note(textOf(value));
    },
    error: (error: unknown) => {
      note(String(error));
    },
    complete: () => {
      note('complete');
    },
  };
}

const text = (busEvent: BusEvent<string>): string => busEvent.event;

const textOf = (delivery: Delivery<string>): string =>
  delivery.type === 'gap' ? `${delivery.missed} missing` : text(delivery.event);

/** Lets all that is in the queue of microtasks run, and what that puts there. */
async function settled(bus: SharingBus<string>): Promise<void> {
  await bus.flush();
  for (let count = 0; count < 50; count += 1) {
    await Promise.resolve();
  }
}

interface Form {
  readonly name: string;
  readonly consume: (bus: SharingBus<string>, note: (what: string) => void) => void;
  /** What is called for three events, and for the end of the bus. */
  readonly calls: readonly string[];
}

const small = (bus: SharingBus<string>): BusReceiver<string> => bus.subscribeFiltered(EventFilter.all, 2);

const PUSHED: readonly Form[] = [
  {
    name: 'events$, a function',
    consume: (bus, note) => {
      bus.subscribeAll().events$.subscribe((busEvent) => {
        note(text(busEvent));
      });
    },
    calls: ['1', '2', '3'],
  },
  {
    name: 'events$, an observer',
    consume: (bus, note) => {
      bus.subscribeAll().events$.subscribe(observer(note, text));
    },
    calls: ['1', '2', '3', 'complete'],
  },
  {
    name: 'deliveries$',
    consume: (bus, note) => {
      small(bus).deliveries$.subscribe(observer(note, textOf));
    },
    calls: ['1', '2', '1 missing', 'complete'],
  },
  {
    name: 'stream',
    consume: (bus, note) => {
      bus.stream().subscribe(observer(note, text));
    },
    calls: ['1', '2', '3', 'complete'],
  },
  {
    name: 'stream with consume, and a promise',
    consume: (bus, note) => {
      const consume = async (busEvent: BusEvent<string>): Promise<string> => {
        note(`begin ${text(busEvent)}`);
        await Promise.resolve();
        note(`end ${text(busEvent)}`);
        return text(busEvent);
      };
      bus.stream(EventFilter.all, { consume }).subscribe(observer(note, String));
    },
    calls: ['begin 1', 'end 1', '1', 'begin 2', 'end 2', '2', 'begin 3', 'end 3', '3', 'complete'],
  },
  {
    name: 'stream with consume, and what is through at once',
    consume: (bus, note) => {
      bus.stream(EventFilter.all, { consume: (busEvent) => [text(busEvent)] }).subscribe(observer(note, String));
    },
    calls: ['1', '2', '3', 'complete'],
  },
  {
    name: 'lagged$',
    consume: (bus, note) => {
      const receiver = bus.subscribeFiltered(EventFilter.all, 1);
      let first = true;
      receiver.lagged$.subscribe({
        next: (count) => {
          if (!first) {
            note(String(count));
          }
          first = false;
        },
        complete: () => {
          note('complete');
        },
      });
      receiver.events$.subscribe(noop);
    },
    calls: ['2', 'complete'],
  },
  {
    name: 'from(receiver)',
    consume: (bus, note) => {
      from(bus.subscribeAll()).subscribe(observer(note, text));
    },
    calls: ['1', '2', '3', 'complete'],
  },
  {
    name: 'dropNewest',
    consume: (bus, note) => {
      const source$ = new Subject<BusEvent<string>>();
      const publish = bus.publish.bind(bus);
      bus.publish = (busEvent) => {
        source$.next(busEvent);
        publish(busEvent);
      };
      source$.pipe(dropNewest({ capacity: 8 })).subscribe(observer(note, text));
    },
    calls: ['1', '2', '3'],
  },
];

/** Runs what was scheduled when it is told to, and in the context of some other request, as a scheduler may that others use as well. */
class SharedScheduler implements SchedulerLike {
  /** The requests that something with a delay was scheduled in. */
  readonly timersOf: (string | undefined)[] = [];
  #actions: (() => void)[] = [];

  now(): number {
    return 0;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    if (delay > 0) {
      this.timersOf.push(request.getStore());
    }
    const action = new Subscription();
    this.#actions.push(() => {
      if (!action.closed) {
        work.call(action as SchedulerAction<T>, state);
      }
    });
    return action;
  }

  run(): void {
    const actions = this.#actions;
    this.#actions = [];
    request.run('a request of somebody else', () => {
      actions.forEach((act) => {
        act();
      });
    });
  }
}

describe('asynchronous contexts', () => {
  it.each(PUSHED)('$name: handlers see no request, whichever publishes', async ({ consume, calls }) => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    consume(bus, note);
    publishFromThree(bus);
    await settled(bus);
    request.run('request 4', () => {
      bus.close();
    });
    await settled(bus);
    expect(seen).toEqual(calls.map((call) => `${call} in none`));
  });

  it.each(PUSHED)(
    '$name: nor that in which the bus was made and the consumer subscribed',
    async ({ consume, calls }) => {
      const { seen, note } = notes();
      const bus = request.run('request 0', () => {
        const made = new SharingBus<string>();
        consume(made, note);
        publishFromThree(made);
        made.close();
        return made;
      });
      await settled(bus);
      expect(seen).toEqual(calls.map((call) => `${call} in none`));
    },
  );

  it('nor that of an action beside it on the scheduler', () => {
    const scheduler = new SharedScheduler();
    const bus = new SharingBus<string>({ scheduler });
    const { seen, note } = notes();
    bus.stream().subscribe(observer(note, text));
    bus.stream(EventFilter.all, { consume: () => [] }).subscribe(observer(note, String));
    publishFromThree(bus);
    // consume takes one event in each turn.
    scheduler.run();
    scheduler.run();
    scheduler.run();
    bus.close();
    scheduler.run();
    expect(seen).toEqual(['1 in none', '2 in none', '3 in none', 'complete in none', 'complete in none']);
  });

  it('what a predicate throws is told in none', async () => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    const fail = (): never => {
      throw new Error('predicate');
    };
    bus.stream(EventFilter.where(fail)).subscribe(observer(note, text));
    bus.stream(EventFilter.where(fail), { consume: () => [] }).subscribe(observer(note, String));
    publishFromThree(bus);
    await settled(bus);
    expect(seen).toEqual(['Error: predicate in none', 'Error: predicate in none']);
  });

  it('a handler that enters a context leaves nothing of it to the next turn', async () => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    bus.stream().subscribe((busEvent) => {
      note(text(busEvent));
      request.enterWith(`that of ${text(busEvent)}`);
    });
    bus.publish(event('1'));
    await settled(bus);
    bus.publish(event('2'));
    await settled(bus);
    expect(seen).toEqual(['1 in none', '2 in none']);
  });

  it('consume is not called in the context in which the one before was through', async () => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    const consumed$ = (busEvent: BusEvent<string>): Observable<string> =>
      new Observable((subscriber) => {
        note(text(busEvent));
        request.run(`that of ${text(busEvent)}`, () => {
          queueMicrotask(() => {
            subscriber.complete();
          });
        });
      });
    bus.stream(EventFilter.all, { consume: consumed$ }).subscribe();
    publishFromThree(bus);
    await settled(bus);
    expect(seen).toEqual(['1 in none', '2 in none', '3 in none']);
  });

  it('a stream with consume does not complete in the context that aborts its signal', async () => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    const controller = new AbortController();
    bus.stream(EventFilter.all, { consume: () => [], signal: controller.signal }).subscribe(observer(note, String));
    request.run('request 1', () => {
      controller.abort();
    });
    await settled(bus);
    expect(seen).toEqual(['complete in none']);
  });

  it.each<readonly [string, (bus: SharingBus<string>, note: (what: string) => void) => Promise<void>]>([
    [
      'recv()',
      async (bus, note) => {
        const receiver = bus.subscribeAll();
        for (let next = await receiver.recv(); next !== undefined; next = await receiver.recv()) {
          note(text(next));
        }
      },
    ],
    [
      'for await',
      async (bus, note) => {
        for await (const next of bus.subscribeAll()) {
          note(text(next));
        }
      },
    ],
    [
      'a web stream',
      async (bus, note) => {
        const reader = bus.subscribeAll().toReadableStream().getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          note(text(next.value));
        }
      },
    ],
    [
      'deliveries',
      async (bus, note) => {
        for await (const next of bus.subscribeAll().deliveries) {
          note(textOf(next));
        }
      },
    ],
  ])('%s: what waits goes on in its own', async (_name, consume) => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    const consumers = ['a', 'b'].map((name) => request.run(`request ${name}`, () => consume(bus, note)));
    publishFromThree(bus);
    await settled(bus);
    request.run('request 4', () => {
      bus.close();
    });
    await Promise.all(consumers);
    expect(seen.filter((line) => line.endsWith(' a'))).toEqual(['1', '2', '3'].map((call) => `${call} in request a`));
    expect(seen.filter((line) => line.endsWith(' b'))).toEqual(['1', '2', '3'].map((call) => `${call} in request b`));
    expect(seen).toHaveLength(6);
  });

  it('flush and connect: what waits goes on in its own', async () => {
    const bus = new SharingBus<string>();
    const { seen, note } = notes();
    const source$ = new Subject<BusEvent<string>>();
    bus.stream().subscribe(noop);
    const waits = [
      request.run('request a', async () => {
        bus.publish(event('0'));
        await bus.flush();
        note('flushed');
      }),
      request.run('request b', async () => {
        await bus.connect(source$);
        note('connected');
      }),
    ];
    publishFromThree(bus);
    request.run('request c', () => {
      source$.complete();
    });
    await Promise.all(waits);
    expect(seen.sort()).toEqual(['connected in request b', 'flushed in request a']);
  });

  it('predicates are asked in the context of the publish that brings the event', () => {
    const bus = new SharingBus<string>({ scheduler: new SharedScheduler() });
    const { seen, note } = notes();
    bus.subscribeFiltered(
      EventFilter.where((busEvent) => {
        note(text(busEvent));
        return false;
      }),
    );
    publishFromThree(bus);
    expect(seen).toEqual(['1 in request 1', '2 in request 2', '3 in request 3']);
  });

  it('what was held for too long goes on in none, and its timer holds no request', () => {
    const scheduler = new SharedScheduler();
    const bus = new SharingBus<string>({ scheduler, holdUnbound: { capacity: 1, maxAgeMs: 1_000 } });
    const { seen, note } = notes();
    bus.subscribeFiltered(
      EventFilter.where((busEvent) => {
        note(text(busEvent));
        return false;
      }),
    );
    request.run('request 1', () => {
      bus.publish(event('held', { connectorId: 'c', nativeSessionId: 's' }));
    });
    const now = scheduler.now();
    scheduler.now = () => now + 1_000;
    scheduler.run();
    expect(seen).toEqual(['held in none']);
    expect(scheduler.timersOf).toEqual([undefined]);
  });

  it('the timer of stallAfterMs holds no request', () => {
    const scheduler = new SharedScheduler();
    const bus = new SharingBus<string>({ scheduler });
    bus.subscribeFiltered(EventFilter.all, { capacity: 1, stallAfterMs: 1_000 });
    publishFromThree(bus);
    bus.subscribeAll();
    expect(scheduler.timersOf).toEqual([undefined]);
  });

  it('lines about a receiver are written in none', async () => {
    const { seen, note } = notes();
    const bus = new SharingBus<string>({
      logger: {
        warn: (line) => {
          note(String(line));
        },
        info: (line) => {
          note(String(line));
        },
      },
    });
    const receiver = bus.subscribeFiltered(EventFilter.all, 2);
    receiver.events$.subscribe(noop);
    publishFromThree(bus);
    await settled(bus);
    expect(seen).toEqual([
      'sharing-bus: receiver 0 begins to lag: its queue of 2 is full in none',
      'sharing-bus: receiver 0 has caught up; lagged: 1 in none',
    ]);
  });

  it('an event stream that is cut off is told of in none', async () => {
    const scheduler = new SharedScheduler();
    const busScheduler = new SharedScheduler();
    const bus = new SharingBus<string>({ scheduler: busScheduler });
    const { seen, note } = notes();
    const onError = (error: unknown): void => {
      note((error as Error).name);
    };
    const options = { filter: EventFilter.all, overflow: 'evict', capacity: 1, onError, scheduler } as const;
    const response = toEventStream(bus, new Request('http://localhost/'), options);
    // It has begun to read, and reads no further.
    await response.body?.getReader().read();
    publishFromThree(bus);
    busScheduler.run();
    scheduler.run();
    expect(seen).toEqual(['SlowConsumerError in none']);
    expect(scheduler.timersOf).toEqual([undefined]);
  });

  it('a module that is loaded in the course of a request keeps nothing of it', async () => {
    const program = await bundled(`
      import { AsyncLocalStorage } from 'node:async_hooks';

      const request = new AsyncLocalStorage();
      request.run('the request that loads it', async () => {
        const { SharingBus } = await import('../../lib/index.ts');
        const bus = new SharingBus();
        bus.stream().subscribe(({ event }) => console.log(event + ' in ' + (request.getStore() ?? 'none')));
        for (const number of ['1', '2']) {
          request.run('request ' + number, () => {
            bus.publish({ routing: { kind: 'message' }, origin: 'agent', event: number });
          });
        }
      });
    `);
    expect(await outputOf(program)).toBe('1 in none\n2 in none\n');
  }, 60_000);

  describe('on another platform', () => {
    let program: string;

    beforeAll(async () => {
      program = await bundled(
        `
        import { SharingBus } from '../../lib/index.ts';

        const bus = new SharingBus();
        bus.stream().subscribe(({ event }) => note(event));
        bus.publish({ routing: { kind: 'message' }, origin: 'agent', event: '1' });
        over = bus.flush();
        `,
        { format: 'iife', platform: 'browser' },
      );
    }, 60_000);

    /** What is noted in a world of its own that has the globals of a browser, and these. */
    async function notedWith(globals: object, seen: string[]): Promise<string[]> {
      const world = { crypto, over: undefined as unknown, note: (what: string) => seen.push(what), ...globals };
      runInNewContext(program, world);
      await world.over;
      return seen;
    }

    const withResource = (AsyncResource: unknown) => ({ process: { getBuiltinModule: () => ({ AsyncResource }) } });

    it.each([
      ['no process', {}],
      ['a process that is a stand-in', { process: { env: {} } }],
      ['a process without that module', { process: { getBuiltinModule: () => undefined } }],
      ['a module that is a stand-in', withResource(undefined)],
      [
        'a stand-in that throws',
        withResource(() => {
          throw new Error('not implemented');
        }),
      ],
      [
        'a stand-in that calls nothing',
        withResource(
          class {
            runInAsyncScope(): void {
              // Nothing, as a stand-in may.
            }
          },
        ),
      ],
    ])('%s: consumers are just called', async (_name, globals) => {
      expect(await notedWith(globals, [])).toEqual(['1']);
    });

    it('what keeps the context in a private field is entered itself', async () => {
      const depths: number[] = [];
      class AsyncResource {
        #depth = 0;

        runInAsyncScope(work: () => void): void {
          this.#depth += 1;
          depths.push(this.#depth);
          work();
          this.#depth -= 1;
        }
      }
      expect(await notedWith(withResource(AsyncResource), [])).toEqual(['1']);
      // Once to try it, once for the turn.
      expect(depths).toEqual([1, 1]);
    });
  });
});
