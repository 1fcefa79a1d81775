import { describe, expect, it } from '@jest/globals';
import { concatMap, delay, map, of, scan, throttleTime } from 'rxjs';
import { type BusEvent, dropNewest, type Event, EventFilter, lateBindScrollId } from '../../lib/index.js';
import { busEvent, publishTo, sessionRegistered } from '../../lib/testing/index.js';
import { uuid } from '../support/events.js';
import { marbles } from '../support/marbles.js';

const word = ({ event: text }: BusEvent<string>): string => text;

describe('pipelines through the bus, in virtual time', () => {
  it('a view of one kind', () => {
    marbles(({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      const message = (letter: string) => busEvent(letter, { kind: 'message' });
      const usage = (letter: string) => busEvent(letter, { kind: 'usage' });
      const input = '   -a-b-(cd)-|';
      const messages = '-a---c----|';
      const usages = '  ---b-d----|';
      busEvents(input, { a: message('a'), b: usage('b'), c: message('c'), d: usage('d') }).subscribe(publishTo(bus));
      expectDeliveries(bus.stream(EventFilter.kind('message'))).toBe(messages, message);
      expectDeliveries(bus.stream(EventFilter.kind('usage'))).toBe(usages, usage);
    });
  });

  it('each subscription of a stream begins where it subscribes, and ends where it unsubscribes', () => {
    marbles(({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus();
      const input = '-a-b-c-d-e-|';
      const from = ' --^----!    ';
      const seen = ' ---b-c------';
      busEvents(input).subscribe(publishTo(bus));
      expectDeliveries(bus.stream(), from).toBe(seen);
    });
  });

  it('a receiver is told of what it lost, in its place, and its neighbours lose nothing', () => {
    marbles(({ testBus, busEvents, expectDeliveries, expectObservable }) => {
      const bus = testBus();
      const slow = bus.subscribeFiltered(EventFilter.all, 2);
      const input = '    -a-(bcde)-f-|';
      const delivered = '-a-(bc2)--f-|';
      const lagged = '   0--2--------|';
      busEvents(input).subscribe(publishTo(bus));
      expectDeliveries(slow).toBe(delivered);
      expectObservable(slow.lagged$.pipe(map((count) => String(count)))).toBe(lagged);
      expectDeliveries(bus.subscribeAll()).toBe(input);
    });
  });

  it('a session is bound from its registration on', () => {
    marbles(({ testBus, busEvents, expectDeliveries }) => {
      const bus = testBus<Event>();
      const scrollId = uuid(1);
      const chunk: Event = { type: 'AgentMessageChunk', content: { type: 'text', text: 'hi' } };
      const session = { connectorId: 'c', nativeSessionId: 's' };
      const values = {
        c: busEvent(chunk, session),
        r: sessionRegistered('c', 's', scrollId),
        R: sessionRegistered('c', 's', scrollId, { scrollId }),
        C: busEvent(chunk, { ...session, scrollId }),
      };
      const input = '  -c-r-c--|';
      const scroll = ' ---R-C--|';
      const everyone = '-c-R-C--|';
      busEvents(input, values).subscribe(publishTo(bus));
      expectDeliveries(bus.stream(EventFilter.scrollId(scrollId))).toBe(scroll, values);
      expectDeliveries(bus.stream()).toBe(everyone, values);
    });
  });

  it('operators of RxJS go on with what arrives', () => {
    marbles(({ testBus, busEvents, expectDeliveries, expectObservable }) => {
      const bus = testBus();
      const input = '    -a-bc----d-|';
      const throttled = '-a-------d-|';
      const counted = '  -1-23----4-|';
      busEvents(input).subscribe(publishTo(bus));
      expectDeliveries(bus.stream().pipe(throttleTime(3, undefined, { leading: true, trailing: false }))).toBe(
        throttled,
      );
      expectObservable(
        bus.stream().pipe(
          scan((count) => count + 1, 0),
          map((count) => String(count)),
        ),
      ).toBe(counted);
    });
  });

  it('the two operators make a pipe of their own, without a bus', () => {
    marbles(({ busEvents, expectObservable, flush }) => {
      const dropped: string[] = [];
      const values = { r: sessionRegistered('c', 's', uuid(1)), a: sessionRegistered('c', 's', uuid(2)) };
      const input = ' -(rara)-a|';
      const output = '-(xy)---y|';
      const piped$ = busEvents(input, values).pipe(
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
    marbles(({ testBus, busEvents, expectObservable }) => {
      const bus = testBus();
      const receiver = bus.subscribeFiltered(EventFilter.all, 1);
      const input = ' abc----------|';
      const output = '---a--b--c---|';
      busEvents(input).subscribe(publishTo(bus));
      expectObservable(receiver.events$.pipe(concatMap((event) => of(word(event)).pipe(delay(3))))).toBe(output);
    });
  });

  it('a consumer that the bus waits for has its backlog in the bounded queue', () => {
    marbles(({ testBus, busEvents, expectObservable }) => {
      const bus = testBus();
      const input = ' abcd---------|';
      const output = '---a--b------|';
      busEvents(input).subscribe(publishTo(bus));
      const slow$ = bus.stream(EventFilter.all, { capacity: 1, consume: (event) => of(word(event)).pipe(delay(3)) });
      expectObservable(slow$).toBe(output);
    });
  });
});
