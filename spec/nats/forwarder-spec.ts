import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import type { Entry, Ticket } from '../../lib/nats/outbox/entries.js';
import { NotStoredError, OutboxFullError, UpstreamClosedError } from '../../lib/nats/errors.js';
import { Forwarder } from '../../lib/nats/outbox/Forwarder.js';
import { gapIn, type Loss } from '../../lib/nats/outbox/gaps.js';
import { Outbox } from '../../lib/nats/outbox/Outbox.js';
import type { OutboxOptions } from '../../lib/nats/outbox/OutboxOptions.js';
import { FakeStream, type Verdict } from './support/FakeStream.js';

const GAP = 'bus.=gap';

/** A publisher whose outbox is full after `maxPending` events, and its stream. An event `a3` is the third one, in the lane `a`. */
class Site {
  readonly scheduler = new VirtualTimeScheduler(undefined, 1_000_000);
  readonly lines: string[] = [];
  readonly stream: FakeStream;
  readonly outbox: Outbox;
  readonly forwarder: Forwarder;
  /** What was published, and whether it was forwarded. */
  readonly published: { readonly id: string; readonly isForwarded: boolean }[] = [];
  private gaps = 0;

  constructor(
    decide: (count: number) => Verdict = () => 'ack',
    maxPending = 4,
    options: Partial<OutboxOptions> = {},
    { isLocal = true, maxPendingLength = 1_000_000 } = {},
  ) {
    this.stream = new FakeStream(this.scheduler, decide);
    const { connection } = this.stream;
    this.outbox = new Outbox({
      ...{
        connection,
        stream: 'S',
        maxInFlight: 3,
        hasOwnIds: true,
        ackTimeoutMs: 100,
        giveUpMs: 100_000,
        scheduler: this.scheduler,
      },
      settled: () => {
        this.forwarder.progressed();
      },
      refused: () => undefined,
      lost: (error, entry) => {
        this.forwarder.gaveUp(entry, error);
      },
      ...options,
    });
    this.forwarder = new Forwarder({
      ...{ outbox: this.outbox, maxPending, maxPendingLength },
      gapEntry: isLocal ? (loss, ticket) => this.gapEntry(loss, ticket) : undefined,
      log: (level, line) => this.lines.push(`${level}: ${line}`),
    });
    this.outbox.streamIsAlone(true);
  }

  publish(id: string, { ticket, length = 2 }: { ticket?: Ticket; length?: number } = {}): void {
    const entry = {
      subject: 'x',
      pair: undefined,
      run: undefined,
      spareBytes: 100,
      ticket,
      payload: ' '.repeat(length),
    };
    const isForwarded = this.forwarder.add({ ...entry, id, lane: id.charAt(0), kind: id.charAt(0) });
    this.published.push({ id, isForwarded });
  }

  run(frames = 1_000_000): void {
    this.scheduler.maxFrames = this.scheduler.frame + frames;
    this.scheduler.flush();
  }

  /** The connection breaks: what is under way is lost, stored or not. */
  cut(): void {
    this.stream.isUp = false;
    this.outbox.disconnected();
  }

  /** The connection is back, and the reader has brought everything that is stored. */
  mend(): void {
    this.stream.isUp = true;
    this.outbox.connected();
    this.stream.stored.forEach(({ id }, index) => {
      this.outbox.echo(id, index + 1);
    });
    this.outbox.caughtUp();
    this.outbox.streamIsAlone(true);
  }

  /** The reader brings these. */
  store(...ids: string[]): void {
    ids.forEach((id) => {
      this.outbox.echo(id, 1);
    });
  }

  /** What is in the stream: ids, and gaps as `{"missed":…}`. */
  get stored(): readonly string[] {
    return this.stream.stored.map(({ id, subject, payload }) => (subject === GAP ? payload : id));
  }

  /** What other processes should be told: forwarded events, and a gap for each run of others. */
  get expected(): readonly (string | { missed: number; byKind: Record<string, number> })[] {
    const told: (string | { missed: number; byKind: Record<string, number> })[] = [];
    for (const { id, isForwarded } of this.published) {
      const last = told.at(-1);
      const kind = id.charAt(0);
      if (isForwarded) {
        told.push(id);
      } else if (typeof last === 'object') {
        last.missed += 1;
        last.byKind[kind] = (last.byKind[kind] ?? 0) + 1;
      } else {
        told.push({ missed: 1, byKind: { [kind]: 1 } });
      }
    }
    return told;
  }

