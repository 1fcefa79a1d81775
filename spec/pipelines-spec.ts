import { describe, expect, it } from '@jest/globals';
import { concatMap, delay, map, of, scan, throttleTime } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type BusEvent, dropNewest, EventFilter, lateBindScrollId, SharingBus } from '../lib/index.js';
import { event, registration, uuid } from './support/events.js';

function marbles(work: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(work);
}

const word = ({ event: text }: BusEvent<string>): string => text;

describe('pipelines through the bus, in virtual time', () => {
  it('a view of one kind', () => {
    marbles(({ hot, expectObservable }) => {
      const bus = new SharingBus<string>();
      const kinds: Record<string, string> = { a: 'message', b: 'usage', c: 'message', d: 'usage' };
      const input = '   -a-b-(cd)-|';
      const messages = '-a---c----|';
      const usage = '   ---b-d----|';
      hot(input).subscribe({
        next: (text) => {
          bus.publish(event(text, { kind: kinds[text] ?? '' }));
        },
        complete: () => {
          bus.close();
        },
      });
      expectObservable(bus.stream(EventFilter.kind('message')).pipe(map(word))).toBe(messages);
      expectObservable(bus.stream(EventFilter.kind('usage')).pipe(map(word))).toBe(usage);
    });
  });

  it('each subscription of a stream begins where it subscribes, and ends where it unsubscribes', () => {
    marbles(({ hot, expectObservable }) => {
      const bus = new SharingBus<string>();
      const input = '   -a-b-c-d-e-|';
      const from = '    --^----!    ';
      const seen = '    ---b-c------';
      hot(input).subscribe((text) => {
        bus.publish(event(text));
      });
      expectObservable(bus.stream().pipe(map(word)), from).toBe(seen);
    });
  });

  it('a session is bound from its registration on', () => {
    marbles(({ hot, expectObservable }) => {
      const bus = new SharingBus();
      const session = { connectorId: 'c', nativeSessionId: 's' };
      const chunk: BusEvent = {
        routing: { kind: 'agent-message', ...session },
        origin: 'agent',
        event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'hi' } },
      };
      const bound = { ...chunk, routing: { ...chunk.routing, scrollId: uuid(1) } };
      const registered = registration('c', 's', uuid(1));
      const values = {
        c: chunk,
        r: registered,
        R: { ...registered, routing: { ...registered.routing, scrollId: uuid(1) } },
        C: bound,
      };
      const input = '  -c-r-c--|';
      const scroll = ' ---R-C--|';
      const everyone = '-c-R-C--|';
      hot(input, values).subscribe({
        next: (busEvent) => {
          bus.publish(busEvent);
        },
        complete: () => {
          bus.close();
        },
      });
      expectObservable(bus.stream(EventFilter.scrollId(uuid(1)))).toBe(scroll, values);
      expectObservable(bus.stream()).toBe(everyone, values);
    });
  });

  it('operators of RxJS go on with what arrives', () => {
    marbles(({ hot, expectObservable }) => {
      const bus = new SharingBus<string>();
      const input = '    -a-bc----d-|';
      const throttled = '-a-------d-|';
      const counted = '  -1-23----4-|';
      hot(input).subscribe({
        next: (text) => {
          bus.publish(event(text));
        },
        complete: () => {
          bus.close();
        },
      });
      expectObservable(
        bus.stream().pipe(map(word), throttleTime(3, undefined, { leading: true, trailing: false })),
      ).toBe(throttled);
      expectObservable(
        bus.stream().pipe(
          scan((count) => count + 1, 0),
          map((count) => String(count)),
        ),
      ).toBe(counted);
    });
  });

  it('the two operators make a pipe of their own, without a bus', () => {
    marbles(({ hot, expectObservable, flush }) => {
      const dropped: string[] = [];
      const values = { r: registration('c', 's', uuid(1)), a: registration('c', 's', uuid(2)) };
      const input = ' -(rara)-a|';
      const output = '-(xy)---y|';
      const piped$ = hot(input, values).pipe(
        lateBindScrollId(),
        dropNewest({
          capacity: 2,
          onDrop: ({ routing }, lagged) => dropped.push(`${routing.scrollId ?? ''} ${lagged}`),
        }),
        map(({ routing }) => routing.scrollId),
      );
      expectObservable(piped$).toBe(output, { x: uuid(1), y: uuid(2) });
      flush();
      expect(dropped).toEqual([`${uuid(1)} 1`, `${uuid(2)} 2`]);
    });
  });

  it('a consumer behind concatMap does not pace the bus: what it cannot take waits behind it', () => {
    marbles(({ hot, expectObservable }) => {
      const bus = new SharingBus<string>();
      const receiver = bus.subscribeFiltered(EventFilter.all, 1);
      const input = ' abc----------|';
      const output = '---a--b--c---|';
      hot(input).subscribe({
        next: (text) => {
          bus.publish(event(text));
        },
        complete: () => {
          bus.close();
        },
      });
      expectObservable(receiver.events$.pipe(concatMap((busEvent) => of(word(busEvent)).pipe(delay(3))))).toBe(output);
    });
  });
});
