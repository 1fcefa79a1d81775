import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundled, outputOf } from '../support/bundled.js';
import type { Tried } from '../support/zoneProgram.js';

/** Runs the program behind `before`, as Angular's builder would make it: zone.js cannot follow an `await` of the engine's own. */
async function runBehind(...before: string[]): Promise<ReadonlyMap<string, Tried>> {
  const program = await bundled([...before, './zoneProgram.ts'].map((path) => `import '${path}';`).join('\n'), {
    supported: { 'async-await': false, 'async-generator': false, 'for-await': false },
  });
  return new Map(Object.entries(JSON.parse(await outputOf(program)) as Record<string, Tried>));
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
  closed$: ['closed', 'complete'],
  firstValueFrom: ['a'],
  'from(receiver)': ['a', 'b', 'complete'],
  flush: ['flushed'],
  connect: ['connected'],
  dropNewest: ['a', 'b', 'complete'],
  fromEventStream: ['a', 'b', 'complete'],
};

describe.each([
  { name: 'zone.js', before: ['zone.js/node'] },
  { name: 'zone.js and its plugin for RxJS', before: ['zone.js/node', 'zone.js/plugins/zone-patch-rxjs'] },
])('with $name', ({ before }) => {
  let tried: ReadonlyMap<string, Tried>;

  // A bundle, and a process.
  beforeAll(async () => {
    tried = await runBehind(...before);
  }, 60_000);

  it('tries each form', () => {
    expect([...tried.keys()].sort()).toEqual(Object.keys(CALLS).sort());
  });

  it.each(Object.entries(CALLS))('%s: consumers are called in the zone that they subscribed in', (name, calls) => {
    expect(tried.get(name)?.calls).toEqual(calls.map((call) => `${call}: subscriber`));
  });

  it.each(Object.keys(CALLS).filter((name) => /^(events\$|deliveries\$|stream,)/.test(name)))(
    '%s: a turn enters the zone once, whatever it delivers',
    (name) => {
      // One turn for the events, one for the end.
      expect(tried.get(name)?.entries).toBe(2);
    },
  );
});
