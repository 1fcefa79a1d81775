import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import type { BusPosition, BusReceiver, Delivery, Taker, TryRecv } from '../../lib/index.js';
import { EventText } from '../../lib/sse/EventText.js';
import { StreamHost } from '../../lib/sse/StreamHost.js';
import { webStreamOf } from '../../lib/sse/webStreamOf.js';
import { Clock } from '../support/Clock.js';
import { event } from '../support/events.js';

type Answer = Exclude<TryRecv<Delivery<number>>, { type: 'empty' }>;

/** A receiver that has answers when the spec gives them, and tells what is done to it. */
class FakeReceiver {
  readonly story: string[] = [];
  readonly #closed$ = new Subject<void>();
  readonly closed$ = this.#closed$.asObservable();
  readonly answers: Answer[] = [];
  position: BusPosition | undefined;
  asked = 0;
  #waiting: Taker<Delivery<number>> | undefined;

  readonly deliveries = {
    tryRecv: (): TryRecv<Delivery<number>> => {
      this.asked += 1;
      return this.answers.shift() ?? { type: 'empty' };
    },
    take: (taker: Taker<Delivery<number>>): void => {
      this.#waiting = taker;
    },
  };

  /** Answers the call that waits, or the next one. */
  give(answer: Answer): void {
    const call = this.#waiting;
    this.#waiting = undefined;
    if (call === undefined) {
      this.answers.push(answer);
    } else if (answer.type === 'failed') {
      call.error(answer.error);
    } else if (answer.type === 'completed') {
      call.complete();
    } else {
      call.next(answer);
    }
  }

  depart(): void {
    this.#closed$.complete();
  }

  close(): void {
    this.story.push('close');
  }

  dispose(): void {
    this.story.push('dispose');
  }
}

const next = (payload: number, seq?: number): Answer => ({
  type: 'event',
  event: { ...event(payload), ...(seq !== undefined && { seq }) },
});

const gap = (missed: number): Answer => ({ type: 'gap', missed, byKind: { a: missed } });

const complete: Answer = { type: 'completed' };

const data = (payload: number, seq?: number): string =>
  `data: ${JSON.stringify({ routing: { kind: 'test' }, origin: 'runtime', event: payload, seq })}\n\n`;

interface Fixture {
  readonly receiver: FakeReceiver;
  readonly clock: Clock;
  readonly text: EventText<number>;
  readonly errors: unknown[];
  readonly story: string[];
}

function setUp({ opening = '', position }: { opening?: string; position?: BusPosition } = {}): Fixture {
  const receiver = new FakeReceiver();
  const { story } = receiver;
  receiver.position = position;
  const clock = new Clock();
  const errors: unknown[] = [];
  const host = new StreamHost<number>({
    scheduler: clock,
    heartbeatMs: 100,
    maxEventBytes: 1_000,
    closeMs: 30,
    position: () => position,
    report: (error) => errors.push(error),
    over: () => story.push('over'),
  });
  const text = new EventText(receiver as unknown as BusReceiver<number>, opening, host);
  text.watchDeparture();
  return { receiver, clock, text, errors, story };
}

