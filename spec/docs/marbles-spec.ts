import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { type BusEvent, dropNewest, EventFilter, lateBindScrollId } from '../../lib/index.js';
import { type BusRunHelpers, publishTo } from '../../lib/testing/index.js';
import { registration, uuid } from '../support/events.js';
import { marbles } from '../support/marbles.js';

interface Diagram {
  readonly input: string;
  readonly operator: string;
  readonly outputs: readonly string[];
}

type Law = (diagram: Diagram, helpers: BusRunHelpers, operand: string) => void;

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'marbles');

/** Blocks are parted by blank lines. The first line of each counts; what follows it is a title. */
function read(file: string): Diagram {
  const text = readFileSync(join(FOLDER, file), 'utf8').replace(/^%.*\n/gm, '');
  const [input, operator, ...outputs] = text
    .trim()
    .split(/\n\n+/)
    .map((block) => block.replace(/\n.*/s, ''));
  if (input === undefined || operator?.startsWith('> ') !== true || outputs.length === 0) {
    throw new Error(`${file}: input, operator and output are wanted`);
  }
  return { input, operator, outputs };
}

/** A small letter is an event of the session of that name, a capital the same with its scroll id; r, R register a. */
function sessionEvents(): Record<string, BusEvent> {
  const chunk = (nativeSessionId: string, bound: { scrollId?: string } = {}): BusEvent => ({
    routing: { kind: 'agent-message', connectorId: 'c', nativeSessionId, ...bound },
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'hi' } },
  });
  const scrollId = uuid(1);
  return {
    a: chunk('a'),
    A: chunk('a', { scrollId }),
    b: chunk('b'),
    r: registration('c', 'a', scrollId),
    R: registration('c', 'a', scrollId, { scrollId }),
  };
}

/** What each operator line means, by the pattern that it has. */
const LAWS: readonly (readonly [RegExp, Law])[] = [
  [
    /^> dropNewest\(\{ capacity: (\d+) \}\)$/,
    ({ input, outputs: [output = ''] }, { hot, expectObservable }, capacity) => {
      expectObservable(hot(input).pipe(dropNewest({ capacity: Number(capacity) }))).toBe(output);
    },
  ],
  [
    /^> lateBindScrollId\(\)$/,
    ({ input, outputs: [output = ''] }, { busEvents, expectDeliveries }) => {
      expectDeliveries(busEvents(input, sessionEvents()).pipe(lateBindScrollId())).toBe(output, sessionEvents());
    },
  ],
  [
    /^> subscribeFiltered\(EventFilter\.all, (\d+)\)$/,
    (
      { input, outputs: [events = '', counts = ''] },
      { testBus, busEvents, expectDeliveries, expectObservable },
      capacity,
    ) => {
      const bus = testBus();
      const receiver = bus.subscribeFiltered(EventFilter.all, Number(capacity));
      busEvents(input).subscribe(publishTo(bus));
      expectDeliveries(receiver.events$).toBe(events);
      expectObservable(receiver.lagged$.pipe(map((count) => count.toString()))).toBe(counts);
    },
  ],
];

describe('the marble diagrams of the documentation are true', () => {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort();

  it('there are some', () => {
    expect(files).toEqual(['dropNewest.txt', 'lag.txt', 'lateBindScrollId.txt']);
  });

  it.each(files)('%s', (file) => {
    const diagram = read(file);
    const laws = LAWS.flatMap(([pattern, law]) => {
      const [found, operand = ''] = pattern.exec(diagram.operator) ?? [];
      return found === undefined ? [] : [{ law, operand }];
    });
    expect(laws).toHaveLength(1);
    marbles((helpers) => {
      for (const { law, operand } of laws) {
        law(diagram, helpers, operand);
      }
    });
  });

  it.each(files)('%s has its picture', (file) => {
    expect(readFileSync(join(FOLDER, file.replace(/\.txt$/, '.svg')), 'utf8')).toMatch(/^<svg/);
  });
});
