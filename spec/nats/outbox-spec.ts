import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { NotStoredError } from '../../lib/nats/errors.js';
import { Outbox, type OutboxOptions } from '../../lib/nats/Outbox.js';
import { FakeStream, type Sent, type Verdict } from './support/FakeStream.js';

const PLAIN = { subject: 'x', kind: 'plan', pair: undefined, run: undefined, ticket: undefined };

/** A stream, and an outbox that stores in it, in virtual time. */
class Site {
  readonly scheduler = new VirtualTimeScheduler(undefined, 20_000);
  readonly lost: NotStoredError[] = [];
  readonly outbox: Outbox;
  private readonly stream: FakeStream;

  constructor(decide: (count: number) => Verdict, options: Partial<OutboxOptions> = {}) {
    this.stream = new FakeStream(this.scheduler, decide);
    const { connection } = this.stream;
    this.outbox = new Outbox({
      ...{ connection, stream: 'S', maxInFlight: 3, ackTimeoutMs: 100, giveUpMs: 100_000, scheduler: this.scheduler },
      settled: () => undefined,
      refused: () => undefined,
      lost: (error) => this.lost.push(error),
      ...options,
    });
  }

  get sent(): readonly Sent[] {
    return this.stream.sent;
  }

  get stored(): readonly string[] {
    return this.stream.stored.map(({ id }) => id);
  }

  add(id: string): void {
    this.outbox.add({ ...PLAIN, id, payload: '{}', lane: id.charAt(0) });
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
    this.stored.forEach((id, index) => {
      this.outbox.echo(id, index + 1);
    });
    this.outbox.caughtUp();
  }

  reply(subject: string, value: unknown): void {
    this.stream.reply(subject, value);
  }
}

const always =
  (verdict: Verdict): (() => Verdict) =>
  () =>
    verdict;

