import { describe, expect, it } from '@jest/globals';
import { type BusEvent, EventFilter, SharingBus } from '../../lib/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

const SCROLL = uuid(1);
const OTHER_SCROLL = uuid(2);

function busOf<E>(options: ConstructorParameters<typeof SharingBus<E>>[0] = {}): {
  readonly bus: SharingBus<E>;
  readonly scheduler: ManualScheduler;
} {
  const scheduler = new ManualScheduler();
  return { bus: new SharingBus<E>({ scheduler, ...options }), scheduler };
}

describe('enrichment', () => {
  it('law 1, 6: a registration overrides what late binding found, and a preset id', () => {
    const { bus, scheduler } = busOf();
    const { values } = collect(bus.stream());
    bus.publish(registration('c', 's', SCROLL));
    bus.publish(registration('c', 's', OTHER_SCROLL, { connectorId: 'c', nativeSessionId: 's' }));
    bus.publish(registration('c', 's', SCROLL, { scrollId: uuid(9) }));
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([SCROLL, OTHER_SCROLL, SCROLL]);
  });

  it('law 10: bindings are learned with no subscriber present, and a late subscriber profits', () => {
    const { bus, scheduler } = busOf();
    bus.publish(registration('c', 's', SCROLL));
    const { values } = collect(bus.stream(EventFilter.scrollId(SCROLL)));
    bus.publish({ ...event({ type: 'Connected' }), routing: { kind: 'k', connectorId: 'c', nativeSessionId: 's' } });
    scheduler.flush();
    expect(values.map(({ routing }) => routing.scrollId)).toEqual([SCROLL]);
  });

  it('law 10: one cache serves all subscribers, whenever they came', () => {
    const { bus, scheduler } = busOf<string>({
      bindingOf: (payload) =>
        payload === 'register' ? { connectorId: 'c', sessionId: 's', scrollId: SCROLL } : undefined,
    });
    const early = collect(bus.stream());
    bus.publish(event('register'));
    const late = collect(bus.stream());
    bus.publish(event('x', { connectorId: 'c', nativeSessionId: 's' }));
    scheduler.flush();
    expect(early.values.at(-1)).toBe(late.values.at(-1));
    expect(late.values[0]?.routing.scrollId).toBe(SCROLL);
  });

  it('law 11: the time of an event is passed on as it is, also in a copy of its envelope', () => {
    const { bus, scheduler } = busOf<string>({
      bindingOf: (payload) =>
        payload === 'register' ? { connectorId: 'c', sessionId: 's', scrollId: SCROLL } : undefined,
      history: { capacity: 9 },
    });
    const { values } = collect(bus.stream(EventFilter.all, { from: 'start' }));
    bus.publish(event('register', { at: 1.5 }));
    bus.publish(event('x', { connectorId: 'c', nativeSessionId: 's', at: 0 }));
    bus.publish({ ...event('y', { at: -2 }), extra: 1 } as BusEvent<string>);
    bus.publish(event('z'));
    expect(() => {
      bus.publish(event('refused', { at: NaN }));
    }).toThrow(new TypeError('at: must be a finite number, got NaN'));
    scheduler.flush();
    expect(values.map(({ at, seq }) => ({ at, seq }))).toEqual([
      { at: 1.5, seq: 1 },
      { at: 0, seq: 2 },
      { at: -2, seq: 3 },
      { at: undefined, seq: 4 },
    ]);
    expect(values.map((value) => 'at' in value)).toEqual([true, true, true, false]);
  });

  it('law 11: an event that is canonical arrives as the very object, and a frozen one is accepted', () => {
    const { bus, scheduler } = busOf<object>();
    const { values } = collect(bus.stream());
    const payload = Object.freeze({});
    const given = Object.freeze({ ...event(payload), routing: Object.freeze({ kind: 'k', scrollId: SCROLL }) });
    const spelled = Object.freeze({
      ...event(payload),
      routing: Object.freeze({ kind: 'k', connectorUid: SCROLL.toUpperCase() }),
    });
    bus.publish(given);
    bus.publish(spelled);
    scheduler.flush();
    expect(values[0]).toBe(given);
    expect(values[1]?.event).toBe(payload);
    expect(values[1]?.routing).toEqual({ kind: 'k', connectorUid: SCROLL });
    expect(spelled.routing.connectorUid).toBe(SCROLL.toUpperCase());
  });

  it('law 9: filters and events meet in any spelling of a UUID', () => {
    const { bus, scheduler } = busOf<string>();
    const spellings = [SCROLL.toUpperCase(), `{${SCROLL}}`, `urn:uuid:${SCROLL}`, SCROLL.replaceAll('-', '')];
    const streams = spellings.map((spelling) => collectPayloads(bus.stream(EventFilter.scrollId(spelling))));
    const byHand = collectPayloads(bus.stream({ type: 'scrollId', id: SCROLL.toUpperCase() }));
    for (const scrollId of spellings) {
      bus.publish(event(scrollId, { scrollId }));
    }
    scheduler.flush();
    for (const { values } of [...streams, byHand]) {
      expect(values).toEqual(spellings);
    }
  });

  it('law 12: maxBindings is the bus’s own, and evictions are logged with the running count', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler } = busOf({ maxBindings: 1, logger });
    const { values } = collect(bus.stream(EventFilter.kind('k')));
    for (const session of ['a', 'b', 'c']) {
      bus.publish(registration('c', session, SCROLL));
    }
    bus.publish({
      routing: { kind: 'k', connectorId: 'c', nativeSessionId: 'b' },
      origin: 'agent',
      event: { type: 'Connected' },
    });
    scheduler.flush();
    expect(values[0]?.routing.scrollId).toBeUndefined();
    expect(lines).toEqual([
      'info: sharing-bus: the binding of connector "c", session "a" was evicted; evicted so far: 1',
      'info: sharing-bus: the binding of connector "c", session "b" was evicted; evicted so far: 2',
    ]);
  });
});
