// Run by zones-spec.ts as a program of its own: behind zone.js and, where that is tried, its plugin for RxJS.
import type {} from 'zone.js';
import { asapScheduler, asyncScheduler, config, firstValueFrom, from, map, noop, type Observable, Subject } from 'rxjs';
import { type BusEvent, type Delivery, dropNewest, EventFilter, type Pullable, SharingBus } from '../../lib/index.js';
import { fromEventStream, toEventStream } from '../../lib/sse/index.js';
import { busEvent } from '../../lib/testing/index.js';

type Bus = SharingBus<string>;
/** Notes what was called, and the zone that it was called in. */
type Note = (what: string) => void;
/** Called in one zone; what it returns is called in the subscriber's, and consumes. */
type Form = (bus: Bus, note: Note) => () => unknown;

const text = ({ event }: BusEvent<string>): string => event;

const toText = (delivery: Delivery<string>): string =>
  delivery.type === 'gap' ? `${delivery.missed} missing` : text(delivery.event);

const observer = <T>(note: Note, textOf: (value: T) => string) => ({
  next: (value: T) => {
    note(textOf(value));
  },
  error: (error: unknown) => {
    note(String(error));
  },
  complete: () => {
    note('complete');
  },
});

/** An Observable of a bus, with a function, with an observer, and through an operator. */
function observed<T>(
  name: string,
  sourceOf: (bus: Bus) => Observable<T>,
  textOf: (value: T) => string,
): Record<string, Form> {
  return {
    [`${name}, a function`]: (bus, note) => {
      const source$ = sourceOf(bus);
      return () => source$.subscribe(observer(note, textOf).next);
    },
    [`${name}, an observer`]: (bus, note) => {
      const source$ = sourceOf(bus);
      return () => source$.subscribe(observer(note, textOf));
    },
    [`${name}, through an operator`]: (bus, note) => {
      const source$ = sourceOf(bus);
      return () =>
        source$
          .pipe(
            map((value) => {
              note(`map ${textOf(value)}`);
              return value;
            }),
          )
          .subscribe(observer(note, textOf));
    },
  };
}

/** What can be pulled, in each way. */
function pulled<T>(
  name: string,
  sourceOf: (bus: Bus) => Pullable<T, unknown>,
  textOf: (value: T) => string,
): Record<string, Form> {
  return {
    [`${name}, recv`]: (bus, note) => {
      const source = sourceOf(bus);
      const next = (value: T | undefined): void => {
        note(value === undefined ? 'complete' : textOf(value));
        if (value !== undefined) {
          void source.recv().then(next);
        }
      };
      return () => source.recv().then(next);
    },
    [`${name}, for await`]: (bus, note) => {
      const source = sourceOf(bus);
      return async () => {
        for await (const value of source) {
          note(textOf(value));
        }
        note('complete');
      };
    },
    [`${name}, a stream`]: (bus, note) => {
      const reader = sourceOf(bus).toReadableStream().getReader();
      return async () => {
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          note(textOf(next.value));
        }
        note('complete');
      };
    },
  };
}

const notes = new Map<unknown, Note>();
config.onUnhandledError = (error) => {
  notes.get(error)?.(String(error));
};

/** An error that is noted when it is reported. */
function reportedTo(note: Note, message: string): Error {
  const error = new Error(message);
  notes.set(error, note);
  return error;
}

/** Calls `act` in a zone that cannot be entered any more when that has returned. */
function inZoneThatWillThrow(act: () => void): void {
  let isBroken = false;
  const zone = Zone.root.fork({
    name: 'broken',
    onInvoke: (parent, _current, target, callback, applyThis, applyArgs, source) => {
      if (isBroken) {
        throw new Error('the zone is broken');
      }
      return parent.invoke(target, callback, applyThis, applyArgs, source) as unknown;
    },
  });
  zone.run(act);
  isBroken = true;
}

const fail = (): never => {
  throw new Error('a predicate threw');
};

