import { describe, expect, it } from '@jest/globals';
import type { BusPosition } from '../../lib/index.js';
import { BlockReader, type BlockReaderOptions } from '../../lib/sse/BlockReader.js';
import type { EventBlock } from '../../lib/sse/EventBlocks.js';
import { parse, told } from '../sse/support.js';

interface Fixture {
  readonly reader: BlockReader<unknown>;
  /** Reads a block to its end, and returns what it shows. */
  readonly read: (block: EventBlock) => boolean;
  readonly deliveries: unknown[];
  readonly invalid: string[];
  readonly positions: number[];
}

function setUp(options: Partial<BlockReaderOptions<unknown>> = {}): Fixture {
  const deliveries: unknown[] = [];
  const invalid: string[] = [];
  const positions: number[] = [];
  const onInvalid = (error: Error, text: string): void => {
    invalid.push(`${error.message.split(': ').at(-1)} | ${text}`);
  };
  const onPosition = ({ seq }: BusPosition): void => {
    positions.push(seq);
  };
  const reader = new BlockReader({ parse, onInvalid, onPosition, ...options });
  const read = (one: EventBlock): boolean => {
    const found = reader.read(one);
    for (let next = found.next(); ; next = found.next()) {
      if (next.done === true) {
        return next.value;
      }
      deliveries.push(told(next.value));
    }
  };
  return { reader, read, deliveries, invalid, positions };
}

function block(payload: unknown, id?: string, fields: Partial<EventBlock> = {}): EventBlock {
  return { event: undefined, id, data: JSON.stringify({ event: payload }), isTooLong: false, ...fields };
}

const gap = (missed: number, id?: string): EventBlock =>
  block(0, id, { event: 'gap', data: JSON.stringify({ missed, byKind: { a: missed } }) });

const position = (id: string): EventBlock => block(0, id, { event: 'position', data: '{}' });

describe('BlockReader', () => {
  it('delivers events with their number, and moves to the place of each when it was delivered', () => {
    const { reader, read, deliveries, positions } = setUp({
      onPosition: ({ seq }) => {
        positions.push(seq);
        deliveries.push(`at ${seq}`);
      },
    });
    expect([read(block('a', 'e:1')), read(gap(2, 'e:3'))]).toEqual([true, false]);
    expect([deliveries, reader.lastId]).toEqual([['a', 'at 1', '2 missing', 'at 3'], 'e:3']);
  });

  it('delivers nothing that it has delivered before, in whatever epoch, and is at its place there', () => {
    const { reader, read, deliveries, positions } = setUp();
    ['e:5', 'e:5', 'e:4', 'f:1', 'e:3'].forEach((id) => read(block(id, id)));
    expect([deliveries, positions, reader.lastId]).toEqual([['e:5', 'f:1'], [5, 1, 5], 'e:5']);
    read(gap(1, 'e:5'));
    expect(deliveries).toHaveLength(2);
  });

  it('delivers the gap at a change of epochs, wherever it leads', () => {
    const { reader, read, deliveries } = setUp();
    [block('a', 'e:5'), gap(1, 'f:1'), gap(2, 'e:0'), gap(3, 'e:4'), gap(4, 'e:6')].forEach(read);
    expect([deliveries, reader.lastId]).toEqual([['a', '1 missing', '2 missing', '4 missing'], 'e:6']);
  });

  it('takes a position for a greeting: it delivers nothing, and moves forward only', () => {
    const { reader, read, deliveries, positions } = setUp();
    expect([read(position('e:5')), read(position('e:3'))]).toEqual([false, false]);
    expect([deliveries, positions, reader.lastId]).toEqual([[], [5], 'e:5']);
  });

  it('tells apart what is new from what was delivered before, and from what only says where it is', () => {
    const { read } = setUp();
    const blocks = [
      block('a', 'e:1'),
      block('a', 'e:1'),
      gap(1, 'e:2'),
      position('e:3'),
      block('b'),
      block('b', 'f:1'),
    ];
    expect(blocks.map(read)).toEqual([true, false, false, false, true, true]);
  });

  it('tells that it has lost track once, until it delivers something', () => {
    const { reader, read } = setUp();
    const gaps = (): number => reader.loseTrack().length;
    expect([gaps(), gaps(), read(position('e:1')), gaps(), read(block('a')), gaps()]).toEqual([
      1,
      0,
      false,
      0,
      true,
      1,
    ]);
  });

  it('resumes with an id that is no position, where it may stand in a URL', () => {
    const { reader, read, deliveries } = setUp();
    const ids = ['7', 'ü', '', 'e:01', 'x'.repeat(256), 'x'.repeat(257)];
    expect(ids.map((id) => read(block(id, id)) && reader.lastId)).toEqual([
      ...ids.slice(0, 2),
      undefined,
      ...ids.slice(3, 5),
      undefined,
    ]);
    expect(deliveries).toEqual(ids);
  });

  it('is through at the end: it says that it has ended, and reads nothing more', () => {
    const { reader, read, deliveries } = setUp();
    expect([read(block('', undefined, { event: 'end' })), reader.hasEnded]).toEqual([false, true]);
    read(block('a', 'e:1'));
    expect([deliveries, reader.lastId]).toEqual([[], undefined]);
  });

  it('moves when the delivery was taken: when the next one is asked for, and when its consumer leaves', () => {
    const { reader, positions } = setUp();
    const asked = reader.read(block('a', 'e:1'));
    asked.next();
    expect(positions).toEqual([]);
    asked.next();
    const left = reader.read(block('b', 'e:2'));
    left.next();
    left.return(false);
    expect([positions, reader.lastId]).toEqual([[1, 2], 'e:2']);
  });

  it('passes over what it does not know, and moves behind it', () => {
    const { reader, read, deliveries, invalid } = setUp();
    read(block('a', 'e:2', { event: 'later', data: 'no JSON' }));
    expect([deliveries, invalid, reader.lastId]).toEqual([[], [], 'e:2']);
  });

  it.each<[string, EventBlock, string]>([
    ['is no JSON', block(0, 'e:1', { data: '{' }), 'expected JSON, got "{" | {'],
    ['is too long', block(0, 'e:1', { data: '{}', isTooLong: true }), 'it is longer than maxEventLength | {}'],
    ['is no gap', block(0, 'e:1', { event: 'gap', data: '[]' }), 'expected a gap, got "[]" | []'],
  ])('tells a block that %s as a gap of one, reports it, and moves behind it', (_what, bad, line) => {
    const { reader, read, deliveries, invalid } = setUp();
    read(bad);
    expect([deliveries, invalid.at(-1), reader.lastId]).toEqual([['1 missing'], line, 'e:1']);
  });

  it('tells what the application cannot parse as a gap of one, and why', () => {
    const { read, deliveries, invalid } = setUp({
      parse: () => {
        throw new Error('no');
      },
    });
    read(block('a', 'e:1'));
    expect([deliveries, invalid]).toEqual([['1 missing'], ['no | {"event":"a"}']]);
  });
});
