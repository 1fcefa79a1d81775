import { describe, expect, it } from '@jest/globals';
import { type Observable, type Observer, of, type Subscriber } from 'rxjs';
import type { BusEvent, BusPosition, Delivery } from '../../../lib/index.js';
import type { Pull } from '../../../lib/internal/receiving/Pull.js';
import type { Receiver } from '../../../lib/internal/receiving/Receiver.js';
import { ReceiverHandle } from '../../../lib/internal/receiving/ReceiverHandle.js';
import { event } from '../../support/events.js';

/** The bus's end of a handle, which tells what it is asked. */
class FakeReceiver {
  readonly id = 7;
  readonly name = 'name';
  readonly story: unknown[] = [];
  readonly pulls: Pull<number>[] = [];
  readonly lagged$ = of(1);
  readonly out: Observer<Delivery<number>>[] = [];
  lagged = 1;
  missed = 2;
  position: BusPosition | undefined = { epoch: 'e', seq: 1 };
  readonly consumers: unknown[] = [];

  ask(pull: Pull<number>, _inTurn: boolean, consumer?: object): void {
    this.pulls.push(pull);
    this.consumers.push(consumer);
  }

  leaveAs(consumer: object): void {
    this.story.push(['leaveAs', this.consumers.indexOf(consumer)]);
  }

  serve(consumer: Observer<BusEvent<number>>): void {
    this.story.push(['serve', consumer]);
  }

  serveDeliveries(out: Subscriber<Delivery<number>>): unknown {
    this.out.push(out);
    return `consumer ${this.out.length}`;
  }

  leave(consumer: unknown): void {
    this.story.push(['leave', consumer]);
  }

  observeLagged(): Observable<number> {
    this.story.push('observeLagged');
    return this.lagged$;
  }

  close(): void {
    this.story.push('close');
  }

  dispose(): void {
    this.story.push('dispose');
  }
}

function setUp(): { readonly receiver: FakeReceiver; readonly handle: ReceiverHandle<number> } {
  const receiver = new FakeReceiver();
  return { receiver, handle: new ReceiverHandle(receiver as unknown as Receiver<number>) };
}

describe('ReceiverHandle', () => {
  it('makes each view once', () => {
    const { receiver, handle } = setUp();
    expect([handle.events$, handle.deliveries$, handle.lagged$, handle.deliveries]).toEqual([
      handle.events$,
      handle.deliveries$,
      receiver.lagged$,
      handle.deliveries,
    ]);
    expect([handle.events$ === handle.events$, handle.deliveries$ === handle.deliveries$]).toEqual([true, true]);
    expect(handle.lagged$).toBe(handle.lagged$);
    expect([handle.deliveries === handle.deliveries, receiver.story]).toEqual([true, ['observeLagged']]);
  });

  it('says what the receiver says when it is read', () => {
    const { receiver, handle } = setUp();
    const read = (): unknown[] => [handle.lagged, handle.missed, handle.position];
    expect([handle.id, handle.name, ...read()]).toEqual([7, 'name', 1, 2, { epoch: 'e', seq: 1 }]);
    Object.assign(receiver, { lagged: 3, missed: 4, position: undefined });
    expect(read()).toEqual([3, 4, undefined]);
  });

  it('is held by every pull that waits, and wants to know of gaps where deliveries are asked for', async () => {
    const { receiver, handle } = setUp();
    const told = [handle.recv(), handle.deliveries.recv(), handle.deliveries.recv()];
    expect(receiver.pulls.map(({ holder }) => holder === handle)).toEqual([true, true, true]);
    expect(receiver.pulls.map((pull) => 'gap' in pull)).toEqual([false, true, true]);
    const gap = { type: 'gap', missed: 1, byKind: { a: 1 } } as const;
    receiver.pulls[0]?.next(event(1));
    receiver.pulls[1]?.next(event(2));
    receiver.pulls[2]?.gap?.(gap);
    expect(await Promise.all(told)).toEqual([event(1), { type: 'event', event: event(2) }, gap]);
  });

  it('gives undefined at the end, and rejects with an error, whatever that is', async () => {
    const { receiver, handle } = setUp();
    const told = [handle.recv(), handle.deliveries.recv(), handle.recv(), handle.deliveries.recv()];
    receiver.pulls.slice(0, 2).forEach((pull) => {
      pull.complete();
    });
    receiver.pulls.slice(2).forEach((pull) => {
      pull.error('error');
    });
    expect(await Promise.allSettled(told)).toEqual([
      { status: 'fulfilled', value: undefined },
      { status: 'fulfilled', value: undefined },
      { status: 'rejected', reason: 'error' },
      { status: 'rejected', reason: 'error' },
    ]);
  });

  it('law 31: an observer of deliveries$ that goes, or was told the end, leaves by the consumer that serves it', () => {
    const { receiver, handle } = setUp();
    const subscription = handle.deliveries$.subscribe();
    expect(receiver.story).toEqual([]);
    subscription.unsubscribe();
    handle.deliveries$.subscribe();
    receiver.out[1]?.complete();
    expect(receiver.story).toEqual([
      ['leave', 'consumer 1'],
      ['leave', 'consumer 2'],
    ]);
  });

  it.each<[string, (handle: ReceiverHandle<number>) => unknown]>([
    [
      'disposing it',
      (handle) => {
        handle[Symbol.dispose]();
      },
    ],
    ['disposing it as await using does', (handle) => handle[Symbol.asyncDispose]()],
  ])('law 31: leaves at once by %s', (_how, leave) => {
    const { receiver, handle } = setUp();
    leave(handle);
    expect(receiver.story).toEqual(['dispose']);
  });

  it.each<[string, (handle: ReceiverHandle<number>) => AsyncIterator<unknown>]>([
    ['its iterator', (handle) => handle[Symbol.asyncIterator]()],
    ['the iterator of its deliveries', (handle) => handle.deliveries[Symbol.asyncIterator]()],
    ['its stream', (handle) => iteratorOf(handle.toReadableStream())],
    ['the stream of its deliveries', (handle) => iteratorOf(handle.deliveries.toReadableStream())],
  ])('laws 31 and 32: takes and leaves by %s as one consumer of its own', async (_how, iterator) => {
    const { receiver, handle } = setUp();
    const [one, two] = [iterator(handle), iterator(handle)];
    const told = [one.next(), two.next()];
    // A stream asks its source later than it is asked.
    await Promise.resolve();
    receiver.pulls.forEach((pull) => {
      pull.next(event(1));
    });
    await Promise.all(told);
    await Promise.all([two.return?.(), one.return?.()]);
    expect(receiver.story).toEqual([
      ['leaveAs', 1],
      ['leaveAs', 0],
    ]);
  });

  it('passes on that it is closed, and consumed', () => {
    const { receiver, handle } = setUp();
    handle.close();
    const consumer = handle.events$.subscribe(() => undefined);
    consumer.unsubscribe();
    expect(receiver.story).toEqual(['close', ['serve', consumer], ['leave', consumer]]);
  });
});

function iteratorOf<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
