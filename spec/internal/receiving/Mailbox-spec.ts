import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asapScheduler, config, Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';
import { Mailbox, report } from '../../../lib/internal/receiving/Mailbox.js';
import { Turns } from '../../../lib/internal/publishing/Turns.js';
import { ManualScheduler } from '../../support/ManualScheduler.js';

interface Consumer {
  readonly story: unknown[];
  readonly subscriber: Subscriber<unknown>;
  readonly subscription: Subscription;
}

/** A mailbox that counts its turns, and shows what only its heirs see. */
class CountingMailbox extends Mailbox<unknown> {
  turnsOver = 0;

  get hasConsumer(): boolean {
    return this.consumer !== undefined;
  }

  get hasEnded(): boolean {
    return this.ending !== undefined;
  }

  serves(consumer: Observer<unknown>): boolean {
    return this.consumer === consumer;
  }

  protected override afterTurn(): void {
    this.turnsOver += 1;
  }
}

/** Whether it takes nothing more, and serves nobody. */
function isOver(mailbox: CountingMailbox): boolean {
  return mailbox.hasEnded && !mailbox.hasConsumer;
}

/** A consumer of `mailbox`, which `onNext` may make do something. */
function consume<T>(mailbox: Mailbox<T>, onNext?: (value: T) => void): Consumer {
  const story: unknown[] = [];
  const made: Subscriber<T>[] = [];
  const subscription = new Observable<T>((subscriber) => {
    made.push(subscriber);
    mailbox.attach(subscriber);
  }).subscribe({
    next: (value) => {
      story.push(value);
      onNext?.(value);
    },
    error: (error: unknown) => story.push(['error', error]),
    complete: () => story.push('complete'),
  });
  return { story, subscriber: made[0] as Subscriber<unknown>, subscription };
}

function mailboxOf(capacity: number): { readonly scheduler: ManualScheduler; readonly mailbox: CountingMailbox } {
  const scheduler = new ManualScheduler();
  return { scheduler, mailbox: new CountingMailbox(capacity, new Turns(scheduler)) };
}

