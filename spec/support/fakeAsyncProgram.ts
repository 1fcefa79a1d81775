// Run by zones-spec.ts as a program of its own: behind zone.js and its zones for tests.
import type {} from 'zone.js';
import { asapScheduler, asyncScheduler, noop } from 'rxjs';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { busEvent } from '../../lib/testing/index.js';

/** What zone.js/testing has behind the names that Angular exports. */
interface ForTests {
  readonly fakeAsync: (test: () => void) => () => void;
  readonly flushMicrotasks: () => void;
  readonly tick: (milliseconds: number) => void;
}

/** What came of each test. */
export interface FakeAsyncTried {
  readonly inTest: {
    readonly before: readonly string[];
    readonly flushed: readonly string[];
    readonly evictedBefore: boolean;
    readonly evicted: boolean;
  };
  readonly other: { readonly taken: number; readonly lagged: number };
  readonly own: readonly string[];
}

const zones = Zone as unknown as Record<string, unknown>;
const { fakeAsync, flushMicrotasks, tick } = zones[Zone.__symbol__('fakeAsyncTest')] as ForTests;
const { ProxyZoneSpec } = zones as { readonly ProxyZoneSpec: new () => ZoneSpec };

/** Runs `test` as Angular's adapters for test frameworks do. */
function inFakeAsync(test: () => void): void {
  Zone.root.fork(new ProxyZoneSpec()).run(() => {
    fakeAsync(test)();
  });
}

/** A test that fails before its microtasks have run. */
function failing(test: () => void): void {
  try {
    inFakeAsync(() => {
      test();
      throw new Error('the test failed');
    });
  } catch {
    // As a test framework does, which goes on with the next test.
  }
}

function busOf(): { readonly bus: SharingBus<string>; readonly taken: string[] } {
  const bus = new SharingBus<string>();
  const taken: string[] = [];
  bus.stream().subscribe(({ event }) => taken.push(event));
  return { bus, taken };
}

/** Keeps the process busy, as a slow machine does. The date of the test stands still meanwhile. */
function passRealTime(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function inTest(): FakeAsyncTried['inTest'] {
  let result: FakeAsyncTried['inTest'] | undefined;
  inFakeAsync(() => {
    const { bus, taken } = busOf();
    bus.subscribeFiltered(EventFilter.all, { stallAfterMs: 1000 });
    passRealTime(150);
    bus.publish(busEvent('a'));
    Zone.current.fork({ name: 'angular' }).run(() => {
      bus.publish(busEvent('b'));
    });
    const before = [...taken];
    flushMicrotasks();
    const flushed = [...taken];
    // The receiver that nobody reads has a slot until then.
    tick(900);
    const evictedBefore = bus.subscriberCount < 2;
    tick(100);
    result = { before, flushed, evictedBefore, evicted: bus.subscriberCount < 2 };
  });
  return result as FakeAsyncTried['inTest'];
}

const after = (task: () => void): void => {
  asyncScheduler.schedule(task, 2);
};

const first = inTest();
const own = busOf();
failing(() => {
  own.bus.publish(busEvent('left'));
  asapScheduler.schedule(noop);
});
after(() => {
  own.bus.publish(busEvent('next'));
  const bus = new SharingBus<number>();
  let taken = 0;
  const receiver = bus.subscribeAll();
  receiver.events$.subscribe(() => {
    taken += 1;
  });
  for (let count = 0; count < 150; count += 1) {
    bus.publish(busEvent(count));
  }
  after(() => {
    for (let count = 0; count < 150; count += 1) {
      bus.publish(busEvent(count));
    }
    after(() => {
      const result: FakeAsyncTried = { inTest: first, other: { taken, lagged: receiver.lagged }, own: own.taken };
      console.log(JSON.stringify(result));
    });
  });
});