const FORMS: Record<string, Form> = {
  ...observed('events$', (bus) => bus.subscribeAll().events$, text),
  ...observed('deliveries$', (bus) => bus.subscribeFiltered(EventFilter.all, 1).deliveries$, toText),
  ...observed('lagged$', (bus) => bus.subscribeFiltered(EventFilter.all, 1).lagged$, String),
  ...observed('stream', (bus) => bus.stream(), text),
  ...pulled('receiver', (bus) => bus.subscribeAll(), text),
  ...pulled('deliveries', (bus) => bus.subscribeFiltered(EventFilter.all, 1).deliveries, toText),
  'stream with consume': (bus, note) => {
    const consume = (busEvent: BusEvent<string>): Promise<string> => {
      note(`consume ${busEvent.event}`);
      return Promise.resolve(busEvent.event);
    };
    const results$ = bus.stream(EventFilter.all, { consume });
    return () => results$.subscribe(observer(note, String));
  },
  'a predicate that throws': (bus, note) => {
    const events$ = bus.stream(EventFilter.where(fail));
    return () => events$.subscribe(observer(note, text));
  },
  'a predicate that throws, with consume': (bus, note) => {
    const events$ = bus.stream(EventFilter.where(fail), { consume: () => [] });
    return () => events$.subscribe(observer(note, text));
  },
  stallAfterMs: (bus, note) => {
    return () => {
      const receiver = bus.subscribeFiltered(EventFilter.all, { stallAfterMs: 1 });
      receiver.closed$.subscribe(observer(note, () => 'closed'));
    };
  },
  closed$: (bus, note) => {
    const { closed$ } = bus.subscribeFiltered(EventFilter.all, { capacity: 1, overflow: 'evict' });
    return () => closed$.subscribe(observer(note, () => 'closed'));
  },
  firstValueFrom: (bus, note) => {
    const { events$ } = bus.subscribeAll();
    return () =>
      firstValueFrom(events$, { defaultValue: busEvent('none') }).then((value) => {
        note(text(value));
      });
  },
  'from(receiver)': (bus, note) => {
    const receiver = bus.subscribeAll();
    return () => from(receiver).subscribe(observer(note, text));
  },
  flush: (bus, note) => {
    bus.stream().subscribe(noop);
    return () => {
      bus.publish(busEvent('before'));
      return bus.flush().then(() => {
        note('flushed');
      });
    };
  },
  connect: (bus, note) => {
    const source$ = new Subject<BusEvent<string>>();
    bus.stream().subscribe((event) => {
      if (event.event === 'a') {
        source$.complete();
      }
    });
    return () =>
      bus.connect(source$).then(() => {
        note('connected');
      });
  },
  'connect, of many events': (bus, note) => {
    let left = 300;
    const next = (): Promise<IteratorResult<BusEvent<string>>> => {
      left -= 1;
      return Promise.resolve(
        left < 0 ? { done: true, value: undefined } : { done: false, value: busEvent('of a source') },
      );
    };
    return () =>
      bus.connect({ [Symbol.asyncIterator]: () => ({ next }) }).then(() => {
        note('connected');
      });
  },
  dropNewest: (bus, note) => {
    const source$ = new Subject<BusEvent<string>>();
    bus.stream().subscribe(source$);
    return () => source$.pipe(dropNewest({ capacity: 8 })).subscribe(observer(note, text));
  },
  fromEventStream: (bus, note) => {
    const fetch = (url: string, init: object): Promise<Response> =>
      Promise.resolve(toEventStream(bus, new Request(url, init), { filter: EventFilter.all }));
    const parse = (value: unknown): BusEvent<string> => value as BusEvent<string>;
    const onStatus = ({ state }: { readonly state: string }): void => {
      note(state);
    };
    const deliveries$ = fromEventStream('http://localhost/', { fetch, parse, onStatus });
    return () => deliveries$.subscribe(observer(note, toText));
  },
  'a handler that throws': (bus, note) => {
    const { events$ } = bus.subscribeAll();
    return () =>
      events$.subscribe(({ event }) => {
        throw reportedTo(note, event);
      });
  },
  'beside a zone that throws': (bus, note) => {
    const { events$ } = bus.subscribeAll();
    const results$ = bus.stream(EventFilter.all, { consume: () => [] });
    return () => {
      inZoneThatWillThrow(() => {
        events$.subscribe();
        results$.subscribe();
      });
      bus.stream().subscribe(observer(note, text));
    };
  },
};

/** What came of a form. */
export interface Tried {
  /** What was called, each with the zone that it was called in. */
  readonly calls: string[];
  /** How often the subscriber's zone was entered, since it has subscribed. */
  entries: number;
  /** Number of timers and requests that were begun in the subscriber's zone. Angular calls a page stable when none is left. */
  tasks: number;
}

const maker = Zone.root.fork({ name: 'maker' });
/** All tasks that were begun in the publisher's zone, microtasks too. */
const ofPublisher: string[] = [];
const publisher = Zone.root.fork({
  name: 'publisher',
  onScheduleTask: (parent, _current, target, task) => {
    ofPublisher.push(`${task.type} ${task.source}`);
    return parent.scheduleTask(target, task);
  },
});
const stranger = Zone.root.fork({ name: 'stranger' });

/** Takes one step, when something of somebody else's was the first to use RxJS's scheduler. */
function step(buses: readonly Bus[], act: (bus: Bus) => void): void {
  stranger.run(() => {
    asapScheduler.schedule(noop);
  });
  publisher.run(() => {
    buses.forEach(act);
  });
}

const buses: Bus[] = [];
const tried: Record<string, Tried> = {};
for (const [name, form] of Object.entries(FORMS)) {
  const bus = new SharingBus<string>();
  const result: Tried = { calls: [], entries: 0, tasks: 0 };
  buses.push(bus);
  tried[name] = result;
  const note: Note = (what) => {
    result.calls.push(`${what}: ${Zone.current.name}`);
  };
  const subscriber = Zone.root.fork({
    name: 'subscriber',
    onInvoke: (parent, _current, target, callback, applyThis, applyArgs, source) => {
      result.entries += 1;
      return parent.invoke(target, callback, applyThis, applyArgs, source) as unknown;
    },
    onScheduleTask: (parent, _current, target, task) => {
      result.tasks += task.type === 'microTask' ? 0 : 1;
      return parent.scheduleTask(target, task);
    },
  });
  const consume = maker.run<() => unknown>(() => form(bus, note));
  subscriber.run(() => consume());
  result.entries = 0;
}
/** Takes one step after the other, with time for what each has set going. */
function take([first, ...others]: readonly (() => void)[]): void {
  asyncScheduler.schedule(() => {
    first?.();
    if (others.length > 0) {
      take(others);
    }
  }, 2);
}

take([
  () => {
    step(buses, (bus) => {
      bus.publish(busEvent('a'));
      bus.publish(busEvent('b'));
    });
  },
  () => {
    step(buses, (bus) => {
      bus.close();
    });
  },
  () => {
    console.log(JSON.stringify({ tried, ofPublisher }));
  },
]);
