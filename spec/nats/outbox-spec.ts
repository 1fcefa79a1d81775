import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { NotStoredError } from '../../lib/nats/errors.js';
import { Outbox } from '../../lib/nats/outbox/Outbox.js';
import type { OutboxOptions } from '../../lib/nats/outbox/OutboxOptions.js';
import { FakeStream, type Sent, type Verdict } from './support/FakeStream.js';

const PLAIN = { subject: 'x', kind: 'plan', pair: undefined, run: undefined, spareBytes: 100, ticket: undefined };

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
      ...{
        connection,
        stream: 'S',
        maxInFlight: 3,
        hasOwnIds: true,
        ackTimeoutMs: 100,
        giveUpMs: 100_000,
        scheduler: this.scheduler,
      },
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

  /** The clock goes on, and timers come late. */
  standStill(ms: number): void {
    const { now } = this.scheduler;
    this.scheduler.now = () => now() + ms;
  }

  /** Until this time, in milliseconds. */
  run(until: number): void {
    this.scheduler.maxFrames = until;
    this.scheduler.flush();
  }

  /** Another process stores something. */
  storeOther(id?: string): void {
    this.stream.storeOther(id);
  }

  /** As no server does. */
  ignoreConditions(): void {
    this.stream.looksAtCondition = false;
  }

  /** One step of a random program, which takes some time. */
  step(step: string): void {
    switch (step) {
      case 'cut':
        this.cut();
        break;
      case 'mend':
        this.mend();
        break;
      case 'see':
        this.outbox.streamIsAlone(true);
        break;
      case 'other':
        this.storeOther();
        break;
      default:
    }
    if (step !== 'other') {
      this.scheduler.maxFrames = this.scheduler.frame + 30;
      this.scheduler.flush();
    }
  }

  /** The connection breaks: what is under way is lost, stored or not. */
  cut(): void {
    this.stream.isUp = false;
    this.outbox.disconnected();
  }

  /** The connection is back. */
  reconnect(): void {
    this.stream.isUp = true;
    this.outbox.connected();
  }

  /** The connection is back, and the reader has brought everything that is stored. */
  mend(): void {
    this.reconnect();
    this.stored.forEach((id, index) => {
      this.outbox.echo(id, index + 1);
    });
    this.outbox.caughtUp();
  }

  reply(subject: string, value: unknown): void {
    this.stream.reply(subject, value);
  }
}

interface Difference {
  readonly site: Site;
  readonly added: readonly string[];
  /** What is stored of it. */
  readonly own: readonly string[];
  readonly isInOrder: boolean;
}

const always =
  (verdict: Verdict): (() => Verdict) =>
  () =>
    verdict;