describe('Outbox', () => {
  it('has one event of each lane under way, and at most maxInFlight', () => {
    const { outbox, sent, add } = bound(new Site(always('lose')));
    ['a1', 'a2', 'b1', 'c1', 'd1', 'b2'].forEach(add);
    expect(sent.map(({ id }) => id)).toEqual(['a1', 'b1', 'c1']);
    expect([outbox.sent, outbox.pending, outbox.newest, outbox.oldest]).toEqual([3, 6, 6, 1]);
  });

  it('goes on if ids come again, in one lane or two, and if another process has stored an id that still waits', () => {
    const verdicts = fc.array(fc.constantFrom<Verdict>('ack', 'store and say nothing', 'lose'), { maxLength: 20 });
    const id = fc.constantFrom('a1', 'a2', 'b1', 'b2');
    const step = fc.oneof(
      fc.record({ add: id, lane: fc.constantFrom('a', 'b') }),
      fc.record({ bring: id }),
      fc.constantFrom('cut', 'mend'),
    );
    fc.assert(
      fc.property(verdicts, fc.array(step, { maxLength: 30 }), (list, program) => {
        const site = new Site((count) => list[count] ?? 'ack');
        const added: string[] = [];
        for (const one of program) {
          if (one === 'cut') {
            site.cut();
          } else if (one === 'mend') {
            site.mend();
          } else if ('bring' in one) {
            site.outbox.echo(one.bring, 1_000);
          } else {
            added.push(one.add);
            site.outbox.add({ ...PLAIN, id: one.add, payload: '{}', lane: one.lane, after: undefined });
          }
          site.scheduler.maxFrames = site.scheduler.frame + 30;
          site.scheduler.flush();
        }
        site.mend();
        site.scheduler.maxFrames = Infinity;
        site.scheduler.flush();
        expect(site.outbox.pending).toBe(0);
        expect(site.outbox.counts).toMatchObject({ published: added.length, stored: added.length, failed: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('stores each event once, in the order of its lane, whatever the server does', () => {
    const verdicts = fc.array(fc.constantFrom<Verdict>('ack', 'store and say nothing', 'lose', 'refuse'), {
      maxLength: 30,
    });
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'cut', 'mend'), { maxLength: 30 });
    fc.assert(
      fc.property(verdicts, steps, fc.integer({ min: 1, max: 5 }), (list, program, maxInFlight) => {
        const site = new Site((count) => list[count] ?? 'ack', { maxInFlight });
        const added: string[] = [];
        program.forEach((step, index) => {
          if (step === 'cut') {
            site.cut();
          } else if (step === 'mend') {
            site.mend();
          } else {
            added.push(`${step}${index}`);
            site.add(`${step}${index}`);
          }
          site.scheduler.maxFrames = site.scheduler.frame + 30;
          site.scheduler.flush();
        });
        site.mend();
        site.scheduler.maxFrames = Infinity;
        site.scheduler.flush();
        expect(site.outbox.pending).toBe(0);
        expect([...site.stored].sort()).toEqual([...added].sort());
        for (const lane of ['a', 'b', 'c', 'd']) {
          const of = (ids: readonly string[]): string[] => ids.filter((id) => id.startsWith(lane));
          expect(of(site.stored)).toEqual(of(added));
        }
        expect(site.lost).toEqual([]);
        expect(site.outbox.counts).toMatchObject({ published: added.length, stored: added.length, failed: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('sends nothing again before the reader has shown what is stored', () => {
    const site = new Site(always('store and say nothing'));
    site.add('a1');
    site.scheduler.maxFrames = 10;
    site.scheduler.flush();
    site.cut();
    site.scheduler.maxFrames = 5_000;
    site.scheduler.flush();
    site.outbox.connected();
    site.scheduler.maxFrames = 10_000;
    site.scheduler.flush();
    expect(site.sent).toHaveLength(1);
    site.mend();
    expect(site.outbox.pending).toBe(0);
    expect(site.sent).toHaveLength(1);
  });

  it('takes a late acknowledgement of an earlier attempt, and no late refusal', () => {
    const site = new Site(always('lose'));
    site.add('a1');
    site.scheduler.maxFrames = 170;
    site.scheduler.flush();
    const [first, second] = site.sent.map(({ reply }) => reply);
    expect(second).not.toBe(first);
    site.reply(first ?? '', { error: { err_code: 10054 } });
    expect(site.outbox.pending).toBe(1);
    site.reply(first ?? '', { stream: 'S', seq: 4 });
    expect([site.outbox.pending, site.outbox.storedUpTo]).toEqual([0, 4]);
    site.reply(second ?? '', { stream: 'S', seq: 4 });
    expect(site.outbox.counts.stored).toBe(1);
  });

  it('may be closed by what is called when events are given up', () => {
    for (const what of ['late', 'denied'] as const) {
      const failed: string[] = [];
      const site: Site = new Site(always('lose'), {
        giveUpMs: 300,
        lost: (_, { id }) => {
          failed.push(id);
          site.outbox.close(new Error('closed'));
        },
      });
      ['a1', 'b1', 'b2', 'c1'].forEach((id) => {
        site.add(id);
      });
      if (what === 'denied') {
        site.outbox.denied('x', new Error('no right'));
      }
      site.scheduler.maxFrames = 10_000;
      site.scheduler.flush();
      expect([failed, site.outbox.pending, site.outbox.length]).toEqual([['a1'], 0, 0]);
    }
  });

  it('is not retrying any more when what was retried is given up', () => {
    const retrying: (string | undefined)[] = [];
    const site: Site = new Site(always('refuse'), {
      giveUpMs: 300,
      settled: () => retrying.push(site.outbox.retrying),
    });
    site.add('a1');
    site.scheduler.maxFrames = 10_000;
    site.scheduler.flush();
    expect([site.lost.length, retrying]).toEqual([1, [undefined]]);
  });

  it('gives up what no attempt mends, at once, and what gets no answer, after giveUpMs', () => {
    const site = new Site(always('lose'), { giveUpMs: 300 });
    site.add('a1');
    site.add('a2');
    site.reply(site.sent[0]?.reply ?? '', { error: { err_code: 10054, description: 'too large' } });
    expect(site.lost[0]).toMatchObject({ unknown: false });
    expect(site.lost[0]?.message).toMatch(/too large/);
    site.scheduler.flush();
    expect(site.lost[1]).toMatchObject({ unknown: true });
    expect(site.lost[1]).toBeInstanceOf(NotStoredError);
    expect(site.outbox.pending).toBe(0);
  });

  it('names what may be stored and does not come back by itself, until that is shown, and does not wait for its place', () => {
    const site = new Site(always('lose'), { maxInFlight: 10 });
    const entry = { ...PLAIN, payload: '{}', ticket: undefined };
    site.outbox.add({ ...entry, id: 'a1', lane: 'a', subject: 'x.a', after: 7 });
    site.outbox.add({ ...entry, id: 'a2', lane: 'a', subject: 'x.a', after: 8 });
    site.outbox.add({ ...entry, id: 'b1', lane: 'b', subject: 'x.b', after: 9 });
    site.outbox.add({ ...entry, id: 'c1', lane: 'c', subject: 'x.c' });
    expect(site.outbox.unseen).toEqual([]);
    site.cut();
    // The second one of its lane was not sent, and the last one is brought by the reader.
    expect(site.outbox.unseen).toEqual([
      { subject: 'x.a', after: 7 },
      { subject: 'x.b', after: 9 },
    ]);
    site.outbox.echo('a1', 100);
    expect(site.outbox.storedUpTo).toBe(0);
    site.outbox.echo('c1', 50);
    expect(site.outbox.storedUpTo).toBe(50);
    // In another epoch, places are others.
    site.outbox.forgetPlaces();
    expect(site.outbox.unseen).toEqual([{ subject: 'x.b', after: 0 }]);
  });

  it('fails what is left when it is closed, and has no timer then', () => {
    const errors: unknown[] = [];
    const site = new Site(always('lose'));
    const ticket = { stored: () => undefined, failed: (error: unknown) => errors.push(error) };
    site.outbox.add({ ...PLAIN, id: 'a1', payload: '', lane: 'a', ticket });
    site.outbox.close(new Error('closed'));
    site.outbox.close(new Error('closed again'));
    expect(errors).toEqual([new Error('closed')]);
    site.scheduler.flush();
    expect(site.sent).toHaveLength(1);
  });
});

/** The members of `site`, so that `add` can be passed on. */
function bound(site: Site): { outbox: Outbox; sent: readonly Sent[]; add: (id: string) => void } {
  return {
    ...{ outbox: site.outbox, sent: site.sent },
    add: (id) => {
      site.add(id);
    },
  };
}