describe('Mailbox', () => {
  it('law 20, 22: full, it refuses, counts, and keeps what waits', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    const { story } = consume(mailbox);
    expect([1, 2, 3, 4].map((value) => mailbox.offer(value))).toEqual([true, true, false, false]);
    expect([mailbox.refused, mailbox.waiting]).toEqual([2, 2]);
    scheduler.flush();
    expect([story, mailbox.refused, mailbox.waiting]).toEqual([[1, 2], 2, 0]);
  });

  it('law 32: takes values with no consumer there, schedules nothing for them, and delivers them to one that comes', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    mailbox.offer(1);
    expect([scheduler.pending, mailbox.hasConsumer]).toEqual([0, false]);
    const { story } = consume(mailbox);
    expect([scheduler.pending, story, mailbox.hasConsumer]).toEqual([1, [], true]);
    scheduler.flush();
    expect(story).toEqual([1]);
  });

  it('a consumer that finds nothing waiting has no turn scheduled', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    consume(mailbox);
    expect(scheduler.pending).toBe(0);
  });

  it('law 26: delivers in a turn what waited when it began', () => {
    const { scheduler, mailbox } = mailboxOf(4);
    const { story } = consume(mailbox, (value) => {
      if (typeof value === 'number') {
        mailbox.offer(`after ${value}`);
      }
    });
    mailbox.offer(1);
    mailbox.offer(2);
    scheduler.turn();
    expect([story, mailbox.turnsOver]).toEqual([[1, 2], 1]);
    scheduler.turn();
    expect([story, mailbox.turnsOver]).toEqual([[1, 2, 'after 1', 'after 2'], 2]);
    expect(scheduler.pending).toBe(0);
  });

  it.each([
    ['complete', 'complete' as const, 'complete'],
    ['an error', { error: 'e' }, ['error', 'e']],
    ['an error that is undefined', { error: undefined }, ['error', undefined]],
  ])('law 27: %s comes after what is queued, in the same turn, and once', (_what, ending, told) => {
    const { scheduler, mailbox } = mailboxOf(2);
    const { story } = consume(mailbox);
    mailbox.offer(1);
    mailbox.end(ending);
    mailbox.end({ error: 'too late' });
    mailbox.end('complete');
    expect([isOver(mailbox), story]).toEqual([false, []]);
    expect(scheduler.turn()).toBe(1);
    expect([story, mailbox.hasConsumer, scheduler.pending]).toEqual([[1, told], false, 0]);
  });

  it('law 22: what comes after the ending is neither taken nor counted', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    const { story } = consume(mailbox);
    mailbox.offer(1);
    mailbox.end('complete');
    expect([mailbox.offer(2), mailbox.offer(3), mailbox.refused]).toEqual([true, true, 0]);
    scheduler.flush();
    expect([story, mailbox.offer(4), mailbox.refused]).toEqual([[1, 'complete'], true, 0]);
  });

  it('law 32: ended, it still delivers what waits to a consumer that comes later; then the next completes at once', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    mailbox.offer(1);
    mailbox.end('complete');
    const late = consume(mailbox);
    scheduler.flush();
    expect(late.story).toEqual([1, 'complete']);
    expect(consume(mailbox).story).toEqual(['complete']);
    expect(scheduler.pending).toBe(0);
  });

  it('an error with nobody there waits for a consumer, and is told once', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    mailbox.end({ error: 'e' });
    const first = consume(mailbox);
    expect(first.story).toEqual([]);
    scheduler.flush();
    expect(first.story).toEqual([['error', 'e']]);
    expect(consume(mailbox).story).toEqual(['complete']);
  });

  it('law 31: discarding forgets what waits, is no lag, and completes a consumer that is still there', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    const { story } = consume(mailbox);
    mailbox.offer(1);
    mailbox.discard();
    expect([mailbox.waiting, mailbox.refused, isOver(mailbox), story]).toEqual([0, 0, false, []]);
    scheduler.flush();
    expect([isOver(mailbox), story]).toEqual([true, ['complete']]);
  });

  it('law 31, 34: discarding with nobody there leaves nothing scheduled', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    mailbox.offer(1);
    mailbox.requestTurn();
    mailbox.discard();
    expect(scheduler.pending).toBe(0);
    expect(consume(mailbox).story).toEqual(['complete']);
  });

  it('law 31, 34: detaching the consumer forgets what waits and the turn', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    const { story, subscriber } = consume(mailbox);
    mailbox.offer(1);
    mailbox.detach(subscriber);
    expect([mailbox.waiting, mailbox.hasConsumer, isOver(mailbox), scheduler.pending]).toEqual([0, false, true, 0]);
    scheduler.flush();
    expect(story).toEqual([]);
  });

  it('detaching one that is not served does nothing', () => {
    const { scheduler, mailbox } = mailboxOf(2);
    const stranger = consume(mailboxOf(1).mailbox);
    const { story } = consume(mailbox);
    mailbox.offer(1);
    mailbox.detach(stranger.subscriber);
    scheduler.flush();
    expect([story, isOver(mailbox)]).toEqual([[1], false]);
  });

  it('serves the one who is attached, until it has gone or was told the ending', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    const stranger = consume(mailboxOf(1).mailbox);
    const { subscriber } = consume(mailbox);
    expect([mailbox.serves(subscriber), mailbox.serves(stranger.subscriber), mailbox.hasEnded]).toEqual([
      true,
      false,
      false,
    ]);
    mailbox.end('complete');
    expect([mailbox.serves(subscriber), mailbox.hasEnded]).toEqual([true, true]);
    scheduler.flush();
    expect(mailbox.serves(subscriber)).toBe(false);
  });

  it('a consumer that detaches in the midst of a turn gets no more of it', () => {
    const { scheduler, mailbox } = mailboxOf(4);
    const consumer = consume(mailbox, () => {
      mailbox.detach(consumer.subscriber);
    });
    mailbox.offer(1);
    mailbox.offer(2);
    scheduler.flush();
    expect([consumer.story, mailbox.waiting, mailbox.turnsOver]).toEqual([[1], 0, 1]);
  });

  it('a discard in the midst of a turn ends it there, with the completion', () => {
    const { scheduler, mailbox } = mailboxOf(4);
    const { story } = consume(mailbox, () => {
      mailbox.discard();
    });
    mailbox.offer(1);
    mailbox.offer(2);
    scheduler.flush();
    expect(story).toEqual([1, 'complete']);
  });

  it('a turn with nobody there delivers nothing, and is over all the same', () => {
    const { scheduler, mailbox } = mailboxOf(1);
    mailbox.offer(1);
    mailbox.requestTurn();
    scheduler.flush();
    expect([mailbox.turnsOver, mailbox.waiting]).toEqual([1, 1]);
  });

  it('agrees with a list that is emptied in turns, whatever the commands', () => {
    const command = fc.oneof(
      { weight: 12, arbitrary: fc.nat(3).map((again) => ({ offer: again })) },
      { weight: 6, arbitrary: fc.constant('turn' as const) },
      { weight: 1, arbitrary: fc.constantFrom('complete' as const, 'error' as const, 'discard' as const) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(10),
        fc.array(command, { maxLength: 60, size: 'max' }),
        (capacity, attachedAt, commands) => {
          const { scheduler, mailbox } = mailboxOf(capacity);
          const waiting: { readonly id: number; readonly again: number }[] = [];
          const expected: unknown[] = [];
          let lagged = 0;
          let modelEnding: unknown;
          let attached = false;
          let told = false;
          let story: unknown[] = [];
          let next = 0;
          // A value may make its consumer offer `again` values more, which make it offer none.
          const modelOffer = (value: { readonly id: number; readonly again: number }): void => {
            if (modelEnding === undefined) {
              if (waiting.length < capacity) {
                waiting.push(value);
              } else {
                lagged += 1;
              }
            }
          };
          const modelTurn = (): void => {
            if (!attached || told) {
              return;
            }
            for (let left = waiting.length; left > 0; left -= 1) {
              const value = waiting.shift();
              expected.push(value);
              for (let i = 0; i < (value?.again ?? 0); i += 1) {
                modelOffer({ id: -1, again: 0 });
              }
            }
            if (waiting.length === 0 && modelEnding !== undefined) {
              expected.push(modelEnding);
              told = true;
            }
          };
          const attach = (): void => {
            story = consume(mailbox, (value) => {
              for (let i = 0; i < (value as { readonly again: number }).again; i += 1) {
                mailbox.offer({ id: -1, again: 0 });
              }
            }).story;
            attached = true;
            if (modelEnding === 'complete' && waiting.length === 0) {
              expected.push('complete');
              told = true;
            }
          };
          commands.forEach((one, i) => {
            if (i === attachedAt) {
              attach();
            }
            if (one === 'turn') {
              scheduler.turn();
              modelTurn();
            } else if (one === 'discard') {
              mailbox.discard();
              waiting.length = 0;
              modelEnding = 'complete';
            } else if (one === 'complete' || one === 'error') {
              mailbox.end(one === 'complete' ? 'complete' : { error: 'e' });
              modelEnding ??= one === 'complete' ? 'complete' : ['error', 'e'];
            } else {
              const value = { id: next, again: one.offer };
              next += 1;
              mailbox.offer(value);
              modelOffer(value);
            }
            expect([mailbox.waiting, mailbox.refused]).toEqual([waiting.length, lagged]);
          });
          scheduler.flush();
          modelTurn();
          modelTurn();
          expect(story).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('report', () => {
  it('law 14: reports as RxJS does: later, on nobody’s stack', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    const errors = [new Error('no'), undefined, 'text'];
    errors.forEach(report);
    expect(reported).toEqual([]);
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve, 5);
    });
    config.onUnhandledError = null;
    expect(reported).toEqual(errors);
  });
});