describe('Outbox', () => {
  it('has one event of each lane under way, unless the server keeps the stream alone, and at most maxInFlight', () => {
    const { outbox, sent, add } = bound(new Site(always('lose')));
    ['a1', 'a2', 'b1', 'c1', 'd1', 'b2'].forEach(add);
    expect(sent.map(({ id }) => id)).toEqual(['a1', 'b1', 'c1']);
    expect([outbox.inFlightCount, outbox.pending, outbox.newest, outbox.oldest]).toEqual([3, 6, 6, 1]);
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

  /** Runs random programs. `difference` is what an outbox with a stream of its own made different from what was published. */
  function randomPrograms(check: (difference: Difference) => void, setUp: (site: Site) => void, numRuns: number): void {
    const verdicts = fc.array(
      fc.constantFrom<Verdict>('ack', 'ack', 'ack', 'store and say nothing', 'lose', 'refuse', 'late'),
      {
        maxLength: 30,
      },
    );
    // Most events are of two lanes, so that several of one are under way.
    const steps = fc.array(
      fc.constantFrom('a', 'a', 'a', 'a', 'b', 'b', 'c', 'd', 'other', 'cut', 'mend', 'see', 'wait'),
      {
        minLength: 10,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(verdicts, steps, fc.integer({ min: 1, max: 8 }), (list, program, maxInFlight) => {
        const site = new Site((count) => list[count] ?? 'ack', { maxInFlight });
        setUp(site);
        const added: string[] = [];
        program.forEach((step, index) => {
          if (step.length > 1) {
            site.step(step);
          } else {
            added.push(`${step}${index}`);
            site.add(`${step}${index}`);
          }
        });
        site.mend();
        site.scheduler.maxFrames = Infinity;
        site.scheduler.flush();
        const own = site.stored.filter((id) => !id.startsWith('other'));
        const of = (ids: readonly string[], lane: string): string[] => ids.filter((id) => id.startsWith(lane));
        check({
          ...{ site, added, own },
          isInOrder: ['a', 'b', 'c', 'd'].every((lane) => of(own, lane).join() === of(added, lane).join()),
        });
      }),
      { numRuns },
    );
  }

  it('stores each event once, in the order of its lane, whatever the server and other processes do', () => {
    let followed = 0;
    randomPrograms(
      ({ site, added, own, isInOrder }) => {
        followed += site.sent.filter(({ after }) => after !== undefined).length;
        expect(site.outbox.pending).toBe(0);
        expect([...own].sort()).toEqual([...added].sort());
        expect(isInOrder).toBe(true);
        expect(site.lost).toEqual([]);
        expect(site.outbox.counts).toMatchObject({ published: added.length, stored: added.length, failed: 0 });
      },
      (site) => {
        site.outbox.streamIsAlone(true);
      },
      1_000,
    );
    expect(followed).toBeGreaterThan(1_000);
  });

  it('would store events out of order if the server did not look at the condition', () => {
    let wrong = 0;
    randomPrograms(
      ({ isInOrder }) => {
        wrong += isInOrder ? 0 : 1;
      },
      (site) => {
        site.outbox.streamIsAlone(true);
        site.ignoreConditions();
      },
      1_000,
    );
    expect(wrong).toBeGreaterThan(10);
  });

  it('sends events of a lane right behind each other to a server that keeps the stream alone', () => {
    const site = new Site(always('lose'), { maxInFlight: 5 });
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.add(id);
    });
    expect(site.sent).toHaveLength(1);
    site.outbox.streamIsAlone(true);
    ['a4', 'a5'].forEach((id) => {
      site.add(id);
    });
    expect(site.sent.map(({ id, after }) => [id, after])).toEqual([
      ['a1', undefined],
      ['a2', 'a1'],
      ['a3', 'a2'],
      ['a4', 'a3'],
    ]);
  });

  it('sends nothing behind an event of another lane, and nothing that has no room for the condition', () => {
    const site = new Site(always('ack'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.add('b1');
    site.add('a2');
    // "Nats-Expected-Last-Msg-Id: b1", and the end of the line.
    site.outbox.add({ ...PLAIN, id: 'b2', payload: '{}', lane: 'b', spareBytes: 30 });
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1']);
    site.outbox.add({ ...PLAIN, id: 'c1', payload: '{}', lane: 'c' });
    site.outbox.add({ ...PLAIN, id: 'c2', payload: '{}', lane: 'c', spareBytes: 31 });
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1', 'c1', 'c2']);
    site.scheduler.flush();
    expect(site.stored.slice(-2).sort()).toEqual(['a2', 'b2']);
  });

  it('tries the rest of a run at once when another process has stored something in between, and is not retrying', () => {
    const site = new Site(always('ack'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.add(id);
    });
    site.storeOther();
    // Everything was sent behind an event that is not stored any more right before it.
    site.reply(site.sent[1]?.reply ?? '', { error: { err_code: 10070 } });
    expect(site.outbox.retrying).toBeUndefined();
    site.scheduler.flush();
    expect([site.outbox.pending, site.lost, site.stored]).toEqual([0, [], ['other0', 'a1', 'a2', 'a3']]);
  });

  it('treats a refused condition that it has not made as any other refusal', () => {
    const site = new Site(always('lose'));
    site.add('a1');
    site.reply(site.sent[0]?.reply ?? '', { error: { err_code: 10070 } });
    expect([site.sent.length, site.outbox.retrying]).toEqual([1, 'the server said 10070']);
  });

  it('sends nothing right behind each other while something is retried', () => {
    const site = new Site(always('refuse'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.add('a2');
    site.run(2_000);
    site.add('a3');
    site.run(3_000);
    expect(site.sent.length).toBeGreaterThan(3);
    expect(site.sent.slice(2).every(({ id, after }) => id === 'a1' && after === undefined)).toBe(true);
  });

  it('sends nothing right behind each other after a connection broke before it is known who keeps the stream', () => {
    const site = new Site(always('lose'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.cut();
    site.add('a2');
    site.reconnect();
    // The server may be another one.
    ['a3', 'b1', 'b2'].forEach((id) => {
      site.add(id);
    });
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1']);
    site.outbox.streamIsAlone(true);
    site.add('c1');
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1', 'b2', 'c1']);
  });

  it('sends nothing behind what an older connection got', () => {
    const site = new Site(always('lose'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.cut();
    site.reconnect();
    site.outbox.streamIsAlone(true);
    site.add('a2');
    expect(site.sent.map(({ id }) => id)).toEqual(['a1']);
  });

  it('shares the free places among the lanes that wait', () => {
    const site = new Site(always('lose'), { maxInFlight: 8 });
    site.cut();
    for (const lane of ['a', 'b']) {
      [1, 2, 3, 4, 5, 6].forEach((number) => {
        site.add(`${lane}${number}`);
      });
    }
    site.mend();
    expect(site.sent.map(({ id }) => id).join(' ')).toBe('a1 b1');
    site.outbox.streamIsAlone(true);
    expect(site.sent.map(({ id }) => id).join(' ')).toBe('a1 b1 b2 b3 b4 b5 b6');
    const other = new Site(always('lose'), { maxInFlight: 8 });
    other.cut();
    other.outbox.streamIsAlone(true);
    for (const lane of ['a', 'b']) {
      [1, 2, 3, 4, 5, 6].forEach((number) => {
        other.add(`${lane}${number}`);
      });
    }
    other.mend();
    expect(other.sent.map(({ id }) => id).join(' ')).toBe('a1 a2 a3 a4 b1 b2 b3 b4');
  });

  it('gives an event that is too large with its condition a try alone', () => {
    const site = new Site(always('lose'), { maxInFlight: 8 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.add('a2');
    site.reply(site.sent[1]?.reply ?? '', { error: { err_code: 10054, description: 'too large' } });
    expect([site.lost, site.sent.length]).toEqual([[], 2]);
    site.reply(site.sent[0]?.reply ?? '', { stream: 'S', seq: 1 });
    expect(site.sent.at(-1)).toMatchObject({ id: 'a2', after: undefined });
    site.reply(site.sent[2]?.reply ?? '', { error: { err_code: 10054, description: 'too large' } });
    expect(site.lost).toHaveLength(1);
  });

  it('waits for the reader, too, with what waited for its turn again when the connection broke', () => {
    const site = new Site(always('lose'), { maxInFlight: 8, giveUpMs: 1_000 });
    site.outbox.streamIsAlone(true);
    site.add('a1');
    site.add('a2');
    site.run(170);
    expect(site.outbox.inFlightCount).toBe(1);
    site.cut();
    site.run(5_000);
    site.reconnect();
    site.outbox.echo('a1', 1);
    site.run(5_200);
    // The reader may bring the second one, too.
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'a2', 'a1']);
    site.outbox.caughtUp();
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'a2', 'a1', 'a2']);
    site.run(6_100);
    expect(site.lost).toEqual([]);
    site.run(6_400);
    expect(site.lost).toHaveLength(1);
  });

  it('keeps the order of a lane if ids were stored before, by another process or an earlier event', () => {
    // What is published after an id that is in the stream already comes after what was published before.
    const again = new Site(always('ack'), { maxInFlight: 8, hasOwnIds: false });
    again.storeOther('s1');
    again.storeOther('s2');
    again.outbox.streamIsAlone(true);
    ['s1', 's1b', 's2', 's3'].forEach((id) => {
      again.add(id);
    });
    again.run(10_000);
    expect(again.stored).toEqual(['s1', 's2', 's1b', 's3']);

    const verdicts = fc.array(fc.constantFrom<Verdict>('ack', 'ack', 'store and say nothing', 'lose', 'refuse'), {
      maxLength: 30,
    });
    const ids = fc.array(fc.constantFrom('a1', 'a2', 'a3', 'a4', 'b1', 'b2'), { minLength: 4, maxLength: 20 });
    const before = fc.uniqueArray(fc.constantFrom('a1', 'a2', 'a3', 'b1'));
    fc.assert(
      fc.property(verdicts, ids, before, (list, program, known) => {
        const site = new Site((count) => list[count] ?? 'ack', { maxInFlight: 8, hasOwnIds: false });
        known.forEach((id) => {
          site.storeOther(id);
        });
        site.outbox.streamIsAlone(true);
        program.forEach((id) => {
          site.add(id);
        });
        site.run(1_000_000);
        for (const lane of ['a', 'b']) {
          const isNew = (id: string): boolean => id.startsWith(lane) && !known.some((one) => one === id);
          expect(site.stored.filter(isNew)).toEqual([...new Set(program.filter(isNew))]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads the answers that have come while this process stood still before it sends again, and waits for them once', () => {
    const site = new Site(always('lose'), { maxInFlight: 8 });
    site.add('a1');
    site.add('b1');
    site.standStill(500);
    site.run(60);
    site.reply(site.sent[0]?.reply ?? '', { stream: 'S', seq: 1 });
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1']);
    site.standStill(500);
    site.run(110);
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'b1', 'b1']);
  });

  it('gives each event of a run that is refused the whole of giveUpMs', () => {
    const site = new Site(always('refuse'), { maxInFlight: 8, giveUpMs: 1_000 });
    site.outbox.streamIsAlone(true);
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.add(id);
    });
    site.run(1_900);
    expect(site.lost).toHaveLength(1);
    site.run(3_100);
    expect(site.lost).toHaveLength(2);
  });

  it('never sends an event again later than giveUpMs after the first attempt that may have stored it', () => {
    const times = new Map<string, number[]>();
    const site: Site = new Site(
      () => {
        const { id = '' } = site.sent.at(-1) ?? {};
        times.set(id, [...(times.get(id) ?? []), site.scheduler.frame]);
        return 'store and say nothing';
      },
      { maxInFlight: 16, giveUpMs: 1_000 },
    );
    site.outbox.streamIsAlone(true);
    site.cut();
    for (const lane of ['a', 'b']) {
      [1, 2, 3, 4, 5, 6, 7, 8].forEach((number) => {
        site.add(`${lane}${number}`);
      });
    }
    site.reconnect();
    site.outbox.streamIsAlone(true);
    ['c1', 'd1'].forEach((id) => {
      site.add(id);
    });
    site.run(20_000);
    expect([site.lost.length, site.outbox.pending]).toEqual([18, 0]);
    times.forEach((sent) => {
      expect((sent.at(-1) as number) - (sent[0] as number)).toBeLessThan(1_000);
    });
  });

  it('tells a refusal at once, and gives the place of an event that waits for its turn to another one', () => {
    let told = 0;
    const site = new Site(always('lose'), { maxInFlight: 2, refused: () => (told += 1) });
    site.outbox.streamIsAlone(true);
    ['a1', 'a2', 'b1'].forEach((id) => {
      site.add(id);
    });
    site.reply(site.sent[1]?.reply ?? '', { error: { code: 503, err_code: 10077 } });
    expect([told, site.sent.map(({ id }) => id)]).toEqual([1, ['a1', 'a2', 'b1']]);
  });

  it('sends nothing behind an event that was refused and is tried again later', () => {
    const site = new Site(always('lose'), { maxInFlight: 8 });
    site.outbox.streamIsAlone(true);
    site.add('b1');
    site.add('a1');
    site.reply(site.sent[1]?.reply ?? '', { error: { code: 503, err_code: 10077 } });
    site.add('a2');
    site.reply(site.sent[0]?.reply ?? '', { stream: 'S', seq: 1 });
    expect(site.sent.map(({ id }) => id)).toEqual(['b1', 'a1']);
  });

  it('uses places that are free again when events wait for their turn', () => {
    const site = new Site(always('lose'), { maxInFlight: 3 });
    site.outbox.streamIsAlone(true);
    ['a1', 'a2', 'a3', 'b1'].forEach((id) => {
      site.add(id);
    });
    expect(site.sent.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3']);
    site.run(170);
    expect(site.sent.slice(3).map(({ id }) => id)).toEqual(['a1', 'b1']);
  });

  it('takes a late acknowledgement of an event that waits for its turn again', () => {
    const site = new Site(always('lose'), { maxInFlight: 10 });
    site.outbox.streamIsAlone(true);
    ['a1', 'a2', 'a3'].forEach((id) => {
      site.add(id);
    });
    site.run(170);
    // The first one was sent again, alone.
    expect([site.sent.length, site.outbox.inFlightCount]).toEqual([4, 1]);
    site.reply(site.sent[1]?.reply ?? '', { stream: 'S', seq: 2 });
    site.reply(site.sent[3]?.reply ?? '', { stream: 'S', seq: 1 });
    expect([site.sent.at(-1)?.id, site.outbox.pending, site.outbox.counts.stored]).toEqual(['a3', 1, 2]);
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