async function nextOf(text: EventText<number>): Promise<string | undefined> {
  return (await text.read())?.text;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('EventText', () => {
  it('begins with its opening and what waits, at once, and asks no more than once for what does not', async () => {
    const { receiver, clock, text } = setUp({ opening: 'hello\n\n' });
    receiver.give(next(1));
    receiver.give(next(2));
    expect(await nextOf(text)).toBe(`hello\n\n${data(1)}${data(2)}`);
    expect([receiver.asked, clock.pending]).toEqual([3, 0]);
    const waiting = nextOf(text);
    expect([receiver.asked, clock.pending]).toEqual([3, 1]);
    receiver.give(next(3));
    expect([await waiting, clock.pending, receiver.asked]).toEqual([data(3), 0, 4]);
  });

  it('keeps the answer that it has looked at', async () => {
    const { receiver, text } = setUp();
    receiver.give(next(1));
    expect([text.isEmpty, text.isEmpty, receiver.asked]).toEqual([false, false, 1]);
    expect(await nextOf(text)).toBe(data(1));
    const ended = setUp();
    ended.receiver.give(complete);
    expect([ended.text.isEmpty, ended.text.isOver, ended.story]).toEqual([true, false, []]);
    expect([await nextOf(ended.text), await nextOf(ended.text)]).toEqual(['event: end\ndata: {}\n\n', undefined]);
  });

  it('sends a heartbeat while it waits, with the place where it is only when all was told', async () => {
    const { receiver, clock, text } = setUp({ position: { epoch: 'e', seq: 4 } });
    const heartbeat = async (): Promise<unknown> => {
      const waiting = nextOf(text);
      await turn();
      clock.pass(100);
      return waiting;
    };
    expect(await heartbeat()).toBe(': heartbeat\n\nevent: position\nid: e:4\ndata: {}\n\n');
    receiver.position = { epoch: 'e', seq: 3 };
    expect([await heartbeat(), receiver.asked, clock.pending]).toEqual([': heartbeat\n\n', 1, 0]);
  });

  it('law 31: leaves the receiver once, wakes one who waits, and is over', async () => {
    const { clock, text, story, receiver } = setUp();
    const waiting = nextOf(text);
    text.leave();
    text.leave();
    expect([await waiting, await nextOf(text), text.isOver]).toEqual([undefined, undefined, true]);
    expect([story, clock.pending, receiver.asked]).toEqual([['dispose', 'over'], 0, 1]);
  });

  it('says when the server closes, and of the bus that it is the end; then it is over', async () => {
    const closing = setUp();
    closing.text.close();
    closing.receiver.give(complete);
    expect([await nextOf(closing.text), closing.story]).toEqual([
      ': the server closes\n\n',
      ['close', 'dispose', 'over'],
    ]);
    const broken = setUp();
    broken.receiver.give({ type: 'failed', error: 'no' });
    expect([await nextOf(broken.text), broken.errors, broken.text.isOver]).toEqual([
      ': the stream broke off\n\n',
      ['no'],
      true,
    ]);
  });

  it('joins gaps that follow each other, and gives them the place right before what follows', async () => {
    const { receiver, text } = setUp({ position: { epoch: 'e', seq: 9 } });
    [gap(2), gap(3), next(1, 6), gap(1)].forEach((answer) => {
      receiver.give(answer);
    });
    const missing = (missed: number): string => `data: {"missed":${missed},"byKind":{"a":${missed}}}\n\n`;
    expect(await nextOf(text)).toBe(
      `event: gap\nid: e:5\n${missing(5)}id: e:6\n${data(1, 6)}event: gap\nid: e:9\n${missing(1)}`,
    );
  });

  it('departed and not read, it is left when its time is over; the error that nobody came for is reported', () => {
    const { receiver, clock, text, errors } = setUp();
    receiver.give(next(1));
    receiver.give({ type: 'failed', error: 'slow' });
    receiver.depart();
    clock.pass(29);
    expect([text.isOver, clock.pending]).toEqual([false, 1]);
    clock.pass(1);
    expect([text.isOver, clock.pending, errors]).toEqual([true, 0, ['slow']]);
  });

  it('departed and read, or waited for, it keeps its place for as long again', async () => {
    const { receiver, clock, text, errors } = setUp();
    receiver.depart();
    receiver.give(next(1));
    await nextOf(text);
    clock.pass(30);
    const waiting = nextOf(text);
    clock.pass(30);
    clock.pass(30);
    expect([text.isOver, clock.pending]).toEqual([false, 2]);
    receiver.give(next(2));
    await waiting;
    clock.pass(30);
    expect([text.isOver, clock.pending, errors]).toEqual([true, 0, []]);
  });

  it('law 34: has no timer when it is over, whether its receiver departed before or later', () => {
    const before = setUp();
    before.receiver.depart();
    before.text.leave();
    const later = setUp();
    later.text.leave();
    later.receiver.depart();
    expect([before.clock.pending, later.clock.pending]).toEqual([0, 0]);
  });

  it('as a web stream takes nothing before it is read, and leaves when it is cancelled', async () => {
    const { receiver, text, story } = setUp();
    const stream = webStreamOf(text);
    await turn();
    expect(receiver.asked).toBe(0);
    await stream.cancel();
    expect(story).toEqual(['dispose', 'over']);
  });
});
