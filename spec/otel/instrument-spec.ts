import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { VirtualTimeScheduler } from 'rxjs';
import { SharingBus } from '../../lib/index.js';
import { instrument } from '../../lib/otel/index.js';
import { survivors } from '../support/collectGarbage.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { Sdk } from './Sdk.js';

const SYSTEM = { 'messaging.system': 'sharing_bus' };
const named = (name: string): object => ({ ...SYSTEM, 'messaging.destination.subscription.name': name });

function typeOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.SUM) {
    return metric.isMonotonic ? 'counter' : 'up-down counter';
  }
  return metric.dataPointType === DataPointType.GAUGE ? 'gauge' : 'something else';
}

describe('instrument', () => {
  let sdk: Sdk;

  beforeEach(() => {
    sdk = new Sdk(AggregationTemporality.CUMULATIVE);
  });

  afterEach(() => sdk.provider.shutdown());

  const meter = () => sdk.provider.getMeter('sharing-bus');

  it('names its instruments after the conventions of messaging, and has a unit for each', async () => {
    const bus = new SharingBus<number>();
    bus.subscribeAll();
    instrument(bus, meter());
    const exported = [...(await sdk.collect()).values()].map((metric) =>
      [metric.descriptor.name, metric.descriptor.unit, typeOf(metric)].join(' '),
    );
    expect(exported).toEqual([
      'messaging.client.sent.messages {message} counter',
      'messaging.client.consumed.messages {message} counter',
      'sharing_bus.dropped.messages {message} counter',
      'sharing_bus.bound.messages {message} counter',
      'sharing_bus.unbound.messages {message} counter',
      'sharing_bus.released.messages {message} counter',
      'sharing_bus.held.messages {message} up-down counter',
      'sharing_bus.evicted.bindings {binding} counter',
      'sharing_bus.receiver.count {receiver} up-down counter',
      'sharing_bus.receiver.delivered {message} up-down counter',
      'sharing_bus.receiver.lagged {message} up-down counter',
      'sharing_bus.queue.waiting {message} up-down counter',
      'sharing_bus.queue.capacity {message} up-down counter',
      'sharing_bus.queue.high_water_mark {message} gauge',
      'sharing_bus.queue.oldest_age s gauge',
      'sharing_bus.receiver.dropped {message} counter',
    ]);
  });

  it('counts what the bus has done', async () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus({ scheduler, maxBindings: 1, holdUnbound: { capacity: 2, maxAgeMs: 1000 } });
    const payload = { type: 'Connected' } as const;
    const receiver = bus.subscribeFiltered({ type: 'all' }, 3);
    instrument(bus, meter());
    // The first of these waits in vain, the others for ever.
    bus.publish(event(payload, { connectorId: 'a', nativeSessionId: 'b' }));
    bus.publish(event(payload, { connectorId: 'a', nativeSessionId: 'b' }));
    bus.publish(event(payload, { connectorId: 'a', nativeSessionId: 'b' }));
    bus.publish(registration('a', 'c', uuid(1)));
    bus.publish(registration('a', 'd', uuid(2)));
    bus.publish(event(payload));
    bus.publish(event(payload));
    await receiver.recv();
    const exported = await sdk.collect();
    const valueOf = (name: string): unknown => exported.get(name)?.dataPoints[0]?.value;
    expect({
      sent: valueOf('messaging.client.sent.messages'),
      consumed: valueOf('messaging.client.consumed.messages'),
      dropped: valueOf('sharing_bus.dropped.messages'),
      bound: valueOf('sharing_bus.bound.messages'),
      unbound: valueOf('sharing_bus.unbound.messages'),
      released: valueOf('sharing_bus.released.messages'),
      held: valueOf('sharing_bus.held.messages'),
      evicted: valueOf('sharing_bus.evicted.bindings'),
    }).toEqual({ sent: 7, consumed: 1, dropped: 2, bound: 2, unbound: 3, released: 1, held: 2, evicted: 1 });
  });

  it('says which operation it counts, on which system, and where', async () => {
    const bus = new SharingBus<number>();
    instrument(bus, meter(), { destination: 'agents', attributes: { region: 'north' } });
    const common = { ...SYSTEM, 'messaging.destination.name': 'agents', region: 'north' };
    const exported = await sdk.collect();
    const attributesOf = (name: string): unknown => exported.get(name)?.dataPoints[0]?.attributes;
    expect(attributesOf('messaging.client.sent.messages')).toEqual({
      ...common,
      'messaging.operation.name': 'publish',
    });
    expect(attributesOf('messaging.client.consumed.messages')).toEqual({
      ...common,
      'messaging.operation.name': 'deliver',
    });
    expect(attributesOf('sharing_bus.dropped.messages')).toEqual(common);
  });

  it('adds up the receivers of a name, and those without one', async () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const page = bus.subscribeFiltered({ type: 'all' }, { capacity: 2, name: 'page' });
    bus.subscribeFiltered({ type: 'all' }, { capacity: 5, name: 'page' });
    bus.subscribeFiltered({ type: 'all' }, 1);
    bus.subscribeFiltered({ type: 'kind', kinds: [] }, 7);
    instrument(bus, meter());
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    scheduler.schedule(() => undefined, 2500);
    scheduler.flush();
    await page.recv();
    const exported = await sdk.collect();
    const byName = (name: string): object =>
      Object.fromEntries(
        (exported.get(name)?.dataPoints ?? []).map(({ attributes, value }): [string, unknown] => [
          String(attributes['messaging.destination.subscription.name'] ?? '-'),
          value,
        ]),
      );
    expect(byName('sharing_bus.receiver.count')).toEqual({ page: 2, '-': 2 });
    expect(byName('sharing_bus.receiver.delivered')).toEqual({ page: 1, '-': 0 });
    expect(byName('sharing_bus.receiver.lagged')).toEqual({ page: 1, '-': 2 });
    expect(byName('sharing_bus.queue.waiting')).toEqual({ page: 4, '-': 1 });
    expect(byName('sharing_bus.queue.capacity')).toEqual({ page: 7, '-': 8 });
    expect(byName('sharing_bus.queue.high_water_mark')).toEqual({ page: 3, '-': 1 });
    expect(byName('sharing_bus.queue.oldest_age')).toEqual({ page: 2.5, '-': 2.5 });
  });

  it('has one series for a name, however many receivers come and go', async () => {
    const bus = new SharingBus<number>();
    instrument(bus, meter());
    for (let round = 0; round < 5; round += 1) {
      using receiver = bus.subscribeFiltered({ type: 'all' }, { name: 'page' });
      expect(await sdk.points('sharing_bus.receiver.count')).toEqual([{ attributes: named('page'), value: 1 }]);
      expect(receiver.id).toBe(round);
    }
  });

  it('never counts down, also when those leave who were counted', async () => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<number>({ scheduler });
    instrument(bus, meter());
    const stays = bus.subscribeFiltered({ type: 'all' }, 1);
    const leaves = bus.subscribeFiltered({ type: 'all' }, 1);
    stays.events$.subscribe();
    leaves.events$.subscribe();
    const figures = async (): Promise<unknown[]> => {
      const exported = await sdk.collect();
      return ['messaging.client.consumed.messages', 'sharing_bus.dropped.messages', 'sharing_bus.receiver.lagged'].map(
        (name) => exported.get(name)?.dataPoints[0]?.value,
      );
    };
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    scheduler.flush();
    expect(await figures()).toEqual([2, 4, 4]);
    leaves[Symbol.dispose]();
    expect(await figures()).toEqual([2, 4, 2]);
    bus.publish(event(4));
    scheduler.flush();
    expect(await figures()).toEqual([3, 4, 2]);
  });

  it('reports a name of which none is left as 0, once', async () => {
    const delta = new Sdk(AggregationTemporality.DELTA);
    const bus = new SharingBus<number>();
    instrument(bus, delta.provider.getMeter('sharing-bus'));
    const receiver = bus.subscribeFiltered({ type: 'all' }, { capacity: 5, name: 'page' });
    const counts = [await delta.points('sharing_bus.receiver.count')];
    receiver.close();
    counts.push(await delta.points('sharing_bus.receiver.count'), await delta.points('sharing_bus.receiver.count'));
    expect(counts).toEqual([[{ attributes: named('page'), value: 1 }], [{ attributes: named('page'), value: -1 }], []]);
    await delta.provider.shutdown();
  });

  it('asks the bus once for each collection', async () => {
    const bus = new SharingBus<number>();
    const stats = jest.spyOn(bus, 'stats');
    instrument(bus, meter());
    expect(stats).toHaveBeenCalledTimes(0);
    await sdk.collect();
    expect(stats).toHaveBeenCalledTimes(1);
  });

  it('goes on about a bus that is closed', async () => {
    const bus = new SharingBus<number>();
    bus.subscribeFiltered({ type: 'all' }, { name: 'page' });
    bus.publish(event(1));
    instrument(bus, meter());
    await sdk.collect();
    bus.close();
    expect(await sdk.points('messaging.client.sent.messages')).toMatchObject([{ value: 1 }]);
    expect(await sdk.points('sharing_bus.receiver.count')).toEqual([{ attributes: named('page'), value: 0 }]);
  });

  it('tells two buses on one meter apart by their destinations', async () => {
    const [one, other] = [new SharingBus<number>(), new SharingBus<number>()];
    const stop = instrument(one, meter(), { destination: 'one' });
    instrument(other, meter(), { destination: 'other' });
    one.publish(event(1));
    const sent = async (): Promise<unknown[]> =>
      (await sdk.points('messaging.client.sent.messages')).map(({ attributes, value }) => [
        (attributes as Record<string, unknown>)['messaging.destination.name'],
        value,
      ]);
    expect(await sent()).toEqual([
      ['one', 1],
      ['other', 0],
    ]);
    stop();
    one.publish(event(2));
    other.publish(event(2));
    expect(await sent()).toEqual([
      ['one', 1],
      ['other', 1],
    ]);
  });

  it('reports nothing once it is stopped, and may be stopped again', async () => {
    const delta = new Sdk(AggregationTemporality.DELTA);
    const bus = new SharingBus<number>();
    const stats = jest.spyOn(bus, 'stats');
    const stop = instrument(bus, delta.provider.getMeter('sharing-bus'));
    bus.publish(event(1));
    expect((await delta.collect()).size).toBeGreaterThan(0);
    stop();
    stop();
    bus.publish(event(2));
    expect((await delta.collect()).size).toBe(0);
    expect(stats).toHaveBeenCalledTimes(1);
    await delta.provider.shutdown();
  });

  it.each<[string, unknown, unknown]>([
    ['instrument: bus.stats must be a function, got undefined', undefined, {}],
    ['instrument: bus.keepLosses must be a function, got undefined', { stats: () => ({}) }, {}],
    ['instrument: meter.addBatchObservableCallback must be a function, got undefined', new SharingBus(), undefined],
    ['instrument: meter.addBatchObservableCallback must be a function, got undefined', new SharingBus(), {}],
  ])('refuses what is no bus or no meter: %s', (message, bus, other) => {
    expect(() => instrument(bus as SharingBus<number>, other as ReturnType<typeof meter>)).toThrow(
      new TypeError(message),
    );
  });

  it('leaves the meter as it was when it is stopped', () => {
    const own = meter();
    const add = jest.spyOn(own, 'addBatchObservableCallback');
    const remove = jest.spyOn(own, 'removeBatchObservableCallback');
    instrument(new SharingBus<number>(), own)();
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove.mock.calls).toEqual(add.mock.calls);
  });

  it('holds no bus once it is stopped, while meter and function live on', async () => {
    const { stop, ref } = ((): { stop: () => void; ref: WeakRef<object> } => {
      const bus = new SharingBus<number>();
      bus.subscribeFiltered({ type: 'all' }, { name: 'page' });
      return { stop: instrument(bus, meter()), ref: new WeakRef(bus) };
    })();
    await sdk.collect();
    stop();
    expect(await survivors([ref])).toBe(0);
    stop();
  });
});
