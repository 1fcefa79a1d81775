import { describe, expect, it } from '@jest/globals';
import {
  type BusReceiver,
  type Delivery,
  EventFilter,
  SharingBus,
  type SharingBusOptions,
  type Upstream,
  type UpstreamBus,
  type UpstreamLink,
  type UpstreamPage,
  type UpstreamRead,
} from '../../lib/index.js';
import { EventStreams } from '../../lib/sse/index.js';
import { recordingLogger } from '../support/collect.js';
import { event } from '../support/events.js';
import { type Bringing, MemoryLog, MemoryUpstream } from '../support/MemoryUpstream.js';
import { settle } from '../support/settle.js';

/** A bus, and the side of it that its upstream has got. */
function byHand(
  link: Partial<UpstreamLink<number>> = {},
  options: SharingBusOptions<number> = {},
): { bus: SharingBus<number>; side: UpstreamBus<number> } {
  let side: UpstreamBus<number> | undefined;
  const upstream: Upstream<number> = {
    open: (given) => {
      side = given;
      given.begin({ epoch: 'e1', seq: 0 });
      return { publish: () => undefined, close: () => undefined, ...link };
    },
  };
  const bus = new SharingBus<number>({ upstream, ...options });
  return { bus, side: side as UpstreamBus<number> };
}

function shown(delivery: Delivery<number>): string {
  return delivery.type === 'gap' ? `[${delivery.missed}]` : String(delivery.event.event);
}

/** What is there now, taken one by one. */
async function taken({ deliveries }: BusReceiver<number>): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const next = deliveries.tryRecv();
    if (next.type !== 'event' && next.type !== 'gap') {
      return all;
    }
    all.push(shown(next));
    // It reads on.
    await settle();
  }
}

describe('predicates that publish', () => {
  it.each<Bringing>(['at once', 'when asked'])(
    'laws 13 and 22: what they publish counts on the line after the publish that has asked them; brought %s',
    (bringing) => {
      const bus = new SharingBus<number>({ upstream: new MemoryUpstream(new MemoryLog<number>(), bringing) });
      bus.subscribeFiltered(
        EventFilter.where(({ event: payload }) => {
          if (payload < 5) {
            bus.publish(event(payload + 1));
          }
          return true;
        }),
      );
      const receiver = bus.subscribeFiltered(EventFilter.all, 1);
      bus.publish(event(1));
      expect(receiver.lagged).toBe(4);
      bus.publish(event(3));
      expect(bus.position?.seq).toBe(8);
    },
  );

  it.each<Bringing>(['at once', 'when asked'])(
    'law 15: on another bus of the same log, every receiver of both has one order; brought %s',
    async (bringing) => {
      const log = new MemoryLog<number>();
      const [one, other] = [0, 1].map(
        () => new SharingBus<number>({ upstream: new MemoryUpstream(log, bringing) }),
      ) as [SharingBus<number>, SharingBus<number>];
      const asking = one.subscribeFiltered(
        EventFilter.where(({ event: payload }) => {
          if (payload === 1) {
            other.publish(event(2));
            expect(other.position).toBeDefined();
          }
          return true;
        }),
      );
      const receivers = [asking, one.subscribeAll(), other.subscribeAll()];
      one.publish(event(1));
      await settle();
      one.publish(event(3));
      await settle();
      expect(await Promise.all(receivers.map(taken))).toEqual(receivers.map(() => ['1', '2', '3']));
    },
  );
});

describe('a gap at the place of the last event', () => {
  it('is told to a receiver that has read up to this place, and not taken everything', async () => {
    const { bus, side } = byHand();
    for (const seq of [1, 2, 3]) {
      side.event(event(seq), seq);
    }
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    side.gap({ missed: 7, byKind: {} }, 3);
    side.event(event(4), 4);
    expect(await taken(receiver)).toEqual(['1', '2', '3', '[7]', '4']);
    expect(receiver.missed).toBe(7);
  });

  it('is not lost between two pages', async () => {
    const { bus, side } = byHand();
    for (let seq = 1; seq <= 256; seq += 1) {
      side.event(event(seq), seq);
    }
    side.gap({ missed: 7, byKind: {} }, 256);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    expect((await taken(receiver)).slice(-2)).toEqual(['256', '[7]']);
  });
});

