import { describe, expect, it } from '@jest/globals';
import { Observable, type Subscriber } from 'rxjs';
import type { BusPosition, Delivery } from '../../lib/index.js';
import { BlockReader, type BlockReaderOptions } from '../../lib/sse/BlockReader.js';
import type { EventBlock } from '../../lib/sse/EventBlocks.js';
import { parse, told } from '../sse/support.js';

interface Fixture {
  readonly reader: BlockReader<unknown>;
  readonly deliveries: unknown[];
  readonly invalid: string[];
  readonly positions: number[];
  readonly subscriber: Subscriber<Delivery<unknown>>;
}

function setUp(options: Partial<BlockReaderOptions<unknown>> = {}): Fixture {
  const deliveries: unknown[] = [];
  const invalid: string[] = [];
  const positions: number[] = [];
  const made: Subscriber<Delivery<unknown>>[] = [];
  new Observable<Delivery<unknown>>((subscriber) => {
    made.push(subscriber);
  }).subscribe((delivery) => deliveries.push(told(delivery)));
  const subscriber = made[0] as Subscriber<Delivery<unknown>>;
  const onInvalid = (error: Error, text: string): void => {
    invalid.push(`${error.message.split(': ').at(-1)} | ${text}`);
  };
  const onPosition = ({ seq }: BusPosition): void => {
    positions.push(seq);
  };
  const reader = new BlockReader(subscriber, { parse, onInvalid, onPosition, ...options });
  return { reader, deliveries, invalid, positions, subscriber };
}

function block(payload: unknown, id?: string, fields: Partial<EventBlock> = {}): EventBlock {
  return { event: undefined, id, data: JSON.stringify({ event: payload }), isTooLong: false, ...fields };
}

const gap = (missed: number, id?: string): EventBlock =>
  block(0, id, { event: 'gap', data: JSON.stringify({ missed, byKind: { a: missed } }) });

const position = (id: string): EventBlock => block(0, id, { event: 'position', data: '{}' });

describe('BlockReader', () => {
  it('delivers events with their number, and moves to the place of each when it was delivered', () => {
    const { reader, deliveries, positions } = setUp({
      onPosition: ({ seq }) => {
        positions.push(seq);
        deliveries.push(`at ${seq}`);
      },
    });
    expect([reader.read(block('a', 'e:1')), reader.read(gap(2, 'e:3'))]).toEqual([true, true]);
    expect([deliveries, reader.lastId]).toEqual([['a', 'at 1', '2 missing', 'at 3'], 'e:3']);
  });

  it('delivers nothing that it has delivered before, of one epoch, and goes on with another', () => {
    const { reader, deliveries, positions } = setUp();
    ['e:5', 'e:5', 'e:4', 'f:1', 'e:5'].forEach((id) => reader.read(block(id, id)));
    expect([deliveries, positions, reader.lastId]).toEqual([['e:5', 'f:1', 'e:5'], [5, 1, 5], 'e:5']);
    reader.read(gap(1, 'e:5'));
    expect(deliveries).toHaveLength(3);
  });

  it('takes a position for a greeting: it delivers nothing, and moves forward only', () => {
    const { reader, deliveries, positions } = setUp();
    expect([reader.read(position('e:5')), reader.read(position('e:3'))]).toEqual([false, false]);
    expect([deliveries, positions, reader.lastId]).toEqual([[], [5], 'e:5']);
  });

  it('resumes with an id that is no position, where it may stand in a header', () => {
    const { reader, deliveries } = setUp();
    expect(['7', 'line\nfeed', '', 'e:01'].map((id) => reader.read(block(id, id)) && reader.lastId)).toEqual([
      '7',
      undefined,
      undefined,
      'e:01',
    ]);
    expect(deliveries).toEqual(['7', 'line\nfeed', '', 'e:01']);
  });

  it('is through at the end: it says that it has ended, and reads nothing more', () => {
    const { reader, deliveries } = setUp();
    expect([reader.read(block('', undefined, { event: 'end' })), reader.hasEnded]).toEqual([true, true]);
    reader.read(block('a', 'e:1'));
    expect([deliveries, reader.lastId]).toEqual([[], undefined]);
  });

  it('reads nothing after the end, and keeps its position', () => {
    const { reader, subscriber } = setUp();
    subscriber.unsubscribe();
    reader.read(block('a', 'e:1'));
    expect(reader.lastId).toBeUndefined();
  });

  it('passes over what it does not know, and moves behind it', () => {
    const { reader, deliveries, invalid } = setUp();
    reader.read(block('a', 'e:2', { event: 'later', data: 'no JSON' }));
    expect([deliveries, invalid, reader.lastId]).toEqual([[], [], 'e:2']);
  });

  it.each<[string, EventBlock, string]>([
    ['is no JSON', block(0, 'e:1', { data: '{' }), 'expected JSON, got "{" | {'],
    ['is too long', block(0, 'e:1', { data: '{}', isTooLong: true }), 'it is longer than maxEventLength | {}'],
    ['is no gap', block(0, 'e:1', { event: 'gap', data: '[]' }), 'expected a gap, got "[]" | []'],
  ])('tells a block that %s as a gap of one, reports it, and moves behind it', (_what, bad, line) => {
    const { reader, deliveries, invalid } = setUp();
    reader.read(bad);
    expect([deliveries, invalid.at(-1), reader.lastId]).toEqual([['1 missing'], line, 'e:1']);
  });

  it('tells what the application cannot parse as a gap of one, and why', () => {
    const { reader, deliveries, invalid } = setUp({
      parse: () => {
        throw new Error('no');
      },
    });
    reader.read(block('a', 'e:1'));
    expect([deliveries, invalid]).toEqual([['1 missing'], ['no | {"event":"a"}']]);
  });
});