  private gapEntry({ payload }: Loss, ticket: Ticket): Entry {
    this.gaps += 1;
    const entry = { kind: undefined, pair: undefined, run: undefined, spareBytes: 100, lane: '' };
    return { ...entry, id: `gap${this.gaps}`, subject: GAP, payload, ticket };
  }
}

function checkCounts({ forwarder, published }: Site): void {
  const { counts, pending } = forwarder;
  expect(counts.published).toBe(published.length);
  expect(counts.notForwarded).toBe(published.filter(({ isForwarded }) => !isForwarded).length);
  expect(counts.stored + counts.failed + counts.notForwarded + pending).toBe(counts.published);
}

describe('Forwarder', () => {
  it('tells a gap in its place, exactly, whatever the server does, and never has more than maxPending', () => {
    const verdicts = fc.array(fc.constantFrom<Verdict>('ack', 'store and say nothing', 'lose', 'refuse'), {
      maxLength: 30,
    });
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'a burst', 'cut', 'mend', 'wait'), { maxLength: 40 });
    fc.assert(
      fc.property(verdicts, steps, fc.integer({ min: 1, max: 6 }), (list, program, maxPending) => {
        const site = new Site((count) => list[count] ?? 'ack', maxPending);
        const publish = (lane: string): void => {
          site.publish(`${lane}${site.published.length}`);
        };
        for (const step of program) {
          if (step === 'cut') {
            site.cut();
          } else if (step === 'mend') {
            site.mend();
          } else if (step === 'wait') {
            site.run(30);
          } else if (step === 'a burst') {
            ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'].forEach(publish);
          } else {
            publish(step);
          }
          expect(site.forwarder.pending).toBeLessThanOrEqual(maxPending);
          checkCounts(site);
        }
        site.mend();
        site.run();
        expect(site.forwarder.pending).toBe(0);
        expect(site.forwarder.oldest).toBe(Infinity);
        checkCounts(site);
        checkPlaces(site);
      }),
      { numRuns: 1_000 },
    );
  });

  it('forwards no more until half of it is stored, so that a gap is one message', () => {
    const site = new Site(() => 'ack', 4, { maxInFlight: 1 });
    site.cut();
    ['a0', 'a1', 'a2', 'a3', 'a4', 'b5'].forEach((id) => {
      site.publish(id);
    });
    expect([site.forwarder.isFull, site.forwarder.hasRoom]).toEqual([true, false]);
    site.stream.isUp = true;
    site.outbox.connected();
    site.outbox.caughtUp();
    site.run(1);
    // One is stored.
    expect([site.forwarder.pending, site.forwarder.isFull]).toEqual([3, true]);
    site.publish('a6');
    site.run(1);
    expect([site.forwarder.isFull, site.forwarder.hasRoom]).toEqual([false, true]);
    site.publish('a7');
    site.run();
    expect(site.stored).toEqual(['a0', 'a1', 'a2', 'a3', '{"missed":3,"byKind":{"a":2,"b":1}}', 'a7']);
    expect(site.lines).toEqual([
      'warn: 4 events wait to be stored, as many as fit: further ones are not forwarded, and counted in stats()',
      'info: all events are forwarded again; 3 were not forwarded',
    ]);
  });

  it('forgets places of an earlier epoch, also of events that wait behind a gap', () => {
    const site = new Site(() => 'lose', 2);
    const { forwarder } = site;
    site.cut();
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.publish(id);
    });
    const entry = { subject: 'r', run: undefined, spareBytes: 100, ticket: undefined, payload: '{}', lane: 'r' };
    forwarder.add({ ...entry, id: 'r1', kind: 'session-lifecycle', pair: 'r1', after: 7 });
    forwarder.forgetPlaces();
    site.mend();
    // The events, the gap, and what waits behind it are sent, and stored without an answer.
    site.store('a1', 'a2', 'gap1');
    site.outbox.disconnected();
    expect(site.outbox.unseen).toEqual([{ subject: 'r', after: 0 }]);
  });

  it('forwards registrations also when it is full, up to as many again, in their place', () => {
    const site = new Site(() => 'ack', 2);
    const { forwarder } = site;
    const register = (id: string): boolean => {
      const entry = {
        subject: 'x',
        run: undefined,
        spareBytes: 100,
        ticket: undefined,
        payload: '{}',
        after: undefined,
      };
      return forwarder.add({ ...entry, id, lane: id.charAt(0), kind: 'session-lifecycle', pair: id });
    };
    site.cut();
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.publish(id);
    });
    expect([register('r1'), register('r2'), register('r3')]).toEqual([true, true, false]);
    site.publish('a4');
    site.mend();
    site.run();
    expect(site.stored).toEqual([
      'a1',
      'a2',
      '{"missed":1,"byKind":{"a":1}}',
      'r1',
      'r2',
      '{"missed":2,"byKind":{"session-lifecycle":1,"a":1}}',
    ]);
    expect([forwarder.pending, forwarder.untold, forwarder.counts.notForwarded]).toEqual([0, 0, 3]);
  });

  it('rejects the promise of an event that is not forwarded', () => {
    const failures: unknown[] = [];
    const site = new Site(() => 'ack', 1);
    site.publish('a0');
    const ticket = { stored: () => undefined, failed: (error: unknown) => failures.push(error) };
    site.publish('a1', { ticket });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toBeInstanceOf(NotStoredError);
    expect(failures[0]).toMatchObject({ unknown: false, cause: expect.any(OutboxFullError) });
  });

  it('is bounded by length, too; an event that is longer on its own is taken', () => {
    const site = new Site(() => 'ack', 100, {}, { maxPendingLength: 10 });
    site.publish('a0', { length: 20 });
    site.publish('a1', { length: 1 });
    site.run();
    site.publish('a2', { length: 6 });
    site.publish('a3', { length: 5 });
    site.run();
    expect(site.stored).toEqual(['a0', '{"missed":1,"byKind":{"a":1}}', 'a2', '{"missed":1,"byKind":{"a":1}}']);
  });

  it('tells a gap again with the same id until it is known to be stored, and what came since in a further one', () => {
    const site = new Site((count) => (count < 2 ? 'ack' : count < 40 ? 'store and say nothing' : 'ack'), 2, {
      giveUpMs: 1_000,
    });
    ['a0', 'b1', 'a2'].forEach((id) => {
      site.publish(id);
    });
    site.run(1_300);
    // It was given up, and is sent again.
    expect(site.outbox.newest).toBe(4);
    expect([site.forwarder.newest, site.forwarder.oldest]).toEqual([3, 3]);
    ['a3', 'a4', 'a5'].forEach((id) => {
      site.publish(id);
    });
    site.run();
    expect(new Set(site.stream.sent.filter(({ subject }) => subject === GAP).map(({ id }) => id)).size).toBe(2);
    expect(site.stored).toEqual([
      ...['a0', 'b1', '{"missed":1,"byKind":{"a":1}}', 'a3', 'a4', '{"missed":1,"byKind":{"a":1}}'],
    ]);
    checkCounts(site);
  });

  it('tells others of an event that was given up, as an upper bound if it may be stored', () => {
    const site = new Site(() => 'lose', 4, { giveUpMs: 300 });
    site.publish('a0');
    site.publish('b1');
    site.stream.reply(site.stream.sent[0]?.reply ?? '', { error: { err_code: 10054, description: 'too large' } });
    site.run(350);
    const sent = site.stream.sent.filter(({ subject }) => subject === GAP).map(({ payload }) => payload);
    expect(sent[0]).toBe('{"missed":2,"byKind":{"a":1,"b":1},"atMost":true}');
    expect(site.forwarder.counts).toMatchObject({ published: 2, failed: 2, notForwarded: 0 });
  });

  it('says once that others cannot be told, and goes on', () => {
    const site = new Site(() => 'ack', 1);
    for (const round of [1, 3, 5]) {
      site.publish(`a${round}`);
      site.publish(`b${round + 1}`);
      site.run(1);
      site.outbox.denied(GAP, new Error('no right'));
    }
    site.publish('a7');
    site.run();
    expect(site.lines.filter((line) => line.includes('told'))).toEqual([
      'warn: other processes are not told that 1 events are missing: the user has no right to publish to its subject; it is not stored',
    ]);
    expect(site.lines.at(-1)).toBe('info: all events are forwarded again; 1 were not forwarded');
    expect(site.stored.filter((one) => !one.includes('missed'))).toEqual(['a1', 'a3', 'a5', 'a7']);
    checkCounts(site);
  });

  it('numbers what is waited for: a flush ends when the gap is stored', () => {
    const site = new Site(() => 'ack', 2, { maxInFlight: 1 });
    ['a0', 'a1', 'a2'].forEach((id) => {
      site.publish(id);
    });
    expect([site.forwarder.newest, site.forwarder.oldest]).toEqual([3, 1]);
    const seen: number[] = [];
    for (let frame = 0; frame < 4; frame += 1) {
      site.run(1);
      seen.push(site.forwarder.oldest);
    }
    expect(seen).toEqual([2, 3, Infinity, Infinity]);
  });

  it('counts what others were not told of when it is closed, and fails what waits', () => {
    const failures: unknown[] = [];
    const ticket = { stored: () => undefined, failed: (error: unknown) => failures.push(error) };
    const site = new Site(() => 'ack', 2, { maxInFlight: 1 });
    site.publish('a0');
    site.publish('a1');
    site.publish('a2');
    site.run(1);
    site.publish('a3', { ticket });
    expect([site.forwarder.pending, site.forwarder.untold]).toEqual([2, 1]);
    const error = new UpstreamClosedError();
    site.outbox.close(error);
    site.forwarder.close(error);
    expect(failures).toEqual([error]);
    expect([site.forwarder.pending, site.forwarder.untold]).toEqual([0, 0]);
    site.run();
    // The second one was on its way.
    expect(site.stored).toEqual(['a0', 'a1']);
  });

  it('refuses what is too much with the order stream, and tells no gap', () => {
    const site = new Site(() => 'ack', 2, {}, { isLocal: false, maxPendingLength: 10 });
    site.publish('a0', { length: 6 });
    expect(() => {
      site.publish('a1', { length: 6 });
    }).toThrow('1 events of 6 characters wait to be stored, and maxPendingLength is 10; wait for upstream.ready()');
    site.publish('a2');
    expect(() => {
      site.forwarder.requireRoom();
    }).toThrow(OutboxFullError);
    site.run();
    expect(site.stored).toEqual(['a0', 'a2']);
  });
});