describe('an epoch that comes back', () => {
  it('answers for its first time are ignored', async () => {
    const asked: { request: UpstreamRead<number>; answer: (page: UpstreamPage<number>) => void }[] = [];
    const { bus, side } = byHand(
      {
        read: (request) =>
          new Promise((answer) => {
            asked.push({ request, answer });
          }),
      },
      { history: { capacity: 1 } },
    );
    for (let seq = 1; seq <= 9; seq += 1) {
      side.event(event(seq), seq);
    }
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    side.begin({ epoch: 'e2', seq: 9 });
    side.begin({ epoch: 'e1', seq: 9 });
    while (asked.length > 0) {
      for (const { request, answer } of asked.splice(0)) {
        const [first, last] = [request.after + 1, Math.min(request.upTo, request.after + 4)];
        const events = Array.from({ length: last - first + 1 }, (_, index) => ({
          ...event(first + index),
          seq: first + index,
        }));
        answer({ deliveries: events.map((each) => ({ type: 'event', event: each })), reached: last });
      }
      await settle();
    }
    expect((await taken(receiver)).filter((one) => !one.startsWith('['))).toEqual(
      Array.from({ length: 9 }, (_, index) => String(index + 1)),
    );
  });

  it('an object that is brought in two epochs has the id of each', async () => {
    const { bus, side } = byHand();
    const streams = new EventStreams(bus, { filter: EventFilter.all });
    const response = await streams.respond(new Request('http://localhost/?from=now'));
    const same = { ...event(1), seq: 1 };
    side.event(same, 1);
    expect(bus.position?.seq).toBe(1);
    side.begin({ epoch: 'e2', seq: 0 });
    side.event(same, 1);
    bus.close();
    const ids = [...(await response.text()).matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(ids).toEqual(['e1:0', 'e1:1', 'e2:0', 'e2:1']);
  });
});

describe('join and leave that throw', () => {
  it('are logged, and receivers come and go as usual', async () => {
    const { logger, lines } = recordingLogger();
    const fail = (): never => {
      throw new Error('no interest');
    };
    const { bus, side } = byHand({ join: fail, leave: fail }, { logger });
    const [one, other] = [bus.subscribeAll(), bus.subscribeAll()];
    let closings = 0;
    one.closed$.subscribe(() => {
      closings += 1;
    });
    side.event(event(1), 1);
    one.close();
    await settle();
    expect([closings, bus.subscriberCount]).toEqual([1, 1]);
    bus.close();
    expect([await taken(other), other.tryRecv().type]).toEqual([['1'], 'completed']);
    expect(lines.filter((line) => /the upstream's (join|leave) threw Error: no interest/.test(line))).toHaveLength(4);
  });
});

describe('an object that bindingOf publishes again', () => {
  it('is another event: its refusal is logged, and not thrown by the first call', () => {
    const { logger, lines } = recordingLogger();
    const same = event(1);
    let calls = 0;
    const { bus, side } = byHand(
      {
        publish: (busEvent) => {
          calls += 1;
          if (calls === 2) {
            throw new Error('not again');
          }
          side.event(busEvent, calls);
        },
      },
      {
        logger,
        bindingOf: () => {
          if (calls === 0 && lines.length === 0) {
            lines.push('once');
            bus.publish(same);
          }
          return undefined;
        },
      },
    );
    bus.publish(same);
    expect(bus.stats().published).toBe(1);
    expect(lines.slice(1)).toEqual(['warn: sharing-bus: the upstream refused an event: Error: not again']);
  });
});

describe('a malformed answer', () => {
  it.each<[page: unknown, message: string]>([
    [{ deliveries: null, reached: 5 }, 'TypeError: deliveries is not iterable'],
    [
      { deliveries: [{ type: 'what' }], reached: 5 },
      `TypeError: upstream: expected { type: 'event', event } or a gap, got {"type":"what"}`,
    ],
    [
      { deliveries: [{ type: 'gap', missed: -4, byKind: {} }], reached: 5 },
      'RangeError: gap: missed must be an integer from 1, or Infinity, got -4',
    ],
  ])('of read ends this receiver: %j', (page, message) => {
    const { bus, side } = byHand({ read: () => page as UpstreamPage<number> }, { history: { capacity: 1 } });
    for (let seq = 1; seq <= 6; seq += 1) {
      side.event(event(seq), seq);
    }
    const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    const ending = receiver.tryRecv();
    expect(ending.type === 'failed' && String(ending.error)).toBe(message);
    expect(bus.subscriberCount).toBe(0);
    const other = bus.subscribeAll();
    side.event(event(7), 7);
    expect(other.tryRecv()).toMatchObject({ event: { seq: 7 } });
  });
});
