import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundled, outputOf } from '../support/bundled.js';
import type { FakeAsyncTried } from '../support/fakeAsyncProgram.js';
import type { Tried } from '../support/zoneProgram.js';

interface Outcome {
  readonly tried: Readonly<Record<string, Tried>>;
  readonly ofPublisher: readonly string[];
}

/** Runs `program` behind `before`, as Angular's builder would make it: zone.js cannot follow an `await` of the engine's own. */
async function runBehind(before: readonly string[], program: string): Promise<unknown> {
  const bundle = await bundled([...before, program].map((path) => `import '${path}';`).join('\n'), {
    supported: { 'async-await': false, 'async-generator': false, 'for-await': false },
  });
  return JSON.parse(await outputOf(bundle));
}

/** What each form is called with. */
const CALLS: Record<string, readonly string[]> = {
  'events$, a function': ['a', 'b'],
  'events$, an observer': ['a', 'b', 'complete'],
  'events$, through an operator': ['map a', 'a', 'map b', 'b', 'complete'],
  'deliveries$, a function': ['a', '1 missing'],
  'deliveries$, an observer': ['a', '1 missing', 'complete'],
  'deliveries$, through an operator': ['map a', 'a', 'map 1 missing', '1 missing', 'complete'],
  'lagged$, a function': ['0', '1'],
  'lagged$, an observer': ['0', '1', 'complete'],
  'lagged$, through an operator': ['map 0', '0', 'map 1', '1', 'complete'],
  'stream, a function': ['a', 'b'],
  'stream, an observer': ['a', 'b', 'complete'],
  'stream, through an operator': ['map a', 'a', 'map b', 'b', 'complete'],
  'stream with consume': ['consume a', 'a', 'consume b', 'b', 'complete'],
  'a predicate that throws': ['Error: a predicate threw'],
  'a predicate that throws, with consume': ['Error: a predicate threw'],
  'a handler that throws': ['Error: a', 'Error: b'],
  'beside a zone that throws': ['a', 'b', 'complete'],
  'receiver, recv': ['a', 'b', 'complete'],
  'receiver, for await': ['a', 'b', 'complete'],
  'receiver, a stream': ['a', 'b', 'complete'],
  'deliveries, recv': ['a', '1 missing', 'complete'],
  'deliveries, for await': ['a', '1 missing', 'complete'],
  'deliveries, a stream': ['a', '1 missing', 'complete'],
  stallAfterMs: ['closed', 'complete'],
  closed$: ['closed', 'complete'],
  firstValueFrom: ['a'],
  'from(receiver)': ['a', 'b', 'complete'],
  flush: ['flushed'],
  connect: ['connected'],
  'connect, of many events': ['connected'],
  dropNewest: ['a', 'b', 'complete'],
  fromEventStream: ['connecting', 'open', 'a', 'b', 'complete', 'closed'],
};

describe.each([
  { name: 'zone.js', before: ['zone.js/node'] },
  { name: 'zone.js and its plugin for RxJS', before: ['zone.js/node', 'zone.js/plugins/zone-patch-rxjs'] },
])('with $name', ({ before }) => {
  let outcome: Outcome;
  const triedAs = (name: string): Tried | undefined => outcome.tried[name];

  // A bundle, and a process.
  beforeAll(async () => {
    outcome = (await runBehind(before, './zoneProgram.ts')) as Outcome;
  }, 60_000);

  it('tries each form', () => {
    expect(Object.keys(outcome.tried).sort()).toEqual(Object.keys(CALLS).sort());
  });

  it.each(Object.entries(CALLS))('%s: consumers are called in the zone that they subscribed in', (name, calls) => {
    expect(triedAs(name)?.calls).toEqual(calls.map((call) => `${call}: subscriber`));
  });

  it.each(Object.keys(CALLS).filter((name) => /^(events\$|deliveries\$|stream,)/.test(name)))(
    '%s: a turn enters the zone once, whatever it delivers',
    (name) => {
      // One turn for the events, one for the end.
      expect(triedAs(name)?.entries).toBe(2);
    },
  );

  it.each(Object.keys(CALLS))('%s: no timer and no request is begun in the zone of the subscriber', (name) => {
    // RxJS reports each error of a handler by a timer, in the zone of the handler.
    expect(triedAs(name)?.tasks).toBe(name === 'a handler that throws' ? 2 : 0);
  });

  // The plugin enters the zone for each call of a handler once more.
  if (before.length === 1) {
    it('fromEventStream: a piece of text enters the zone once, as a state does', () => {
      // The states connecting and open, two events, the end; the state closed comes with the end.
      expect(triedAs('fromEventStream')?.entries).toBe(4);
    });
  }

  it('nothing at all is begun in the zone of a publisher', () => {
    expect(outcome.ofPublisher).toEqual([]);
  });
});

describe('with fakeAsync of zone.js', () => {
  let tried: FakeAsyncTried;

  beforeAll(async () => {
    const before = ['zone.js/node', 'zone.js/plugins/proxy', 'zone.js/plugins/fake-async-test'];
    tried = (await runBehind(before, './fakeAsyncProgram.ts')) as FakeAsyncTried;
  }, 60_000);

  it('the time of the test drives the bus, also behind a zone of the application', () => {
    expect(tried.inTest).toEqual({ before: [], flushed: ['a', 'b'], evictedBefore: false, evicted: true });
  });

  it('a test that failed silences no other bus of the process', () => {
    expect(tried.other).toEqual({ taken: 300, lagged: 0 });
  });

  it('its own bus delivers again at the next publish, what was left, too', () => {
    expect(tried.own).toEqual(['left', 'next']);
  });
});