/** Between two gaps, lanes may be stored in any order, and each keeps its own. */
function checkPlaces({ stored, expected }: Site): void {
  const gapsOf = (list: readonly unknown[]): unknown[] => list.filter((one) => typeof one === 'object');
  const told = stored.map((one) => (one.startsWith('{') ? (JSON.parse(one) as object) : one));
  expect(gapsOf(told)).toEqual(gapsOf(expected));
  for (const lane of ['a', 'b', 'c']) {
    const of = (list: readonly unknown[]): unknown[] =>
      list.filter((one) => typeof one === 'object' || (one as string).startsWith(lane));
    expect(of(told)).toEqual(of(expected));
  }
}

describe('a message of a gap', () => {
  const read = (value: unknown): unknown => gapIn({ json: () => value } as Parameters<typeof gapIn>[0]);

  it('is read as it was written', () => {
    const gap = { missed: 3, byKind: { a: 1, '*': 1 } };
    expect(read(gap)).toEqual(gap);
    expect(read({ ...gap, atMost: true })).toEqual({ ...gap, atMost: true });
    expect(read({ missed: 1 })).toEqual({ missed: 1, byKind: {} });
  });

  it('is refused if it is none', () => {
    const bad = [null, 7, {}, { missed: 0 }, { missed: 1.5 }, { missed: '3' }, { missed: 1, byKind: { a: 2 } }];
    [...bad, { missed: 5, byKind: { a: -1 } }, { missed: 5, byKind: { a: '1' } }, { missed: Infinity }].forEach(
      (one) => {
        expect(() => read(one)).toThrow(/^expected a gap, got /);
      },
    );
  });
});
